"""A command line in a configuration file cut into words, as Compose and systemd do: quotes and backslashes, no shell."""

from __future__ import annotations

from typing import Final

from stigmer_lint.frontends.decoded import Located
from stigmer_lint.frontends.interpolation import Resolve, interpolate, joined
from stigmer_lint.model.value import Known, Unknown, Value

MAX_WORDS: Final = 50_000


def split_words(place: Located, start: int, end: int, resolve: Resolve) -> tuple[Value, ...]:
    """The words of characters `start` to `end`, references filled in. White space inside `${...}` does not part words."""
    text = place.text
    found: list[Value] = []
    parts: list[Value] = []
    began = -1
    at = start

    def keep(first: int, last: int) -> None:
        if last > first:
            parts.append(interpolate(place, first, last, resolve))

    piece = start
    quote = ""
    level = 0
    while at < end:
        char = text[at]
        if char == "$" and text[at + 1 : at + 2] == "{":
            level += 1
            began = at if began < 0 else began
            at += 2
            continue
        if level:
            level += (char == "{") - (char == "}")
        elif quote:
            if char == quote:
                keep(piece, at)
                piece, quote = at + 1, ""
            elif char == "\\" and quote == '"' and text[at + 1 : at + 2] in ('"', "\\"):
                keep(piece, at)
                piece = at + 1
                at += 1
        elif char in " \t\r\n":
            if began >= 0:
                keep(piece, at)
                found.append(_word(parts, place, began, at))
                parts = []
                began = -1
                if len(found) >= MAX_WORDS:
                    found.append(Unknown("more words than are followed", "bound", None, place.span(at, end)))
                    return tuple(found)
            piece = at + 1
        else:
            if began < 0:
                began = piece = at
            if char in "'\"":
                keep(piece, at)
                piece, quote = at + 1, char
            elif char == "\\" and at + 1 < end:
                keep(piece, at)
                piece = at + 1
                at += 1
        at += 1
    if began >= 0:
        keep(piece, end)
        found.append(_word(parts, place, began, end))
    return tuple(found)


def _word(parts: list[Value], place: Located, start: int, end: int) -> Value:
    if len(parts) == 1:
        return parts[0]
    return joined(tuple(parts), place.span(start, end), end - start) if parts else Known("", place.span(start, end))

"""A command line in a configuration file cut into words, as Compose and systemd do: quotes and backslashes, no shell."""

from __future__ import annotations

from stigmer_lint.frontends.decoded import Located
from stigmer_lint.frontends.interpolation import Resolve, interpolate
from stigmer_lint.model.value import Known, Value, join


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
                found.append(join(tuple(parts), place.span(began, at)) if parts else Known("", place.span(began, at)))
                parts = []
                began = -1
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
        found.append(join(tuple(parts), place.span(began, end)) if parts else Known("", place.span(began, end)))
    return tuple(found)

"""Dockerfile instructions: continuation lines, comments, here-documents and the `escape` directive.

Source of the grammar: https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

import msgspec

from stigmer_lint.frontends.decoded import Joined, Located, Offsets, decode
from stigmer_lint.frontends.interpolation import Resolve, interpolate, joined
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Value

_LINE: Final = re.compile(r"[^\r\n]*")
_DIRECTIVE: Final = re.compile(r"\s*#\s*([A-Za-z]+)\s*=\s*(\S+)\s*$")
_HEAD: Final = re.compile(r"\s*([A-Za-z]+)(?=\s|$)")
_HEREDOC: Final = re.compile(r"""<<(-?)[ \t]*(?:"([A-Za-z_][\w.]*)"|'([A-Za-z_][\w.]*)'|([A-Za-z_][\w.]*))""")
_PLAIN_HEREDOC: Final = frozenset(("RUN", "COPY", "ADD"))


class Instruction(msgspec.Struct, frozen=True, eq=False):
    """One instruction. `place` is the text after its name, continuation lines joined; `span` covers it all but here-documents."""

    name: str
    place: Located
    span: Span
    heredocs: tuple[str, ...] = ()
    """The names of its here-documents."""
    written: tuple[str, ...] = ()
    """Their texts."""


def instructions(source: SourceFile) -> tuple[str, list[Instruction]]:
    """The escape character and the instructions of a Dockerfile. Raises UnreadableError for what is no UTF-8 text."""
    text, base = decode(source)
    offsets = Offsets(text, base)
    lines = list(_lines(text))
    escape = "\\"
    found: list[Instruction] = []
    at = 0
    while at < len(lines):
        directive = _DIRECTIVE.match(text[lines[at][0] : lines[at][1]])
        if directive is None:
            break
        if directive[1].lower() == "escape" and directive[2] in ("\\", "`"):
            escape = directive[2]
        at += 1
    closers = _Closers(text, lines)
    while at < len(lines):
        start, end = lines[at]
        head = _HEAD.match(text, start, end)
        if head is None:
            at += 1
            continue
        name = head[1].upper()
        starts: list[int] = []
        begins: list[int] = []
        pieces: list[str] = []
        length = 0
        begin = head.end()
        last = end
        while True:
            stop = end
            stripped = text[begin:end].rstrip(" \t")
            more = stripped.endswith(escape)
            if more:
                stop = begin + len(stripped) - 1
            if stop > begin or not pieces:
                starts.append(length)
                begins.append(begin)
                pieces.append(text[begin:stop])
                length += stop - begin
            last = stop
            at += 1
            if not more:
                break
            # Comments and empty lines do not end a continued instruction.
            while at < len(lines) and (not (here := text[lines[at][0] : lines[at][1]].strip()) or here.startswith("#")):
                at += 1
            if at >= len(lines):
                break
            begin, end = lines[at]
        body = "".join(pieces)
        names: list[str] = []
        written: list[str] = []
        if name in _PLAIN_HEREDOC and "<<" in body:
            for mark in _HEREDOC.finditer(body):
                word = mark[2] or mark[3] or mark[4]
                closing = closers.after(at, word, bool(mark[1]))
                if closing is None:
                    continue
                names.append(word)
                written.append(text[lines[at][0] : lines[closing][0]] if at < closing else "")
                at = closing + 1
        place = Joined(source.path, body, starts, begins, offsets)
        found.append(Instruction(name, place, Span(source.path, offsets.at(head.start(1)), offsets.at(max(last, head.end()))), tuple(names), tuple(written)))
    return escape, found


def _lines(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while at <= len(text):
        line = _LINE.match(text, at)
        end = line.end() if line else len(text)
        yield at, end
        at = end + (2 if text.startswith("\r\n", end) else 1)


class _Closers:
    """Where the lines are that may close a here-document, looked up by their whole text."""

    def __init__(self, text: str, lines: list[tuple[int, int]]) -> None:
        self._text = text
        self._lines = lines
        self._tables: dict[bool, dict[str, list[int]]] = {}

    def after(self, at: int, word: str, dash: bool) -> int | None:
        """The first line from `at` on that closes `word`; None where none does."""
        table = self._tables.get(dash)
        if table is None:
            table = self._tables[dash] = {}
            for index, (start, end) in enumerate(self._lines):
                line = self._text[start:end]
                table.setdefault(line.lstrip("\t") if dash else line, []).append(index)
        where = table.get(word, [])
        first = bisect_left(where, at)
        return where[first] if first < len(where) else None


def word_ranges(text: str, start: int, end: int, escape: str) -> list[tuple[int, int]]:
    """The words of an instruction, as ranges with their quotes; `${...}` holds together."""
    found: list[tuple[int, int]] = []
    at = start
    began = -1
    quote = ""
    level = 0
    while at < end:
        char = text[at]
        if char == escape and quote != "'":
            began = at if began < 0 else began
            at += 2
            continue
        if quote:
            if char == quote:
                quote = ""
        elif char == "$" and text[at + 1 : at + 2] == "{":
            began = at if began < 0 else began
            level += 1
            at += 1
        elif level and char == "}":
            level -= 1
        elif char in "\"'":
            began = at if began < 0 else began
            quote = char
        elif char in " \t" and not level:
            if began >= 0:
                found.append((began, at))
                began = -1
        elif began < 0:
            began = at
        at += 1
    if began >= 0:
        found.append((began, end))
    return found


def word_value(place: Located, start: int, end: int, escape: str, resolve: Resolve) -> Value:
    """A word without its quotes and escapes, references filled in except between single quotes."""
    text = place.text
    parts: list[Value] = []
    piece = start
    at = start
    quote = ""

    def keep(stop: int, fill: bool) -> None:
        if stop > piece:
            span = place.span(piece, stop)
            parts.append(interpolate(place, piece, stop, resolve, escapes=False) if fill else Known(text[piece:stop], span))

    while at < end:
        char = text[at]
        if char == escape and quote != "'" and at + 1 < end and (not quote or text[at + 1] in ('"', "$", escape)):
            keep(at, True)
            parts.append(Known(text[at + 1], place.span(at, at + 2)))
            at += 2
            piece = at
            continue
        if char == "$" and text[at + 1 : at + 2] == "{" and quote != "'":
            at = _closing_brace(text, at + 2, end)
            continue
        if quote and char == quote:
            keep(at, quote == '"')
            quote, piece = "", at + 1
        elif not quote and char in "\"'":
            keep(at, True)
            quote, piece = char, at + 1
        at += 1
    keep(end, quote != "'")
    if not parts:
        return Known("", place.span(start, end))
    if len(parts) == 1:
        return parts[0]
    return joined(tuple(parts), place.span(start, end), end - start)


def _closing_brace(text: str, at: int, end: int) -> int:
    """The index after the brace that closes a reference, the end of the word where none does."""
    level = 1
    for index in range(at, end):
        if text[index] == "{":
            level += 1
        elif text[index] == "}":
            level -= 1
            if not level:
                return index + 1
    return end


def json_words(place: Located) -> tuple[Value, ...] | None:
    """The exec form `["a", "b"]`; None where the text is not that."""
    text = place.text.strip()
    if not text.startswith("["):
        return None
    try:
        words = msgspec.json.decode(text.encode(), type=list[str])
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    found: list[Value] = []
    at = place.text.index("[")
    for word in words:
        begin = place.text.index('"', at) + 1
        at = begin
        while place.text[at] != '"':
            at += 2 if place.text[at] == "\\" else 1
        found.append(Known(word, place.span(begin, at)))
        at += 1
    return tuple(found)

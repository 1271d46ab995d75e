"""Env files: what Compose and `docker run --env-file` read.

Two formats. "compose": the grammar of Compose's own reader (quotes, `export`, comments after white space, `${X}` filled in,
values over several lines inside quotes). "raw": `docker run --env-file` and `format: raw`, where all after `=` is the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from stigmer_lint.frontends.decoded import Located, Mapped, Offsets, decode
from stigmer_lint.frontends.interpolation import Reference, interpolate, substitute
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Unknown, Value


class EnvLine(msgspec.Struct, frozen=True):
    """One variable of an env file. `value` None: only the name is given, the process that reads the file passes its own on.
    `span`: the value without its quotes, the name where there is no value."""

    name: str
    value: Value | None
    span: Span
    name_span: Span


_NAME: Final = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.\-]*)[ \t]*(?:([=:])[ \t]*)?")
_COMMENT: Final = re.compile(r"[ \t]#")
_LINE: Final = re.compile(r"[^\r\n]*")
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_SINGLE_END: Final = re.compile(r"'")
_DOUBLE_END: Final = re.compile(r'\\.|"', re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def read_dotenv(
    source: SourceFile, outside: Callable[[str], Value | None] | None = None, form: Literal["compose", "raw"] = "compose"
) -> tuple[EnvLine, ...]:
    """The variables of an env file in order, repeated names included. `outside` answers references to names that the file
    itself has not set above. Raises UnreadableError for a file that is no UTF-8 text."""
    text, base = decode(source)
    offsets = Offsets(text, base)
    if form == "raw":
        return tuple(_raw_lines(source.path, text, offsets))
    return tuple(_compose_lines(source.path, text, offsets, outside))


def _raw_lines(path: str, text: str, offsets: Offsets) -> list[EnvLine]:
    found: list[EnvLine] = []
    at = 0
    while at < len(text):
        line = _LINE.match(text, at)
        stop = line.end() if line else len(text)
        content = text[at:stop]
        lead = len(content) - len(content.lstrip())
        if content.strip() and not content[lead:].startswith("#"):
            name, equals, value = content[lead:].partition("=")
            begin = at + lead
            name_span = Span(path, offsets.at(begin), offsets.at(begin + len(name.rstrip())))
            if equals:
                value_at = begin + len(name) + 1
                span = Span(path, offsets.at(value_at), offsets.at(stop))
                found.append(EnvLine(name, Known(value, span), span, name_span))
            else:
                found.append(EnvLine(name.rstrip(), None, name_span, name_span))
        at = _next_line(text, stop)
    return found


def _next_line(text: str, stop: int) -> int:
    brk = _BREAK.match(text, stop)
    return brk.end() if brk else stop + 1


def _compose_lines(path: str, text: str, offsets: Offsets, outside: Callable[[str], Value | None] | None) -> list[EnvLine]:
    found: list[EnvLine] = []
    known: dict[str, Value] = {}
    unclosed: set[str] = set()

    def resolve(reference: Reference) -> Value:
        value = known.get(reference.name)
        if value is None and outside is not None:
            value = outside(reference.name)
        return substitute(reference, value)

    at = 0
    while at < len(text):
        head = _NAME.match(text, at)
        if head is None:
            line = _LINE.match(text, at)
            at = _next_line(text, line.end() if line else len(text))
            continue
        name = head[1]
        name_span = Span(path, offsets.at(head.start(1)), offsets.at(head.end(1)))
        begin = head.end()
        rest = _LINE.match(text, begin)
        stop = rest.end() if rest else len(text)
        if head[2] is None:
            if not text[begin:stop].strip() or text[begin:stop].lstrip().startswith("#"):
                found.append(EnvLine(name, None, name_span, name_span))
            at = _next_line(text, stop)
            continue
        quote = text[begin : begin + 1]
        close = -1
        if quote in ("'", '"') and quote not in unclosed:
            close = _closing(text, begin + 1, quote)
            if close < 0:
                unclosed.add(quote)
        if close >= 0:
            span = Span(path, offsets.at(begin + 1), offsets.at(close))
            if quote == "'":
                value: Value = Known(text[begin + 1 : close], span)
            else:
                place = _unescaped(path, text, begin + 1, close, offsets)
                value = interpolate(place, 0, len(place.text), resolve)
            after = _LINE.match(text, close)
            stop = after.end() if after else len(text)
        elif quote in ("'", '"'):
            span = Span(path, offsets.at(begin), offsets.at(stop))
            value = Unknown(f"the value of {name} has a quote that is never closed", "syntax", None, span)
        else:
            end = _unquoted_end(text, begin, stop, head.end(2))
            span = Span(path, offsets.at(begin), offsets.at(end))
            value = interpolate(_Part(path, text, offsets), begin, end, resolve)
        known[name] = value
        found.append(EnvLine(name, value, span, name_span))
        at = _next_line(text, stop)
    return found


class _Part:
    """The whole file as a located text."""

    __slots__ = ("_offsets", "_path", "text")

    def __init__(self, path: str, text: str, offsets: Offsets) -> None:
        self._path = path
        self.text = text
        self._offsets = offsets

    def span(self, start: int, end: int) -> Span:
        return Span(self._path, self._offsets.at(start), self._offsets.at(end))


def _closing(text: str, start: int, quote: str) -> int:
    """Index of the quote that ends the value, -1 where there is none."""
    if quote == "'":
        single = _SINGLE_END.search(text, start)
        return single.start() if single else -1
    for mark in _DOUBLE_END.finditer(text, start):
        if mark[0] == '"':
            return mark.start()
    return -1


def _unquoted_end(text: str, begin: int, stop: int, after_equals: int) -> int:
    """Where an unquoted value ends: before white space and `#`, and before trailing white space."""
    comment = _COMMENT.search(text, max(begin - 1, after_equals), stop)
    end = max(comment.start(), begin) if comment else stop
    return begin + len(text[begin:end].rstrip())


def _unescaped(path: str, text: str, start: int, end: int, offsets: Offsets) -> Located:
    """The run-time text between double quotes. An escaped dollar becomes `$$`, so that it is not filled in."""
    if text.find("\\", start, end) < 0:
        return Mapped(path, text[start:end], [offsets.at(i) for i in range(start, end + 1)])
    chars: list[str] = []
    places: list[int] = []
    at = start
    while at < end:
        char = text[at]
        step = 1
        if char == "\\" and at + 1 < end:
            follower = text[at + 1]
            step = 2
            if follower == "$":
                char = "$$"
            else:
                char = _ESCAPES.get(follower, "\\" + follower)
        chars.append(char)
        places.extend([offsets.at(at)] * len(char))
        at += step
    places.append(offsets.at(end))
    return Mapped(path, "".join(chars), places)

"""Unit files of systemd and podman: sections of `Key=Value` lines (systemd.syntax(7))."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from stigmer_lint.frontends.decoded import Joined, Located, Offsets, decode
from stigmer_lint.frontends.dockerfile_lines import word_ranges, word_value
from stigmer_lint.frontends.interpolation import Reference
from stigmer_lint.model.launch import EnvSetting
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Value

_LINE: Final = re.compile(r"[^\r\n]*")
_KEY: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9_\-]*)\s*=[ \t]*")


class UnitEntry(msgspec.Struct, frozen=True, eq=False):
    """One `Key=Value`, continuation lines joined by a blank."""

    section: str
    key: str
    place: Located
    key_span: Span


def read_unit(source: SourceFile) -> list[UnitEntry]:
    """The entries of a unit file in order. Raises UnreadableError for what is no UTF-8 text."""
    text, base = decode(source)
    offsets = Offsets(text, base)
    found: list[UnitEntry] = []
    section = ""
    at = 0
    while at < len(text):
        start, end, at = _line(text, at)
        stripped = text[start:end].strip()
        if not stripped or stripped[0] in "#;":
            continue
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1]
            continue
        head = _KEY.match(text, start, end)
        if head is None:
            continue
        starts: list[int] = []
        begins: list[int] = []
        pieces: list[str] = []
        length = 0
        begin = head.end()
        while True:
            more = text[begin:end].endswith("\\")
            stop = end - 1 if more else end
            starts.append(length)
            begins.append(begin)
            # The backslash itself stands for the blank that joins the lines.
            pieces.append(text[begin:stop] + (" " if more else ""))
            length += len(pieces[-1])
            if not more or at >= len(text):
                break
            begin, end, at = _line(text, at)
            while text[begin:end].lstrip()[:1] in ("#", ";") and at < len(text):
                begin, end, at = _line(text, at)
        place = Joined(source.path, "".join(pieces).rstrip(), starts, begins, offsets)
        found.append(UnitEntry(section, head[1], place, Span(source.path, offsets.at(head.start(1)), offsets.at(head.end(1)))))
    return found


def _line(text: str, at: int) -> tuple[int, int, int]:
    line = _LINE.match(text, at)
    end = line.end() if line else len(text)
    return at, end, end + (2 if text.startswith("\r\n", end) else 1)


def _as_written(reference: Reference) -> Value:
    return Known(f"${{{reference.name}}}", reference.span)


def words(place: Located) -> tuple[Value, ...]:
    """The words of a value, quotes and escapes taken away; references to variables stay as they are written."""
    return tuple(word_value(place, start, end, "\\", _as_written) for start, end in word_ranges(place.text, 0, len(place.text), "\\"))


def assignments(place: Located, passed: Callable[[str, Span], Value] | None = None) -> list[EnvSetting]:
    """The `NAME=value` words of `Environment=`. `passed`: what a bare name stands for; such words are left out where it is None."""
    text = place.text
    found: list[EnvSetting] = []
    for start, end in word_ranges(text, 0, len(text), "\\"):
        equals = text.find("=", start, end)
        quoted = text[start] in "\"'" and text[end - 1] == text[start] and end - start > 1
        first = start + 1 if quoted else start
        if equals < 0:
            if passed is not None:
                span = place.span(first, end - 1 if quoted else end)
                found.append(EnvSetting(text[first : end - 1 if quoted else end], passed(text[first:end], span), span, span, passed=True))
            continue
        last = end - 1 if quoted else end
        begin = equals + 1
        if quoted:
            value: Value = Known(text[begin:last], place.span(begin, last))
        else:
            value = word_value(place, begin, last, "\\", _as_written)
            if last - begin > 1 and text[begin] in "\"'" and text[last - 1] == text[begin]:
                begin, last = begin + 1, last - 1
        found.append(EnvSetting(text[first:equals], value, place.span(begin, last), place.span(first, equals)))
    return found

"""Where words stand in a file's bytes, and how its author lays out lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from stigmer_lint.model.span import SourceFile, Span


class Site(msgspec.Struct, frozen=True):
    """A host in a text, with the port beside it where one is written. Offsets are the file's; brackets of IPv6 belong to the host."""

    host: Span
    port: Span | None


_REFERENCE = rb"\$\{[^{}\r\n]{1,200}\}|\$[A-Za-z_][A-Za-z0-9_]{0,80}"
_PORT = re.compile(rb":([0-9]{1,5}(?![0-9A-Za-z])|" + _REFERENCE + rb")")


def sites(source: SourceFile, span: Span, host: str) -> Iterator[Site]:
    """Every place inside `span` at which `host` stands as a whole name."""
    wanted = host.encode("utf-8", "surrogatepass")
    word = re.compile(rb"(?:(?<![A-Za-z0-9._-])|(?<=:-))" + re.escape(wanted) + rb"(?![A-Za-z0-9_-]|\.[A-Za-z0-9])")
    for found in word.finditer(source.data, span.start, span.end):
        start, end = found.span()
        if source.data[start - 1 : start] == b"[" and source.data[end : end + 1] == b"]":
            start, end = start - 1, end + 1
        port = _PORT.match(source.data, end, span.end)
        yield Site(Span(span.path, start, end), Span(span.path, port.start(1), port.end(1)) if port else None)


def newline_of(source: SourceFile) -> str:
    """The line end that the file uses."""
    at = source.data.find(b"\n")
    return "\r\n" if at > 0 and source.data[at - 1 : at] == b"\r" else "\n"


def indent_of(source: SourceFile, offset: int) -> str:
    """The blanks that begin the line of `offset`."""
    text = source.line_text(source.line_of(offset))
    return text[: len(text) - len(text.lstrip(" \t"))]


def starts_line(source: SourceFile, offset: int) -> bool:
    """Whether nothing but blanks stands before `offset` on its line."""
    start, _ = source.line_span(source.line_of(offset))
    return not source.data[start:offset].strip(b" \t\xef\xbb\xbf")


def line_end(source: SourceFile, offset: int) -> int:
    """Where the line of `offset` ends, before its line end."""
    return source.line_span(source.line_of(offset))[1]

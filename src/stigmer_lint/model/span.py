"""Places in files. Spans are byte offsets; only reporters turn them into lines and columns."""

from __future__ import annotations

from bisect import bisect_right

import msgspec


class Span(msgspec.Struct, frozen=True, gc=False, order=True):
    """Bytes `start` (inclusive) to `end` (exclusive) of the file `path` (POSIX, relative to the checked root)."""

    path: str
    start: int
    end: int


class Position(msgspec.Struct, frozen=True, gc=False, order=True):
    """1-based line and 1-based column; the column counts characters, not bytes."""

    line: int
    column: int


class SourceFile:
    """One file's bytes with what is needed to turn offsets into positions.

    `path` is POSIX and relative to the root of the run. `data` is the file as it is on disk: a byte order
    mark, CRLF and invalid UTF-8 stay, so that offsets (and edits) refer to the real file.
    """

    __slots__ = ("_lines", "data", "path")

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self._lines: list[int] | None = None

    @property
    def line_starts(self) -> list[int]:
        """Byte offset of the first byte of every line. LF, CRLF and a lone CR end a line."""
        if self._lines is None:
            starts = [0]
            data = self.data
            if b"\r" in data:
                at = 0
                size = len(data)
                while at < size:
                    byte = data[at]
                    if byte == 13:
                        at += 2 if data[at + 1 : at + 2] == b"\n" else 1
                        starts.append(at)
                    elif byte == 10:
                        at += 1
                        starts.append(at)
                    else:
                        at += 1
            else:
                at = data.find(b"\n")
                while at >= 0:
                    starts.append(at + 1)
                    at = data.find(b"\n", at + 1)
            self._lines = starts
        return self._lines

    def line_of(self, offset: int) -> int:
        """1-based line that holds the byte at `offset` (the last line for offsets past the end)."""
        return bisect_right(self.line_starts, max(offset, 0))

    def position(self, offset: int) -> Position:
        """Line and column of a byte offset; a byte order mark has no column."""
        offset = min(max(offset, 0), len(self.data))
        line = self.line_of(offset)
        before = self.data[self.line_starts[line - 1] : offset]
        if line == 1 and before.startswith(b"\xef\xbb\xbf"):
            before = before[3:]
        return Position(line, len(before.decode("utf-8", "replace")) + 1)

    def line_span(self, line: int) -> tuple[int, int]:
        """Byte range of a 1-based line without its line end."""
        starts = self.line_starts
        start = starts[line - 1]
        end = starts[line] if line < len(starts) else len(self.data)
        while end > start and self.data[end - 1] in b"\r\n":
            end -= 1
        return start, end

    def line_text(self, line: int) -> str:
        """Text of a 1-based line; undecodable bytes are shown as U+FFFD."""
        start, end = self.line_span(line)
        return self.data[start:end].decode("utf-8", "replace")

    def text(self, span: Span) -> str:
        """The bytes of a span as text."""
        return self.data[span.start : span.end].decode("utf-8", "replace")

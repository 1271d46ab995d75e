"""A file's text, and where its characters are in the file's bytes."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, Protocol

from stigmer_lint.errors import UnreadableError
from stigmer_lint.model.span import SourceFile, Span

_WIDE: Final = re.compile(r"[^\x00-\x7f]+")


NUL_SHARE: Final = 500
"""Bytes of a text to one NUL: a separator that somebody has put between quotes as it is, and not a format of binary data."""


def text_with_nul(data: bytes) -> bool:
    """Whether bytes are UTF-8 text in which few are NUL, as JavaScript allows in its texts and comments (tc39.es/ecma262, "String Literals")."""
    if data.count(b"\0") * NUL_SHARE > len(data):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def decode(source: SourceFile) -> tuple[str, int]:
    """The file's text and the length in bytes of its byte order mark. Raises UnreadableError for NUL bytes, UTF-16 and
    bytes that are not UTF-8."""
    data = source.data
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnreadableError(source.path, "the file is UTF-16, not UTF-8", 0)
    nul = data.find(b"\0")
    if nul >= 0:
        raise UnreadableError(source.path, "the file holds NUL bytes, so it is no text", nul)
    base = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    try:
        return data[base:].decode("utf-8"), base
    except UnicodeDecodeError as error:
        raise UnreadableError(source.path, "the file is not UTF-8", base + error.start) from error


class Offsets:
    """Turns character indexes of a text into byte offsets of the file; `base` is the offset of the text's first byte."""

    __slots__ = ("_base", "_runs", "_starts", "_text")

    def __init__(self, text: str, base: int) -> None:
        self._base = base
        self._text = text
        self._starts: list[int] = []
        self._runs: list[tuple[int, int, int]] = []
        if not text.isascii():
            extra = 0
            for run in _WIDE.finditer(text):
                self._starts.append(run.start())
                self._runs.append((run.start(), run.end(), extra))
                extra += len(run[0].encode()) - len(run[0])
            self._starts.append(len(text) + 1)
            self._runs.append((len(text) + 1, len(text) + 1, extra))

    def at(self, index: int) -> int:
        """Byte offset of the character at `index` (the text's length is allowed)."""
        if not self._runs:
            return self._base + index
        where = bisect_right(self._starts, index) - 1
        if where < 0:
            return self._base + index
        start, end, extra = self._runs[where]
        if index >= end and where + 1 < len(self._runs):
            return self._base + index + self._runs[where + 1][2]
        return self._base + start + extra + len(self._text[start:index].encode())


class Located(Protocol):
    """A text whose characters have places."""

    @property
    def text(self) -> str: ...

    def span(self, start: int, end: int) -> Span:
        """The bytes in which characters `start` to `end` are written."""
        ...


class Stretch:
    """A text that stands in the file as it is, character by character."""

    __slots__ = ("_offsets", "_path", "text")

    def __init__(self, path: str, offset: int, text: str) -> None:
        self._path = path
        self._offsets = Offsets(text, offset)
        self.text = text

    def span(self, start: int, end: int) -> Span:
        """The bytes in which characters `start` to `end` are written."""
        return Span(self._path, self._offsets.at(start), self._offsets.at(end))


class Mapped:
    """A text made from a file's by decoding escapes: `offsets` has the byte of every character and, last, of the end."""

    __slots__ = ("_offsets", "_path", "text")

    def __init__(self, path: str, text: str, offsets: list[int]) -> None:
        self._path = path
        self._offsets = offsets
        self.text = text

    def span(self, start: int, end: int) -> Span:
        """The bytes in which characters `start` to `end` are written."""
        return Span(self._path, self._offsets[start], self._offsets[end])


class Joined:
    """A text put together from stretches of the file: `starts` are indexes of the text, `begins` those of the file's text."""

    __slots__ = ("_begins", "_offsets", "_path", "_starts", "text")

    def __init__(self, path: str, text: str, starts: list[int], begins: list[int], offsets: Offsets) -> None:
        self._path = path
        self._starts = starts
        self._begins = begins
        self._offsets = offsets
        self.text = text

    def _index(self, at: int) -> int:
        stretch = bisect_right(self._starts, at) - 1
        return self._begins[stretch] + at - self._starts[stretch]

    def span(self, start: int, end: int) -> Span:
        """The bytes from the first to the last of characters `start` to `end`, what stands between stretches included."""
        first = self._index(start)
        last = self._index(end - 1) + 1 if end > start else first
        return Span(self._path, self._offsets.at(first), self._offsets.at(last))

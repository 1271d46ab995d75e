"""The lines of source below a finding: the line itself and those of the same launch that support it, with carets.

What is counted here is terminal cells: a tab is shown as blanks, a wide character fills two cells, a control character is shown
as its escape, a secret as `***`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

import msgspec

from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.escape import plain
from stigmer_lint.report.masking import Secrets

TAB = 4
WIDTH = 160
"""Cells of a source line that are shown; a longer one is cut around the mark."""
_NEAR = 2000
"""Characters either side of a mark that are looked at in a very long line."""

Paint = Callable[[str, str], str]
"""(text, role) -> the text in the colour of its role."""


class Mark(msgspec.Struct, frozen=True):
    """A span to underline. `sign` is "^" for the finding itself, "-" for what supports it."""

    span: Span
    label: str
    sign: str


class _Line(msgspec.Struct, frozen=True):
    """A line as it is shown. `text`: without secrets; `raw`: as written, from the byte `offset` of the file on; `cells`: what is shown
    for each character of `text`, `widths` how many cells each fills."""

    raw: str
    offset: int
    text: str
    cells: tuple[str, ...]
    widths: tuple[int, ...]

    def columns(self, span: Span, secrets: Secrets) -> tuple[int, int]:
        """Indexes into `text`; a span that goes on past it ends where it ends. What is in front is masked alone to tell how far it
        reaches then: this places carets and shows nothing."""
        data = self.raw.encode("utf-8", "replace")
        first, last = (
            min(len(secrets.hide_in_code(data[: max(at - self.offset, 0)].decode("utf-8", "ignore"))), len(self.text)) for at in (span.start, span.end)
        )
        return first, max(last, first)


def excerpt(marks: list[Mark], source_of: Callable[[str], SourceFile | None], secrets: Secrets, paint: Paint) -> Iterator[str]:
    """The lines, files in the order of the marks, lines of one file in order. Nothing where no source is at hand."""
    if secrets.too_many:
        return
    paths = list(dict.fromkeys(mark.span.path for mark in marks))
    sources = {path: source for path in paths if (source := source_of(path)) is not None and source.data}
    placed = [(mark, sources[mark.span.path].line_of(mark.span.start)) for mark in marks if mark.span.path in sources]
    if not placed:
        return
    gutter = max(len(str(line)) for _, line in placed)
    blank = f" {' ' * gutter} {paint('|', 'gutter')}"
    for number, path in enumerate(path for path in paths if path in sources):
        source = sources[path]
        yield blank if number == 0 else f" {' ' * gutter} {paint('-->', 'gutter')} {plain(path)}"
        here = sorted(((line, mark) for mark, line in placed if mark.span.path == path), key=lambda one: (one[0], one[1].sign == "^", one[1].span))
        lines = dict.fromkeys(line for line, _ in here)
        for line in lines:
            on_line = [mark for at, mark in here if at == line]
            shown = _line(*_window(source, line, on_line), secrets)
            skip = len(shown.text) - len(shown.text.lstrip(" \t"))
            low, high = _crop(shown, *shown.columns(on_line[-1].span, secrets), skip)
            body = "".join(shown.cells[low:high])
            before, after = ("…" if low > skip else ""), ("…" if high < len(shown.cells) else "")
            number_text = paint(str(line).rjust(gutter), "gutter")
            yield f" {number_text} {paint('|', 'gutter')} {before}{body}{after}".rstrip()
            for mark in on_line:
                start, end = (min(max(at, low), high) for at in shown.columns(mark.span, secrets))
                left = len(before) + sum(shown.widths[low:start])
                width = max(sum(shown.widths[start:end]), 1)
                label = f" {plain(mark.label)}" if mark.label else ""
                yield f"{blank} {' ' * left}{paint(mark.sign * width + label, 'mark' if mark.sign == '^' else 'support')}"


def _window(source: SourceFile, line: int, marks: list[Mark]) -> tuple[str, int]:
    """The line's text, or the part of a very long one that is around the first mark; and the byte offset at which the text begins."""
    start, end = source.line_span(line)
    if line == 1 and source.data.startswith(b"\xef\xbb\xbf"):
        start = 3
    if end - start > 2 * _NEAR:
        at = marks[-1].span.start
        low, high = max(start, at - _NEAR), min(end, at + _NEAR)
        while low > start and source.data[low] & 0xC0 == 0x80:
            low -= 1
        while high < end and source.data[high] & 0xC0 == 0x80:
            high += 1
        start, end = low, high
    return source.data[start:end].decode("utf-8", "replace"), start


def _line(raw: str, offset: int, secrets: Secrets) -> _Line:
    text = secrets.hide_in_code(raw)
    cells: list[str] = []
    widths: list[int] = []
    for char in text:
        if char == "\t":
            width = TAB
            cell = " " * width
        elif char.isascii():
            cell = plain(char)
            width = len(cell)
        elif (cell := plain(char)) != char:
            width = len(cell)
        elif unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
            width = 0
        else:
            width = 2 if unicodedata.east_asian_width(char) in "WF" else 1
        cells.append(cell)
        widths.append(width)
    return _Line(raw, offset, text, tuple(cells), tuple(widths))


def _crop(shown: _Line, start: int, end: int, skip: int) -> tuple[int, int]:
    """The range of characters to show: all after the indentation, or `WIDTH` cells around the mark from `start` to `end`."""
    size = len(shown.cells)
    if sum(shown.widths[skip:]) <= WIDTH:
        return skip, size
    low = high = min(max(start, skip), size)
    room = WIDTH
    while high < min(size, end) and room > 0:
        room -= shown.widths[high]
        high += 1
    while room > 0 and (low > skip or high < size):
        if low > skip:
            low -= 1
            room -= shown.widths[low]
        if high < size and room > 0:
            room -= shown.widths[high]
            high += 1
    return low, high

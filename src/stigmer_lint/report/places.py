"""Places as comments name them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stigmer_lint.model.span import SourceFile, Span


class Places:
    """Turns spans into `path:line`."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[str], SourceFile | None]) -> None:
        self._read = read

    def of(self, span: Span) -> str:
        """`path:line`; the path alone where the file is not at hand."""
        source = self._read(span.path)
        return f"{span.path}:{source.line_of(span.start)}" if source is not None else span.path

    def few(self, spans: Sequence[Span]) -> str:
        """The first place and how many more there are."""
        first = self.of(spans[0])
        more = len({(span.path, span.start) for span in spans}) - 1
        return f"{first} and {more} more" if more > 0 else first

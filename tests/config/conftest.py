"""A tree made of texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from stigmer_lint.model.span import SourceFile, Span


class Texts:
    """A `Tree` over texts; `shown` gives the bytes of a span."""

    def __init__(self, files: dict[str, str | bytes]) -> None:
        self.files = {path: SourceFile(path, text.encode() if isinstance(text, str) else text) for path, text in files.items()}
        self.asked: list[str] = []

    def source(self, path: str) -> SourceFile | None:
        self.asked.append(path)
        return self.files.get(path)

    def has(self, path: str) -> bool:
        return path in self.files

    def folder(self, path: str) -> Iterable[str]:
        return [p for p in self.files if p.rpartition("/")[0] == path]

    def named(self, name: str) -> Iterable[str]:
        return sorted((p for p in self.files if p.rpartition("/")[2] == name), key=len)

    def shown(self, span: Span | None) -> str:
        assert span is not None
        return self.files[span.path].text(span)


@pytest.fixture
def texts() -> Callable[[dict[str, str | bytes]], Texts]:
    return Texts

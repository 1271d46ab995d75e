"""What a code frontend is: it turns one file into a `Unit`, and a module name into the files that define it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from stigmer_lint.flow.ir import Unit
from stigmer_lint.model.span import SourceFile


class Tree(Protocol):
    """The files of the run. Paths are POSIX, relative to the root; nothing outside the root is ever read."""

    def source(self, path: str) -> SourceFile | None:
        """The file, None where it is not there, was not read, or is excluded."""

    def has(self, path: str) -> bool:
        """Whether there is such a file."""

    def folder(self, path: str) -> Iterable[str]:
        """Paths of the files directly in a folder ("" is the root)."""

    def named(self, name: str) -> Iterable[str]:
        """Paths of every file with this base name (`go.mod`, `tsconfig.json`, `package.json`), shortest path first."""


class Frontend(Protocol):
    """One language. Stateless between files; may keep per-tree look-ups in a weak dictionary keyed by the tree."""

    language: str

    def parse(self, source: SourceFile) -> Unit:
        """The file's declarations. Never raises for bad syntax (`Unit.error_at` says so); raises UnreadableError for
        a file that is not this language's text at all (NUL bytes, UTF-16)."""
        ...

    def locate(self, tree: Tree, unit: Unit, module: str) -> tuple[str, ...]:
        """The files of the tree that define `module` as imported by `unit`; () where it is not of this tree (a library)."""
        ...

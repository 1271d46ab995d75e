"""tree-sitter behind one module: parsers are made when a language is first met, grammars imported then."""

from __future__ import annotations

import importlib
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from time import monotonic
from types import ModuleType
from typing import TYPE_CHECKING

from stigmer_lint.errors import UnreadableError

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Point
    from tree_sitter import Tree as SyntaxTree

SMALL = 2048
"""Bytes of a file that cannot take long. Error recovery has been seen to take 20 s for 16,000."""
PIECE = 65536
"""Bytes that the parser is given at a time."""
SECONDS = 1.5
SECONDS_PER_BYTE = 1e-6
"""Time allowed for one file; a file that people wrote takes about 0.4e-6 s a byte."""

_GRAMMARS = {
    "go": ("tree_sitter_go", "language"),
    "python": ("tree_sitter_python", "language"),
    "shell": ("tree_sitter_bash", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
}


@cache
def parser(language: str) -> Parser:
    """The parser of one of our languages; raises KeyError for a language that has no grammar here."""
    from tree_sitter import Language, Parser

    package, function = _GRAMMARS[language]
    return Parser(Language(getattr(_binding(package), function)()))


def _binding(package: str) -> ModuleType:
    """The compiled part of a grammar's package. What its `__init__` imports to find the package's queries takes as long as reading a file does."""
    whole = PathFinder.find_spec(package)
    places = whole.submodule_search_locations if whole is not None else None
    spec = PathFinder.find_spec(f"{package}._binding", places) if places is not None else None
    if spec is None or spec.loader is None:
        return importlib.import_module(package)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parse(language: str, data: bytes, path: str = "") -> SyntaxTree:
    """The concrete syntax tree of a file's bytes; syntax errors are ERROR and MISSING nodes in it.

    Raises UnreadableError for `path` where the grammar needs far more time than its size explains: scanners look ahead, and a file
    can be written so that every look goes to its end."""
    worker = parser(language)
    if len(data) <= SMALL:
        return worker.parse(data)
    end = monotonic() + SECONDS + SECONDS_PER_BYTE * len(data)

    def read(offset: int, point: Point) -> bytes:
        return data[offset : offset + PIECE]

    def late(offset: int, failed: bool) -> bool:
        return monotonic() > end

    try:
        return worker.parse(read, progress_callback=late)
    except ValueError:
        worker.reset()
        raise UnreadableError(path, "its syntax takes too long to read") from None


def first_error(tree: SyntaxTree) -> int | None:
    """Byte offset of the first ERROR or MISSING node, None in a clean tree. Walks only into subtrees that have errors."""
    node: Node | None = tree.root_node
    if node is None or not node.has_error:
        return None
    while node is not None:
        if node.type == "ERROR" or node.is_missing:
            return node.start_byte
        node = next((child for child in node.children if child.has_error or child.is_missing), None)
    return tree.root_node.start_byte


def in_comment(tree: SyntaxTree, offset: int) -> bool:
    """Whether the byte at `offset` lies in a comment node."""
    node = tree.root_node.descendant_for_byte_range(offset, offset + 1)
    return node is not None and "comment" in node.type

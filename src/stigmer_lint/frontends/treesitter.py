"""tree-sitter behind one module: parsers are made when a language is first met, grammars imported then."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser
    from tree_sitter import Tree as SyntaxTree

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

    module, function = _GRAMMARS[language]
    return Parser(Language(getattr(importlib.import_module(module), function)()))


def parse(language: str, data: bytes) -> SyntaxTree:
    """The concrete syntax tree of a file's bytes; syntax errors are ERROR and MISSING nodes in it."""
    return parser(language).parse(data)


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

"""The syntax tree of a file that a fix is for, and the few questions that fixes ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stigmer_lint.fixes.parsed import OncePerFile
from stigmer_lint.frontends import treesitter
from stigmer_lint.model.span import SourceFile, Span

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

_LANGUAGES = {
    ".go": "go", ".py": "python", ".pyi": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".jsx": "javascript",
    ".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx",
}  # fmt: skip
STRINGS = ("interpreted_string_literal", "raw_string_literal", "string", "template_string")
"""Text literals whose quotes stand at both ends; Python's may have a prefix."""
INTERPOLATIONS = ("interpolation", "template_substitution")
_FUNCTIONS = (
    "function_declaration", "method_declaration", "function_definition", "method_definition", "func_literal", "arrow_function", "function_expression",
    "generator_function_declaration",
)  # fmt: skip


def language_of(path: str) -> str | None:
    """The grammar for a file, None for what has none here."""
    return _LANGUAGES.get(_suffix(path))


def _suffix(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return name[name.rfind(".") :].lower() if "." in name else ""


def root_of(source: SourceFile) -> Node | None:
    """The root of the file's tree, None where it is of no such language or begins with a byte order mark. Raises UnreadableError."""
    language = language_of(source.path)
    if language is None or source.data.startswith(b"\xef\xbb\xbf"):
        return None
    return _tree(source).root_node


_tree: OncePerFile[Tree] = OncePerFile(lambda source: treesitter.parse(_LANGUAGES[_suffix(source.path)], source.data, source.path))


def at(root: Node, span: Span) -> Node | None:
    """The outermost node that spans exactly these bytes, or the text literal around them."""
    node = root.named_descendant_for_byte_range(span.start, span.end)
    while node is not None and node.type not in STRINGS and node.parent is not None and node.type.startswith(("string_", "interpreted_string_literal_", "raw_string_literal_", "escape_")):
        node = node.parent
    while node is not None and node.parent is not None and (node.parent.start_byte, node.parent.end_byte) == (node.start_byte, node.end_byte):
        node = node.parent
    return node


def text(node: Node) -> bytes:
    """The bytes of a node."""
    return node.text or b""


def calls(root: Node, start: int, end: int) -> Iterator[Node]:
    """The calls that begin between two offsets, in order."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.end_byte <= start or node.start_byte >= end:
            continue
        if node.type in ("call", "call_expression") and node.start_byte >= start:
            yield node
        waiting += reversed(node.named_children)


def function_around(node: Node) -> Node | None:
    """The outermost function that a node is in."""
    found: Node | None = None
    here: Node | None = node
    while here is not None:
        if here.type in _FUNCTIONS:
            found = here
        here = here.parent
    return found


def span_of(source: SourceFile, node: Node) -> Span:
    """A node's bytes as a span of its file."""
    return Span(source.path, node.start_byte, node.end_byte)

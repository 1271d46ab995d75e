"""What the lowering of all parts of one Go file shares: its text, its types, how strings and parameters are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from stigmer_lint.flow import ir

if TYPE_CHECKING:
    from tree_sitter import Node

_ESCAPE = re.compile(rb"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
_PLAIN_ESCAPES: Final = {
    b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"\\": b"\\", b"'": b"'", b'"': b'"',
}


def _escape(match: re.Match[bytes]) -> bytes:
    plain, hexadecimal, octal, short, long = match.groups()
    if plain:
        return _PLAIN_ESCAPES[plain]
    if hexadecimal or octal:
        return bytes((int(hexadecimal, 16) if hexadecimal else int(octal, 8) & 0xFF,))
    point = int(short or long, 16)
    return chr(point if point < 0x110000 else 0xFFFD).encode("utf-8", "replace")


def unquoted(data: bytes) -> str:
    """The run-time text of an interpreted string's or rune's inside (go.dev/ref/spec#String_literals)."""
    if b"\\" in data:
        data = _ESCAPE.sub(_escape, data)
    return data.decode("utf-8", "replace")


def raw(data: bytes) -> str:
    """The run-time text of a raw string's inside: carriage returns are not part of it (go.dev/ref/spec#String_literals)."""
    return data.replace(b"\r", b"").decode("utf-8", "replace")


def span(node: Node) -> ir.Range:
    return (node.start_byte, node.end_byte)


def code(node: Node) -> list[Node]:
    """The named children without comments."""
    return [child for child in node.named_children if child.type != "comment"]


def first(node: Node) -> Node | None:
    """The first named child that is no comment."""
    child = node.named_child(0) if node.named_child_count else None
    if child is not None and child.type == "comment":
        return next(iter(code(node)), None)
    return child


class GoFile:
    """What the lowering of every body of one file shares."""

    __slots__ = ("data", "types", "unit")

    def __init__(self, unit: ir.Unit, data: bytes) -> None:
        self.unit = unit
        self.data = data
        self.types: dict[str, Node] = {}
        """Named types of the file's top level: what they are declared as."""

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def type_name(self, node: Node) -> str:
        """A type's text without `*`, parentheses and type arguments."""
        while node.type in ("pointer_type", "parenthesized_type", "generic_type"):
            inner = node.child_by_field_name("type") or first(node)
            if inner is None:
                break
            node = inner
        return self.text(node)

    def fields(self, struct: Node) -> tuple[list[ir.Field], list[str]]:
        """A struct type's fields in order, and the names of the types that it embeds."""
        fields: list[ir.Field] = []
        bases: list[str] = []
        listed = first(struct)
        for child in listed.named_children if listed is not None else ():
            type_node = child.child_by_field_name("type")
            if child.type != "field_declaration" or type_node is None:
                continue
            names = [name for name in child.children_by_field_name("name") if name.is_named]
            tag_node = child.child_by_field_name("tag")
            tag = ""
            if tag_node is not None:
                inside = self.data[tag_node.start_byte + 1 : tag_node.end_byte - 1]
                tag = raw(inside) if tag_node.type == "raw_string_literal" else unquoted(inside)
            if not names:
                bases.append(self.type_name(type_node))
            type_text = self.text(type_node)
            fields += [ir.Field(self.text(name), span(name), type_text, tag=tag) for name in names]
        return fields, bases

    def params(self, listed: Node | None) -> tuple[ir.Param, ...]:
        """The parameters of a parameter list, one a name; one without a name for a type that stands alone."""
        params: list[ir.Param] = []
        for child in listed.named_children if listed is not None else ():
            rest = child.type == "variadic_parameter_declaration"
            if not rest and child.type != "parameter_declaration":
                continue
            type_node = child.child_by_field_name("type")
            type_text = self.text(type_node) if type_node is not None else ""
            names = [name for name in child.children_by_field_name("name") if name.is_named]
            for name in names:
                params.append(ir.Param(self.text(name), span(name), type=type_text, rest="*" if rest else ""))
            if not names:
                params.append(ir.Param("", span(child), type=type_text, rest="*" if rest else ""))
        return tuple(params)


Lower: TypeAlias = "Callable[[GoFile, ir.FunctionDecl, Node, int], ir.Block]"
"""Lowers the body of a func, method or function literal that stands at a depth."""


def function(
    file: GoFile, node: Node, lower: Lower, *, name: Node | None = None, outer: ir.FunctionDecl | None = None, depth: int = 0,
    owner: str = "", receiver: str = "",
) -> ir.FunctionDecl:  # fmt: skip
    """The declaration of a func, method or function literal; the body is lowered when it is asked for."""

    def body() -> ir.Block:
        return lower(file, decl, node, depth)

    result = node.child_by_field_name("result")
    decl = ir.FunctionDecl(
        name=file.text(name) if name is not None else "",
        span=span(node),
        name_span=span(name) if name is not None else (node.start_byte, node.start_byte + len("func")),
        params=file.params(node.child_by_field_name("parameters")),
        lower=body,
        unit=file.unit,
        owner=owner,
        receiver=receiver,
        outer=outer,
        result=file.text(result) if result is not None else "",
    )
    return decl

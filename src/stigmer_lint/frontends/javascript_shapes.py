"""Interfaces and object types of TypeScript: the types of their fields, as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stigmer_lint.flow.ir import Shape

if TYPE_CHECKING:
    from tree_sitter import Node

SHAPES = frozenset({"interface_declaration", "type_alias_declaration"})
"""Statements that may declare one."""

MAX_FIELDS = 400
_TYPE_LENGTH = 300
_SPACE = re.compile(r"\s+")


def shape(data: bytes, node: Node) -> dict[str, Shape]:
    """The shape that a statement declares, by its name; empty for a type that is no object."""
    name = node.child_by_field_name("name")
    body = node.child_by_field_name("body") or node.child_by_field_name("value")
    if name is None or body is None or body.type not in ("interface_body", "object_type"):
        return {}
    fields: dict[str, str] = {}
    for member in body.named_children[:MAX_FIELDS]:
        called = member.child_by_field_name("name") if member.type == "property_signature" else None
        written = member.child_by_field_name("type") if called is not None else None
        if called is not None and written is not None:
            fields[_text(data, called).strip("\"'")] = _text(data, written).removeprefix(":").strip()
    bases = tuple(_text(data, base) for one in node.named_children if one.type == "extends_type_clause" for base in one.named_children)
    return {_text(data, name): Shape(fields, bases)}


def _text(data: bytes, node: Node) -> str:
    start = node.start_byte
    return _SPACE.sub(" ", data[start : min(node.end_byte, start + _TYPE_LENGTH)].decode("utf-8", "replace"))


__all__ = ["SHAPES", "shape"]

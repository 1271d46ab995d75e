"""A host entry for a container that is started through an engine's library: a keyword, a field, a property."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stigmer_lint.fixes import syntax
from stigmer_lint.fixes.places import indent_of, newline_of, starts_line
from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit

if TYPE_CHECKING:
    from tree_sitter import Node


def add_gateway(source: SourceFile, place: Span, host: str) -> Answer:
    """Add `host`:host-gateway to the launch whose call is at `place`. Raises UnreadableError where the file cannot be parsed in time."""
    root = syntax.root_of(source)
    call = syntax.at(root, place) if root is not None else None
    while call is not None and call.type not in ("call", "call_expression") and len(call.named_children) == 1:
        # A statement, an `await`, a list of one expression.
        call = call.named_children[0]
    arguments = call.child_by_field_name("arguments") if call is not None and call.type in ("call", "call_expression") else None
    if arguments is None:
        return CannotFix("the launch is not one call there")
    match syntax.language_of(source.path):
        case "python":
            return _python(source, arguments, host)
        case "go":
            return _go(source, arguments, host)
        case "javascript" | "typescript" | "tsx":
            return _javascript(source, arguments, host)
        case _:
            return CannotFix("how to add a host in this language is not known")


def _python(source: SourceFile, arguments: Node, host: str) -> Answer:
    keywords = {syntax.text(name): one for one in arguments.named_children if one.type == "keyword_argument" and (name := one.child_by_field_name("name")) is not None}
    if b"host_config" in keywords or not arguments.named_children:
        return CannotFix("its host configuration is made elsewhere")
    said = f'add extra_hosts={{"{host}": "host-gateway"}}'
    given = keywords[b"extra_hosts"].child_by_field_name("value") if b"extra_hosts" in keywords else None
    if given is not None:
        if given.type != "dictionary":
            return CannotFix("its extra_hosts are made elsewhere")
        return Written((_member(source, given, f'"{host}": "host-gateway"'),), said)
    return Written((_behind(source, arguments.named_children[-1], f'extra_hosts={{"{host}": "host-gateway"}}'),), said)


def _go(source: SourceFile, arguments: Node, host: str) -> Answer:
    entry = f'ExtraHosts: []string{{"{host}:host-gateway"}}'
    said = f"add {entry}"
    literals = {syntax.text(kind).rpartition(b".")[2]: one for one in map(_literal, arguments.named_children) if one is not None and (kind := one.child_by_field_name("type")) is not None}
    body = literals[b"HostConfig"].child_by_field_name("body") if b"HostConfig" in literals else None
    if body is not None:
        if any(syntax.text(one).startswith(b"ExtraHosts") for one in body.named_children):
            return CannotFix("it adds hosts already, in a form that is not known")
        return Written((_member(source, body, entry),), said)
    config = literals[b"Config"].child_by_field_name("type") if b"Config" in literals else None
    children = arguments.named_children
    at = next((number for number, one in enumerate(children) if config is not None and one.start_byte <= config.start_byte < one.end_byte), None)
    if config is None or at is None or at + 1 >= len(children) or children[at + 1].type != "nil":
        return CannotFix("its host configuration is made elsewhere")
    name = syntax.text(config).decode("utf-8", "replace").replace("Config", "HostConfig")
    nil = children[at + 1]
    return Written((Edit(syntax.span_of(source, nil), f"&{name}{{{entry}}}"),), said)


def _literal(node: Node) -> Node | None:
    if node.type == "unary_expression" and node.named_children:
        node = node.named_children[0]
    return node if node.type == "composite_literal" else None


def _javascript(source: SourceFile, arguments: Node, host: str) -> Answer:
    options = next((one for one in arguments.named_children if one.type == "object" and (_property(one, "Image") or _property(one, "image"))), None)
    if options is None:
        return CannotFix("its options are made elsewhere")
    entry = f'ExtraHosts: ["{host}:host-gateway"]'
    inner = _property(options, "HostConfig")
    if inner is None:
        return Written((_member(source, options, f"HostConfig: {{ {entry} }}"),), f"add {entry}")
    value = inner.child_by_field_name("value")
    if value is None or value.type != "object" or _property(value, "ExtraHosts") is not None:
        return CannotFix("its host configuration is made elsewhere")
    return Written((_member(source, value, entry),), f"add {entry}")


def _property(node: Node, name: str) -> Node | None:
    for one in node.named_children:
        key = one.child_by_field_name("key")
        if key is not None and syntax.text(key).strip(b"'\"") == name.encode():
            return one
    return None


def _member(source: SourceFile, holder: Node, text: str) -> Edit:
    """One more member between braces, laid out like the last."""
    members = [one for one in holder.named_children if one.type != "comment"]
    if not members:
        at = holder.start_byte + 1
        return Edit(Span(source.path, at, at), text)
    return _behind(source, members[-1], text)


def _behind(source: SourceFile, node: Node, text: str) -> Edit:
    """One more element behind the last: on a line of its own where that has one, with a comma behind it where that has one."""
    at = node.end_byte
    after = node.next_sibling
    comma = after is not None and after.type == ","
    if starts_line(source, node.start_byte):
        if comma and after is not None:
            at = after.end_byte
        lead = "" if comma else ","
        return Edit(Span(source.path, at, at), f"{lead}{newline_of(source)}{indent_of(source, node.start_byte)}{text}{',' if comma else ''}")
    return Edit(Span(source.path, at, at), f", {text}")

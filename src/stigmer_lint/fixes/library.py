"""A host entry for a container that is started through an engine's library: a keyword, a field, a property."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stigmer_lint.fixes import syntax
from stigmer_lint.fixes.places import indent_of, newline_of, starts_line
from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit

if TYPE_CHECKING:
    from tree_sitter import Node


def add_gateway(source: SourceFile, place: Span, host: str, testing: bool = False) -> Answer:
    """Add `host`:host-gateway to the launch whose call is at `place`; `testing`: a call of Testcontainers. Raises UnreadableError where the file cannot be parsed in time."""
    if testing and source.path.endswith(tuple(_BUILT)):
        return _chained(source, place, host)
    root = syntax.root_of(source)
    call = syntax.at(root, place) if root is not None else None
    while call is not None and call.type not in ("call", "call_expression") and len(call.named_children) == 1:
        # A statement, an `await`, a list of one expression.
        call = call.named_children[0]
    arguments = call.child_by_field_name("arguments") if call is not None and call.type in ("call", "call_expression") else None
    if arguments is None:
        return CannotFix("the launch is not one call there")
    if testing and call is not None:
        return _testcontainers(source, call, arguments, host)
    match syntax.language_of(source.path):
        case "python":
            return _python(source, arguments, host)
        case "go":
            return _go(source, arguments, host)
        case "javascript" | "typescript" | "tsx":
            return _javascript(source, arguments, host)
        case _:
            return CannotFix("how to add a host in this language is not known")


_BUILT = {
    ".java": (b"GenericContainer", ".withExtraHost"), ".kt": (b"GenericContainer", ".withExtraHost"), ".kts": (b"GenericContainer", ".withExtraHost"),
    ".cs": (b"ContainerBuilder", ".WithExtraHost"),
}  # fmt: skip
"""By ending what makes a container, and the call that maps a name."""
_TOKEN = re.compile(rb"\"\"\".*?\"\"\"|\"(?:[^\"\\\\\r\n]|\\\\.)*\"|'(?:[^'\\\\\r\n]|\\\\.)*'|[()]", re.DOTALL)


def _chained(source: SourceFile, place: Span, host: str) -> Answer:
    """Languages without a grammar here: one more call in the chain, behind the constructor."""
    maker, call = next(value for ending, value in _BUILT.items() if source.path.endswith(ending))
    if call.encode() in source.data[place.start : place.end]:
        return CannotFix("it adds hosts already")
    at = source.data.find(maker, place.start, place.end)
    depth = 0
    for found in _TOKEN.finditer(source.data, at if at >= 0 else place.end, place.end):
        depth += (found[0] == b"(") - (found[0] == b")")
        if depth == 0 and found[0] == b")":
            # On a line of its own where the next call of the chain has one.
            blank = re.compile(rb"\s*(?=\.)").match(source.data, found.end(), place.end)
            lead = blank[0].decode() if blank is not None else ""
            text = f'{call}("{host}", "host-gateway")'
            return Written((Edit(Span(source.path, found.end(), found.end()), f"{lead}{text}"),), f"add {text[1:]}", sure=False)
    return CannotFix("where the container is made is not written there")


def _testcontainers(source: SourceFile, call: Node, arguments: Node, host: str) -> Answer:
    """Python and JavaScript: one more call before `start()`. Go: a modifier in the request, where the file knows the type that it needs."""
    language = syntax.language_of(source.path)
    if language == "go":
        return _request(source, arguments, host)
    function = call.child_by_field_name("function")
    holder = function.child_by_field_name("object") if function is not None else None
    adds, text = (b"with_kwargs", f'.with_kwargs(extra_hosts={{"{host}": "host-gateway"}})') if language == "python" else (
        b"withExtraHosts", f'.withExtraHosts([{{ host: "{host}", ipAddress: "host-gateway" }}])',
    )  # fmt: skip
    around = syntax.function_around(call)
    if function is None or holder is None or adds in syntax.text(around if around is not None else call):
        return CannotFix(f"it calls {adds.decode()} already")
    dot = source.data.rfind(b".", holder.end_byte, function.end_byte)
    # On a line of its own where `.start()` has one.
    lead = source.data[holder.end_byte : dot].decode("utf-8", "replace")
    return Written((Edit(Span(source.path, holder.end_byte, holder.end_byte), f"{lead if not lead.strip() else ''}{text}"),), f"add {text[1:]}")


def _request(source: SourceFile, arguments: Node, host: str) -> Answer:
    entry = f'HostConfigModifier: func(hc *container.HostConfig) {{ hc.ExtraHosts = append(hc.ExtraHosts, "{host}:host-gateway") }}'
    waiting = list(arguments.named_children)
    while waiting:
        node = waiting.pop(0)
        kind = node.child_by_field_name("type") if node.type == "composite_literal" else None
        body = node.child_by_field_name("body") if kind is not None and syntax.text(kind).endswith(b"ContainerRequest") and not syntax.text(kind).endswith(b"GenericContainerRequest") else None
        if body is not None:
            if b"HostConfigModifier" in syntax.text(body):
                return CannotFix("its host configuration is changed by a function already")
            if b'api/types/container"' not in source.data:
                return CannotFix("the file does not import the package container, in which the host configuration is")
            return Written((_member(source, body, entry),), "add the host in HostConfigModifier", sure=False)
        waiting += node.named_children
    return CannotFix("its request is made elsewhere")


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


def add_to_service(source: SourceFile, place: Span, host: str) -> Answer:
    """Add `host`:host-gateway to the Compose service that the literal at `place` is. Raises UnreadableError where the file cannot be parsed in time."""
    root = syntax.root_of(source)
    literal = syntax.at(root, place) if root is not None else None
    while literal is not None and literal.type not in ("dictionary", "object", "composite_literal") and len(literal.named_children) == 1:
        literal = literal.named_children[0]
    if literal is not None and literal.type in ("dictionary", "object"):
        if _property(literal, "extra_hosts") is not None:
            return CannotFix("it adds hosts already")
        quoted = any(syntax.text(key).startswith((b'"', b"'")) for one in literal.named_children if (key := one.child_by_field_name("key")) is not None)
        name = '"extra_hosts"' if quoted else "extra_hosts"
        return Written((_member(source, literal, f'{name}: ["{host}:host-gateway"]'),), "add extra_hosts")
    body = literal.child_by_field_name("body") if literal is not None and literal.type == "composite_literal" else None
    if body is None:
        return CannotFix("the service is not one literal there")
    if any(syntax.text(one).startswith(b"ExtraHosts") for one in body.named_children):
        return CannotFix("it adds hosts already")
    kind = literal.child_by_field_name("type") if literal is not None else None
    if kind is None or syntax.text(kind).endswith(b"ServiceConfig"):
        return CannotFix("the type of compose-go's ExtraHosts differs between its versions, and which one it is does not stand here")
    entry = f'ExtraHosts: []string{{"{host}:host-gateway"}}'
    return Written((_member(source, body, entry),), f"add {entry}", sure=False)


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

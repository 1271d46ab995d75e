"""JavaScript functions and classes: what is known of them before their bodies are lowered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from stigmer_lint.flow.ir import (
    Assign,
    Attr,
    Block,
    ClassDecl,
    DictOf,
    Do,
    Expr,
    Field,
    Function,
    FunctionDecl,
    ListOf,
    Name,
    Opaque,
    Pair,
    Param,
    Return,
    Stmt,
    Str,
    block,
)
from stigmer_lint.flow.walk import expressions
from stigmer_lint.frontends.javascript_nodes import (
    COMMENTS,
    DEEP,
    FUNCTION_VALUES,
    MAX_NESTED_FUNCTIONS,
    YIELDED,
    plain_string,
    solid,
    stored,
    unwrap,
)

if TYPE_CHECKING:
    from tree_sitter import Node

    from stigmer_lint.frontends.javascript_body import Body


_SPACE = re.compile(r"\s+")
_TYPE_LENGTH = 300
"""Bytes of a type annotation that are kept: a longer one spells out an object and names nothing."""


def function(
    scope: Body, node: Node, depth: int, name: str = "", name_node: Node | None = None, owner: str = "", decorators: tuple[str, ...] = (),
) -> FunctionDecl:
    """The declaration of a function, method or function literal."""
    params, prelude, fields = _params(scope, node, depth)
    body = node.child_by_field_name("body")
    result = node.child_by_field_name("return_type")
    start = node.start_byte

    def lower() -> Block:
        inner = scope.inner(decl)
        inner.generates = any(child.type == "*" for child in node.children)
        return _function_body(inner, body, prelude, fields)

    decl = FunctionDecl(
        name=name, span=node.byte_range, name_span=name_node.byte_range if name_node is not None else (start, start), params=params,
        lower=lower, unit=scope.context.unit, owner=owner, receiver="this" if owner else "", outer=scope.decl, decorators=decorators,
        result=type_text(scope, result),
    )
    return decl


def _function_body(scope: Body, body: Node | None, prelude: list[tuple[str, Node]], fields: list[Node]) -> Block:
    out: list[Stmt] = []
    for synthetic, pattern in prelude:
        out.append(Assign(pattern.byte_range, scope.target(pattern, 1), Name(pattern.byte_range, synthetic), declares=True))
    for name in fields:
        span, id_ = name.byte_range, scope.text(name)
        out.append(Assign(span, Attr(span, Name(span, "this"), id_, span), Name(span, id_)))
    if body is None:
        return block(out)
    if body.type == "statement_block" and scope.generates:
        # What goes through a generator gets a list of all that it yields.
        start, end = body.byte_range
        here = (start, start)
        out += [Assign(here, Name(here, YIELDED), ListOf(here, ()), declares=True), *scope.statements(body.named_children, 1)]
        out.append(Return((end, end), Name((end, end), YIELDED)))
    elif body.type == "statement_block":
        out += scope.statements(body.named_children, 1)
    else:
        value = scope.expr(body, 1)
        scope.flush(out)
        out.append(Return(body.byte_range, value))
    return block(out)


def _params(scope: Body, node: Node, depth: int) -> tuple[tuple[Param, ...], list[tuple[str, Node]], list[Node]]:
    """Parameters; array patterns among them with the synthetic name that the body unpacks; names that a constructor stores in fields."""
    single = node.child_by_field_name("parameter")
    if single is not None:
        return (Param(scope.text(single), single.byte_range),), [], []
    listed = node.child_by_field_name("parameters")
    if listed is None:
        return (), [], []
    params: list[Param] = []
    prelude: list[tuple[str, Node]] = []
    fields: list[Node] = []
    for child in listed.named_children:
        kind = child.type
        if kind in COMMENTS:
            continue
        span = child.byte_range
        pattern: Node | None = child
        default: Node | None = None
        typed: Node | None = None
        if kind in ("required_parameter", "optional_parameter"):
            pattern = child.child_by_field_name("pattern")
            default = child.child_by_field_name("value")
            typed = child.child_by_field_name("type")
            if pattern is not None and pattern.type == "identifier" and stored(child):
                fields.append(pattern)
        if pattern is not None and pattern.type == "assignment_pattern":
            default = pattern.child_by_field_name("right")
            pattern = pattern.child_by_field_name("left")
        rest: Literal["", "*"] = ""
        if pattern is not None and pattern.type == "rest_pattern":
            rest = "*"
            pattern = next(iter(solid(pattern)), None)
        if pattern is None or pattern.type == "this":
            continue
        value: Expr | None = None
        if default is not None:
            value = scope.apart(default, depth + 1)
        type_ = type_text(scope, typed)
        kind = pattern.type
        if kind == "identifier":
            params.append(Param(scope.text(pattern), span, value, type_, rest))
            continue
        synthetic = f"{{{len(params)}}}"
        unpacked = scope.target(pattern, depth + 1) if kind == "object_pattern" else None
        if kind == "array_pattern":
            prelude.append((synthetic, pattern))
        params.append(Param(synthetic, span, value, type_, rest, unpacked if isinstance(unpacked, DictOf) else None))
    return tuple(params), prelude, fields


def type_text(scope: Body, node: Node | None) -> str:
    """A type annotation without its colon, white space made single; "" where there is none."""
    if node is None:
        return ""
    start = node.start_byte
    text = scope.data[start : min(node.end_byte, start + _TYPE_LENGTH)].decode("utf-8", "replace")
    return _SPACE.sub(" ", text.removeprefix(":").strip())


def literal_function(scope: Body, node: Node, depth: int, name: str = "", name_node: Node | None = None) -> Expr:
    """A function literal as a value."""
    listed = scope.context.hoisted.get(node.id)
    if listed is not None:
        return Name(node.byte_range, listed)
    if scope.nesting >= MAX_NESTED_FUNCTIONS:
        return Opaque(node.byte_range, DEEP)
    if not name:
        own = node.child_by_field_name("name")
        if own is not None:
            name, name_node = scope.text(own), own
    return Function(node.byte_range, function(scope, node, depth, name, name_node))


def class_decl(scope: Body, node: Node, name: str, depth: int) -> ClassDecl:
    """A class with its fields and methods; a getter counts as a method with the decorator `property`."""
    decl = ClassDecl(name, node.byte_range, _bases(scope, node), {}, {}, _decorators(scope, node))
    body = node.child_by_field_name("body")
    marks: list[str] = []
    for member in body.named_children if body is not None else ():
        kind = member.type
        if kind == "decorator":
            marks.append(_decorator(scope, member))
            continue
        if kind == "method_definition":
            _method(scope, decl, member, tuple(marks), depth)
        elif kind in ("public_field_definition", "field_definition"):
            _field(scope, decl, member, tuple(marks), depth)
        elif kind == "class_static_block":
            decl.methods[f"static {member.start_byte}"] = function(scope, member, depth, "static", None, name)
        if kind not in COMMENTS:
            marks = []
    return decl


def _method(scope: Body, decl: ClassDecl, member: Node, marks: tuple[str, ...], depth: int) -> None:
    name_node = member.child_by_field_name("name")
    name = _key_text(scope, name_node)
    if name_node is None or name is None:
        return
    kinds = {child.type for child in member.children[:6]}
    if "get" in kinds:
        marks = (*marks, "property")
    key = f"set {name}" if "set" in kinds else name
    method = function(scope, member, depth, name, name_node, decl.name, marks)
    # A class may have a static method and another of one name: the static one gives way.
    if key in decl.methods and "static" in kinds:
        key = f"static {key}"
    elif key in decl.methods:
        decl.methods[f"static {key}"] = decl.methods[key]
    decl.methods[key] = method
    if name == "constructor":
        listed = member.child_by_field_name("parameters")
        for child in listed.named_children if listed is not None else ():
            pattern = child.child_by_field_name("pattern") if child.type.endswith("_parameter") else None
            if pattern is not None and pattern.type == "identifier" and stored(child):
                field = scope.text(pattern)
                decl.fields.setdefault(field, Field(field, pattern.byte_range, type_text(scope, child.child_by_field_name("type"))))


def _field(scope: Body, decl: ClassDecl, member: Node, marks: tuple[str, ...], depth: int) -> None:
    name_node = member.child_by_field_name("name") or member.child_by_field_name("property")
    name = _key_text(scope, name_node)
    if name_node is None or name is None:
        return
    value = member.child_by_field_name("value")
    if value is not None:
        inner = unwrap(value)
        if inner.type in FUNCTION_VALUES:
            decl.methods[name] = function(scope, inner, depth, name, name_node, decl.name, marks)
            return
    default = scope.expr(value, depth + 1) if value is not None else None
    scope.pending.clear()
    decl.fields[name] = Field(name, name_node.byte_range, type_text(scope, member.child_by_field_name("type")), default)
    if value is not None and default is not None and any(isinstance(one, Function) for one in expressions(default)):
        # Code of its own: `static layer = Layer.succeed(this, { build: () => ... })`. The key is no name that a program can call.
        whole = default
        decl.methods[f"={name}"] = FunctionDecl(
            name=decl.name, span=value.byte_range, name_span=name_node.byte_range, params=(), lower=lambda: block([Do(value.byte_range, whole)]),
            unit=scope.context.unit, owner=decl.name, receiver="this", outer=scope.decl,
        )


def made_base(node: Node) -> Node | None:
    """The call that makes a class's base: `class A extends Service("a", { ... })` runs code of its own."""
    heritage = next((child for child in node.named_children if child.type == "class_heritage"), None)
    for clause in solid(heritage) if heritage is not None else ():
        base = clause.child_by_field_name("value") if clause.type == "extends_clause" else clause
        if base is not None and base.type == "call_expression":
            return base
    return None


def _bases(scope: Body, node: Node) -> tuple[str, ...]:
    heritage = next((child for child in node.named_children if child.type == "class_heritage"), None)
    if heritage is None:
        return ()
    bases: list[str] = []
    for clause in solid(heritage):
        listed = solid(clause) if clause.type in ("extends_clause", "implements_clause") else [clause]
        for base in listed:
            if base.type == "type_arguments":
                continue
            base = unwrap(base)
            if base.type == "generic_type":
                base = base.child_by_field_name("name") or base
            bases.append(scope.text(base)[:_TYPE_LENGTH])
    return tuple(bases)


def _decorators(scope: Body, node: Node) -> tuple[str, ...]:
    return tuple(_decorator(scope, child) for child in node.children_by_field_name("decorator"))


def _decorator(scope: Body, node: Node) -> str:
    inner = next(iter(solid(node)), node)
    if inner.type == "call_expression":
        inner = inner.child_by_field_name("function") or inner
    return scope.text(inner)[:_TYPE_LENGTH]


def _key_text(scope: Body, node: Node | None) -> str | None:
    if node is None:
        return None
    if node.type == "computed_property_name":
        # No name that code could say, but what the method does is seen.
        return scope.text(node)[:_TYPE_LENGTH]
    return plain_string(scope.data, node) if node.type == "string" else scope.text(node)


def class_value(scope: Body, node: Node, depth: int, name: str = "") -> Expr:
    """A class used as a value: its methods and static fields by name, so that what they do is seen."""
    if scope.nesting >= MAX_NESTED_FUNCTIONS:
        return Opaque(node.byte_range, DEEP)
    name_node = node.child_by_field_name("name")
    held, scope.pending = scope.pending, []
    decl = class_decl(scope, node, scope.text(name_node) if name_node is not None else name or "class", depth)
    scope.pending = held
    pairs = [Pair(field.span, Str(field.span, field.name), field.default) for field in decl.fields.values() if field.default is not None]
    pairs += [
        Pair(method.span, Str(method.name_span, key), Function(method.span, method)) for key, method in decl.methods.items()
    ]
    return DictOf(node.byte_range, tuple(pairs))

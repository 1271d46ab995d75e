"""JavaScript expressions, one function for a kind of node."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from stigmer_lint.flow.ir import (
    And,
    Arg,
    Assign,
    Attr,
    Block,
    Bool,
    Call,
    Compare,
    Cond,
    DictOf,
    Do,
    Expr,
    Fallback,
    If,
    Index,
    Join,
    ListItem,
    ListOf,
    Name,
    Nil,
    Not,
    Num,
    Opaque,
    Pair,
    Range,
    Stmt,
    Str,
    Target,
)
from stigmer_lint.frontends.javascript_functions import class_value, literal_function
from stigmer_lint.frontends.javascript_nodes import CHAIN, COMMENTS, FUNCTION_VALUES, elements, solid, unwrap
from stigmer_lint.frontends.javascript_text import literal, template_piece

if TYPE_CHECKING:
    from tree_sitter import Node

    from stigmer_lint.frontends.javascript_body import Body


_CONVERSIONS = frozenset({"String", "Number", "Boolean", "BigInt"})
LOGIC = frozenset({"&&", "||", "??"})
_COMPARE: dict[str, Literal["==", "!=", "in", "order"]] = {
    "==": "==", "===": "==", "!=": "!=", "!==": "!=", "in": "in", "<": "order", ">": "order", "<=": "order", ">=": "order",
}


def _identifier(scope: Body, node: Node, depth: int) -> Expr:
    span = node.byte_range
    if span[0] == span[1]:
        return Opaque(span, "syntax error")
    return Name(span, scope.data[span[0] : span[1]].decode("utf-8", "replace"))


def _string(scope: Body, node: Node, depth: int) -> Expr:
    span = node.byte_range
    return Str(span, literal(scope.data, span[0] + 1, max(span[0] + 1, span[1] - 1)))


def _template(scope: Body, node: Node, depth: int) -> Expr:
    parts = _template_parts(scope, node, depth)
    if len(parts) == 1 and isinstance(parts[0], Str) and parts[0].span[0] == node.start_byte + 1:
        return Str(node.byte_range, parts[0].text)
    return Join(node.byte_range, parts) if parts else Str(node.byte_range, "")


def _template_parts(scope: Body, node: Node, depth: int) -> tuple[Expr, ...]:
    parts: list[Expr] = []
    data = scope.data
    at = node.start_byte + 1
    end = max(at, node.end_byte - 1)
    for child in node.named_children:
        if child.type != "template_substitution":
            continue
        start, stop = child.byte_range
        if start > at:
            parts.append(Str((at, start), template_piece(data, at, start)))
        inner = next(iter(solid(child)), None)
        parts.append(scope.expr(inner, depth) if inner is not None else Opaque((start, stop), "syntax error"))
        at = stop
    if end > at:
        parts.append(Str((at, end), template_piece(data, at, end)))
    return tuple(parts)


def _number(scope: Body, node: Node, depth: int) -> Expr:
    text = scope.text(node).replace("_", "")
    return Num(node.byte_range, text[:-1] if text.endswith("n") else text)


def _true(scope: Body, node: Node, depth: int) -> Expr:
    return Bool(node.byte_range, True)


def _false(scope: Body, node: Node, depth: int) -> Expr:
    return Bool(node.byte_range, False)


def _nil(scope: Body, node: Node, depth: int) -> Expr:
    return Nil(node.byte_range)


def _regex(scope: Body, node: Node, depth: int) -> Expr:
    span = node.byte_range
    pattern = node.child_by_field_name("pattern")
    flags = node.child_by_field_name("flags")
    nothing = (span[1], span[1])
    args = (
        Arg(Str(pattern.byte_range, scope.text(pattern)) if pattern is not None else Str(nothing, "")),
        Arg(Str(flags.byte_range, scope.text(flags)) if flags is not None else Str(nothing, "")),
    )
    return Call(span, Name(span, "$regex"), args)


def _meta(scope: Body, node: Node, depth: int) -> Expr:
    start, end = node.byte_range
    if scope.data[start:end].startswith(b"import"):
        return Attr((start, end), Name((start, start + 6), "import"), "meta", (end - 4, end))
    return Opaque((start, end), "new.target")


def _member(scope: Body, node: Node, depth: int) -> Expr:
    children = node.named_children
    inner: Node | None
    name: Node | None
    if len(children) == 2:
        inner, name = children
    else:
        inner, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        if inner is None or name is None:
            return Opaque(node.byte_range, "syntax error")
    base = scope.expr(inner, depth)
    text = scope.data[name.start_byte : name.end_byte].decode("utf-8", "replace")
    if scope.context.commonjs and type(base) is Name:
        if base.id == "module" and text == "exports":
            return Name(node.byte_range, "default")
        if base.id in ("exports", "default"):
            return Name(node.byte_range, scope.context.unit.exports.get(text, f"exports.{text}"))
    return Attr(node.byte_range, base, text, name.byte_range)


def _subscript(scope: Body, node: Node, depth: int) -> Expr:
    inner = node.child_by_field_name("object")
    key = node.child_by_field_name("index")
    if inner is None or key is None:
        return Opaque(node.byte_range, "syntax error")
    return Index(node.byte_range, scope.expr(inner, depth), scope.expr(key, depth))


def _call(scope: Body, node: Node, depth: int) -> Expr:
    callee = node.child_by_field_name("function")
    arguments = node.child_by_field_name("arguments")
    if callee is None:
        return Opaque(node.byte_range, "syntax error")
    lowered = scope.expr(callee, depth)
    if arguments is None:
        return Call(node.byte_range, lowered, ())
    if arguments.type == "template_string":
        parts = _template_parts(scope, arguments, depth)
        return Call(node.byte_range, lowered, (Arg(Join(arguments.byte_range, parts)),))
    args = _arguments(scope, arguments, depth)
    if type(lowered) is Name and lowered.id in _CONVERSIONS and len(args) == 1 and not args[0].spread:
        return args[0].value
    return Call(node.byte_range, lowered, args)


def _new(scope: Body, node: Node, depth: int) -> Expr:
    callee = node.child_by_field_name("constructor")
    arguments = node.child_by_field_name("arguments")
    if callee is None:
        return Opaque(node.byte_range, "syntax error")
    lowered = scope.expr(callee, depth)
    return Call(node.byte_range, lowered, _arguments(scope, arguments, depth) if arguments is not None else (), new=True)


def _arguments(scope: Body, node: Node, depth: int) -> tuple[Arg, ...]:
    args: list[Arg] = []
    for child in node.named_children:
        kind = child.type
        if kind == "spread_element":
            inner = solid(child)
            if inner:
                args.append(Arg(scope.expr(inner[0], depth), None, "*"))
        elif kind not in COMMENTS:
            args.append(Arg(scope.expr(child, depth)))
    return tuple(args)


def _array(scope: Body, node: Node, depth: int) -> Expr:
    items: list[ListItem] = []
    for child in elements(node):
        if isinstance(child, tuple):
            items.append(ListItem(Nil(child)))
        elif child.type == "spread_element":
            inner = solid(child)
            if inner:
                items.append(ListItem(scope.expr(inner[0], depth), spread=True))
        else:
            items.append(ListItem(scope.expr(child, depth)))
    return ListOf(node.byte_range, tuple(items))


def _object(scope: Body, node: Node, depth: int) -> Expr:
    pairs: list[Pair] = []
    for child in node.named_children:
        kind = child.type
        span = child.byte_range
        if kind == "pair":
            key = child.child_by_field_name("key")
            value = child.child_by_field_name("value")
            if key is None or value is None:
                continue
            lowered = key_of(scope, key, depth)
            inner = unwrap(value)
            if inner.type in FUNCTION_VALUES:
                name = lowered.text if isinstance(lowered, Str) else ""
                pairs.append(Pair(span, lowered, literal_function(scope, inner, depth, name, key)))
            else:
                pairs.append(Pair(span, lowered, scope.expr(inner, depth)))
        elif kind == "shorthand_property_identifier":
            text = scope.text(child)
            pairs.append(Pair(span, Str(span, text), Name(span, text)))
        elif kind == "spread_element":
            spread = solid(child)
            if spread:
                pairs.append(Pair(span, None, scope.expr(spread[0], depth)))
        elif kind == "method_definition":
            key = child.child_by_field_name("name")
            kinds = {token.type for token in child.children[:3]}
            if key is None or "set" in kinds:
                continue
            lowered = key_of(scope, key, depth)
            method = literal_function(scope, child, depth, lowered.text if isinstance(lowered, Str) else "", key)
            # Reading a getter runs it.
            pairs.append(Pair(span, lowered, Call(span, method, ()) if "get" in kinds else method))
    return DictOf(node.byte_range, tuple(pairs))


def key_of(scope: Body, node: Node, depth: int) -> Expr:
    if node.type == "computed_property_name":
        inner = solid(node)
        return scope.expr(inner[0], depth) if inner else Opaque(node.byte_range, "syntax error")
    if node.type == "string":
        return _string(scope, node, depth)
    return Str(node.byte_range, scope.text(node))


def _function_value(scope: Body, node: Node, depth: int) -> Expr:
    return literal_function(scope, node, depth)


def _class_expression(scope: Body, node: Node, depth: int) -> Expr:
    return class_value(scope, node, depth)


def operands(scope: Body, node: Node, operator: str) -> list[Node]:
    """Operands of a chain of one operator that associates to the left, in source order."""
    found: list[Node] = []
    while True:
        kids = node.children
        if len(kids) == 3:
            left, here, right = kids
        else:
            fields = [node.child_by_field_name(name) for name in ("left", "operator", "right")]
            if fields[0] is None or fields[1] is None or fields[2] is None:
                break
            left, here, right = fields[0], fields[1], fields[2]
        if here.type != operator:
            break
        found.append(right)
        node = left
        if node.type != "binary_expression":
            break
    found.append(node)
    found.reverse()
    return found


def _binary(scope: Body, node: Node, depth: int) -> Expr:
    sign = node.child_by_field_name("operator")
    if sign is None:
        return Opaque(node.byte_range, "syntax error")
    operator = sign.type
    if operator == "+":
        return Join(node.byte_range, tuple(scope.expr(operand, depth) for operand in operands(scope, node, "+")))
    if operator in LOGIC:
        return logic(scope, node.byte_range, operands(scope, node, operator), operator, depth)
    relation = _COMPARE.get(operator)
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    if relation is None or left is None or right is None:
        return Opaque(node.byte_range, "a type test" if operator == "instanceof" else "arithmetic")
    return Compare(node.byte_range, relation, scope.expr(left, depth), scope.expr(right, depth))


def logic(scope: Body, span: Range, operands: list[Node], operator: str, depth: int) -> Expr:
    lowered: list[Expr] = []
    for operand in operands[:CHAIN]:
        if not lowered:
            lowered.append(scope.expr(operand, depth + 1))
            continue
        guard = lowered[-1] if operator == "&&" else Not(lowered[-1].span, lowered[-1])
        lowered.append(_guarded(scope, operand, depth + 1, guard))
    if len(operands) > CHAIN:
        lowered.append(Opaque((operands[CHAIN].start_byte, operands[-1].end_byte), "a long chain of operators"))
    result = lowered.pop()
    end = span[1]
    while lowered:
        first = lowered.pop()
        here = (first.span[0], end) if lowered else span
        if operator == "&&":
            result = And(here, first, result)
        else:
            result = Fallback(here, first, result, "falsy" if operator == "||" else "null")
    return result


def _guarded(scope: Body, node: Node, depth: int, guard: Expr) -> Expr:
    """An operand that is evaluated under a condition: so are the assignments in it."""
    mark = len(scope.pending)
    value = scope.expr(node, depth)
    if len(scope.pending) > mark:
        inner = tuple(scope.pending[mark:])
        del scope.pending[mark:]
        scope.pending.append(If(node.byte_range, guard, Block(inner), Block(())))
    return value


def _ternary(scope: Body, node: Node, depth: int) -> Expr:
    test = node.child_by_field_name("condition")
    then = node.child_by_field_name("consequence")
    other = node.child_by_field_name("alternative")
    if test is None or then is None or other is None:
        return Opaque(node.byte_range, "syntax error")
    condition = scope.expr(test, depth)
    chosen = _guarded(scope, then, depth, condition)
    return Cond(node.byte_range, condition, chosen, _guarded(scope, other, depth, Not(condition.span, condition)))


def _unary(scope: Body, node: Node, depth: int) -> Expr:
    sign = node.child_by_field_name("operator")
    argument = node.child_by_field_name("argument")
    span = node.byte_range
    if sign is None or argument is None:
        return Opaque(span, "syntax error")
    operator = sign.type
    if operator == "void":
        value = scope.expr(argument, depth)
        if isinstance(value, Call):
            scope.pending.append(Do(span, value))
        return Nil(span)
    inner = scope.expr(argument, depth)
    if operator == "!":
        return Not(span, inner)
    if operator == "+":
        return inner
    if operator == "typeof":
        return Call(span, Name(sign.byte_range, "typeof"), (Arg(inner),))
    if operator == "delete":
        # A property that is gone and one that is undefined read the same.
        if isinstance(inner, Attr | Index):
            scope.pending.append(Assign(span, inner, Nil(span)))
        return Bool(span, True)
    if operator == "-" and isinstance(inner, Num):
        return Num(span, f"-{inner.text}")
    return Opaque(span, "arithmetic")


def _update(scope: Body, node: Node, depth: int) -> Expr:
    argument = node.child_by_field_name("argument")
    span = node.byte_range
    if argument is not None:
        target = scope.target(argument, depth)
        if not isinstance(target, Opaque):
            scope.pending.append(Assign(span, target, Opaque(span, "arithmetic")))
    return Opaque(span, "arithmetic")


def _assignment_value(scope: Body, node: Node, depth: int) -> Expr:
    return assignment(scope, node, depth, scope.pending)


def _augmented_value(scope: Body, node: Node, depth: int) -> Expr:
    return augmented(scope, node, depth, scope.pending)


def sequence(scope: Body, node: Node) -> list[Node]:
    """The parts of `a, b, c` in order, however the grammar nests them."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if here.type == "sequence_expression":
            waiting.extend(reversed(solid(here)))
        else:
            found.append(here)
    return found


def _sequence_value(scope: Body, node: Node, depth: int) -> Expr:
    parts = sequence(scope, node)
    if not parts:
        return Opaque(node.byte_range, "syntax error")
    for part in parts[:-1]:
        value = scope.expr(part, depth)
        if isinstance(value, Call):
            scope.pending.append(Do(value.span, value))
    return scope.expr(parts[-1], depth)


def named(scope: Body, value: Node, depth: int, target: Target, name_node: Node) -> Expr:
    """A value that takes the name of what it is assigned to where it is a function or a class."""
    inner = unwrap(value)
    if inner.type in FUNCTION_VALUES or inner.type == "class":
        name = target.id if isinstance(target, Name) else target.name if isinstance(target, Attr) else ""
        if inner.type == "class":
            return class_value(scope, inner, depth, name)
        return literal_function(scope, inner, depth, name, name_node if name else None)
    return scope.expr(inner, depth)


def assignment(scope: Body, node: Node, depth: int, out: list[Stmt]) -> Expr:
    """Append the assignments of `a = b = value`, innermost first; the answer is what the expression stands for."""
    targets: list[tuple[Node, Node]] = []
    while node.type == "assignment_expression":
        left = node.child_by_field_name("left")
        right = node.child_by_field_name("right")
        if left is None or right is None:
            return Opaque(node.byte_range, "syntax error")
        targets.append((node, left))
        node = unwrap(right)
    result: Expr | None = None
    for whole, left in reversed(targets):
        target = scope.target(left, depth)
        if result is None:
            result = named(scope, node, depth + 1, target, left)
            if scope.pending and out is not scope.pending:
                scope.flush(out)
        # `exports.x = x` of a variable that is exported as itself says nothing.
        if not (isinstance(target, Name) and isinstance(result, Name) and target.id == result.id):
            out.append(Assign(whole.byte_range, target, result))
        if isinstance(target, Name | Attr | Index):
            result = target
    return result if result is not None else Opaque(node.byte_range, "syntax error")


def augmented(scope: Body, node: Node, depth: int, out: list[Stmt]) -> Expr:
    """Append what `a += b`, `a ??= b` and their kin do; the answer is the target."""
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return Opaque(node.byte_range, "syntax error")
    target = scope.target(left, depth)
    value: Expr
    if operator.type in ("+=", "||=", "??="):
        value = named(scope, right, depth + 1, target, left)
        if scope.pending and out is not scope.pending:
            scope.flush(out)
        out.append(Assign(node.byte_range, target, value, "+=" if operator.type == "+=" else "?="))
    elif operator.type == "&&=":
        value = named(scope, right, depth + 1, target, left)
        if scope.pending and out is not scope.pending:
            scope.flush(out)
        out.append(If(node.byte_range, target, Block((Assign(node.byte_range, target, value),)), Block(())))
    else:
        out.append(Assign(node.byte_range, target, Opaque(node.byte_range, "arithmetic")))
    return target


EXPRESSIONS: dict[str, Callable[[Body, Node, int], Expr]] = {
    "identifier": _identifier,
    "this": _identifier,
    "super": _identifier,
    "import": _identifier,
    "property_identifier": _identifier,
    "shorthand_property_identifier": _identifier,
    "string": _string,
    "template_string": _template,
    "number": _number,
    "true": _true,
    "false": _false,
    "null": _nil,
    "undefined": _nil,
    "yield_expression": _nil,
    "regex": _regex,
    "meta_property": _meta,
    "member_expression": _member,
    "subscript_expression": _subscript,
    "call_expression": _call,
    "new_expression": _new,
    "array": _array,
    "object": _object,
    "arrow_function": _function_value,
    "function_expression": _function_value,
    "generator_function": _function_value,
    "function": _function_value,
    "class": _class_expression,
    "binary_expression": _binary,
    "ternary_expression": _ternary,
    "unary_expression": _unary,
    "update_expression": _update,
    "assignment_expression": _assignment_value,
    "augmented_assignment_expression": _augmented_value,
    "sequence_expression": _sequence_value,
}

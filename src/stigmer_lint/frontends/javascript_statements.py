"""JavaScript statements, one function for a kind of node."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stigmer_lint.flow.ir import (
    MAX_DEPTH,
    And,
    Arg,
    Assign,
    Attr,
    Block,
    Bool,
    Call,
    Compare,
    Do,
    Expr,
    Fallback,
    If,
    Loop,
    Name,
    Nil,
    Not,
    Num,
    Opaque,
    Range,
    Return,
    Stmt,
    Stop,
    Str,
)
from stigmer_lint.frontends.javascript_expressions import LOGIC, logic, named, operands, sequence
from stigmer_lint.frontends.javascript_functions import class_value, made_base
from stigmer_lint.frontends.javascript_nodes import CHAIN, COMMENTS, DEEP, YIELDED, bindings, required, solid, unwrap

if TYPE_CHECKING:
    from tree_sitter import Node

    from stigmer_lint.frontends.javascript_body import Body


_JUMPS = frozenset({"break_statement", "return_statement", "throw_statement", "continue_statement"})
_EXITS = frozenset({b"process.exit", b"process.abort", b"Deno.exit"})
_FALLS = 4
"""Labels of cases that fall through which the next case's test repeats."""
Arm = tuple[Range, Expr, list[Stmt], Block, bool]
"""One branch of a chain: span, test, what is evaluated before the test, body, and whether the next branch runs after it as well."""
_ASSIGNING = frozenset({"assignment_expression", "augmented_assignment_expression", "update_expression"})


def _block_statement(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    out += scope.statements(node.named_children, depth + 1)


def _expression_statement(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    for child in node.named_children:
        if child.type in COMMENTS:
            continue
        if child.type == "internal_module":
            _inside(scope, child, depth, out)
        elif child.type == "yield_expression" and scope.generates:
            given = solid(child)
            if given:
                span = child.byte_range
                several = any(part.type == "*" for part in child.children)
                value = scope.expr(given[0], depth)
                scope.flush(out)
                out.append(Do(span, Call(span, Attr(span, Name(span, YIELDED), "push", span), (Arg(value, spread="*" if several else ""),))))
        elif child.id not in scope.context.taken:
            effect(scope, child, depth, out)
        return


def effect(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    """An expression for its effect: conditions among operators become statements, as they guard what follows."""
    node = unwrap(node)
    kind = node.type
    if depth > MAX_DEPTH:
        out.append(Do(node.byte_range, Opaque(node.byte_range, DEEP)))
    elif kind == "call_expression" and exits(scope, node):
        out.append(Stop(node.byte_range))
    elif kind == "sequence_expression":
        for part in sequence(scope, node):
            effect(scope, part, depth + 1, out)
    elif kind == "ternary_expression":
        test, then, other = (node.child_by_field_name(name) for name in ("condition", "consequence", "alternative"))
        if test is None or then is None or other is None:
            return
        condition = scope.expr(test, depth + 1)
        scope.flush(out)
        out.append(If(node.byte_range, condition, _effect_block(scope, then, depth), _effect_block(scope, other, depth)))
    elif kind == "binary_expression" and (operator := node.child_by_field_name("operator")) is not None and operator.type in LOGIC:
        chain = operands(scope, node, operator.type)
        condition = logic(scope, (chain[0].start_byte, chain[-2].end_byte), chain[:-1], operator.type, depth)
        scope.flush(out)
        if operator.type != "&&":
            condition = Not(condition.span, condition)
        out.append(If(node.byte_range, condition, _effect_block(scope, chain[-1], depth), Block(())))
    elif kind == "unary_expression" and (operator := node.child_by_field_name("operator")) is not None and operator.type != "delete":
        argument = node.child_by_field_name("argument")
        if argument is not None:
            effect(scope, argument, depth + 1, out)
    else:
        value = scope.expr(node, depth)
        scope.flush(out)
        # What an assignment leaves as its value is nothing that the statement does.
        if not (isinstance(value, Str | Num | Bool | Nil) or kind in _ASSIGNING):
            out.append(Do(node.byte_range, value))


def _effect_block(scope: Body, node: Node, depth: int) -> Block:
    out: list[Stmt] = []
    effect(scope, node, depth + 1, out)
    return Block(tuple(out))


def exits(scope: Body, node: Node) -> bool:
    """Whether a call ends the process."""
    callee = node.child_by_field_name("function")
    return callee is not None and scope.data[callee.start_byte : min(callee.end_byte, callee.start_byte + 16)] in _EXITS


def _declaration(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    taken = scope.context.taken
    for declarator in node.named_children:
        if declarator.type != "variable_declarator" or declarator.id in taken:
            continue
        name = declarator.child_by_field_name("name")
        if name is None:
            continue
        value = declarator.child_by_field_name("value")
        if value is not None and _imported(scope, name, value):
            continue
        target = scope.target(name, depth)
        if value is None:
            lowered: Expr = Nil(declarator.byte_range)
        else:
            lowered = named(scope, value, depth + 1, target, name)
        scope.flush(out)
        out.append(Assign(declarator.byte_range, target, lowered, declares=True))


def _imported(scope: Body, name: Node, value: Node) -> bool:
    """Whether a declaration inside a function is one of the unit's imports, which need no statement."""
    found = required(scope.data, value)
    if found is None:
        return False
    imports = scope.context.unit.imports
    bound = bindings(scope.data, name, found)
    return bound is not None and all(imports.get(local) == imported for local, imported in bound)


def _return(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    values = solid(node)
    if not values:
        out.append(Return(node.byte_range, None))
        return
    inner = unwrap(values[0])
    if inner.type == "call_expression" and exits(scope, inner):
        out.append(Stop(node.byte_range))
        return
    value = scope.expr(inner, depth)
    scope.flush(out)
    out.append(Return(node.byte_range, value))


def _stop(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    out.append(Stop(node.byte_range))


def _jump(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    if scope.switch and node.type == "break_statement" and node.child_by_field_name("label") is None:
        return
    out.append(Stop(node.byte_range, "loop"))


def _if(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    arms: list[Arm] = []
    last = Block(())
    here: Node | None = node
    while here is not None:
        inside = depth + min(len(arms), CHAIN)
        test = here.child_by_field_name("condition")
        condition: Expr = scope.expr(test, inside + 1) if test is not None else Opaque(here.byte_range, "syntax error")
        before, scope.pending = scope.pending, []
        then = scope.nested(here.child_by_field_name("consequence"), inside)
        arms.append((here.byte_range, condition, before, then, False))
        otherwise = here.child_by_field_name("alternative")
        here = None
        if otherwise is not None:
            inner = next(iter(solid(otherwise)), None)
            if inner is not None and inner.type == "if_statement":
                here = inner
            else:
                last = scope.nested(inner, inside)
    out += _chain(arms, list(last.stmts))


def _switch(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    value = node.child_by_field_name("value")
    body = node.child_by_field_name("body")
    if value is None or body is None:
        return
    subject = scope.expr(value, depth + 1)
    scope.flush(out)
    cases = [child for child in body.named_children if child.type in ("switch_case", "switch_default")]
    held, scope.switch = scope.switch, True
    arms: list[Arm] = []
    default: list[Stmt] = []
    tests: list[Expr] = []
    is_default = False
    for case in cases:
        inside = depth + min(len(arms), CHAIN)
        label = case.child_by_field_name("value") if case.type == "switch_case" else None
        if label is not None:
            wanted = scope.expr(label, inside + 1)
            on_true = isinstance(subject, Bool) and subject.value
            tests.append(wanted if on_true else Compare((label.start_byte, label.end_byte), "==", subject, wanted))
        else:
            is_default = True
        nodes = [child for child in solid(case) if label is None or child.id != label.id]
        if not nodes:
            continue
        before, scope.pending = scope.pending, []
        stmts = _case(scope, nodes, inside + 1)
        falls = not _leaves(nodes)
        if is_default:
            default += before + stmts
        else:
            arms.append((case.byte_range, _any(tests), before, Block(tuple(stmts)), falls))
        is_default = False
        if not falls:
            tests = []
        elif len(tests) > _FALLS:
            tests = [Opaque(case.byte_range, "one of many cases")]
    scope.switch = held
    out += _chain(arms, default)


def _case(scope: Body, nodes: list[Node], depth: int) -> list[Stmt]:
    """A case's statements without the final break. `if (x) { ...; break } rest` has the rest as its other branch."""
    if len(nodes) == 1 and nodes[0].type == "statement_block":
        nodes = solid(nodes[0])
    if nodes and _plain_break(nodes[-1]):
        nodes = nodes[:-1]
    for at, node in enumerate(nodes):
        if node.type != "if_statement" or node.child_by_field_name("alternative") is not None:
            continue
        then = node.child_by_field_name("consequence")
        test = node.child_by_field_name("condition")
        inner = solid(then) if then is not None and then.type == "statement_block" else [then] if then is not None else []
        if test is None or not inner or not _plain_break(inner[-1]) or depth > MAX_DEPTH:
            continue
        out = scope.statements(nodes[:at], depth)
        condition = scope.expr(test, depth + 1)
        scope.flush(out)
        taken = Block(tuple(scope.statements(inner[:-1], depth + 1)))
        out.append(If(node.byte_range, condition, taken, Block(tuple(_case(scope, nodes[at + 1 :], depth + 1)))))
        return out
    return scope.statements(nodes, depth)


def _loop_body(scope: Body, node: Node | None, depth: int, before: list[Stmt], after: Node | None = None) -> Block:
    held, scope.switch = scope.switch, False
    # Counted twice: a loop costs more frames of the interpreter than other blocks do.
    body = scope.nested(node, depth + 1)
    scope.switch = held
    end: list[Stmt] = []
    if after is not None:
        effect(scope, after, depth + 1, end)
    return Block((*before, *body.stmts, *end)) if before or end else body


def _for_in(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None:
        return
    iterable = scope.expr(right, depth + 1)
    scope.flush(out)
    target = scope.target(left, depth)
    scope.flush(out)
    body = _loop_body(scope, node.child_by_field_name("body"), depth, [])
    out.append(Loop(node.byte_range, target, iterable, body, operator is not None and operator.type == "in"))


def _for(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    start = node.child_by_field_name("initializer")
    if start is not None:
        if start.type in ("lexical_declaration", "variable_declaration"):
            _declaration(scope, start, depth, out)
        elif start.type == "expression_statement":
            _expression_statement(scope, start, depth, out)
        elif start.type != "empty_statement":
            effect(scope, start, depth, out)
    condition = next((child for child in node.children_by_field_name("condition") if child.is_named), None)
    if condition is not None and condition.type in ("expression_statement", "empty_statement"):
        condition = next(iter(solid(condition)), None)
    before = _condition(scope, condition, depth)
    after = node.child_by_field_name("increment")
    out.append(Loop(node.byte_range, None, None, _loop_body(scope, node.child_by_field_name("body"), depth, before, after)))


def _while(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    before = _condition(scope, node.child_by_field_name("condition"), depth)
    out.append(Loop(node.byte_range, None, None, _loop_body(scope, node.child_by_field_name("body"), depth, before)))


def _condition(scope: Body, node: Node | None, depth: int) -> list[Stmt]:
    """What a loop's condition does: the form has no place for the test itself."""
    if node is None:
        return []
    value = scope.expr(node, depth + 1)
    before, scope.pending = scope.pending, []
    if isinstance(value, Call | And | Not | Fallback | Compare):
        before.append(Do(value.span, value))
    return before


def _try(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    body = node.child_by_field_name("body")
    if body is not None:
        out += scope.statements(body.named_children, depth + 1)
    handler = node.child_by_field_name("handler")
    if handler is not None:
        caught: list[Stmt] = []
        parameter = handler.child_by_field_name("parameter")
        if parameter is not None:
            span = parameter.byte_range
            caught.append(Assign(span, scope.target(parameter, depth), Opaque(span, "an exception"), declares=True))
        inner = scope.nested(handler.child_by_field_name("body"), depth)
        then = Block((*caught, *inner.stmts))
        out.append(If(handler.byte_range, Opaque(handler.byte_range, "whether an exception is thrown"), then, Block(())))
    final = node.child_by_field_name("finalizer")
    body = final.child_by_field_name("body") if final is not None else None
    if body is not None:
        out += scope.statements(body.named_children, depth + 1)


def _labeled(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    inner: Node | None = node
    while inner is not None and inner.type == "labeled_statement":
        inner = inner.child_by_field_name("body")
    if inner is not None:
        out += scope.statements((inner,), depth + 1)


def _with(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    out += scope.nested(node.child_by_field_name("body"), depth).stmts


def _class(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    base = made_base(node)
    if base is not None:
        effect(scope, base, depth + 1, out)
    name = node.child_by_field_name("name")
    if name is not None and node.id not in scope.context.taken:
        out.append(Assign(node.byte_range, Name(name.byte_range, scope.text(name)), class_value(scope, node, depth), declares=True))


def _export(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    declaration = node.child_by_field_name("declaration")
    if declaration is not None:
        out += scope.statements((declaration,), depth)
        return
    if node.child_by_field_name("source") is not None:
        return
    value = node.child_by_field_name("value")
    if value is None and any(child.type == "=" for child in node.children):
        value = next(iter(solid(node)), None)
    if value is None or value.id in scope.context.taken:
        return
    lowered = scope.expr(value, depth + 1)
    scope.flush(out)
    out.append(Assign(node.byte_range, Name((value.start_byte, value.start_byte), "default"), lowered, declares=True))


def _inside(scope: Body, node: Node, depth: int, out: list[Stmt]) -> None:
    """A namespace's body, or what is left of a stretch that the grammar did not understand."""
    body = node.child_by_field_name("body") if node.type != "ERROR" else node
    if body is not None and node.id not in scope.context.taken:
        out += scope.statements(body.named_children, depth + 1)


def _plain_break(node: Node) -> bool:
    return node.type == "break_statement" and node.child_by_field_name("label") is None


def _leaves(nodes: list[Node]) -> bool:
    """Whether a case ends in a jump, so that the next one does not run."""
    last = nodes[-1]
    while last.type == "statement_block":
        inner = solid(last)
        if not inner:
            return False
        last = inner[-1]
    return last.type in _JUMPS


def _any(tests: list[Expr]) -> Expr:
    """One test that holds where any of several does."""
    if not tests:
        return Bool((0, 0), True)
    span = (tests[0].span[0], tests[-1].span[1])
    if len(tests) > CHAIN:
        tests = [*tests[:CHAIN], Opaque(span, "one of many cases")]
    result = tests[-1]
    for test in reversed(tests[:-1]):
        result = Fallback((test.span[0], span[1]), test, result)
    return result


def _chain(arms: list[Arm], last: list[Stmt]) -> list[Stmt]:
    """The statements of an `else if` or `case` chain; `last` runs where no test holds."""
    rest = last
    if len(arms) > CHAIN:
        rest = []
        for span, test, before, then, _ in arms[CHAIN:]:
            rest += before
            rest.append(If(span, test, then, Block(())))
        if last:
            span = last[0].span
            rest.append(If(span, Opaque(span, "whether no other case holds"), Block(tuple(last)), Block(())))
        arms = arms[:CHAIN]
    for span, test, before, then, falls in reversed(arms):
        if falls:
            rest = [*before, If(span, test, then, Block(())), *rest]
        else:
            rest = [*before, If(span, test, then, Block(tuple(rest)))]
    return rest


STATEMENTS: dict[str, Callable[[Body, Node, int, list[Stmt]], None]] = {
    "lexical_declaration": _declaration,
    "variable_declaration": _declaration,
    "expression_statement": _expression_statement,
    "return_statement": _return,
    "throw_statement": _stop,
    "break_statement": _jump,
    "continue_statement": _jump,
    "if_statement": _if,
    "switch_statement": _switch,
    "for_in_statement": _for_in,
    "for_statement": _for,
    "while_statement": _while,
    "do_statement": _while,
    "try_statement": _try,
    "labeled_statement": _labeled,
    "with_statement": _with,
    "statement_block": _block_statement,
    "class_declaration": _class,
    "abstract_class_declaration": _class,
    "export_statement": _export,
    "internal_module": _inside,
    "module": _inside,
    "ERROR": _inside,
}

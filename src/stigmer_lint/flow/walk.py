"""Walks over the intermediate form. Everything here is iterative."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import TypeVar

from stigmer_lint.flow.ir import (
    And,
    Assign,
    Attr,
    Block,
    Call,
    Comp,
    Compare,
    Cond,
    DictOf,
    Do,
    Expr,
    Fallback,
    Format,
    Function,
    FunctionDecl,
    If,
    Index,
    Join,
    ListOf,
    Loop,
    Name,
    Not,
    Pair,
    Record,
    Return,
    Slice,
    Stmt,
    Stop,
)

_Node = TypeVar("_Node")
_Result = TypeVar("_Result")
_emptied: list[Callable[[], None]] = []


def by_identity(look: Callable[[_Node], _Result]) -> Callable[[_Node], _Result]:
    """Keep what a function finds in a node of the form, which never changes once it is made. The node is kept with it, so that its id stays its own."""
    kept: dict[int, tuple[_Node, _Result]] = {}
    _emptied.append(kept.clear)

    @wraps(look)
    def found(node: _Node) -> _Result:
        known = kept.get(id(node))
        if known is None or known[0] is not node:
            known = kept[id(node)] = node, look(node)
        return known[1]

    return found


def forget() -> None:
    """Let go of what was kept, before the code of another tree, or of the same tree once more, is lowered."""
    for empty in _emptied:
        empty()


def parts(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside one, in source order; not into function bodies."""
    match expr:
        case Attr():
            return (expr.base,)
        case Index():
            return (expr.base, expr.key)
        case Slice():
            return tuple(one for one in (expr.base, expr.low, expr.high) if one is not None)
        case Call():
            return (*(pair.value for pair in expr.env), expr.callee, *(arg.value for arg in expr.args))
        case Join():
            return expr.parts
        case Format():
            return (expr.template, expr.args)
        case ListOf():
            return tuple(item.value for item in expr.items)
        case DictOf() | Record():
            return tuple(one for pair in expr.pairs for one in ((pair.key, pair.value) if pair.key is not None else (pair.value,)))
        case Cond():
            return (expr.test, expr.then, expr.other)
        case Fallback():
            return (expr.first, expr.second)
        case And() | Compare():
            return (expr.left, expr.right)
        case Not():
            return (expr.operand,)
        case Comp():
            element = (expr.element.key, expr.element.value) if isinstance(expr.element, Pair) else (expr.element,)
            return tuple(one for one in (*element, expr.iterable, expr.test) if one is not None)
        case _:
            return ()


def expressions(expr: Expr) -> Iterator[Expr]:
    """The expression and everything inside it, not into function bodies."""
    waiting = [expr]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(reversed(parts(here)))


def own(stmt: Stmt) -> tuple[Expr, ...]:
    """The expressions that a statement holds itself (an If's test, a Loop's iterable), not those of its blocks."""
    match stmt:
        case Assign():
            return (stmt.target, stmt.value)
        case Do():
            return (stmt.value,)
        case Return():
            return (stmt.value,) if stmt.value is not None else ()
        case If():
            return (stmt.test,)
        case Loop():
            return tuple(one for one in (stmt.target, stmt.iterable) if one is not None)
        case _:
            return ()


def statements(block: Block) -> Iterator[Stmt]:
    """Every statement of a body in source order, nested blocks included, function literals not."""
    waiting: list[Iterator[Stmt]] = [iter(block.stmts)]
    while waiting:
        stmt = next(waiting[-1], None)
        if stmt is None:
            waiting.pop()
            continue
        yield stmt
        if isinstance(stmt, If):
            waiting.append(iter(stmt.other.stmts))
            waiting.append(iter(stmt.then.stmts))
        elif isinstance(stmt, Loop):
            waiting.append(iter(stmt.body.stmts))


class Place:
    """An expression with the statement and the function that hold it, and the way in through closures.

    `outer`: for a call inside a function literal, the Place of that literal in the function around it.
    """

    __slots__ = ("decl", "expr", "outer", "stmt")

    def __init__(self, expr: Expr, stmt: Stmt, decl: FunctionDecl, outer: Place | None) -> None:
        self.expr = expr
        self.stmt = stmt
        self.decl = decl
        self.outer = outer


def places(decl: FunctionDecl, outer: Place | None = None) -> Iterator[Place]:
    """Every expression of a function with its place, function literals inside included."""
    waiting: list[tuple[FunctionDecl, Place | None]] = [(decl, outer)]
    while waiting:
        here, around = waiting.pop()
        for stmt in statements(here.body):
            for expr in own(stmt):
                for one in expressions(expr):
                    place = Place(one, stmt, here, around)
                    yield place
                    if isinstance(one, Function):
                        waiting.append((one.decl, place))


def root_name(expr: Expr) -> str | None:
    """The variable at the bottom of `a.b[c].d`, None where there is none."""
    while isinstance(expr, Attr | Index | Slice):
        expr = expr.base
    return expr.id if isinstance(expr, Name) else None


def dotted(expr: Expr) -> str | None:
    """`a.b.c` as text, calls in it as their callee ("docker.from_env.containers"); None where something else is in it."""
    names: list[str] = []
    while True:
        if isinstance(expr, Attr):
            names.append(expr.name)
            expr = expr.base
        elif isinstance(expr, Call):
            expr = expr.callee
        elif isinstance(expr, Index):
            expr = expr.base
        elif isinstance(expr, Name):
            names.append(expr.id)
            return ".".join(reversed(names))
        else:
            return None


def target_names(target: Expr) -> Iterator[str]:
    """Names that an assignment to `target` binds anew (not fields or elements)."""
    waiting = [target]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Name):
            yield here.id
        elif isinstance(here, ListOf):
            waiting.extend(item.value for item in here.items)
        elif isinstance(here, DictOf):
            waiting.extend(pair.value for pair in here.pairs)
        elif isinstance(here, Fallback):
            waiting.append(here.first)


class Outline:
    """A block at a glance, so that looking back from a statement costs by what is found and not by what is passed.

    `touching`: variable -> indices of the statements that may change it, rising. `leaving`: indices of the statements after which
    control may not come on."""

    __slots__ = ("block", "leaving", "touching")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.touching: dict[str, list[int]] = {}
        self.leaving: list[int] = []
        for index, stmt in enumerate(block.stmts):
            for name in touched(stmt):
                self.touching.setdefault(name, []).append(index)
            if isinstance(stmt, Return | Stop) or (isinstance(stmt, If) and (stops(stmt.then) or stops(stmt.other))):
                self.leaving.append(index)


@by_identity
def outline(block: Block) -> Outline:
    """The outline of a finished block."""
    return Outline(block)


def stops(block: Block) -> bool:
    """Whether control never leaves a block at its end."""
    waiting = [block]
    while waiting:
        here = waiting.pop()
        last = here.stmts[-1] if here.stmts else None
        if isinstance(last, Return | Stop):
            continue
        if not isinstance(last, If) or not last.other.stmts:
            return False
        waiting += (last.then, last.other)
    return True


@by_identity
def bound_names(decl: FunctionDecl) -> frozenset[str]:
    """The variables that the statements of a function give a value, its loops and the functions that it hands to calls included."""
    names: set[str] = set()
    waiting = [decl]
    while waiting:
        for stmt in statements(waiting.pop().body):
            if isinstance(stmt, Assign):
                names.update(target_names(stmt.target))
            elif isinstance(stmt, Loop):
                names.update(target_names(stmt.target) if stmt.target is not None else ())
            elif isinstance(stmt, Do):
                waiting.extend(arg.value.decl for one in expressions(stmt.value) if isinstance(one, Call) for arg in one.args if isinstance(arg.value, Function))
    return frozenset(names)


@by_identity
def touched(stmt: Stmt) -> frozenset[str]:
    """Variables whose value a statement may change: assigned, changed in part, or handed to a call that could change them."""
    names: set[str] = set()
    match stmt:
        case Assign():
            names.update(target_names(stmt.target))
            root = root_name(stmt.target)
            if root:
                names.add(root)
            _handed(stmt.value, names)
        case Do():
            _handed(stmt.value, names)
        case Return():
            if stmt.value is not None:
                _handed(stmt.value, names)
        case If():
            _handed(stmt.test, names)
            for block in (stmt.then, stmt.other):
                for inner in block.stmts:
                    names |= touched(inner)
        case Loop():
            if stmt.target is not None:
                names.update(target_names(stmt.target))
            for inner in stmt.body.stmts:
                names |= touched(inner)
        case _:
            pass
    return frozenset(names)


def _handed(expr: Expr, names: set[str]) -> None:
    if not isinstance(expr, Call | Fallback | And | Cond | Comp | Join | ListOf | DictOf | Record | Function):
        return
    for one in expressions(expr):
        if isinstance(one, Call):
            if isinstance(one.callee, Attr | Index):
                callee: Expr = one.callee
                while isinstance(callee, Attr | Index | Call):
                    callee = callee.callee if isinstance(callee, Call) else callee.base
                if isinstance(callee, Name):
                    names.add(callee.id)
            for arg in one.args:
                root = root_name(arg.value)
                if root:
                    names.add(root)
                elif isinstance(arg.value, Function):
                    for inner in statements(arg.value.decl.body):
                        names |= touched(inner)


def mentions(expr: Expr, name: str) -> bool:
    """Whether a variable is read anywhere in an expression (function literals not looked into)."""
    return expr.id == name if isinstance(expr, Name) else name in _mentioned(expr)


@by_identity
def _mentioned(expr: Expr) -> frozenset[str]:
    return frozenset(one.id for one in expressions(expr) if isinstance(one, Name))


@by_identity
def calls_in(expr: Expr) -> tuple[Call, ...]:
    """The calls in an expression, itself included, in source order; not those in function literals."""
    return tuple(one for one in expressions(expr) if isinstance(one, Call))


@by_identity
def names_in(expr: Expr) -> frozenset[str]:
    """The variables that an expression reads, those of function literals in it included."""
    names: set[str] = set()
    waiting = [expr]
    while waiting:
        for one in expressions(waiting.pop()):
            if isinstance(one, Name):
                names.add(one.id)
            elif isinstance(one, Function):
                for stmt in statements(one.decl.body):
                    waiting.extend(own(stmt))
    return frozenset(names)

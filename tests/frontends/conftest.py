"""What the tests of the shell, make and embedded scripts share: the intermediate form as short text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stigmer_lint.flow.ir import (
    And,
    Assign,
    Bool,
    Call,
    Compare,
    DictOf,
    Do,
    Expr,
    Fallback,
    Function,
    FunctionDecl,
    If,
    Index,
    Join,
    ListOf,
    Loop,
    Name,
    Nil,
    Not,
    Num,
    Opaque,
    Return,
    Slice,
    Stmt,
    Stop,
    Str,
)


def text_of(expr: Expr) -> str:
    match expr:
        case Str():
            return repr(expr.text)
        case Num():
            return expr.text
        case Bool():
            return str(expr.value)
        case Nil():
            return "nil"
        case Name():
            return expr.id
        case Index():
            return f"{text_of(expr.base)}[{text_of(expr.key)}]"
        case Slice():
            bounds = ":".join(text_of(one) if one is not None else "" for one in (expr.low, expr.high))
            return f"{text_of(expr.base)}[{bounds}]"
        case Call():
            before = "".join(f"{text_of(pair.key)}={text_of(pair.value)} " for pair in expr.env if pair.key is not None)
            words = ", ".join(arg.spread + text_of(arg.value) + ("~" if arg.split else "") for arg in expr.args)
            return f"{before}{text_of(expr.callee)}({words})" + (f" < {text_of(expr.piped)}" if expr.piped is not None else "")
        case Join():
            return " + ".join(map(text_of, expr.parts))
        case ListOf():
            return "[" + ", ".join(("*" if i.spread else "") + text_of(i.value) + ("~" if i.split else "") for i in expr.items) + "]"
        case DictOf():
            return "{" + ", ".join(f"{text_of(p.key)}: {text_of(p.value)}" for p in expr.pairs if p.key is not None) + "}"
        case Fallback():
            return f"({text_of(expr.first)} {'||' if expr.when == 'falsy' else '??'} {text_of(expr.second)})"
        case And():
            return f"({text_of(expr.left)} && {text_of(expr.right)})"
        case Compare():
            return f"{text_of(expr.left)} {expr.op} {text_of(expr.right)}"
        case Not():
            return f"!({text_of(expr.operand)})"
        case Function():
            return "{" + "; ".join(lines_of(expr.decl)) + "}"
        case Opaque():
            return f"<{expr.why}>"
        case _:
            return type(expr).__name__


def line_of(stmt: Stmt) -> str:
    match stmt:
        case Assign():
            return ("export " if stmt.exported else "local " if stmt.declares else "") + f"{text_of(stmt.target)} {stmt.op} {text_of(stmt.value)}"
        case Do():
            return text_of(stmt.value)
        case Return():
            return "return"
        case Stop():
            return f"stop {stmt.kind}"
        case If():
            inner = "; ".join(map(line_of, stmt.then.stmts))
            other = "; ".join(map(line_of, stmt.other.stmts))
            return f"if {text_of(stmt.test)} {{{inner}}}" + (f" else {{{other}}}" if other else "")
        case Loop():
            head = f"{text_of(stmt.target)} in {text_of(stmt.iterable)} " if stmt.target is not None and stmt.iterable is not None else ""
            return f"loop {head}{{{'; '.join(map(line_of, stmt.body.stmts))}}}"


def lines_of(decl: FunctionDecl | None) -> list[str]:
    """The statements of a body, one line each."""
    assert decl is not None
    return [line_of(stmt) for stmt in decl.body.stmts]


@pytest.fixture
def lines() -> Callable[[FunctionDecl | None], list[str]]:
    return lines_of

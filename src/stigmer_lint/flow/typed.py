"""What type an expression is of by what is declared: the types of receivers, parameters, results and fields, as Go has them.

Told without following values, so that of the many calls of a name those that cannot be meant cost next to nothing.
"""

from __future__ import annotations

import re

from stigmer_lint.flow.ir import Arg, Assign, Attr, Call, DictOf, Expr, FunctionDecl, Index, ListOf, Name, Record, Unit
from stigmer_lint.flow.project import ClassHandle, ModuleHandle, Project
from stigmer_lint.flow.walk import by_identity, statements, target_names

_PLAIN = re.compile(r"&?\**[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?\Z")
"""A named type or a pointer to one; what holds values of a type is no value of it."""
MAX_STEPS = 6


def declared_type(project: Project, decl: FunctionDecl, expr: Expr, steps: int = 0) -> ClassHandle | str | None:
    """The struct or interface of the tree that a Go expression in `decl` is of, or "import/path.Type" of a library; None where the declarations
    do not say."""
    if steps > MAX_STEPS or decl.unit.language != "go":
        return None
    match expr:
        case Name():
            return _of_name(project, decl, expr.id, steps)
        case Attr():
            holder = declared_type(project, decl, expr.base, steps + 1)
            return _of_field(project, holder, expr.name) if isinstance(holder, ClassHandle) else None
        case Call(callee=Name(id="make" | "new"), args=(Arg(value=Name() as made), *_)):
            return _named(project, decl.unit, made.id)
        case Call():
            return _of_result(project, decl, expr, 0, steps)
        case Record() | DictOf():
            return _named(project, decl.unit, expr.type)
        case _:
            return None


_ERROR = re.compile(r"(?:\A|[(,])\s*(?:(?!chan\s)\w+\s+)?error\s*\)?\Z")
"""Results of which the last is an `error`, named or not; a function or a channel that gives one is none."""


@by_identity
def _errors(decl: FunctionDecl) -> str:
    result = decl.result.strip()
    if decl.unit.language != "go" or _ERROR.search(result) is None:
        return "none"
    return "several" if "," in result else "one"


def gives_error(decl: FunctionDecl, several: bool) -> bool:
    """Whether a Go function's only result, or the last of several, is declared as an `error`."""
    return _errors(decl) == ("several" if several else "one")


def _named(project: Project, unit: Unit, text: str) -> ClassHandle | str | None:
    text = text.strip()
    if not _PLAIN.match(text):
        return None
    head, _, name = text.lstrip("&*").partition(".")
    if name and head in unit.imports:
        module = project.lookup(unit, head)
        if isinstance(module, ModuleHandle) and not module.paths:
            return f"{module.name}.{name}"
    return project.class_named(unit, text)


def _of_name(project: Project, decl: FunctionDecl, name: str, steps: int) -> ClassHandle | str | None:
    here: FunctionDecl | None = decl
    while here is not None:
        if name == here.receiver and here.owner:
            return _named(project, here.unit, here.owner)
        for param in here.params:
            if param.name == name:
                return None if param.rest else _named(project, here.unit, param.type)
        given = _assignments(here).get(name)
        if given is not None:
            if len(given) != 1:
                return None
            stmt, at = given[0]
            if at is None:
                return declared_type(project, here, stmt.value, steps + 1)
            return _of_result(project, here, stmt.value, at, steps) if isinstance(stmt.value, Call) else None
        here = here.outer
    return None


@by_identity
def _assignments(decl: FunctionDecl) -> dict[str, list[tuple[Assign, int | None]]]:
    """The statements that give a name of a function a value; with which result of a call it is, for one of several."""
    found: dict[str, list[tuple[Assign, int | None]]] = {}
    for stmt in statements(decl.body):
        if not isinstance(stmt, Assign):
            continue
        if isinstance(stmt.target, Name):
            found.setdefault(stmt.target.id, []).append((stmt, None))
        elif isinstance(stmt.target, ListOf):
            for at, item in enumerate(stmt.target.items):
                if isinstance(item.value, Name):
                    found.setdefault(item.value.id, []).append((stmt, at))
        elif not isinstance(stmt.target, Attr | Index):
            # An entry of a map or a list that is set leaves the name what it is.
            for name in target_names(stmt.target):
                found.setdefault(name, []).append((stmt, -1))
    return found


def _of_field(project: Project, holder: ClassHandle, name: str, depth: int = 0) -> ClassHandle | str | None:
    field = holder.decl.fields.get(name)
    if field is not None:
        return _named(project, holder.unit, field.type)
    for base in holder.decl.bases if depth < MAX_STEPS else ():
        parent = project.class_named(holder.unit, base)
        if parent is not None and parent.decl is not holder.decl:
            if parent.decl.name == name:
                return parent
            found = _of_field(project, parent, name, depth + 1)
            if found is not None:
                return found
    return None


def _of_result(project: Project, decl: FunctionDecl, call: Call, at: int, steps: int) -> ClassHandle | str | None:
    called = _function(project, decl, call.callee, steps)
    if called is None or not called.result:
        return None
    text = called.result.strip()
    if text.startswith("("):
        results = text.strip("()").split(",")
        # `(c *Client, err error)`: the type is the last word.
        text = results[at].split()[-1] if at < len(results) and results[at].split() else ""
    elif at:
        return None
    return _named(project, called.unit, text)


def _function(project: Project, decl: FunctionDecl, callee: Expr, steps: int) -> FunctionDecl | None:
    if isinstance(callee, Name):
        symbol = project.lookup(decl.unit, callee.id)
        return symbol if isinstance(symbol, FunctionDecl) else None
    if not isinstance(callee, Attr):
        return None
    if isinstance(callee.base, Name) and callee.base.id in decl.unit.imports:
        module = project.lookup(decl.unit, callee.base.id)
        symbol = project.member(module, callee.name) if isinstance(module, ModuleHandle) else None
        return symbol if isinstance(symbol, FunctionDecl) else None
    holder = declared_type(project, decl, callee.base, steps + 1)
    return project.method(holder, callee.name) if isinstance(holder, ClassHandle) else None

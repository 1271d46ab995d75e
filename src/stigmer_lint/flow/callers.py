"""The call sites of a function."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stigmer_lint.flow.frame import Closure
from stigmer_lint.flow.ir import Attr, Call, Expr, FunctionDecl, Name
from stigmer_lint.flow.project import MAX_SITES, ClassHandle
from stigmer_lint.flow.walk import Place
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.model.value import Choice, FunctionValue, ObjectValue

if TYPE_CHECKING:
    from stigmer_lint.flow.evaluate import Evaluator

_STARTER = re.compile(r"(?i)runtime|docker|podman|container|runner|launcher|sandbox|engine|backend|driver|executor")
"""Words in a receiver's text that make it plausible that its `start` starts a container."""


def call_sites(ev: Evaluator, decl: FunctionDecl, most: int = MAX_SITES) -> list[tuple[Place, Expr | None]]:
    """Places that call a function, at most so many, each with the receiver's expression for a method; calls from tests only where there
    are no others."""
    name = decl.name
    if not name:
        return []
    if name in ("__init__", "constructor"):
        name = decl.owner
    found: list[tuple[Place, Expr | None]] = []
    tests: list[tuple[Place, Expr | None]] = []
    here = is_test(decl.unit.path)
    for place in ev.project.used(name, decl.unit.language, decl.owner):
        call = place.expr
        if not isinstance(call, Call):
            continue
        receiver = _calls(ev, call, place, decl)
        if receiver is None:
            continue
        entry = (place, receiver if not isinstance(receiver, bool) else None)
        (tests if is_test(place.decl.unit.path) and not here else found).append(entry)
        if len(found) >= most:
            break
    return found or tests[:most]


def _calls(ev: Evaluator, call: Call, place: Place, decl: FunctionDecl) -> Expr | bool | None:
    """Whether a call by the right name is a call of `decl`: the receiver's expression for a method, True for a function, None for no."""
    callee = call.callee
    unit = place.decl.unit
    required = sum(1 for p in decl.params if p.default is None and not p.rest)
    most = None if any(p.rest for p in decl.params) else len(decl.params)
    given = len(call.args)
    spread = any(arg.spread for arg in call.args)
    if decl.unit.language == "shell":
        return True if isinstance(callee, Name) and (unit.path == decl.unit.path or unit.functions.get(decl.name) is None) else None
    if not spread and decl.unit.language == "go" and (given < required or (most is not None and given > most)):
        return None
    if decl.outer is not None:
        return True if isinstance(callee, Name) and unit.path == decl.unit.path else None
    if decl.name in ("__init__", "constructor"):
        named = ev.project.class_named(unit, _text(callee))
        return True if named is not None and named.decl.name == decl.owner else None
    if isinstance(callee, Name):
        if decl.owner:
            return None
        symbol = ev.project.lookup(unit, callee.id)
        return True if symbol is decl else None
    if not isinstance(callee, Attr):
        return None
    if not decl.owner:
        base = ev.eval(callee.base, ev.frame_of(place), place.stmt) if isinstance(callee.base, Name) else None
        if isinstance(base, FunctionValue):
            from stigmer_lint.flow.project import ModuleHandle

            if isinstance(base.target, ModuleHandle):
                return True if ev.project.member(base.target, callee.name) is decl else None
        return None
    if isinstance(callee.base, Name) and callee.base.id == place.decl.receiver and place.decl.owner:
        handle = ev.project.class_named(unit, place.decl.owner)
        return callee.base if handle is not None and ev.project.method(handle, decl.name) is decl else None
    from stigmer_lint.flow import library

    base = ev.eval(callee.base, ev.frame_of(place), place.stmt)
    if isinstance(base, Choice):
        # One of several implementations: whichever of them the function belongs to.
        own = [library.method_of(ev, one, callee.name) for one in base.options if isinstance(one, ObjectValue)]
        if decl in own:
            return callee.base
    found = library.callee_of(ev, call, ev.frame_of(place), place.stmt)
    if isinstance(found, Closure):
        return callee.base if found.decl is decl else None
    if isinstance(found, ClassHandle):
        return None
    # The receiver's type could not be told: an interface or an untyped language. The name and the number of arguments must do.
    if isinstance(found, str) and not found.startswith(("?", "this.", "self.", "{}.")):
        return None
    generic = decl.name.lower() in ("run", "start", "create", "get", "set", "exec", "execute", "open", "close", "init", "new", "call", "build", "main", "spawn", "launch")
    near = unit.path.rsplit("/", 1)[0] == decl.unit.path.rsplit("/", 1)[0]
    return callee.base if not generic or near or _STARTER.search(_text(callee.base)) is not None else None


def _text(expr: Expr) -> str:
    from stigmer_lint.flow.walk import dotted

    return dotted(expr) or ""

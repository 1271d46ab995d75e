"""Where code reads environment variables."""

from __future__ import annotations

import re

from stigmer_lint.engine.discover import Files
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.ir import Attr, Call, Expr, Fallback, Index, Str
from stigmer_lint.flow.project import SUFFIXES
from stigmer_lint.flow.walk import Place, dotted, places
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Value, alternatives
from stigmer_lint.model.world import EnvRead

_NEEDLE = re.compile(rb"environ|getenv|Getenv|LookupEnv|process\.env|import\.meta\.env")


def reads_below(ev: Evaluator, files: Files, folders: tuple[str, ...]) -> tuple[EnvRead, ...]:
    """The reads of all code below some folders, tests left out."""
    from stigmer_lint.flow.callers import is_test

    below = tuple(f"{folder}/" if folder else "" for folder in folders)
    suffixes = tuple(suffix for family in ("go", "python", "javascript") for suffix in SUFFIXES[family])
    found: list[EnvRead] = []
    for path, _ in files.grep(_NEEDLE, lambda one: one.startswith(below) and one.endswith(suffixes)):
        if not is_test(path):
            found.extend(reads_of(ev, path))
    return tuple(found)


def reads_of(ev: Evaluator, path: str) -> list[EnvRead]:
    """The reads of one file."""
    unit = ev.project.unit(path)
    source = ev.project.source(path)
    if unit is None or source is None:
        return []
    found: list[EnvRead] = []
    handled: set[tuple[int, int]] = set()
    seen: set[int] = set()
    for hit in _NEEDLE.finditer(source.data):
        decl = ev.project.enclosing(unit, hit.start())
        if decl is None or id(decl) in seen:
            continue
        seen.add(id(decl))
        ev.fresh()
        for place in places(decl):
            expr = place.expr
            if expr.span in handled:
                continue
            if isinstance(expr, Fallback) and read_name(ev, expr.first, place) is not None:
                handled.add(expr.first.span)
                _add(ev, found, expr.first, place, ev.eval(expr.second, ev.frame_of(place, 1), place.stmt))
            elif read_name(ev, expr, place) is not None:
                handled.add(expr.span)
                _add(ev, found, expr, place, None)
    return found


def read_name(ev: Evaluator, expr: Expr, place: Place) -> Expr | str | None:
    """The name that an expression reads from the environment: its expression, or the text of `process.env.NAME`."""
    if isinstance(expr, Call):
        text = dotted(expr.callee)
        if text in ("os.getenv", "os.environ.get", "os.Getenv", "os.LookupEnv", "environ.get", "getenv") and expr.args:
            return expr.args[0].value
    elif isinstance(expr, Index) and dotted(expr.base) in ("os.environ", "environ", "process.env"):
        return expr.key
    elif isinstance(expr, Attr) and dotted(expr.base) in ("process.env", "import.meta.env"):
        return expr.name
    return None


def _add(ev: Evaluator, found: list[EnvRead], expr: Expr, place: Place, default: Value | None) -> None:
    name = read_name(ev, expr, place)
    frame = ev.frame_of(place, 2)
    required = False
    api = dotted(expr.callee) if isinstance(expr, Call) else dotted(expr.base) if isinstance(expr, Index | Attr) else None
    if isinstance(expr, Call) and len(expr.args) > 1 and default is None:
        default = ev.eval(expr.args[1].value, frame, place.stmt)
    if isinstance(expr, Index) and api in ("os.environ", "environ"):
        required = default is None
    names: list[str] = []
    if isinstance(name, str):
        names = [name]
    elif isinstance(name, Str):
        names = [name.text]
    elif name is not None:
        names = [option.text for option in alternatives(ev.eval(name, frame, place.stmt)) if isinstance(option, Known)]
    for one in names:
        found.append(EnvRead(one, Span(place.decl.unit.path, *expr.span), api or "", place.decl.unit.language, default, required))

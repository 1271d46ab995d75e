"""What fills a field of a TypeScript interface: the objects that functions give which are declared to return that interface.

`config.studio.apiUrl`, where `config` is handed through layers that cannot be followed, is what `resolveStudio(): StudioConfig` puts into `apiUrl`. The
answer is one of several that may be, never all: whoever asks keeps what could not be told beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from stigmer_lint.flow import effects, fields
from stigmer_lint.flow.frame import Frame
from stigmer_lint.flow.ir import Assign, Attr, Expr, FunctionDecl, Name, Shape, Unit
from stigmer_lint.flow.walk import statements
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Known, Step, Template, Unknown, Value, choose, with_step

if TYPE_CHECKING:
    from stigmer_lint.flow.evaluate import Evaluator
    from stigmer_lint.flow.project import Project

MAX_STEPS = 6
MAX_FILES = 40
MAX_MAKERS = 6
"""Functions that give objects of one interface."""
_WORD = re.compile(r"[A-Za-z_$][\w$]*")


class Declared(msgspec.Struct, frozen=True):
    """An interface with the file that declares it."""

    unit: Unit
    name: str
    shape: Shape


def told_by_shape(ev: Evaluator, expr: Attr, frame: Frame, value: Value) -> Value:
    """A field that could not be told, with what functions put into it that give such objects among what it may be."""
    if not isinstance(value, Unknown) or value.kind not in ("field", "parameter") or frame.unit.language != "typescript":
        return value
    holder = declared_shape(ev.project, frame.decl, expr.base)
    if holder is None or expr.name not in holder.shape.fields:
        return value
    made = produced(ev, holder, expr.name)
    return value if made is None else choose((value, made), ev.span(expr, frame))


def declared_shape(project: Project, decl: FunctionDecl, expr: Expr, steps: int = 0) -> Declared | None:
    """The interface that an expression in a function is declared to be of."""
    if steps > MAX_STEPS:
        return None
    if isinstance(expr, Attr):
        holder = declared_shape(project, decl, expr.base, steps + 1)
        kind = _field_type(project, holder, expr.name) if holder is not None else None
        return None if kind is None else named_shape(project, kind[0], kind[1])
    if not isinstance(expr, Name):
        return None
    here: FunctionDecl | None = decl
    while here is not None:
        for param in here.params:
            if param.name == expr.id:
                return named_shape(project, here.unit, param.type) if not param.rest else None
        given = [stmt for stmt in statements(here.body) if isinstance(stmt, Assign) and isinstance(stmt.target, Name) and stmt.target.id == expr.id]
        if given:
            return declared_shape(project, here, given[0].value, steps + 1) if len(given) == 1 else None
        here = here.outer
    return None


def _field_type(project: Project, holder: Declared, name: str, depth: int = 0) -> tuple[Unit, str] | None:
    found = holder.shape.fields.get(name)
    if found is not None:
        return holder.unit, found
    for base in holder.shape.bases if depth < MAX_STEPS else ():
        parent = named_shape(project, holder.unit, base)
        inherited = _field_type(project, parent, name, depth + 1) if parent is not None else None
        if inherited is not None:
            return inherited
    return None


def named_shape(project: Project, unit: Unit, text: str) -> Declared | None:
    """The interface that a type names in a file: `StudioConfig`, `StudioConfig | false`, `Readonly<StudioConfig>`. None for a list of them."""
    if "[]" in text or "Array<" in text or "=>" in text or "{" in text:
        return None
    for word in _WORD.findall(text):
        found = _of_name(project, unit, word, 0)
        if found is not None:
            return found
    return None


def _of_name(project: Project, unit: Unit, name: str, depth: int) -> Declared | None:
    own = unit.shapes.get(name)
    if own is not None:
        return Declared(unit, name, own)
    if depth > MAX_STEPS:
        return None
    sources: list[tuple[str, str]] = []
    imported = unit.imports.get(name)
    if imported is not None and imported.member is not None:
        sources.append((imported.module, imported.member))
    elif depth:
        sources += [(module, name if "*" in (exported, member) else member) for exported, module, member in unit.re_exports if exported in (name, "*")]
    for module, member in sources:
        for path in project.locate(unit, module):
            other = project.unit(path)
            found = _of_name(project, other, member, depth + 1) if other is not None else None
            if found is not None:
                return found
    return None


def produced(ev: Evaluator, holder: Declared, field: str) -> Value | None:
    """What the functions that give objects of an interface put into a field; None where none of them tells."""
    key = (f"interface {holder.unit.path}:{holder.name}", field)
    found = fields.kept(ev, key, lambda: _made(ev, holder, field))
    return None if isinstance(found, Unknown) else found


def _made(ev: Evaluator, holder: Declared, field: str) -> Value:
    values: list[Value] = []
    for maker in _makers(ev.project, holder):
        made = ev.enter(Frame(maker, depth=2))
        options = made.options if isinstance(made, Choice) else (made,)
        for option in options:
            held = fields.member_of(ev, option, field, Span(maker.unit.path, *maker.name_span), Frame(maker)) if not isinstance(option, Known | Unknown) else None
            if isinstance(held, Known | Template | Choice) and not (isinstance(held, Known) and held.kind == "null"):
                values.append(with_step(held, Step(Span(maker.unit.path, *maker.name_span), f"{maker.name} gives {field} of {holder.name}")))
    if not values:
        return Unknown(f"field {field} of {holder.name}", "field", field)
    return effects.either(values)


def _makers(project: Project, holder: Declared) -> list[FunctionDecl]:
    """The functions that are declared to return the interface, or a promise of it."""
    found: list[FunctionDecl] = []
    for path in project.naming(holder.name, "typescript")[:MAX_FILES]:
        unit = project.unit(path) if not is_test(path) else None
        if unit is None or unit.language != "typescript":
            continue
        for decl in project.roots(unit):
            if holder.name in decl.result and _is(project, unit, decl.result, holder):
                found.append(decl)
                if len(found) >= MAX_MAKERS:
                    return found
    return found


def _is(project: Project, unit: Unit, text: str, holder: Declared) -> bool:
    named = named_shape(project, unit, text)
    return named is not None and named.shape is holder.shape


__all__ = ["declared_shape", "named_shape", "produced", "told_by_shape"]

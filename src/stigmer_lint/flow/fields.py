"""Fields: what `x.name` is when x is a module, an object that was built in sight, or an instance that was built elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from stigmer_lint.flow import effects, library
from stigmer_lint.flow.containers import bounded
from stigmer_lint.flow.frame import Closure, Frame
from stigmer_lint.flow.ir import Assign, Attr, Call, Expr, Function, FunctionDecl, Name, Record, Stmt, Str, Unit
from stigmer_lint.flow.project import MAX_SITES, ClassHandle, LibraryHandle, ModuleHandle, VariableHandle
from stigmer_lint.flow.walk import Place, dotted, root_name, statements
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import (
    Choice,
    FunctionValue,
    Known,
    ListValue,
    MapValue,
    ObjectValue,
    Resolved,
    Step,
    Template,
    Unknown,
    Value,
    choose,
    with_step,
)

if TYPE_CHECKING:
    from stigmer_lint.flow.evaluate import Evaluator


def attribute(ev: Evaluator, expr: Attr, frame: Frame, at: Stmt | None) -> Value:
    """The value of `base.name`."""
    span = ev.span(expr, frame)
    if frame.unit.language != "go":
        text = dotted(expr)
        if text is not None:
            if text.startswith(("process.env.", "import.meta.env.", "Bun.env.")):
                return library.environment(ev, Known(expr.name), span)
            known = library.constant(ev, _through_imports(text, frame), span)
            if known is not None:
                return known
    base = ev.eval(expr.base, frame, at)
    value = member_of(ev, base, expr.name, span, frame)
    if frame.unit.language in ("python", "javascript", "typescript") and isinstance(value, Unknown | ObjectValue) and isinstance(base, Unknown | ObjectValue):
        if isinstance(value, Unknown) or value.fields.open_why == "a library's field":
            from stigmer_lint.flow.cli_options import told

            option = told(ev, expr, base, frame)
            if option is not None:
                return option
    if isinstance(value, Unknown) and frame.unit.language == "typescript":
        from stigmer_lint.flow.shapes import told_by_shape

        return told_by_shape(ev, expr, frame, value)
    return value


def _through_imports(text: str, frame: Frame) -> str:
    head, _, rest = text.partition(".")
    imported = frame.unit.imports.get(head)
    if imported is None:
        return text
    module = imported.module.removeprefix("node:")
    return ".".join(part for part in (module, imported.member, rest) if part)


def member_of(ev: Evaluator, base: Value, name: str, span: Span, frame: Frame, depth: int = 0) -> Value:
    """The member `name` of a value."""
    match base:
        case FunctionValue():
            return _of_handle(ev, base, name, span, frame)
        case MapValue():
            found = base.get(name)
            if found is not None:
                last = next(e for e in reversed(base.entries) if isinstance(e.key, Known) and e.key.text == name)
                if last.maybe:
                    earlier = MapValue(tuple(e for e in base.entries if e is not last), base.open_why)
                    before = earlier.get(name)
                    return choose((found, before if before is not None else Unknown(f"{name} is set on some path only", "field", name)))
                return found
            if base.open_why is not None:
                return Unknown(f"field {name}: {base.open_why}", "field", name, span)
            return Unknown(f"field {name} is not there", "field", "missing", span)
        case ObjectValue():
            return _of_object(ev, base, name, span, frame)
        case Choice():
            if depth > 3:
                return Unknown(f"field {name} of one of several", "field", name, span)
            return choose(tuple(member_of(ev, option, name, span, frame, depth + 1) for option in base.options), span)
        case Known() | Template() if name == "value" and frame.unit.language == "python":
            # A member of an Enum is its value.
            return base
        case ListValue():
            return Known(str(len(base.items)), span, (), "num") if name == "length" else Unknown(f"member {name} of a list", "field", name, span)
        case _:
            return Unknown(f"field {name}" + (f" of {base.name}" if isinstance(base, Unknown) and base.name else ""), "field", name, span)


def _of_handle(ev: Evaluator, base: FunctionValue, name: str, span: Span, frame: Frame) -> Value:
    handle = base.target
    if isinstance(handle, ModuleHandle):
        known = library.constant(ev, f"{handle.name.removeprefix('node:')}.{name}", span)
        if known is not None:
            return known
        symbol = ev.project.member(handle, name)
        if symbol is None:
            for path in handle.paths:
                unit = ev.project.unit(path)
                if unit is not None and name in unit.exports:
                    exported = ev.project.exported(path, name)
                    if exported is not None:
                        return _origin(ev.symbol_value(exported, name), span)
            return Unknown(f"{handle.name}.{name}", "field", name, span)
        return _origin(ev.symbol_value(symbol, name), span)
    if isinstance(handle, LibraryHandle):
        known = library.constant(ev, f"{handle.name}.{name}", span)
        return known if known is not None else FunctionValue(f"{handle.name}.{name}", LibraryHandle(f"{handle.name}.{name}"), span)
    if isinstance(handle, ClassHandle):
        method = ev.project.method(handle, name)
        if method is not None:
            return FunctionValue(name, Closure(method, None, None), span)
        field = handle.decl.fields.get(name)
        if field is not None and field.default is not None:
            module = ev.module_frame(handle.unit.path)
            if module is not None:
                return ev.eval(field.default, module, None)
        return Unknown(f"{handle.decl.name}.{name}", "field", name, span)
    if name in ("prototype", "bind", "call", "apply"):
        return base
    return Unknown(f"{base.name}.{name}", "field", name, span)


def _origin(value: Value, span: Span) -> Value:
    return value


def _of_object(ev: Evaluator, base: ObjectValue, name: str, span: Span, frame: Frame) -> Value:
    found = base.fields.get(name)
    handle = class_of(ev, base)
    if found is not None:
        entry = next(e for e in reversed(base.fields.entries) if isinstance(e.key, Known) and e.key.text == name)
        if entry.maybe and handle is not None and base.fields.open_why is not None:
            return choose((found, elsewhere(ev, handle, name, span)))
        return found
    if handle is None:
        special = library.object_field(ev, base, name, span)
        if special is not None:
            return special
        if base.type:
            return ObjectValue(f"{base.type}.{name}", MapValue((), "a library's field"), span)
        return Unknown(f"field {name}", "field", name, span)
    method = ev.project.method(handle, name)
    if method is not None:
        if any(d in ("property", "cached_property", "functools.cached_property", "computed_field", "get") for d in method.decorators):
            return ev.enter(Frame(method, {"*bound*": Known("")}, receiver=base, depth=frame.depth + 1, follow=frame.follow))
        return FunctionValue(name, Closure(method, None, None, base), span)
    constructed = _by_constructor(ev, base, handle, name, frame)
    if constructed is not None:
        return constructed
    if handle.unit.language == "go" and name not in handle.decl.fields:
        # What is embedded lends its fields.
        for parent in handle.decl.bases:
            inner = base.fields.get(parent.lstrip("*").rpartition(".")[2])
            lent = _of_object(ev, inner, name, span, frame) if isinstance(inner, ObjectValue) else None
            if lent is not None and not isinstance(lent, Unknown):
                return lent
    if base.fields.open_why is not None:
        return elsewhere(ev, handle, name, span)
    value = _declared(ev, handle, name)
    return value if value is not None else Unknown(f"field {name} is not set", "field", name, span)


def class_of(ev: Evaluator, value: ObjectValue) -> ClassHandle | None:
    """The class of the tree that an object is of."""
    path, colon, klass = value.type.rpartition(":")
    if not colon:
        return None
    unit = ev.project.unit(path)
    decl = unit.classes.get(klass) if unit is not None else None
    return ClassHandle(decl, unit) if decl is not None and unit is not None else None


def may_be(ev: Evaluator, value: ObjectValue, handle: ClassHandle) -> bool:
    """Whether an object may be what a method of a Go type is called on: it is of that type, of one that embeds it, or of no type of the tree."""
    waiting = [class_of(ev, value)]
    if waiting[0] is None:
        return True
    for _ in range(12):
        here = waiting.pop() if waiting else None
        if here is None:
            return False
        if here.decl is handle.decl or (here.decl.name == handle.decl.name and here.unit.path in ev.project.package(handle.unit)):
            return True
        waiting += [parent for base in here.decl.bases if (parent := ev.project.class_named(here.unit, base)) is not None]
    return True


CONSTRUCTORS = ("__init__", "constructor", "__post_init__")


def _by_constructor(ev: Evaluator, base: ObjectValue, handle: ClassHandle, name: str, frame: Frame) -> Value | None:
    """A field that the constructor assigns, for an object whose constructor arguments are known (kept under `.new`)."""
    made = base.fields.get(library.NEW)
    if not isinstance(made, FunctionValue) or not isinstance(made.target, Frame):
        return None
    init = made.target
    values = [
        ev.eval(stmt.value, init, stmt)
        for stmt in statements(init.decl.body)
        if isinstance(stmt, Assign) and isinstance(stmt.target, Attr) and stmt.target.name == name
        and isinstance(stmt.target.base, Name) and stmt.target.base.id == (init.decl.receiver or "self")
        and ev.reachable(stmt, init) is not False
    ]
    if values:
        return choose(tuple(values)) if len(values) > 1 else values[0]
    for param in init.decl.params:
        if param.name == name:
            return ev.parameter(init, init.decl.params.index(param))
    return None


def _declared(ev: Evaluator, handle: ClassHandle, name: str, depth: int = 0) -> Value | None:
    """A class attribute's or dataclass field's default; a settings class's field as the environment variable that fills it."""
    field = handle.decl.fields.get(name)
    if field is None:
        if depth < 5:
            for base in handle.decl.bases:
                parent = ev.project.class_named(handle.unit, base)
                if parent is not None and parent.decl is not handle.decl:
                    found = _declared(ev, parent, name, depth + 1)
                    if found is not None:
                        return found
        return None
    module = ev.module_frame(handle.unit.path)
    if module is None:
        return None
    span = Span(handle.unit.path, *field.span)
    default: Value | None = None
    if field.default is not None:
        default = library.field_default(ev, field.default, module)
    names = library.settings_names(ev, handle, field, module)
    if names:
        reads = tuple(library.environment(ev, Known(one), span) for one in names)
        return choose((*reads, default), span, (), len(reads)) if default is not None else choose(reads, span)
    tagged = re.search(r'(?:envDefault|default|env-default):"([^"]*)"', field.tag)
    env = re.search(r'(?:env|envconfig):"([^",]+)', field.tag)
    if env or tagged:
        read = library.environment(ev, Known(env.group(1)), span) if env else None
        given = with_step(Known(tagged.group(1), span), Step(span, "default in the field's tag")) if tagged else None
        parts = tuple(one for one in (read, given) if one is not None)
        return choose(parts, span, (), len(parts) - 1 if given is not None else None)
    if default is not None:
        if isinstance(default, Known | Template | Choice):
            default = with_step(default, Step(span, f"default of {handle.decl.name}.{name}"))
        return default
    typed = ev.project.class_named(handle.unit, field.type) if field.type else None
    if typed is not None and handle.unit.language == "go":
        return ObjectValue(typed.key, MapValue((), f"field {name} of {handle.decl.name}"))
    return None


FIELD_WORK = 2500
"""Steps for what one field is filled with anywhere. They are the field's own, and not those of the launch that asks first: what is found is kept."""
LEAST_WORK = 200
"""Steps for a field once a run has spent what it has for fields."""
CONDITION_WORK = 600
"""Steps for the fields that one condition asks for, those included that they are filled from. Conditions that take more are next to never told."""


def elsewhere(ev: Evaluator, handle: ClassHandle, name: str, span: Span) -> Value:
    """A field of some instance of a class: what the tree's code fills it with (constructor, literals, assignments), else its default."""
    return kept(ev, (handle.key, name), lambda: _elsewhere(ev, handle, name, span))


def kept(ev: Evaluator, key: tuple[str, str], make: Callable[[], Value]) -> Value:
    """What is found out once in a run about a field, given as type and name, with steps of its own to find it."""
    known = ev.fields.get(key)
    if known is not None:
        ev.platform_used = ev.platform_used or known[1]
        return known[0]
    guard = ("field", *key)
    if guard in ev._active:
        return Unknown(f"field {key[1]} depends on itself", "cycle", key[1])
    if ev.deciding is not None and key in ev.heavy:
        ev.work = -1
        return Unknown(f"field {key[1]}", "bound", key[1])
    used, ev.platform_used = ev.platform_used, False
    left, given, allowed = ev.work, min(FIELD_WORK, ev.field_work), ev.deciding
    if allowed is not None:
        # A condition has so much for its fields, and those that they ask for, together.
        given = min(given, allowed) if allowed > 0 else left
        ev.deciding = 0
    ev.work = given
    ev._active.add(guard)
    try:
        value = bounded(make())
    finally:
        ev._active.discard(guard)
        cut, spent = ev.work < 0, given - max(ev.work, 0)
        if allowed == 0:
            left = ev.work
        else:
            ev.field_work = max(ev.field_work - spent, LEAST_WORK)
        if allowed:
            ev.deciding = max(given - spent, 0)
        # What is cut short for a condition is not kept, neither here nor where it has led to: the condition cannot be told.
        ev.work = left if allowed is None or not cut else -1
        asked = ev.platform_used
        ev.platform_used = used or asked
    if cut and allowed is not None:
        if allowed == CONDITION_WORK:
            for sibling in ev.siblings.values():
                sibling.heavy.add(key)
        return value
    ev.fields[key] = (value, asked)
    if not asked:
        # No platform was asked for: it is the same on the others.
        for sibling in ev.siblings.values():
            sibling.fields.setdefault(key, (value, False))
    return value


def _elsewhere(ev: Evaluator, handle: ClassHandle, name: str, span: Span) -> Value:
    values = _filled(ev, handle, name)
    declared = _declared(ev, handle, name)
    field = handle.decl.fields.get(name)
    where = Span(handle.unit.path, *field.span) if field is not None else None
    if values:
        found = effects.either(values) if len(values) > 1 else values[0]
        if where is not None and isinstance(found, Known | Template | Choice | Resolved):
            found = with_step(found, Step(where, f"field {name} of {handle.decl.name}"))
        return found
    if declared is not None:
        return declared
    flag = flag_default(ev, handle.unit, name, field_of=True)
    if flag is not None:
        return flag
    return Unknown(f"field {name} of {handle.decl.name}", "field", name, span)


def _filled(ev: Evaluator, handle: ClassHandle, name: str) -> list[Value]:
    values: list[Value] = []
    seen: set[int] = set()
    methods = list(ev.project.methods(handle))
    methods.sort(key=lambda decl: decl.name not in CONSTRUCTORS)
    for decl in methods:
        receiver = decl.receiver
        if not receiver:
            continue
        for stmt in ev.project.field_assignments(decl).get(name, ()):
            if isinstance(stmt.target, Attr) and root_name(stmt.target) == receiver and isinstance(stmt.target.base, Name):
                frame = Frame(decl, follow=2)
                seen.add(id(stmt))
                values.append(ev.eval(stmt.value, frame, stmt))
        if len(values) >= MAX_SITES:
            break
    made = ev.project.used(handle.decl.name, handle.unit.language)[: 4 * MAX_SITES]
    # What tests make holds what tests want, where the program makes some as well.
    for place in [place for place in made if not is_test(place.decl.unit.path)] or made:
        if len(values) >= MAX_SITES:
            break
        expr = place.expr
        value_expr: Expr | None = None
        if isinstance(expr, Record):
            for pair in expr.pairs:
                if isinstance(pair.key, Str) and pair.key.text == name:
                    value_expr = pair.value
        elif isinstance(expr, Call):
            for arg in expr.args:
                if arg.name == name:
                    value_expr = arg.value
        if value_expr is None:
            continue
        named = ev.project.class_named(place.decl.unit, expr.type if isinstance(expr, Record) else dotted(expr.callee) or "") if isinstance(expr, Record | Call) else None
        if named is not None and named.decl is not handle.decl:
            continue
        values.append(ev.eval(value_expr, ev.frame_of(place, 2), place.stmt))
    if not values or handle.unit.language == "go":
        values.extend(_assigned_from_outside(ev, handle, name, seen, MAX_SITES - len(values)))
    kept = [v for v in values if not (isinstance(v, Known) and v.kind == "null")]
    known = [v for v in kept if not isinstance(v, Unknown)]
    return kept if known or not kept else kept[:1]


def _assigned_from_outside(ev: Evaluator, handle: ClassHandle, name: str, seen: set[int], room: int) -> list[Value]:
    """`x.name = value` in the package of the class or in files that name the class."""
    values: list[Value] = []
    if room <= 0 or len(name) < 3:
        return values
    wanted = name.encode()
    naming = ev.project.naming(handle.decl.name, handle.unit.language)
    if handle.unit.language == "go":
        package = ev.project.package(handle.unit)
        own = frozenset(package)
        paths: Iterable[str] = chain(package, islice((path for path in naming if path not in own), 40))
    else:
        paths = naming[:40]
    for path in paths:
        if path.endswith("_test.go"):
            continue
        hits = ev.project.field_writes(path).get(wanted, ())
        if not hits:
            continue
        unit = ev.project.unit(path)
        if unit is None:
            continue
        decls: dict[int, FunctionDecl] = {}
        for hit in hits:
            decl = ev.project.enclosing(unit, hit)
            if decl is not None:
                decls[id(decl)] = decl
        for decl in decls.values():
            for stmt, frame in _field_writes(ev, decl, name):
                if (
                    stmt.op == "=" and id(stmt) not in seen and isinstance(stmt.target, Attr) and not (isinstance(stmt.target.base, Name) and stmt.target.base.id == decl.receiver)
                ):
                    values.append(ev.eval(stmt.value, frame, stmt))
                    if len(values) >= room:
                        return values
    return values


def _field_writes(ev: Evaluator, decl: FunctionDecl, name: str) -> Iterator[tuple[Assign, Frame]]:
    """The statements of a function, and of the functions that it makes (`func WithURL(url string) Option { return func(o *Options) { o.URL = url } }`),
    that assign a field, each with the frame to follow its value in."""
    for stmt in ev.project.field_assignments(decl).get(name, ()):
        yield stmt, Frame(decl, follow=1)
    for place in ev.project.closures(decl):
        assert isinstance(place.expr, Function)
        inner = place.expr.decl
        for stmt in ev.project.field_assignments(inner).get(name, ()):
            yield stmt, ev.frame_of(Place(stmt.value, stmt, inner, place), 1)


def set_elsewhere(ev: Evaluator, variable: VariableHandle) -> Value | None:
    """What functions of its package (Go) or file assign to a top-level variable; None where none does."""
    key = (f"variable {variable.unit.path}", variable.name)
    known = ev.fields.get(key)
    if known is not None:
        ev.platform_used = ev.platform_used or known[1]
        return None if isinstance(known[0], Unknown) and known[0].kind == "cycle" else known[0]
    guard = ("variable", *key)
    if guard in ev._active or len(variable.name) < 2:
        return None
    used, ev.platform_used = ev.platform_used, False
    ev._active.add(guard)
    try:
        values = _set_by_functions(ev, variable)
        found = bounded(effects.either(values) if len(values) > 1 else values[0]) if values else None
    finally:
        ev._active.discard(guard)
        asked = ev.platform_used
        ev.platform_used = used or asked
    if ev.work >= 0:
        ev.fields[key] = (found if found is not None else Unknown("set nowhere", "cycle", variable.name), asked)
    return found


def _set_by_functions(ev: Evaluator, variable: VariableHandle) -> list[Value]:
    values: list[Value] = []
    holding = frozenset(ev.project.naming(variable.name, variable.unit.language))
    for path in ev.project.package(variable.unit):
        unit = ev.project.unit(path) if path in holding and not path.endswith("_test.go") else None
        if unit is None:
            continue
        for decl in ev.project.roots(unit):
            if decl is unit.module:
                continue
            for stmt in ev.project.name_assignments(decl).get(variable.name, ()):
                if stmt.op == "=":
                    value = ev.eval(stmt.value, Frame(decl, follow=1), stmt)
                    if not (isinstance(value, Known) and (value.kind == "null" or not value.text)):
                        values.append(value)
                if len(values) >= MAX_SITES:
                    return values
    return values


def flag_default(ev: Evaluator, unit: Unit, name: str, *, field_of: bool = False) -> Value | None:
    """The default of a command line flag that fills a Go variable or field: `flags.StringVar(&name, "flag", "default", ...)`."""
    for method, default_at in (("StringVar", 2), ("StringVarP", 3), ("StringSliceVar", 2), ("StringSliceVarP", 3), ("StringArrayVar", 2)):
        for place in ev.project.used(method, "go"):
            call = place.expr
            if not isinstance(call, Call) or len(call.args) <= default_at:
                continue
            target = call.args[0].value
            fits = (isinstance(target, Attr) and target.name == name) if field_of else (
                isinstance(target, Name) and target.id == name and place.decl.unit.path in ev.project.package(unit)
            )
            if fits:
                frame = ev.frame_of(place)
                value = ev.eval(call.args[default_at].value, frame, place.stmt)
                flag = ev.eval(call.args[1].value, frame, place.stmt)
                shown = flag.text if isinstance(flag, Known) else name
                if isinstance(value, Known | Template | Choice):
                    value = with_step(value, Step(ev.span(call, frame), f"default of flag --{shown}"))
                unknown = Unknown(f"flag --{shown}", "input", shown, ev.span(call, frame))
                return choose((unknown, value), None, (), 1)
    return None

"""What a statement does to the value of one variable: appends, entries set, branches joined, loops unrolled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from stigmer_lint.flow import library
from stigmer_lint.flow.containers import bounded, scalar
from stigmer_lint.flow.frame import Closure, Frame
from stigmer_lint.flow.ir import Assign, Attr, Block, Call, Do, Expr, Function, If, Index, Join, Loop, Name, Return, Stmt, Stop
from stigmer_lint.flow.walk import calls_in, mentions, outline, own, root_name, stops, target_names, touched
from stigmer_lint.model.value import (
    Choice,
    Entry,
    FunctionValue,
    Item,
    Known,
    ListValue,
    MapValue,
    ObjectValue,
    Template,
    Unknown,
    Value,
    choose,
    join,
)

if TYPE_CHECKING:
    from stigmer_lint.flow.evaluate import Evaluator

_FILLS = re.compile(r"(?i)unmarshal|decode|scan|parse|process|load|bind|read|populate|fill|convert|from")
"""Library functions that fill a struct they are handed: after them any field may have any value."""

CALLS = ".calls"
"""Field of a library object that lists the methods called on it."""


def apply(ev: Evaluator, stmt: Stmt, name: str, value: Value | None, frame: Frame) -> Value | None:
    """The value of `name` after a statement, given the value before (None: not bound yet)."""
    # Joining containers costs by their size, so the step is charged by it.
    ev.work -= 1 + (len(value.items) if isinstance(value, ListValue) else len(value.entries) if isinstance(value, MapValue) else 0) // 64
    if ev.work < 0:
        return value
    match stmt:
        case Assign():
            return _assign(ev, stmt, name, value, frame)
        case Do():
            return _do(ev, stmt.value, stmt, name, value, frame)
        case If():
            truth = ev.truth(stmt.test, frame.moment_of(stmt, {name: value}) if value is not None else frame, stmt)
            if truth is not None:
                after, ended = block_effect(ev, stmt.then if truth else stmt.other, name, value, frame)
                return value if ended else after
            then, then_ended = block_effect(ev, stmt.then, name, value, frame)
            other, other_ended = block_effect(ev, stmt.other, name, value, frame)
            if then_ended and other_ended:
                return value
            if then_ended:
                return other
            if other_ended:
                return then
            return merge(then, other)
        case Loop():
            return _loop(ev, stmt, name, value, frame)
        case Return() | Stop():
            return value


def block_effect(ev: Evaluator, block: Block, name: str, value: Value | None, frame: Frame) -> tuple[Value | None, bool]:
    """The value after a block, and whether control does not come out at its end."""
    held = outline(block)
    pending: list[Stmt] = []
    for index in sorted({*held.touching.get(name, ()), *held.leaving}) if held.leaving else held.touching.get(name, ()):
        stmt = block.stmts[index]
        if isinstance(stmt, Return | Stop):
            return fold(ev, pending, name, value, frame), not (isinstance(stmt, Stop) and stmt.kind == "loop")
        if name in touched(stmt):
            if (
                isinstance(stmt, Assign) and stmt.op == "=" and isinstance(stmt.target, Name) and stmt.target.id == name
                and not mentions(stmt.value, name)
            ):
                pending = []
                value = ev.eval(stmt.value, frame, stmt)
            else:
                pending.append(stmt)
        if isinstance(stmt, If) and (stops(stmt.then) or stops(stmt.other)):
            value, pending = fold(ev, pending, name, value, frame), []
            truth = ev.truth(stmt.test, frame, stmt)
            if (truth is True and stops(stmt.then)) or (truth is False and stops(stmt.other)):
                return value, True
    return fold(ev, pending, name, value, frame), False


RUN = 32
"""Additions in a row from which on they are folded in one go: added one by one, each copies what is there."""


def fold(ev: Evaluator, stmts: Sequence[Stmt], name: str, value: Value | None, frame: Frame) -> Value | None:
    """The value after statements that follow one another. Where the work runs out, the value says that more may come."""
    at = 0
    while at < len(stmts) and ev.work >= 0:
        end = at
        if len(stmts) - at >= RUN and (isinstance(value, ListValue | MapValue | Template) or (isinstance(value, Known) and value.kind == "str")):
            while end < len(stmts) and _adds(stmts[end], name):
                end += 1
        if end - at >= RUN:
            assert value is not None
            value, at = _added_up(ev, stmts, at, end, name, value, frame)
        else:
            value = apply(ev, stmts[at], name, value, frame)
            if value is not None and len(stmts) > 1:
                value = bounded(value)
            at += 1
    return value if at == len(stmts) else _cut(value)


def _added_up(ev: Evaluator, stmts: Sequence[Stmt], at: int, end: int, name: str, value: Value, frame: Frame) -> tuple[Value, int]:
    """The value after a run of additions, and how far that went: what each adds to nothing, put together."""
    items: list[Item] = []
    entries: list[Entry] = []
    parts: list[Value] = []
    nothing: Value = (
        ListValue((), value.span, value.trail) if isinstance(value, ListValue)
        else MapValue((), value.open_why, value.span, value.trail) if isinstance(value, MapValue) else Known("")
    )
    last = value
    while at < end and ev.work >= 0:
        one = apply(ev, stmts[at], name, nothing, frame)
        if isinstance(nothing, ListValue) and isinstance(one, ListValue):
            items.extend(one.items)
        elif isinstance(nothing, MapValue) and isinstance(one, MapValue):
            entries.extend(one.entries)
        elif isinstance(nothing, Known) and isinstance(one, Known | Template):
            parts.append(one)
        else:
            break
        last = one
        at += 1
    if isinstance(value, ListValue) and isinstance(last, ListValue):
        return ListValue((*value.items, *items), last.span, last.trail) if items else value, at
    if isinstance(value, MapValue) and isinstance(last, MapValue):
        return MapValue((*value.entries, *entries), last.open_why, last.span, last.trail) if entries else value, at
    if parts:
        value = join((value, *parts), last.span)
    if at < end and ev.work >= 0:
        # Not of the kind that was expected after all: this one by itself.
        after = apply(ev, stmts[at], name, value, frame)
        return value if after is None else after, at + 1
    return value, at


def _adds(stmt: Stmt, name: str) -> bool:
    """Whether a statement does nothing to a variable but add to it something that does not depend on it."""
    if isinstance(stmt, If):
        return not mentions(stmt.test, name) and all(
            not isinstance(one, If | Loop | Return | Stop) and (name not in touched(one) or _adds(one, name))
            for block in (stmt.then, stmt.other) for one in block.stmts
        )
    added_to: Expr
    others: tuple[Expr, ...]
    value = stmt.value if isinstance(stmt, Assign | Do) else None
    if isinstance(stmt, Assign) and isinstance(stmt.target, Index) and stmt.op == "=":
        added_to, others = stmt.target.base, (stmt.target.key, stmt.value)
    elif isinstance(stmt, Assign) and stmt.op == "+=":
        added_to, others = stmt.target, (stmt.value,)
    elif isinstance(stmt, Assign) and isinstance(stmt.target, Name) and stmt.target.id == name and stmt.op == "=":
        if isinstance(value, Call) and isinstance(value.callee, Name) and value.callee.id == "append" and value.args:
            added_to, others = value.args[0].value, tuple(arg.value for arg in value.args[1:])
        elif isinstance(value, Join):
            added_to, others = value.parts[0], value.parts[1:]
        else:
            return False
    elif isinstance(value, Call) and isinstance(value.callee, Attr) and value.callee.name in APPENDS | EXTENDS:
        added_to, others = value.callee.base, tuple(arg.value for arg in value.args)
    else:
        return False
    return isinstance(added_to, Name) and added_to.id == name and not any(mentions(one, name) or isinstance(one, Function) for one in others)


def _cut(value: Value | None) -> Value | None:
    why = "the work limit for one launch was met"
    match value:
        case ListValue():
            return ListValue((*value.items, Item(Unknown(why, "bound"), True, True)), value.span, value.trail)
        case MapValue():
            return MapValue(value.entries, value.open_why or why, value.span, value.trail)
        case ObjectValue():
            return ObjectValue(value.type, MapValue(value.fields.entries, value.fields.open_why or why), value.span, value.trail)
        case Known() | Template():
            return join((value, Unknown(why, "bound")))
        case _:
            return value


def _assign(ev: Evaluator, stmt: Assign, name: str, value: Value | None, frame: Frame) -> Value | None:
    target = stmt.target
    inner = frame.moment_of(stmt, {name: value}) if value is not None else frame
    if isinstance(target, Name):
        if target.id != name:
            return _handed_over(ev, stmt.value, stmt, name, value, inner)
        new = ev.eval(stmt.value, inner, stmt)
        if stmt.op == "=":
            return new
        if stmt.op == "?=":
            if value is None:
                before = library.environment(ev, Known(name), ev.span(stmt, frame)) if frame.unit.language in ("shell", "make") else None
                return choose((before, new), ev.span(stmt, frame), (), 1) if before is not None else new
            truth = library.truth_of(value)
            if truth is None:
                return choose((value, new), ev.span(stmt, frame), (), 1)
            return value if truth else new
        return added(value, new, frame.unit.language)
    if isinstance(target, Attr | Index):
        if root_name(target) != name or value is None:
            return _handed_over(ev, stmt.value, stmt, name, value, inner)
        new = ev.eval(stmt.value, inner, stmt)
        if stmt.op == "+=":
            new = added(ev.eval(target, inner, stmt), new, frame.unit.language) or new
        return with_part(ev, value, target, new, inner, stmt)
    if name in set(target_names(target)):
        from stigmer_lint.flow.evaluate import bind

        return bind(target, ev.eval(stmt.value, inner, stmt), ev, inner, stmt).get(name, value)
    return _handed_over(ev, stmt.value, stmt, name, value, inner)


def added(value: Value | None, new: Value, language: str) -> Value:
    """`value += new`."""
    if value is None or (isinstance(value, Known) and value.kind == "null"):
        return new
    if isinstance(value, ListValue):
        if isinstance(new, ListValue):
            return ListValue((*value.items, *new.items), value.span, value.trail)
        return ListValue((*value.items, Item(new, rest=not isinstance(new, Known | Template | Choice) or language != "shell")), value.span)
    if isinstance(value, MapValue):
        more, why = library.spread_entries(new)
        return MapValue((*value.entries, *more), value.open_why or why, value.span)
    if isinstance(new, ListValue):
        return ListValue((Item(value, rest=not isinstance(value, Known)), *new.items), new.span)
    return join((library.scalar(value), library.scalar(new)))


def with_part(ev: Evaluator, value: Value, target: Expr, new: Value, frame: Frame, at: Stmt) -> Value:
    """`value` with the field or element that `target` names replaced."""
    path: list[Attr | Index] = []
    here = target
    while isinstance(here, Attr | Index):
        path.append(here)
        here = here.base
    path.reverse()
    levels: list[Value] = [value]
    keys: list[Value] = []
    for step in path:
        key = Known(step.name) if isinstance(step, Attr) else ev.eval(step.key, frame, at)
        keys.append(key)
        levels.append(library.element(levels[-1], key, None))
    result = new
    for level, key, step in zip(reversed(levels[:-1]), reversed(keys), reversed(path), strict=True):
        result = with_entry(level, key, result, ev.span(step, frame))
    return result


def with_entry(value: Value, key: Value, new: Value, span: object) -> Value:
    """A map or object with one more entry; a list with an element replaced; an unknown becomes an open object."""
    from stigmer_lint.model.span import Span

    entry = Entry(key, new, False, span if isinstance(span, Span) else None)
    match value:
        case MapValue():
            return MapValue((*value.entries, entry), value.open_why, value.span, value.trail)
        case ObjectValue():
            return ObjectValue(value.type, MapValue((*value.fields.entries, entry), value.fields.open_why), value.span, value.trail)
        case ListValue():
            if isinstance(key, Known) and key.text.isdigit() and int(key.text) < len(value.items):
                at = int(key.text)
                return ListValue((*value.items[:at], Item(new), *value.items[at + 1 :]), value.span)
            return ListValue((*value.items, Item(new, maybe=True)), value.span)
        case Known() if value.kind == "null":
            return MapValue((entry,))
        case Choice():
            return with_entry(next((o for o in value.options if isinstance(o, MapValue | ObjectValue)), value.options[0]), key, new, span)
        case FunctionValue():
            return value
        case _:
            return ObjectValue("", MapValue((entry,), getattr(value, "why", "its other fields are set elsewhere")))


APPENDS = frozenset({"append", "push", "Append", "add", "appendChild", "append_flags"})
EXTENDS = frozenset({"extend", "extendleft", "addAll", "concat_in_place"})


def _do(ev: Evaluator, expr: Expr, stmt: Stmt, name: str, value: Value | None, frame: Frame) -> Value | None:
    inner = frame.moment_of(stmt, {name: value}) if value is not None else frame
    from stigmer_lint.flow.ir import And, Fallback

    if isinstance(expr, And):
        truth = ev.truth(expr.left, inner, stmt)
        if truth is False:
            return value
        after = _do(ev, expr.right, stmt, name, value, frame)
        return after if truth else merge(after, value)
    if isinstance(expr, Fallback):
        return merge(_do(ev, expr.second, stmt, name, value, frame), value)
    if not isinstance(expr, Call):
        return value
    callee = expr.callee
    if isinstance(callee, Attr):
        method = callee.name
        own = library.method_of_named_type(ev, frame, callee) if isinstance(value, MapValue) and isinstance(callee.base, Name) and callee.base.id == name else None
        if own is not None and isinstance(value, MapValue):
            # A map is the caller's own: what its method puts into it stays.
            filled = library.after_method(ev, value, own, expr, inner, stmt)
            return filled if isinstance(filled, MapValue) else library.opened(value, f"{method} may change it")
        if value is not None and root_name(callee.base) == name and not isinstance(value, FunctionValue):
            owner = ev.eval(callee.base, inner, stmt) if isinstance(callee.base, Attr | Index) else value
            changed = _method(ev, owner, method, expr, inner, stmt)
            if changed is not None:
                return changed if callee.base is not None and isinstance(callee.base, Name) else with_part(ev, value, callee.base, changed, inner, stmt)
        chained = _chain(expr, name)
        if chained is not None and isinstance(value, ObjectValue | MapValue):
            for call in chained:
                value = recorded(ev, value, call, inner, stmt)
            return value
        if method == "forEach" and expr.args and isinstance(expr.args[0].value, Function):
            return _for_each(ev, expr, expr.args[0].value, name, value, inner, stmt)
        if method == "assign" and expr.args and isinstance(expr.args[0].value, Name) and expr.args[0].value.id == name:
            return ev.eval(expr, inner, stmt)
    if isinstance(value, ObjectValue) and value.type in WRITERS and isinstance(callee, Attr) and isinstance(callee.base, Name):
        text = _printed(ev, callee.base.id, callee.name, expr, name, inner, stmt)
        if text is not None:
            return _with_call(value, ObjectValue("WriteString", MapValue((Entry(Known("0"), text),)), ev.span(expr, inner)))
    if isinstance(callee, Name) and callee.id in ("copy", "maps.Copy"):
        return value
    return _handed_over(ev, expr, stmt, name, value, inner)


def _method(ev: Evaluator, owner: Value, method: str, call: Call, frame: Frame, at: Stmt) -> Value | None:
    """What a mutating method makes of its receiver, None where it is not one."""
    if isinstance(owner, Known) and owner.kind == "null":
        return None
    if isinstance(owner, ListValue) or (isinstance(owner, Unknown | Choice) and method in ("append", "push", "extend")):
        items = owner.items if isinstance(owner, ListValue) else (Item(owner, rest=True),)
        if isinstance(owner, Choice):
            lists = [option for option in owner.options if isinstance(option, ListValue)]
            if not lists:
                return None
            items = merge_lists(lists).items
        new: list[Item] = []
        if method in APPENDS or method in EXTENDS or method in ("unshift", "insert"):
            args = call.args[1:] if method == "insert" else call.args
            for arg in args:
                value = ev.eval(arg.value, frame, at)
                new.extend(library.unfold(value) if arg.spread or method in EXTENDS else (Item(value),))
            if method == "unshift" or method == "insert":
                where = ev.eval(call.args[0].value, frame, at) if method == "insert" and call.args else Known("0")
                index = int(where.text) if isinstance(where, Known) and where.text.isdigit() else len(items) if method == "insert" else 0
                return ListValue((*items[:index], *new, *items[index:]), owner.span)
            return ListValue((*items, *new), owner.span)
        return None
    if isinstance(owner, MapValue | ObjectValue) and method in ("update", "set", "setdefault", "Set", "put", "putAll", "Add"):
        held = owner if isinstance(owner, MapValue) else owner.fields
        entries: list[Entry] = []
        why = held.open_why
        if method in ("update", "putAll"):
            for arg in call.args:
                value = ev.eval(arg.value, frame, at)
                if arg.name:
                    entries.append(Entry(Known(arg.name), value))
                else:
                    more, open_why = library.spread_entries(value)
                    entries.extend(more)
                    why = why or open_why
        elif len(call.args) >= 2:
            key = ev.eval(call.args[0].value, frame, at)
            if method == "setdefault" and isinstance(key, Known) and held.get(key.text) is not None:
                return owner
            entries.append(Entry(key, ev.eval(call.args[1].value, frame, at), False, ev.span(call, frame)))
        else:
            return None
        if isinstance(owner, MapValue):
            return MapValue((*held.entries, *entries), why, owner.span, pairs=owner.pairs)
        if ":" not in owner.type or owner.type.startswith("node:"):
            return None
    if isinstance(owner, MapValue) and method in ("pop", "delete") and call.args:
        key = ev.eval(call.args[0].value, frame, at)
        if isinstance(key, Known):
            return MapValue(tuple(e for e in owner.entries if not (isinstance(e.key, Known) and e.key.text == key.text)), owner.open_why, owner.span, pairs=owner.pairs)
    return None


def _chain(expr: Call, name: str) -> list[Call] | None:
    """The calls of `name.a(..).b(..)`, first to last; None where the chain does not start at the variable."""
    calls: list[Call] = []
    here: Expr = expr
    while isinstance(here, Call) and isinstance(here.callee, Attr):
        calls.append(here)
        here = here.callee.base
    if isinstance(here, Name) and here.id == name and calls:
        return calls[::-1]
    return None


def recorded(ev: Evaluator, value: Value, call: Call, frame: Frame, at: Stmt | None) -> Value:
    """A library object that remembers one more method call; an object of the tree after the method has run on it."""
    method = call.callee.name if isinstance(call.callee, Attr) else ""
    if not isinstance(value, ObjectValue):
        return value
    decl = library.method_of(ev, value, method)
    if decl is not None:
        return library.after_method(ev, value, decl, call, frame, at)
    return _with_call(value, ObjectValue(method, library.arguments(ev, call.args, frame, at), ev.span(call, frame)))


def _with_call(value: ObjectValue, call: ObjectValue) -> ObjectValue:
    past = value.fields.get(CALLS)
    items = past.items if isinstance(past, ListValue) else ()
    entry = Entry(Known(CALLS), ListValue((*items, Item(call))))
    kept = tuple(e for e in value.fields.entries if not (isinstance(e.key, Known) and e.key.text == CALLS))
    return ObjectValue(value.type, MapValue((*kept, entry), value.fields.open_why), value.span, value.trail)


WRITERS = frozenset({"strings.Builder", "bytes.Buffer", "io.StringIO"})
"""Objects that a text is written to piece by piece, and that give it back as a whole."""
_WRITES = frozenset({"WriteString", "Write", "WriteByte", "WriteRune", "write"})


def _printed(ev: Evaluator, module: str, function: str, call: Call, name: str, frame: Frame, at: Stmt) -> Value | None:
    """What `fmt.Fprintf(&sb, ...)` and its kin write to a writer, None for another call."""
    if not call.args or not isinstance(call.args[0].value, Name) or call.args[0].value.id != name:
        return None
    if module == "io" and function == "WriteString" and len(call.args) == 2:
        return scalar(ev.eval(call.args[1].value, frame, at))
    if module != "fmt" or not function.startswith("Fprint"):
        return None
    assert isinstance(call.callee, Attr)
    printed = msgspec.structs.replace(call, callee=msgspec.structs.replace(call.callee, name="S" + function[1:]), args=call.args[1:])
    return scalar(ev.eval(printed, frame, at))


def written(value: ObjectValue) -> Value:
    """The text that has been written to one of `WRITERS`."""
    past = value.fields.get(CALLS)
    parts: list[Value] = []
    for item in past.items if isinstance(past, ListValue) else ():
        call = item.value
        if not isinstance(call, ObjectValue) or call.type not in _WRITES:
            continue
        text = scalar(call.fields.get("0") or Unknown("what is written"))
        if item.rest:
            text = Unknown("written in a loop over what could not be told")
        elif item.maybe:
            text = choose((text, Known("")), value.span)
        parts.append(text)
    return join(tuple(parts), value.span) if parts else Known("", value.span)


def _for_each(ev: Evaluator, call: Call, function: Function, name: str, value: Value | None, frame: Frame, at: Stmt) -> Value | None:
    assert isinstance(call.callee, Attr)
    over = ev.eval(call.callee.base, frame, at)
    closure = function.decl
    for values, maybe, rest in library.rounds(over, False):
        # A Map's callback gets the value before the key.
        given = (library.position(values, 1), library.position(values, 0)) if isinstance(over, MapValue) and over.pairs else (values,)
        bindings = library.bind_parameters(ev, closure, given, frame)
        inner = Frame(closure, dict(bindings), outer=frame.moment_of(at, {name: value}) if value is not None else frame, at=at, depth=frame.depth + 1)
        after, _ = block_effect(ev, closure.body, name, value, inner)
        last = closure.body.stmts[-1] if closure.body.stmts else None
        if isinstance(last, Return) and isinstance(last.value, Call) and len(closure.body.stmts) == 1:
            # `forEach(one => list.push(one))`: the arrow's expression is a call for what it does.
            after = _do(ev, last.value, last, name, value, inner)
        value = weaken(value, after, rest) if maybe or rest else after
    return value


def _loop(ev: Evaluator, loop: Loop, name: str, value: Value | None, frame: Frame) -> Value | None:
    if loop.target is not None and name in set(target_names(loop.target)) and not any(name in touched(s) for s in loop.body.stmts):
        return value
    before = frame.moment_of(loop, {name: value}) if value is not None else frame
    iterable: Value = ev.eval(loop.iterable, before, loop) if loop.iterable is not None else Unknown("a loop")
    for looped, maybe, rest in ev.iterate(loop.target, iterable, loop.indexed, frame):
        inner = frame.iteration(loop, looped, {name: value} if value is not None and name not in looped else {})
        after, ended = block_effect(ev, loop.body, name, value, inner)
        if ended:
            continue
        value = weaken(value, after, rest) if maybe or rest else after
    return value


def weaken(before: Value | None, after: Value | None, rest: bool) -> Value | None:
    """`after` where the step that led to it may not happen, or happen any number of times."""
    if before is None or after is None:
        return after
    if isinstance(before, ListValue) and isinstance(after, ListValue):
        kept = len(before.items)
        if after.items[:kept] == before.items or rest:
            return ListValue((*before.items, *(Item(i.value, True, i.rest) for i in after.items[kept:])), before.span)
    if isinstance(before, MapValue) and isinstance(after, MapValue):
        kept = len(before.entries)
        more = tuple(Entry(e.key, e.value, True, e.span) for e in after.entries[kept:])
        return MapValue((*before.entries, *more), after.open_why or ("set in a loop over what could not be told" if rest else None), before.span)
    return merge(before, after)


def _handed_over(ev: Evaluator, expr: Expr, stmt: Stmt, name: str, value: Value | None, frame: Frame) -> Value | None:
    """The value after a call that was given the variable: what the tree's own function does to its parameter."""
    if value is None or not isinstance(value, ListValue | MapValue | ObjectValue):
        return value
    for one in own(stmt) if not isinstance(expr, Call) else (expr,):
        for call in calls_in(one):
            index = next((i for i, arg in enumerate(call.args) if isinstance(arg.value, Name) and arg.value.id == name and not arg.spread), None)
            by_receiver = isinstance(call.callee, Attr) and isinstance(call.callee.base, Name) and call.callee.base.id == name
            if index is None and not by_receiver:
                continue
            found = library.callee_of(ev, call, frame, stmt)
            if isinstance(found, str) and index is not None and isinstance(value, MapValue | ObjectValue) and _FILLS.search(found.rsplit(".", 1)[-1]):
                held = value if isinstance(value, MapValue) else value.fields
                opened = MapValue(tuple(Entry(e.key, e.value, True, e.span) for e in held.entries), f"filled by {found.lstrip('?')}", held.span)
                value = opened if isinstance(value, MapValue) else ObjectValue(value.type, opened, value.span, value.trail)
                continue
            if not isinstance(found, Closure):
                continue
            changed = library.after_call(ev, found, call, index, value, frame, stmt)
            if changed is not None:
                value = changed
    return value


def merge(left: Value | None, right: Value | None) -> Value | None:
    """The value where two branches meet."""
    if left is None:
        return right
    if right is None or left is right:
        return left
    return either([left, right])


def either(values: list[Value]) -> Value:
    """One of several values: containers are merged entry by entry, scalars become a Choice."""
    first = values[0]
    if len(values) == 1 or all(value is first for value in values):
        return first
    # Of the paths that come to one text the last is the one for all that no condition picked out.
    last = {(v.text, v.kind): v for v in values if isinstance(v, Known)}
    values = [last[v.text, v.kind] if isinstance(v, Known) else v for v in values]
    if any(isinstance(v, ObjectValue) for v in values) or any(
        isinstance(v, Choice) and any(isinstance(o, ListValue | MapValue | ObjectValue) for o in v.options) for v in values
    ):
        values = [option for value in values for option in (value.options if isinstance(value, Choice) else (value,))]
    real = [v for v in values if not (isinstance(v, Known) and v.kind == "null")]
    lists = [v for v in real if isinstance(v, ListValue)]
    if lists and len(lists) == len(real):
        merged = merge_lists(lists)
        return merged if len(real) == len(values) else ListValue(tuple(Item(i.value, True, i.rest) for i in merged.items), merged.span)
    maps = [v for v in real if isinstance(v, MapValue)]
    if maps and len(maps) == len(real):
        return merge_maps(maps, len(real) < len(values))
    objects = [v for v in real if isinstance(v, ObjectValue)]
    if objects and len(objects) == len(real):
        types = {o.type for o in objects if o.type}
        if len(types) <= 1:
            return ObjectValue(next(iter(types), ""), merge_maps([o.fields for o in objects], False), objects[0].span, objects[0].trail)
    if lists and all(isinstance(v, ListValue | Unknown) for v in real):
        return ListValue((*merge_lists(lists).items, Item(Unknown("added on another path"), True, True)), lists[0].span)
    if maps and all(isinstance(v, MapValue | Unknown) for v in real):
        return MapValue(merge_maps(maps, True).entries, "given on another path", maps[0].span)
    if objects and not lists and not maps and any(isinstance(v, Template) or (isinstance(v, Known) and v.text) for v in real):
        # A text on one path: what a library gives on another is a text that could not be told.
        return choose(tuple(scalar(v) if isinstance(v, ObjectValue) else v for v in values))
    if any(isinstance(v, ListValue | MapValue | ObjectValue) for v in values):
        if len(objects) == len(real):
            # Several implementations: each keeps its methods.
            return choose(tuple(objects))
        containers = tuple(v for v in real if isinstance(v, ListValue | MapValue | ObjectValue))
        return containers[0]
    return choose(tuple(values))


def merge_lists(lists: list[ListValue]) -> ListValue:
    """Lists of several paths: what they begin with alike stays, the rest of each is there on its path only."""
    result = lists[0]
    for other in lists[1:]:
        if other is result:
            continue
        shared = 0
        for a, b in zip(result.items, other.items, strict=False):
            if not _alike(a, b):
                break
            shared += 1
        if len(result.items) == len(other.items) and not any(i.rest for i in (*result.items, *other.items)):
            pairs = zip(result.items[shared:], other.items[shared:], strict=True)
            result = ListValue((*result.items[:shared], *(Item(either([a.value, b.value]), a.maybe or b.maybe) for a, b in pairs)), result.span)
            continue
        tail = [Item(i.value, True, i.rest) for i in result.items[shared:]]
        there = {id(item.value) for item in tail}
        tail += [Item(i.value, True, i.rest) for i in other.items[shared:] if id(i.value) not in there]
        if len(tail) > MAX_TAIL:
            tail = [*tail[:MAX_TAIL], Item(Unknown("too many elements that may be there", "bound"), True, True)]
        result = ListValue((*result.items[:shared], *tail), result.span)
    return result


MAX_TAIL = 2_000
"""Elements, or entries with a key that could not be told, that several paths may add together. Paths that meet again and again would double them."""


def _alike(left: Item, right: Item) -> bool:
    """Whether two elements are the same as far as that is cheap to tell: containers only by identity, since they may share parts many times over."""
    if left is right or left.value is right.value:
        return left.maybe == right.maybe and left.rest == right.rest
    same = isinstance(left.value, Known) and isinstance(right.value, Known) and left.value.text == right.value.text and left.value.span == right.value.span
    return same and left.maybe == right.maybe and left.rest == right.rest


def merge_maps(maps: list[MapValue], maybe: bool) -> MapValue:
    """Maps of several paths: entries that all have stay certain; one key's different values become a Choice."""
    if len(maps) == 1 and not maybe:
        return maps[0]
    order: list[str] = []
    values: dict[str, list[Entry]] = {}
    loose: dict[tuple[int, int], Entry] = {}
    for each in maps:
        last: dict[str, Entry] = {}
        for entry in each.entries:
            if isinstance(entry.key, Known):
                last[entry.key.text] = entry
            else:
                loose.setdefault((id(entry.key), id(entry.value)), Entry(entry.key, entry.value, True, entry.span))
        for key, entry in last.items():
            if key not in values:
                order.append(key)
            values.setdefault(key, []).append(entry)
    entries = tuple(
        Entry(
            values[key][0].key, either([e.value for e in values[key]]),
            maybe or len(values[key]) < len(maps) or any(e.maybe for e in values[key]), values[key][0].span,
        )
        for key in order
    )
    why = next((m.open_why for m in maps if m.open_why), None)
    if len(loose) > MAX_TAIL:
        why = why or "too many entries that may be there"
    return MapValue((*entries, *list(loose.values())[:MAX_TAIL]), why, maps[0].span)

"""Values followed backwards, on demand.

`Evaluator.eval(expr, frame, at)` gives the value of an expression at a statement. A local name is traced to the statements before that
may have changed it (`reaching`), a parameter to the argument of the frame, a field to where it is filled, a call into the
function that it calls. Nothing else of the tree is looked at.

One evaluator stands for one platform: `runtime.GOOS`, `sys.platform`, `uname` have a value, so guards are decided, not carried
along. `platform_used` tells whether any of them was asked, so that a launch which does not depend on the platform is judged once.

Bounds: `work` (steps left for the launch at hand), call depth, expression depth. Past a bound the value is Unknown of kind "bound".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import msgspec

from stigmer_lint.flow import effects, fields, library
from stigmer_lint.flow.containers import bounded
from stigmer_lint.flow.frame import Closure, Frame, Thunk
from stigmer_lint.flow.ir import (
    And,
    Arg,
    Assign,
    Attr,
    Block,
    Bool,
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
    Nil,
    Not,
    Num,
    Opaque,
    Pair,
    Param,
    Record,
    Return,
    Slice,
    Stmt,
    Stop,
    Str,
)
from stigmer_lint.flow.project import ClassHandle, LibraryHandle, ModuleHandle, Project, Symbol, VariableHandle
from stigmer_lint.flow.typed import gives_error
from stigmer_lint.flow.walk import Place, bound_names, dotted, mentions, names_in, outline, statements, stops, target_names
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.model.launch import Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import (
    Choice,
    Entry,
    FunctionValue,
    Item,
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
    join,
    with_step,
)

MAX_CALLS = 10
"""Functions entered below one another."""
MAX_NESTING = 260
"""Evaluation steps below one another; each costs a few interpreter frames."""
WORK = 20_000
"""Steps for one launch on one platform."""
CALL_WORK = 2_500
"""Steps for what one call returns."""
ALL_FIELDS_WORK = 150_000
"""Steps for what the fields of all classes are filled with, on one platform."""
CONDITION_WORK = 150
"""Steps for one condition: those that tell platforms and addresses apart are short."""
CHARACTERS = 1024
"""Characters of a text that cost one step to put together."""
CONSTANTS = 16
"""Literals of a list, a map or a call that cost one step together."""
MAX_CUT = 3
"""How often a condition may be cut short before it counts as one that cannot be told."""
MAX_ANSWERED = 60
"""How often a condition that was answered once may be."""
MAX_UNROLLED = 512
"""Iterations of a loop over a known list that are followed one by one; the rest is one unknown iteration."""


_ERRORS = frozenset({"err", "error", "e", "ex", "exc", "ok"})
"""Names of what is asked only to find out whether something went wrong: both ways are followed."""

_FAILURE = Unknown("an error", "call")

VALUES = (Known, Template, Resolved, Choice, Unknown, ListValue, MapValue, ObjectValue, FunctionValue)

SEVERAL = "()"
"""Type of the object that stands for several results of one call; its fields are "0", "1"."""


class Evaluator:
    """Follows values on one platform. `resolvers` are the policy's resolver names."""

    def __init__(self, project: Project, platform: Platform, resolvers: tuple[str, ...] = ()) -> None:
        self.project = project
        self.platform: Platform = platform
        self.resolver_names = resolvers
        self.platform_used = False
        self.work = WORK
        self.nesting = 0
        self.siblings: dict[Platform, Evaluator] = {platform: self}
        self._module_frames: dict[str, Frame] = {}
        self._active: set[object] = set()
        self._frames: dict[tuple[int, int], Frame] = {}
        self.fields: dict[tuple[str, str], tuple[Value, bool]] = {}
        """What a field of a class is filled with anywhere, with whether the platform decides it."""
        self.hopeless: dict[int, int] = {}
        """How often a condition was cut short on the ways to the launch at hand. One that was, again and again, is not tried on the next way."""
        self.field_work = ALL_FIELDS_WORK
        """Steps that are left for what fields are filled with."""
        self.heavy: set[tuple[str, str]] = set()
        """Fields that took more than a condition has for them."""
        self.deciding: int | None = None
        """Steps that the condition at hand has left for fields; None where none is being decided."""
        self._constant_calls: dict[int, tuple[FunctionDecl, Value, bool]] = {}
        self.changing: dict[tuple[int, str], bool] = {}
        self.resolver_memo: dict[int, tuple[str, ...]] = {}
        self.judging = 0
        """How many resolvers are being run on paper right now: their own calls are not marked as resolved."""

    def sibling(self, platform: Platform) -> Evaluator:
        """The evaluator of the same run for another platform."""
        found = self.siblings.get(platform)
        if found is None:
            found = Evaluator(self.project, platform, self.resolver_names)
            found.siblings = self.siblings
            self.siblings[platform] = found
        return found

    # -- entry ---------------------------------------------------------------------------------------------------------------

    def fresh(self, work: int = WORK) -> None:
        """Give the next launch its own budget."""
        self.work = work
        self.nesting = 0
        self.deciding = None
        self._active.clear()

    def eval(self, expr: Expr, frame: Frame, at: Stmt | None) -> Value:
        """The value of `expr` evaluated just before/in statement `at` (None: at the end of the frame's body)."""
        if isinstance(expr, Str):
            # Costs next to nothing; who holds many of them charges for all.
            return Known(expr.text, self.span(expr, frame))
        self.work -= 1
        if self.work < 0:
            return Unknown("the work limit for one launch was met", "bound", None, self.span(expr, frame))
        if self.nesting > MAX_NESTING:
            return Unknown("nested too deep to follow", "bound", None, self.span(expr, frame))
        self.nesting += 1
        try:
            return self._eval(expr, frame, at)
        finally:
            self.nesting -= 1

    def span(self, expr: Expr | Param | Pair | Stmt | FunctionDecl, frame: Frame) -> Span:
        """Where an expression stands."""
        return Span(frame.unit.path, expr.span[0], expr.span[1])

    def module_frame(self, path: str) -> Frame | None:
        """The frame of a file's own top level."""
        found = self._module_frames.get(path)
        if found is None:
            unit = self.project.unit(path)
            if unit is None or unit.module is None:
                return None
            found = self._module_frames[path] = Frame(unit.module)
        return found

    # -- expressions ---------------------------------------------------------------------------------------------------------

    def _eval(self, expr: Expr, frame: Frame, at: Stmt | None) -> Value:
        match expr:
            case Str():
                return Known(expr.text, self.span(expr, frame))
            case Num():
                return Known(expr.text, self.span(expr, frame), (), "num")
            case Bool():
                return Known("true" if expr.value else "false", self.span(expr, frame), (), "bool")
            case Nil():
                return Known("", self.span(expr, frame), (), "null")
            case Name():
                return self._name(expr, frame, at)
            case Join():
                return self._join(expr, frame, at)
            case Call():
                return self.call(expr, frame, at)
            case Attr():
                return fields.attribute(self, expr, frame, at)
            case Index():
                return self._index(expr, frame, at)
            case ListOf():
                return ListValue(tuple(self._items(expr, frame, at)), self.span(expr, frame))
            case DictOf():
                return MapValue(*self._entries(expr.pairs, frame, at), self.span(expr, frame))
            case Record():
                return self._record(expr, frame, at)
            case Cond():
                truth = self.truth(expr.test, frame, at)
                if truth is not None:
                    return self.eval(expr.then if truth else expr.other, frame, at)
                return choose((self.eval(expr.then, frame, at), self.eval(expr.other, frame, at)), self.span(expr, frame))
            case Fallback():
                return self._fallback(expr, frame, at)
            case And():
                truth = self.truth(expr.left, frame, at)
                if truth is False:
                    return self.eval(expr.left, frame, at)
                right = self.eval(expr.right, frame, at)
                if truth is True:
                    return right
                return choose((right, Known("", None, (), "null")), self.span(expr, frame))
            case Compare() | Not():
                truth = self.truth(expr, frame, at)
                if truth is None:
                    return Unknown("a condition", "other", None, self.span(expr, frame))
                return Known("true" if truth else "false", self.span(expr, frame), (), "bool")
            case Format():
                return library.percent(self, expr, frame, at)
            case Slice():
                return library.sliced(self, expr, frame, at)
            case Comp():
                return self._comprehension(expr, frame, at)
            case Function():
                return FunctionValue(expr.decl.name or "function", Closure(expr.decl, frame, at), self.span(expr, frame))
            case Opaque():
                return Unknown(expr.why, "syntax", None, self.span(expr, frame))

    def _join(self, expr: Join, frame: Frame, at: Stmt | None) -> Value:
        self.work -= len(expr.parts) // CONSTANTS
        values = [self.eval(part, frame, at) for part in expr.parts]
        if any(isinstance(value, ListValue) for value in values):
            items: list[Item] = []
            for value in values:
                items.extend(value.items if isinstance(value, ListValue) else (Item(value, rest=not isinstance(value, Known)),))
            return ListValue(tuple(items), self.span(expr, frame))
        text = join(tuple(library.scalar(value) for value in values), self.span(expr, frame))
        if isinstance(text, Known):
            self.work -= len(text.text) // CHARACTERS
        elif isinstance(text, Template):
            self.work -= len(text.parts) // CONSTANTS
        return text

    def _fallback(self, expr: Fallback, frame: Frame, at: Stmt | None) -> Value:
        options: list[Value] = []
        here: Expr = expr
        while isinstance(here, Fallback):
            first = self.eval(here.first, frame, at)
            truth = library.truth_of(first)
            if here.when == "null":
                truth = None if isinstance(first, Unknown | Choice) else not (isinstance(first, Known) and first.kind == "null")
            if isinstance(first, Unknown) and first.name == "missing" and first.kind == "field":
                # `options.extras ?? {}` of an object that is known in full and has no such field.
                truth = False
            if truth is not False or isinstance(first, Choice):
                options.append(first)
            if truth is True:
                return choose(tuple(options), self.span(expr, frame), (), len(options) - 1)
            here = here.second
        last = self.eval(here, frame, at)
        cleaned = tuple(option for option in options if not (isinstance(option, Known) and not option.text))
        cleaned = tuple(_without_empty(option) for option in cleaned)
        span = self.span(expr, frame)
        if isinstance(last, MapValue | ListValue | ObjectValue) and all(isinstance(option, Unknown) for option in cleaned):
            return library.opened(last, next((option.why for option in cleaned if isinstance(option, Unknown)), None))
        return choose((*cleaned, last), span, (), len(cleaned))

    def _items(self, expr: ListOf, frame: Frame, at: Stmt | None) -> Iterator[Item]:
        self.work -= len(expr.items) // CONSTANTS
        for item in expr.items:
            value = self.eval(item.value, frame, at)
            if item.spread:
                yield from library.unfold(value)
            elif item.split:
                yield from library.words(value)
            else:
                yield Item(value)

    def _entries(self, pairs: tuple[Pair, ...], frame: Frame, at: Stmt | None) -> tuple[tuple[Entry, ...], str | None]:
        entries: list[Entry] = []
        open_why: str | None = None
        self.work -= len(pairs) // CONSTANTS
        for pair in pairs:
            value = self.eval(pair.value, frame, at)
            if pair.key is None:
                more, why = library.spread_entries(value)
                entries.extend(more)
                open_why = open_why or why
            else:
                entries.append(Entry(self.eval(pair.key, frame, at), value, False, self.span(pair, frame)))
        return tuple(entries), open_why

    def _record(self, expr: Record, frame: Frame, at: Stmt | None) -> Value:
        if not expr.pairs:
            # What `T{}` makes is told where T is declared, in another file perhaps.
            handle = self.project.class_named(frame.unit, expr.type)
            under = next(iter(handle.decl.bases), "") if handle is not None and not handle.decl.fields else ""
            if under.startswith("map["):
                return MapValue((), None, self.span(expr, frame))
            if under.startswith("["):
                return ListValue((), self.span(expr, frame))
        entries, open_why = self._entries(expr.pairs, frame, at)
        if entries and all(isinstance(entry.key, Known) and entry.key.text.isdigit() for entry in entries):
            # Values by their order: whose they are is told where the type is declared.
            handle = self.project.class_named(frame.unit, expr.type)
            names = list(handle.decl.fields) if handle is not None else []
            if len(names) == len(entries):
                entries = tuple(Entry(Known(name), entry.value, entry.maybe, entry.span) for name, entry in zip(names, entries, strict=True))
        return ObjectValue(self.type_name(expr.type, frame), MapValue(entries, open_why), self.span(expr, frame))

    def type_name(self, text: str, frame: Frame) -> str:
        """A type's text with its import resolved: "path:Class" for one of the tree, "module.Class" for a library's."""
        handle = self.project.class_named(frame.unit, text)
        if handle is not None:
            return handle.key
        head, _, rest = text.lstrip("*&[]").partition(".")
        imported = frame.unit.imports.get(head)
        if imported is not None:
            base = f"{imported.module}.{imported.member}" if imported.member else imported.module
            return f"{base}.{rest}" if rest else base
        return text

    def _index(self, expr: Index, frame: Frame, at: Stmt | None) -> Value:
        name = dotted(expr.base)
        if name in ("process.env", "os.environ", "Bun.env", "import.meta.env") or (name == "environ" and "environ" in frame.unit.imports):
            key = self.eval(expr.key, frame, at)
            return library.environment(self, key, self.span(expr, frame))
        base = self.eval(expr.base, frame, at)
        key = self.eval(expr.key, frame, at)
        return library.element(base, key, self.span(expr, frame))

    def _comprehension(self, expr: Comp, frame: Frame, at: Stmt | None) -> Value:
        span = self.span(expr, frame)
        items: list[Item] = []
        entries: list[Entry] = []
        open_why: str | None = None
        for looped, maybe, rest in self.iterate(expr.target, self.eval(expr.iterable, frame, at), False, frame):
            inner = frame.moment_of(at, looped)
            truth = self.truth(expr.test, inner, at) if expr.test is not None else True
            if truth is False:
                continue
            maybe = maybe or truth is None
            if isinstance(expr.element, Pair):
                if expr.element.key is not None:
                    entries.append(Entry(self.eval(expr.element.key, inner, at), self.eval(expr.element.value, inner, at), maybe, span))
                if rest:
                    open_why = open_why or "built from entries that could not be told"
            else:
                value = self.eval(expr.element, inner, at)
                # An inner generator gives the rounds of one round of the outer.
                if isinstance(expr.element, Comp) and expr.element.flat and isinstance(value, ListValue):
                    items.extend(Item(one.value, one.maybe or maybe, one.rest or rest) for one in value.items)
                else:
                    items.append(Item(value, maybe, rest))
        return MapValue(tuple(entries), open_why, span) if expr.kind == "dict" else ListValue(tuple(items), span)

    def iterate(
        self, target: Expr | None, iterable: Value, indexed: bool, frame: Frame
    ) -> Iterator[tuple[dict[str, Value], bool, bool]]:
        """Loop variables for each round over a value: (names, whether the round is certain not to happen always, whether it stands for any number)."""
        if target is None:
            yield {}, True, True
            return
        for count, (values, maybe, rest) in enumerate(library.rounds(iterable, indexed)):
            if count >= MAX_UNROLLED:
                break
            # `for k := range m`, `for (k in o)`: a single name is that of the key.
            yield bind(target, library.position(values, 0) if indexed and not isinstance(target, ListOf) else values), maybe, rest
        else:
            return
        yield bind(target, Unknown("one of many elements", "bound")), True, True

    # -- names ---------------------------------------------------------------------------------------------------------------

    def _name(self, expr: Name, frame: Frame, at: Stmt | None) -> Value:
        value = self.variable(expr.id, frame, at)
        if value is None:
            return library.free_name(self, expr, frame)
        if isinstance(value, Known) and value.span is None:
            return msgspec.structs.replace(value, span=self.span(expr, frame))
        return value

    def variable(self, name: str, frame: Frame, at: Stmt | None) -> Value | None:
        """The value of a variable at a statement: locals, parameters, the functions around, the file, its package, imports.
        None where nothing of that name is known."""
        here: Frame | None = frame
        stmt = at
        while here is not None:
            found = self.local(name, here, stmt)
            if found is not None:
                return found
            stmt = here.at
            here = here.outer
        return self.global_value(name, frame)

    def local(self, name: str, frame: Frame, at: Stmt | None) -> Value | None:
        """The value of a name in one function: None where the function neither assigns it nor has it as parameter."""
        if self.work < 0:
            return Unknown("the work limit for one launch was met", "bound", name)
        while frame.base is not None and frame.loop is None:
            if at is frame.moment and name in frame.now:
                return frame.now[name]
            frame = frame.base
        block, index = (at.block, at.index) if at is not None and at.block is not None else (frame.decl.body, len(frame.decl.body.stmts))
        assert block is not None
        key = (name, id(block), index)
        known = frame.memo.get(key)
        if known is not None:
            self.platform_used = self.platform_used or known[1]
            return known[0]
        guard = (id(frame), key)
        if guard in self._active:
            return Unknown(f"{name} depends on itself", "cycle", name)
        self._active.add(guard)
        before = self.platform_used
        self.platform_used = False
        try:
            value = self._reaching(name, frame, block, index)
            if value is not None:
                value = bounded(value)
        finally:
            self._active.discard(guard)
            used = self.platform_used
            self.platform_used = before or used
        if value is not None and self.work >= 0:
            frame.memo[key] = (value, used)
        return value

    def _reaching(self, name: str, frame: Frame, block: Block, index: int) -> Value | None:
        pending: list[Stmt] = []
        base: Value | None = None
        here: Block | None = block
        passed: list[tuple[Block, int]] = []
        bound = name in bound_names(frame.decl)
        while here is not None:
            found = False
            passed.append((here, index))
            touching = outline(here).touching.get(name, ()) if bound else ()
            for place in range(bisect_left(touching, index) - 1, -1, -1):
                stmt = here.stmts[touching[place]]
                if isinstance(stmt, Assign) and stmt.op == "=" and _binds(stmt, name) and not mentions(stmt.value, name):
                    base = self._assigned(stmt, name, frame)
                    found = True
                    break
                pending.append(stmt)
            if found:
                break
            owner = here.owner
            if owner is None:
                base = self._at_entry(name, frame)
                break
            if isinstance(owner, Loop) and owner.target is not None and name in set(target_names(owner.target)):
                base = frame.looped.get(name) if frame.loop is owner else None
                if base is None:
                    base = self._loop_variable(owner, name, frame)
                break
            if owner is frame.loop and frame.base is not None:
                base = frame.now.get(name)
                if base is None:
                    base = self.local(name, frame.base, owner)
                break
            here, index = owner.block, owner.index
        if not bound:
            if base is None:
                # A module or function that is called again and again: nothing here makes it a variable.
                return None
            for here, index in passed:
                touching = outline(here).touching.get(name, ())
                pending.extend(here.stmts[at] for at in reversed(touching[: bisect_left(touching, index)]))
        pending.reverse()
        return effects.fold(self, pending, name, base, frame)

    def _assigned(self, stmt: Assign, name: str, frame: Frame) -> Value:
        if isinstance(stmt.target, Name):
            value = self.eval(stmt.value, frame, stmt)
        else:
            value = bind(stmt.target, self.eval(stmt.value, frame, stmt), self, frame, stmt).get(name, Unknown("unpacked", "other", name))
        if isinstance(value, Known | Choice | Template | Resolved) and not isinstance(stmt.value, Name):
            if len(value.trail) < 8:
                return with_step(value, Step(self.span(stmt, frame), f"{name} is set here"))
        return value

    def _loop_variable(self, loop: Loop, name: str, frame: Frame) -> Value:
        if loop.iterable is None or loop.target is None:
            return Unknown("a loop variable", "other", name)
        values = [
            looped[name]
            for looped, _, _ in self.iterate(loop.target, self.eval(loop.iterable, frame, loop), loop.indexed, frame)
            if name in looped
        ]
        return choose(tuple(values)) if values else Unknown("a loop over nothing that could be told", "other", name)

    def _at_entry(self, name: str, frame: Frame) -> Value | None:
        decl = frame.decl
        if decl.receiver and name == decl.receiver:
            return self.receiver(frame)
        for index, param in enumerate(decl.params):
            if param.name == name:
                return self.parameter(frame, index)
            if param.pattern is not None and name in set(target_names(param.pattern)):
                return bind(param.pattern, self.parameter(frame, index), self, frame, None).get(name, Unknown("destructured", "other", name))
        if frame.unit.language in ("shell", "make") and (name in frame.bindings or name.isdigit() or name in "@*"):
            found = frame.bindings.get(name)
            if found is not None:
                return self.forced(found, name)
            if decl.name and "@" not in frame.bindings:
                frame.consulted.add(name)
            return Unknown(f"argument {name} of the script" if not decl.name else f"argument {name} of {decl.name}", "parameter", name)
        return None

    def forced(self, value: Value | Thunk, name: str) -> Value:
        """A binding's value; one that is asked for while being computed is a cycle."""
        if not isinstance(value, Thunk):
            return value
        return Unknown(f"{name} depends on itself", "cycle", name) if value.running else value.force()

    def receiver(self, frame: Frame) -> Value:
        """What self/this is in a method: the bound object, else any instance of the class."""
        handle = self.project.class_named(frame.unit, frame.decl.owner) if frame.decl.owner else None
        if frame.receiver is not None:
            given = self.forced(frame.receiver, frame.decl.receiver)
            if handle is None or frame.unit.language != "go":
                return given
            # A call through an interface: of the implementations that it may mean, the one whose method this is.
            options = given.options if isinstance(given, Choice) else (given,)
            own = tuple(one for one in options if not isinstance(one, ObjectValue) or fields.may_be(self, one, handle))
            if len(own) == len(options):
                return given
            if own and any(isinstance(one, ObjectValue) for one in own):
                return choose(own)
        if handle is not None:
            return ObjectValue(handle.key, MapValue((), "an instance made elsewhere"))
        return Unknown("the receiver", "parameter", frame.decl.receiver)

    def parameter(self, frame: Frame, index: int) -> Value:
        """The value of a parameter: its argument; where the frame is symbolic, what the call sites give, as far as the frame follows."""
        param = frame.decl.params[index]
        bound = frame.bindings.get(param.name)
        if bound is not None:
            value = self.forced(bound, param.name)
            if isinstance(value, Known | Choice | Template | Resolved) and frame.depth and len(value.trail) < 8:
                return with_step(value, Step(self.span(param, frame), f"parameter {param.name} of {frame.decl.name or 'the function'}"))
            return value
        if frame.bindings.get("*bound*") is not None:
            return self._default(param, frame)
        frame.consulted.add(param.name)
        typed = self.project.class_named(frame.unit, param.type) if param.type else None
        followed: Value | None = None
        if frame.follow > 0:
            followed = self._from_sites(frame, param)
        if followed is not None:
            return followed
        if param.env or param.default is not None:
            default = self._default(param, frame)
            unknown = Unknown(f"parameter {param.name} of {frame.decl.name}", "parameter", param.name, self.span(param, frame))
            if isinstance(default, MapValue | ListValue | ObjectValue):
                return library.opened(default, unknown.why)
            return choose((unknown, default), self.span(param, frame), (), 1)
        if typed is not None:
            return ObjectValue(typed.key, MapValue((), f"parameter {param.name} of {frame.decl.name}"))
        return Unknown(
            f"parameter {param.name} of {frame.decl.name or 'the function'}", "parameter", param.name, self.span(param, frame),
        )

    def _default(self, param: Param, frame: Frame) -> Value:
        if param.rest == "*":
            return ListValue(())
        if param.rest == "**":
            return MapValue(())
        default: Value = (
            self.eval(param.default, frame, None) if param.default is not None
            else Unknown(f"parameter {param.name} is not given", "parameter", param.name, self.span(param, frame))
        )
        if isinstance(default, Known | Template | Choice):
            default = with_step(default, Step(self.span(param, frame), f"default of parameter {param.name}"))
        if param.env:
            reads = tuple(library.environment(self, Known(name), self.span(param, frame)) for name in param.env)
            return choose((*reads, default), self.span(param, frame), (), len(reads))
        return default

    def _from_sites(self, frame: Frame, param: Param) -> Value | None:
        guard = ("sites", id(frame.decl), param.name)
        if guard in self._active:
            return None
        self._active.add(guard)
        try:
            values: list[Value] = []
            for child in self.callers(frame.decl, frame.follow - 1):
                bound = child.bindings.get(param.name)
                if bound is not None:
                    values.append(with_step(self.forced(bound, param.name), Step(self.span(param, frame), f"parameter {param.name} of {frame.decl.name}")))
                elif param.default is not None or param.env:
                    values.append(self._default(param, child))
            return choose(tuple(values)) if values else None
        finally:
            self._active.discard(guard)

    # -- callers -------------------------------------------------------------------------------------------------------------

    def callers(self, decl: FunctionDecl, follow: int) -> list[Frame]:
        """Frames of `decl` bound to the arguments of each of its call sites in the tree, each caller symbolic with `follow`."""
        from stigmer_lint.flow.callers import call_sites

        frames: list[Frame] = []
        tested = is_test(decl.unit.path)
        for place, receiver in call_sites(self, decl):
            if not tested and is_test(place.decl.unit.path):
                # Whoever calls what only tests call here is not in the tree.
                continue
            caller = self.frame_of(place, follow)
            assert isinstance(place.expr, Call)
            frames.append(self.bound_frame(decl, place.expr, caller, place.stmt, receiver))
        return frames

    def frame_of(self, place: Place, follow: int = 0, *, fresh: bool = False) -> Frame:
        """A symbolic frame for the function that holds a place, with frames of the functions around it. The same frame is given
        again, with what was found in it, unless `fresh` is asked for."""
        key = (id(place.decl), follow)
        found = None if fresh else self._frames.get(key)
        if found is None:
            if place.outer is None:
                found = Frame(place.decl, follow=follow)
            else:
                around = self.frame_of(place.outer, follow, fresh=fresh)
                found = Frame(place.decl, outer=around, at=place.outer.stmt, follow=follow, receiver=around.receiver)
            if not fresh:
                self._frames[key] = found
        return found

    def bound_frame(
        self, decl: FunctionDecl, call: Call, caller: Frame, at: Stmt | None, receiver: Expr | Value | None, outer: Frame | None = None,
        made_at: Stmt | None = None,
    ) -> Frame:
        """A frame of `decl` whose parameters are the arguments of `call`, evaluated in the caller when asked for."""
        bindings: dict[str, Value | Thunk] = {"*bound*": Known("")}
        bound_receiver: Value | Thunk | None = None
        if receiver is not None:
            if isinstance(receiver, VALUES):
                bound_receiver = receiver
            else:
                written = receiver
                bound_receiver = self._thunk(written, caller, at)
        frame = Frame(decl, bindings, receiver=bound_receiver, depth=caller.depth + 1, outer=outer, at=made_at, follow=caller.follow)
        if decl.unit.language == "shell":
            self._bind_words(bindings, call.args, caller, at)
        else:
            self._bind_arguments(bindings, decl.params, call.args, caller, at)
        return frame

    def _bind_words(self, bindings: dict[str, Value | Thunk], args: tuple[Arg, ...], caller: Frame, at: Stmt | None) -> None:
        items: list[Item] = []
        for arg in args:
            value = self.eval(arg.value, caller, at)
            items.extend(library.unfold(value) if arg.spread else library.words(value) if arg.split else (Item(value),))
        for index, item in enumerate(items[:40], 1):
            if item.rest:
                break
            bindings[str(index)] = item.value
        bindings["@"] = bindings["*"] = ListValue(tuple(items))

    def _bind_arguments(
        self, bindings: dict[str, Value | Thunk], params: tuple[Param, ...], args: tuple[Arg, ...], caller: Frame, at: Stmt | None
    ) -> None:
        position = 0
        rest: list[tuple[Arg, bool]] = []
        named: list[Arg] = []
        plain = [p for p in params if not p.rest]
        star = next((p for p in params if p.rest == "*"), None)
        double = next((p for p in params if p.rest == "**"), None)
        names = {p.name for p in params}
        for arg in args:
            if arg.name is not None:
                if arg.name in names:
                    bindings[arg.name] = self._thunk(arg.value, caller, at)
                else:
                    named.append(arg)
            elif arg.spread == "**":
                value = self.eval(arg.value, caller, at)
                if isinstance(value, MapValue | ObjectValue):
                    for entry in (value if isinstance(value, MapValue) else value.fields).entries:
                        if isinstance(entry.key, Known) and entry.key.text in names:
                            bindings[entry.key.text] = entry.value
                named.append(arg)
            elif arg.spread == "*":
                if position < len(plain) or star is None:
                    value = self.eval(arg.value, caller, at)
                    for item in library.unfold(value):
                        if item.rest or position >= len(plain):
                            break
                        bindings[plain[position].name] = item.value
                        position += 1
                if star is not None:
                    rest.append((arg, True))
            elif position < len(plain):
                bindings[plain[position].name] = self._thunk(arg.value, caller, at)
                position += 1
            else:
                rest.append((arg, False))
        if star is not None:
            def gathered() -> Value:
                items: list[Item] = []
                for one, spread in rest:
                    value = self.eval(one.value, caller, at)
                    items.extend(library.unfold(value) if spread else (Item(value),))
                return ListValue(tuple(items))

            bindings[star.name] = Thunk(lambda: (gathered(), self.work >= 0))
        if double is not None:
            def keywords() -> Value:
                entries: list[Entry] = []
                why: str | None = None
                for one in named:
                    value = self.eval(one.value, caller, at)
                    if one.name is None:
                        more, open_why = library.spread_entries(value)
                        entries.extend(more)
                        why = why or open_why
                    else:
                        entries.append(Entry(Known(one.name), value))
                return MapValue(tuple(entries), why)

            bindings[double.name] = Thunk(lambda: (keywords(), self.work >= 0))

    def _thunk(self, expr: Expr, frame: Frame, at: Stmt | None) -> Thunk:
        return Thunk(lambda: (self.eval(expr, frame, at), self.work >= 0))

    # -- calls ---------------------------------------------------------------------------------------------------------------

    def call(self, expr: Call, frame: Frame, at: Stmt | None) -> Value:
        """The value of a call: into the tree's own function, by what is known of a library, or an object that remembers the call."""
        return library.call(self, expr, frame, at)

    def enter(self, frame: Frame) -> Value:
        """What a bound function returns."""
        if frame.depth > MAX_CALLS:
            return Unknown("calls nested too deep to follow", "bound")
        if self.work < 0:
            return Unknown("the work limit for one launch was met", "bound")
        plain = not frame.decl.params and frame.receiver is None and frame.outer is None and not frame.decl.owner
        known = self._constant_calls.get(id(frame.decl)) if plain else None
        if known is not None:
            self.platform_used = self.platform_used or known[2]
            return known[1]
        before, used = self.work, self.platform_used
        self.work = given = min(before, CALL_WORK)
        self.platform_used = False
        try:
            value = bounded(self._entered(frame))
        finally:
            cut = self.work < 0
            self.work = before - (given - self.work)
            asked = self.platform_used
            self.platform_used = used or asked
        if plain and (not cut or given == CALL_WORK) and not self.judging:
            self._constant_calls[id(frame.decl)] = (frame.decl, value, asked)
        return value

    def _entered(self, frame: Frame) -> Value:
        guard = ("enter", id(frame.decl))
        entered = sum(1 for one in self._active if isinstance(one, tuple) and one[:2] == guard) if len(self._active) < 400 else 9
        if entered >= 2:
            return Unknown(f"{frame.decl.name} calls itself", "cycle", frame.decl.name)
        key = (*guard, id(frame))
        self._active.add(key)
        try:
            if frame.unit.language == "shell":
                return library.printed(self, frame)
            values: list[Value] = []
            fell = self._returns(frame.decl.body, frame, values)
            if not values:
                return Known("", None, (), "null") if fell else Unknown(f"{frame.decl.name} does not return", "other")
            return effects.either(values)
        finally:
            self._active.discard(key)

    def _returns(self, block: Block, frame: Frame, values: list[Value]) -> bool:
        """Collect what a block returns; whether control may reach its end."""
        for stmt in block.stmts:
            match stmt:
                case Return():
                    if stmt.several and isinstance(stmt.value, ListOf):
                        last = len(stmt.value.items) - 1
                        results = tuple(
                            Entry(Known(str(index)), self._result(item.value, frame, stmt, index == last, True)) for index, item in enumerate(stmt.value.items)
                        )
                        values.append(ObjectValue(SEVERAL, MapValue(results)))
                    elif stmt.value is not None:
                        values.append(self._result(stmt.value, frame, stmt, True, False))
                    else:
                        values.append(Known("", None, (), "null"))
                    return False
                case Stop():
                    return stmt.kind == "loop"
                case If():
                    if not has_return(stmt):
                        if stops(stmt.then) or stops(stmt.other):
                            truth = self.truth(stmt.test, frame, stmt)
                            if (truth is True and stops(stmt.then)) or (truth is False and stops(stmt.other)):
                                return False
                        continue
                    truth = self.truth(stmt.test, frame, stmt)
                    then_falls = self._returns(stmt.then, frame, values) if truth is not False else False
                    other_falls = self._returns(stmt.other, frame, values) if truth is not True else False
                    if not then_falls and not other_falls:
                        return False
                case Loop():
                    if has_return(stmt):
                        self._loop_returns(stmt, frame, values)
                case _:
                    pass
        return True

    def _result(self, expr: Expr, frame: Frame, at: Stmt, last: bool, several: bool) -> Value:
        """What a return gives in one place. What makes an `error` of Go is not followed: it is asked only whether something went wrong."""
        if last and not self.judging and not isinstance(expr, Nil) and gives_error(frame.decl, several):
            return _FAILURE
        return self.eval(expr, frame, at)

    def _loop_returns(self, loop: Loop, frame: Frame, values: list[Value]) -> None:
        iterable = self.eval(loop.iterable, frame, loop) if loop.iterable is not None else Unknown("a loop")
        for looped, _, rest in self.iterate(loop.target, iterable, loop.indexed, frame):
            inner = frame.iteration(loop, looped, {})
            before = len(values)
            fell = self._returns(loop.body, inner, values)
            if not fell and len(values) > before and not rest:
                return

    # -- conditions ----------------------------------------------------------------------------------------------------------

    def truth(self, expr: Expr, frame: Frame, at: Stmt | None) -> bool | None:
        """Whether a condition holds; None where that cannot be told."""
        negated = False
        while isinstance(expr, Not):
            expr, negated = expr.operand, not negated
        if not self.judging and isinstance(expr, Compare) and isinstance(expr.right, Nil) and isinstance(expr.left, Name) and expr.left.id in _ERRORS:
            return None
        while frame.base is not None and frame.loop is None and frame.now.keys().isdisjoint(names_in(expr)):
            # What is folded right now is nothing to this condition: it is what it was before.
            frame = frame.base
        known = frame.truths.get(id(expr)) if frame.base is None else None
        if known is not None and known[0] is expr:
            self.platform_used = self.platform_used or known[2]
            return None if known[1] is None else known[1] is not negated
        if self.hopeless.get(id(expr), 0) >= MAX_CUT:
            return None
        before, used, outermost = self.work, self.platform_used, self.deciding is None
        self.work = given = min(before, CONDITION_WORK)
        self.platform_used = False
        if outermost:
            self.deciding = fields.CONDITION_WORK
        try:
            answer = self._truth(expr, frame, at)
        finally:
            if outermost:
                self.deciding = None
            cut = self.work < 0
            self.work = before - (given - self.work)
            asked = self.platform_used
            self.platform_used = used or asked
        if cut:
            answer = None
            if given == CONDITION_WORK:
                self.hopeless[id(expr)] = self.hopeless.get(id(expr), 0) + 1
        elif answer is not None:
            self.hopeless[id(expr)] = -MAX_ANSWERED
        if frame.base is None:
            frame.truths[id(expr)] = (expr, answer, asked)
        return None if answer is None else answer is not negated

    def _truth(self, expr: Expr, frame: Frame, at: Stmt | None) -> bool | None:
        match expr:
            case Bool():
                return expr.value
            case And():
                left = self.truth(expr.left, frame, at)
                if left is False:
                    return False
                right = self.truth(expr.right, frame, at)
                return False if right is False else True if left and right else None
            case Fallback():
                first = self.truth(expr.first, frame, at)
                if first is True:
                    return True
                second = self.truth(expr.second, frame, at)
                return True if second is True else False if first is False and second is False else None
            case Compare():
                return library.compare(self, expr, frame, at)
            case _:
                return library.truth_of(self.eval(expr, frame, at))

    def reachable(self, stmt: Stmt, frame: Frame) -> bool | None:
        """Whether control can get to a statement on this platform: False where a guard excludes it, None where a condition decides
        that cannot be told, True otherwise."""
        certain = True
        here: Stmt = stmt
        while here.block is not None:
            block = here.block
            for earlier in (block.stmts[at] for at in outline(block).leaving if at < here.index):
                if isinstance(earlier, If):
                    truth = self.truth(earlier.test, frame, earlier)
                    if (truth is True and stops(earlier.then)) or (truth is False and stops(earlier.other)):
                        return False
                elif isinstance(earlier, Return | Stop):
                    return False
            owner = block.owner
            if owner is None:
                break
            if isinstance(owner, If):
                truth = self.truth(owner.test, frame, owner)
                if truth is not None and truth is not (block.role == "then"):
                    return False
                certain = certain and truth is not None
            here = owner
        if frame.outer is not None and frame.at is not None:
            around = self.reachable(frame.at, frame.outer)
            if around is False:
                return False
            certain = certain and around is True
        return True if certain else None

    # -- globals -------------------------------------------------------------------------------------------------------------

    def global_value(self, name: str, frame: Frame) -> Value | None:
        """The value of a name that no function around binds."""
        symbol = self.project.lookup(frame.unit, name)
        if frame.unit.language == "shell" and frame.decl is frame.unit.module and isinstance(symbol, VariableHandle) and symbol.unit is frame.unit:
            # `DOCKER=${DOCKER:-docker}`: what the script sets later it has from outside until then.
            return None
        return None if symbol is None else self.symbol_value(symbol, name)

    def symbol_value(self, symbol: Symbol, name: str) -> Value:
        """What a declaration stands for as a value."""
        match symbol:
            case FunctionDecl():
                return FunctionValue(symbol.name, Closure(symbol, None, None))
            case LibraryHandle() if symbol.name in library.PLATFORM_TRUTHS:
                known = library.constant(self, symbol.name, None)
                assert known is not None, "the table has it"
                return known
            case ClassHandle() | ModuleHandle() | LibraryHandle():
                return FunctionValue(symbol.decl.name if isinstance(symbol, ClassHandle) else symbol.name, symbol)
            case VariableHandle():
                module = self.module_frame(symbol.unit.path)
                value = self.local(symbol.name, module, None) if module is not None else None
                if value is None:
                    return Unknown(f"{name} is not set where it is declared", "field", name)
                if isinstance(value, Known) and (value.kind == "null" or not value.text) and symbol.unit.language != "python":
                    # Declared here and filled by a function that runs before: `var NetId string`, `let server: Server;`.
                    later = fields.set_elsewhere(self, symbol)
                    if later is None and value.kind == "null" and symbol.unit.language == "go":
                        later = fields.flag_default(self, symbol.unit, symbol.name)
                    return later or value
                return value


def bind(target: Expr, value: Value, evaluator: Evaluator | None = None, frame: Frame | None = None, at: Stmt | None = None) -> dict[str, Value]:
    """Names that an assignment or loop target binds, with their values."""
    bound: dict[str, Value] = {}
    waiting: list[tuple[Expr, Value]] = [(target, value)]
    while waiting:
        here, what = waiting.pop()
        if isinstance(here, Name):
            bound[here.id] = what
        elif isinstance(here, Fallback):
            default = evaluator.eval(here.second, frame, at) if evaluator is not None and frame is not None else Unknown("a default")
            if isinstance(what, Unknown):
                given = what if what.kind != "field" or what.name != "missing" else None
                what = choose((given, default), None, (), 1) if given is not None else default
            elif isinstance(what, Known) and what.kind == "null":
                what = default
            waiting.append((here.first, what))
        elif isinstance(here, ListOf):
            for index, item in enumerate(here.items):
                if item.spread:
                    waiting.append((item.value, ListValue(what.items[index:]) if isinstance(what, ListValue) else Unknown("the rest")))
                else:
                    waiting.append((item.value, library.position(what, index)))
        elif isinstance(here, DictOf):
            taken: set[str] = set()
            for pair in here.pairs:
                if pair.key is None:
                    rest = what
                    if isinstance(what, MapValue):
                        rest = MapValue(tuple(e for e in what.entries if not (isinstance(e.key, Known) and e.key.text in taken)), what.open_why)
                    waiting.append((pair.value, rest))
                elif isinstance(pair.key, Str):
                    taken.add(pair.key.text)
                    if evaluator is not None and frame is not None:
                        waiting.append((pair.value, fields.member_of(evaluator, what, pair.key.text, Span(frame.unit.path, *pair.key.span), frame)))
                    else:
                        waiting.append((pair.value, library.element(what, Known(pair.key.text), None)))
    return bound


def _binds(stmt: Assign, name: str) -> bool:
    return name in set(target_names(stmt.target))


def _without_empty(value: Value) -> Value:
    """A choice without its empty texts: `x || d` never gives them."""
    if not isinstance(value, Choice):
        return value
    kept = tuple(option for option in value.options if not (isinstance(option, Known) and not option.text))
    return choose(kept, value.span, value.trail) if kept and len(kept) < len(value.options) else value


def has_return(stmt: Stmt) -> bool:
    """Whether a Return stands anywhere in a statement."""
    if isinstance(stmt, If):
        return any(isinstance(one, Return) for block in (stmt.then, stmt.other) for one in statements(block))
    if isinstance(stmt, Loop):
        return any(isinstance(one, Return) for one in statements(stmt.body))
    return isinstance(stmt, Return)


__all__ = ["Do", "Evaluator", "bind", "has_return", "stops"]

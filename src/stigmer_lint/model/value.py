"""Values with holes.

What code hands to a container is seldom a literal. A `Value` says what is known of it, keeps where every
piece was written (`span`) and how it got here (`trail`, nearest step first). A rule may not treat
`Unknown` as absent, and `Choice` means "one of these", with the option that applies when nothing is
configured marked by its `default` step.

Scalars: Known, Template, Resolved, Choice, Unknown. Containers (only while code is followed; a launch holds
scalars): ListValue, MapValue, ObjectValue, FunctionValue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec

from stigmer_lint.model.span import Span


class Step(msgspec.Struct, frozen=True, gc=False):
    """One step of a value's way: `message` reads as "default set here", "parameter url of startRunner"."""

    span: Span
    message: str
    names: bool = False
    """The place is where the name of a variable was given, which was joined with its value elsewhere."""
    port: bool = False
    """The port of the address came this way, apart from its host."""


Trail: TypeAlias = tuple[Step, ...]


class Known(msgspec.Struct, frozen=True):
    """Exactly this text. Numbers and booleans are kept as the text a process would be handed; `kind` says which."""

    text: str
    span: Span | None = None
    trail: Trail = ()
    kind: Literal["str", "num", "bool", "null"] = "str"


class Template(msgspec.Struct, frozen=True):
    """Pieces joined into one text, some of them not known. Adjacent Known pieces are merged by `join`."""

    parts: tuple[Value, ...]
    span: Span | None = None
    trail: Trail = ()


class Resolved(msgspec.Struct, frozen=True):
    """`of` after the resolver function `by`, which turns host loopback into what a container can reach.

    `result` is what the resolver gives where that could be computed, else None.
    """

    by: str
    of: Value
    span: Span | None = None
    trail: Trail = ()
    result: Value | None = None


class Choice(msgspec.Struct, frozen=True):
    """One of `options` (at least two, flat: no option is a Choice). `fallback` is the index of the option
    that applies when nothing is configured (`os.getenv(x, d)`, `${X:-d}`, `x || d`), None where no option is special."""

    options: tuple[Value, ...]
    span: Span | None = None
    trail: Trail = ()
    fallback: int | None = None


UnknownKind: TypeAlias = Literal["parameter", "env", "field", "call", "input", "bound", "syntax", "cycle", "other"]


class Unknown(msgspec.Struct, frozen=True):
    """Could not be told. `why` is for people; `kind` and `name` are for rules: kind "env" is the variable `name` of
    the launching process, "parameter" and "field" carry the identifier, "bound" means the work limit was met."""

    why: str
    kind: UnknownKind = "other"
    name: str | None = None
    span: Span | None = None
    trail: Trail = ()


class Item(msgspec.Struct, frozen=True):
    """One element of a list. `maybe`: added on some path only. `rest`: stands for any number of unknown elements."""

    value: Value
    maybe: bool = False
    rest: bool = False


class ListValue(msgspec.Struct, frozen=True):
    items: tuple[Item, ...]
    span: Span | None = None
    trail: Trail = ()


class Entry(msgspec.Struct, frozen=True):
    """One entry of a map. `key_span` is where the key is written. Later entries win over earlier ones of the same key."""

    key: Value
    value: Value
    maybe: bool = False
    span: Span | None = None


class MapValue(msgspec.Struct, frozen=True):
    """A dict, JS object or Go map. `open_why` says why there may be further entries; None: these are all."""

    entries: tuple[Entry, ...]
    open_why: str | None = None
    span: Span | None = None
    trail: Trail = ()
    pairs: bool = False
    """JavaScript's `Map`: whoever goes through it gets its keys with their values."""

    def get(self, name: str) -> Value | None:
        """The value of the last entry whose key is `name`, None where no key can be told to be it."""
        for entry in reversed(self.entries):
            if isinstance(entry.key, Known) and entry.key.text == name:
                return entry.value
        return None


class ObjectValue(msgspec.Struct, frozen=True):
    """A record: Go struct, class instance, the result of a library call. `type` is dotted as the code names it,
    imports resolved where they could be ("os/exec.Cmd", "subprocess.Popen")."""

    type: str
    fields: MapValue
    span: Span | None = None
    trail: Trail = ()


class FunctionValue(msgspec.Struct, frozen=True, eq=False):
    """A function that is passed around; `target` is the flow package's own handle."""

    name: str
    target: object
    span: Span | None = None
    trail: Trail = ()

    def __reduce__(self) -> tuple[object, ...]:
        """Handed to another process without its target, which means something only where values are followed."""
        return FunctionValue, (self.name, None, self.span, self.trail)


Value: TypeAlias = Known | Template | Resolved | Choice | Unknown | ListValue | MapValue | ObjectValue | FunctionValue

MAX_OPTIONS = 12
"""More alternatives than this are cut to an Unknown: no reader of a finding looks at a thirteenth."""


MAX_CHARACTERS = 1 << 20
"""Longer texts are cut to an Unknown: code can double a text in every line."""
MAX_PARTS = 4096
"""Pieces of one Template."""
_MAX_TRAIL = 64
_KEPT = 4
"""Steps that a text keeps of those that are joined into it."""


def join(parts: tuple[Value, ...], span: Span | None = None, trail: Trail = ()) -> Value:
    """Concatenate texts. Choices are kept as parts (see `alternatives`), templates are flattened, knowns merged."""
    flat: list[Value] = []
    for part in parts:
        if isinstance(part, Template):
            flat.extend(part.parts)
            # Where the text that holds the address comes from is where the whole does.
            trail = trail if len(trail) >= _KEPT else (*trail, *part.trail)[:_KEPT]
        else:
            flat.append(part)
    if len(flat) > 1 and sum(len(part.text) for part in flat if isinstance(part, Known)) > MAX_CHARACTERS:
        return Unknown("a text that is too long to follow", "bound", None, span, trail)
    merged: list[Value] = []
    run: list[Known] = []
    for part in flat:
        if isinstance(part, Known):
            run.append(part)
            continue
        if run:
            merged.append(_merged(run))
            run = []
        merged.append(part)
    if run:
        merged.append(_merged(run))
    if not merged:
        return Known("", span, trail)
    if len(merged) == 1 and isinstance(merged[0], Known):
        only = merged[0]
        return Known(only.text, span or only.span, trail + only.trail)
    if len(merged) == 1:
        return merged[0]
    if len(merged) > MAX_PARTS:
        return Unknown("a text of too many pieces to follow", "bound", None, span, trail)
    return Template(tuple(merged), span, trail)


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*$")


def _merged(run: list[Known]) -> Known:
    """Texts that follow one another as one, with the place that holds them all where they stand in one file."""
    first = run[0]
    if len(run) == 1:
        return first
    span, trail, empty = first.span, first.trail, not first.text
    before = first.text
    for part in run[1:]:
        more = part.trail
        if more and before.endswith(":") and part.text.isdigit():
            more = tuple(msgspec.structs.replace(step, port=True) for step in more)
        before = part.text or before
        if empty:
            span = part.span
        elif part.text and part.span and span and span.path == part.span.path:
            span = Span(span.path, min(span.start, part.span.start), max(span.end, part.span.end))
        empty = empty and not part.text
        if len(trail) < _MAX_TRAIL:
            trail += more
    if first.span is not None and run[1].text.startswith("=") and _VARIABLE.match(first.text):
        # `fmt.Sprintf("%s=%s", name, value)`: where the name was given is where people look for the variable.
        trail = (Step(first.span, "the variable is given here", names=True), *trail)
    return Known("".join(part.text for part in run), span, trail)


def choose(options: tuple[Value, ...], span: Span | None = None, trail: Trail = (), fallback: int | None = None) -> Value:
    """One of several, flattened and without repetition; a single option is returned as it is."""
    flat: list[Value] = []
    seen: set[object] = set()
    fallback_at: int | None = None
    for index, option in enumerate(options):
        inner = option.options if isinstance(option, Choice) else (option,)
        for at, value in enumerate(inner):
            is_fallback = index == fallback and (not isinstance(option, Choice) or option.fallback is None or option.fallback == at)
            key: object = (value.text, value.kind) if isinstance(value, Known) else (value.kind, value.name, value.why) if isinstance(value, Unknown) else id(value)
            if key in seen:
                if is_fallback and fallback_at is None:
                    fallback_at = next((i for i, v in enumerate(flat) if isinstance(v, Known) and isinstance(value, Known) and v.text == value.text), None)
                continue
            seen.add(key)
            if is_fallback and fallback_at is None:
                fallback_at = len(flat)
            flat.append(value)
    if len(flat) == 1:
        return flat[0]
    if len(flat) > MAX_OPTIONS:
        return Unknown(f"one of {len(flat)} values", "bound", None, span, trail)
    return Choice(tuple(flat), span, trail, fallback_at)


def alternatives(value: Value, limit: int = 32) -> Iterator[Value]:
    """Every text that a scalar may be, choices inside templates multiplied out, at most `limit` of them.

    Yields Known, Template (with holes), Resolved and Unknown; never Choice.
    """
    if isinstance(value, Choice):
        for option in value.options[:limit]:
            for one in alternatives(option, limit):
                yield msgspec.structs.replace(one, trail=(*one.trail, *value.trail)[:12]) if value.trail else one
    elif isinstance(value, Template) and any(isinstance(part, Choice) for part in value.parts):
        stems: list[tuple[Value, ...]] = [()]
        for part in value.parts:
            ways = list(alternatives(part, limit)) if isinstance(part, Choice) else [part]
            stems = [(*stem, way) for stem in stems for way in ways][:limit]
        for stem in stems:
            yield join(stem, value.span, value.trail)
    else:
        yield value


def with_step(value: Value, step: Step) -> Value:
    """The same value with one more step at the far end of its trail (nearest first, so appended last is farthest)."""
    if len(value.trail) >= 12:
        return value
    return msgspec.structs.replace(value, trail=(step, *value.trail))


def text_of(value: Value | None) -> str | None:
    """The text where it is exactly known, else None."""
    return value.text if isinstance(value, Known) else None


def render(value: Value) -> str:
    """The value for people: holes as {name}, alternatives as `a | b`. Not masked: reporters do that."""
    match value:
        case Known():
            return value.text
        case Template():
            return "".join(render(part) if isinstance(part, Known) else "{" + render(part).strip("{}") + "}" for part in value.parts)
        case Resolved():
            return f"{value.by}({render(value.of)})"
        case Choice():
            return " | ".join(render(option) for option in value.options)
        case Unknown():
            return "{" + (value.name or "?") + "}"
        case ListValue():
            return "[" + ", ".join(render(item.value) for item in value.items[:20]) + "]"
        case MapValue():
            return "{" + ", ".join(f"{render(e.key)}: {render(e.value)}" for e in value.entries[:20]) + "}"
        case ObjectValue():
            return value.type
        case FunctionValue():
            return value.name

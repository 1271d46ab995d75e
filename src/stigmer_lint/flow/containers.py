"""Operations on values that no language owns: elements, spreads, words, rounds of a loop, pieces of texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

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
    Template,
    Unknown,
    Value,
    choose,
    join,
)

SEVERAL = "()"
LONG = 20_000
"""Characters of a text that is not ASCII whose pieces are still given places of their own."""


def scalar(value: Value) -> Value:
    """A value as a piece of text: containers and objects have no text that could be told."""
    match value:
        case ListValue():
            return Unknown("a list", "other", None, value.span)
        case MapValue():
            return Unknown("a map", "other", None, value.span)
        case ObjectValue():
            if value.type == ".url":
                from stigmer_lint.flow.urls import text_of_url

                return text_of_url(value)
            return Unknown(f"made by {value.type}" if value.type else "an object", "call", value.type or None, value.span)
        case FunctionValue():
            return Unknown(value.name, "call", value.name, value.span)
        case _:
            return value


def truth_of(value: Value) -> bool | None:
    """Whether a value counts as true; None where that cannot be told."""
    match value:
        case Known():
            if value.kind == "null":
                return False
            if value.kind in ("bool", "num"):
                return value.text not in ("false", "0")
            return bool(value.text)
        case Template():
            return True if any(isinstance(part, Known) and part.text for part in value.parts) else None
        case ListValue():
            if any(not item.maybe and not item.rest for item in value.items):
                return True
            return False if not value.items else None
        case MapValue():
            if any(not entry.maybe for entry in value.entries):
                return True
            return False if not value.entries and value.open_why is None else None
        case Resolved():
            return truth_of(value.result) if value.result is not None else None
        case Choice():
            answers = {truth_of(option) for option in value.options}
            return answers.pop() if len(answers) == 1 else None
        case FunctionValue():
            return True
        case _:
            return None


def element(base: Value, key: Value, span: Span | None) -> Value:
    """`base[key]` without looking beyond the value itself."""
    match base:
        case ObjectValue() if base.type not in ("", "()") and isinstance(key, Known) and key.text.isdigit():
            # What a library gave keeps the arguments of the call by their number: they are not its elements.
            return Unknown(f"an element of what {base.type} gives", "call", base.type, span)
        case MapValue() | ObjectValue():
            held = base if isinstance(base, MapValue) else base.fields
            if isinstance(key, Known):
                found = held.get(key.text)
                if found is not None:
                    return found
                return Unknown(f"entry {key.text}" + (f": {held.open_why}" if held.open_why else " is not there"), "field", key.text, span)
            values = [entry.value for entry in held.entries]
            if isinstance(base, MapValue) and values and len(values) <= 12 and held.open_why is None:
                return choose(tuple(values), span)
            return Unknown("an entry by a key that could not be told", "field", None, span)
        case ListValue():
            if isinstance(key, Known) and key.text.lstrip("-").isdigit():
                return position(base, int(key.text))
            return Unknown("an element by an index that could not be told", "field", None, span)
        case Choice():
            return choose(tuple(element(option, key, span) for option in base.options), span)
        case _:
            return Unknown("an element of " + (base.why if isinstance(base, Unknown) else "a text"), "field", key.text if isinstance(key, Known) else None, span)


def position(value: Value, index: int) -> Value:
    """The result `index` of a call with several results, or the element of a list."""
    match value:
        case ObjectValue() if value.type == SEVERAL:
            found = value.fields.get(str(index))
            return found if found is not None else Unknown("a further result", "call")
        case ListValue():
            before = value.items[: index + 1] if index >= 0 else value.items
            if any(item.rest for item in before) or not -len(value.items) <= index < len(value.items):
                return Unknown("an element that could not be told", "other")
            return value.items[index].value
        case Choice() if any(isinstance(o, ObjectValue | ListValue) for o in value.options):
            return choose(tuple(position(option, index) for option in value.options))
        case _:
            return value if index == 0 else Unknown("a further result of a call", "call")


def unfold(value: Value) -> tuple[Item, ...]:
    """The items that a spread adds."""
    match value:
        case ListValue():
            return value.items
        case Known() if value.kind == "null":
            return ()
        case Choice():
            lists = [option for option in value.options if isinstance(option, ListValue)]
            if lists and all(isinstance(o, ListValue) or (isinstance(o, Known) and not o.text) for o in value.options):
                return tuple(Item(i.value, True, i.rest) for each in lists for i in each.items)
            return (Item(value, True, True),)
        case MapValue():
            more = (Item(Unknown(value.open_why, "input"), True, True),) if value.pairs and value.open_why is not None else ()
            return (*(Item(pair(entry.key, entry.value) if value.pairs else entry.key, entry.maybe) for entry in value.entries), *more)
        case _:
            return (Item(value, True, True),)


def words(value: Value) -> tuple[Item, ...]:
    """A shell expansion without quotes: split at white space."""
    match value:
        case ListValue():
            return value.items
        case Known():
            return tuple(Item(piece(value, start, end)) for start, end in _word_ranges(value.text))
        case Template():
            out: list[list[Value]] = [[]]
            for part in value.parts:
                if isinstance(part, Known):
                    if part.text[:1].isspace() and out[-1]:
                        out.append([])
                    ranges = list(_word_ranges(part.text))
                    for index, (start, end) in enumerate(ranges):
                        if index:
                            out.append([])
                        out[-1].append(piece(part, start, end))
                    if part.text[-1:].isspace():
                        out.append([])
                else:
                    out[-1].append(part)
            items: list[Item] = []
            for group in out:
                if len(group) == 1 and not isinstance(group[0], Known):
                    items.extend(words(group[0]))
                elif group:
                    items.append(Item(join(tuple(group), value.span)))
            return tuple(items)
        case Choice():
            ways = [words(option) for option in value.options]
            if all(len(way) == 1 and not way[0].rest for way in ways):
                return (Item(value),)
            return tuple(Item(i.value, True, i.rest) for way in ways for i in way)
        case Unknown():
            return (Item(value, False, value.kind not in ("env", "parameter")),)
        case _:
            return (Item(value),)


def _word_ranges(text: str) -> Iterator[tuple[int, int]]:
    start: int | None = None
    for index, char in enumerate(text):
        if char in " \t\n\r":
            if start is not None:
                yield start, index
                start = None
        elif start is None:
            start = index
    if start is not None:
        yield start, len(text)


def piece(value: Known, start: int, end: int) -> Known:
    """A part of a known text (character range) with its place, where the literal is written plainly enough to tell."""
    text = value.text[start:end]
    span = value.span
    if span is not None:
        if len(text) < len(value.text) > LONG and not value.text.isascii():
            # Counting its bytes anew for each of its pieces would take quadratic time.
            return Known(text, span, value.trail, "str")
        width = _bytes(value.text)
        shift = 0 if span.end - span.start == width else 1 if span.end - span.start == width + 2 else None
        if shift is not None:
            first = span.start + shift + (start if value.text.isascii() else _bytes(value.text[:start]))
            span = Span(span.path, first, first + _bytes(text))
    return Known(text, span, value.trail, "str")


MAX_CONTENTS = 200_000
"""Values inside one value, each counted as often as it is reached."""
MAX_BOXES = 4000
"""Those of them that hold others, beyond the pieces of a text."""
MAX_DEPTH = 50
"""Values inside one another."""


def bounded(value: Value) -> Value:
    """The value, or an Unknown where so much is in it that looking at it all would take too long: code can double in every line what a
    list holds, at no cost, since the halves are one and the same."""
    if isinstance(value, Known | Unknown | FunctionValue):
        return value
    known = _sizes.get(id(value))
    if known is not None and known[0] is value:
        return value
    waiting: list[tuple[Value, int]] = [(value, 0)]
    count = boxes = deepest = 0
    while waiting:
        here, depth = waiting.pop()
        known = _sizes.get(id(here))
        if known is not None and known[0] is here:
            count, boxes, depth = count + known[1], boxes + known[2], depth + known[3]
            if count > MAX_CONTENTS or boxes > MAX_BOXES or depth > MAX_DEPTH:
                return Unknown("a value with too much in it to follow", "bound", None, value.span)
            deepest = max(deepest, depth)
            continue
        boxes += 1
        inner: tuple[Value, ...]
        match here:
            case ListValue():
                count += len(here.items)
                inner = tuple(item.value for item in here.items if not _flat(item.value))
            case MapValue():
                count += len(here.entries)
                inner = tuple(entry.value for entry in here.entries if not _flat(entry.value))
            case ObjectValue():
                inner = (here.fields,)
            case Template():
                count += len(here.parts)
                inner = tuple(part for part in here.parts if not _flat(part))
            case Choice():
                count += len(here.options)
                inner = here.options
            case Resolved():
                inner = (here.of,) if here.result is None else (here.of, here.result)
            case _:
                continue
        if count > MAX_CONTENTS or boxes > MAX_BOXES or depth > MAX_DEPTH:
            return Unknown("a value with too much in it to follow", "bound", None, value.span)
        deepest = max(deepest, depth)
        for one in inner:
            waiting.append((one, depth + 1))
    if len(_sizes) > MAX_SIZES:
        _sizes.clear()
    _sizes[id(value)] = value, count, boxes, deepest
    return value


_sizes: dict[int, tuple[Value, int, int, int]] = {}
"""What was counted in values that were within bounds, by identity (the value is kept, so that its id stays its own): contents, boxes, depth. Values are
made of values that were looked at before."""

MAX_SIZES = 20_000


def _flat(value: Value) -> bool:
    """Whether there is nothing inside a value, or pieces of text only."""
    if isinstance(value, Template):
        return len(value.parts) < 16 and all(isinstance(part, Known | Unknown) for part in value.parts)
    return isinstance(value, Known | Unknown | FunctionValue)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def spread_entries(value: Value) -> tuple[tuple[Entry, ...], str | None]:
    """The entries that `**value` / `...value` adds, and why there may be more."""
    match value:
        case MapValue():
            return value.entries, value.open_why
        case ObjectValue():
            return tuple(e for e in value.fields.entries if isinstance(e.key, Known) and not e.key.text.startswith(".")), value.fields.open_why or (
                f"fields of {value.type}" if value.type else None
            )
        case Known() if value.kind in ("null", "bool") or not value.text:
            return (), None
        case Choice():
            entries: list[Entry] = []
            why: str | None = None
            for option in value.options:
                more, open_why = spread_entries(option)
                entries.extend(Entry(e.key, e.value, True, e.span) for e in more)
                why = why or open_why
            return tuple(entries), why
        case ListValue():
            pairs = [position(item.value, 0) for item in value.items]
            return tuple(Entry(key, position(item.value, 1), item.maybe) for key, item in zip(pairs, value.items, strict=True)), None
        case Unknown():
            if value.kind == "env" and value.name is None:
                return (), "the launching process's own environment"
            return (), value.why
        case _:
            return (), "entries that could not be told"


def opened(value: MapValue | ListValue | ObjectValue, why: str | None) -> Value:
    """A container that stands in for one that could not be told: it may hold further elements. `why` None: it is the only one."""
    if why is None:
        return value
    if isinstance(value, ListValue):
        return msgspec.structs.replace(value, items=(*value.items, Item(Unknown(why, "input"), True, True)))
    if isinstance(value, ObjectValue):
        return msgspec.structs.replace(value, fields=msgspec.structs.replace(value.fields, open_why=value.fields.open_why or why))
    return msgspec.structs.replace(value, open_why=value.open_why or why)


def rounds(iterable: Value, indexed: bool) -> Iterator[tuple[Value, bool, bool]]:
    """The values that a loop variable takes: (value, maybe not, stands for any number of them)."""
    match iterable:
        case ListValue():
            for index, item in enumerate(iterable.items):
                value = pair(Known(str(index), None, (), "num"), item.value) if indexed else item.value
                yield value, item.maybe, item.rest
        case MapValue():
            for entry in iterable.entries:
                yield (pair(entry.key, entry.value) if indexed or iterable.pairs else entry.key), entry.maybe, False
            if iterable.open_why is not None:
                key: Value = Unknown(iterable.open_why, "input", None)
                yield (pair(key, Unknown(iterable.open_why, "input")) if indexed or iterable.pairs else key), True, True
        case Choice():
            for option in iterable.options:
                if isinstance(option, ListValue | MapValue):
                    for value, _, rest in rounds(option, indexed):
                        yield value, True, rest
                elif not isinstance(option, Known):
                    yield Unknown("an element of what could not be told", "input"), True, True
        case Known():
            return
        case _:
            why = iterable.why if isinstance(iterable, Unknown) else "an element of what could not be told"
            one: Value = Unknown(why, "input")
            yield (pair(one, Unknown(why, "input")) if indexed else one), True, True


def pair(key: Value, value: Value) -> ListValue:
    """Two values as one."""
    return ListValue((Item(key), Item(value)))


def map_text(value: Value, change: Callable[[str], str], *, pieces: bool = True) -> Value:
    """A text operation on whatever is known of a value. `pieces`: it may be done on the pieces of a text with holes one by one."""
    match value:
        case Known():
            new = change(value.text)
            return value if new == value.text else Known(new, value.span, value.trail, value.kind if value.kind != "null" else "str")
        case Choice():
            return choose(tuple(map_text(option, change, pieces=pieces) for option in value.options), value.span, value.trail, value.fallback)
        case Template():
            if not pieces:
                return value
            return join(tuple(map_text(part, change) if isinstance(part, Known) else part for part in value.parts), value.span, value.trail)
        case _:
            return scalar(value)

"""Operations on values that every dialect needs: cut a text with holes at a separator, keep the places of the pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from stigmer_lint.model.launch import HostEntry, Publish
from stigmer_lint.model.span import Span
from stigmer_lint.model.text import cover, narrow, rejoin, split
from stigmer_lint.model.value import (
    Choice,
    Item,
    Known,
    ListValue,
    MapValue,
    Resolved,
    Template,
    Unknown,
    Value,
    alternatives,
    choose,
)


class Assignment(msgspec.Struct, frozen=True):
    """`NAME=VALUE` taken apart. `value` None: only the name is given. `name` may have holes. `maybe`: one of several readings."""

    name: Value
    value: Value | None
    maybe: bool = False


def each(value: Value, limit: int = 32) -> tuple[Value, ...]:
    """The alternatives of a top-level Choice, else the value itself."""
    return value.options[:limit] if isinstance(value, Choice) else (value,)


def map_text(value: Value, change: Callable[[Value], Value]) -> Value:
    """Apply `change` to a scalar, or to every option of a Choice (which keeps its fallback)."""
    if isinstance(value, Choice):
        return choose(tuple(change(option) for option in value.options), value.span, value.trail, value.fallback)
    return change(value)


def split_assignment(value: Value, separators: str = "=") -> tuple[Assignment, ...]:
    """Take `NAME=VALUE` apart at the first separator.

    One assignment for a text or template, also for a Choice whose options agree on the name (their values become a Choice);
    several, marked `maybe`, where the alternatives name different variables. An alternative that is empty stands for "not given".
    """
    if isinstance(value, Resolved):
        inner = split_assignment(value.of, separators)
        return tuple(
            Assignment(one.name, None if one.value is None else Resolved(value.by, one.value, value.span, value.trail), one.maybe)
            for one in inner
        )
    if isinstance(value, Template) and _choice_before(value, separators):
        options = tuple(alternatives(value))
    elif isinstance(value, Choice):
        options = tuple(value.options)
    else:
        fields = split(value, separators, 1)
        return (Assignment(fields[0], fields[1] if len(fields) == 2 else None),)
    taken: list[Assignment] = []
    absent = False
    fallback: int | None = None
    for index, option in enumerate(options):
        if isinstance(option, Known) and not option.text:
            absent = True
            continue
        if isinstance(value, Choice) and index == value.fallback:
            fallback = len(taken)
        fields = split(option, separators, 1)
        taken.append(Assignment(fields[0], fields[1] if len(fields) == 2 else None))
    names = {one.name.text if isinstance(one.name, Known) else None for one in taken}
    if len(names) == 1 and None not in names and all(one.value is not None for one in taken):
        values = tuple(one.value for one in taken if one.value is not None)
        return (Assignment(taken[0].name, choose(values, value.span, value.trail, fallback), absent),)
    return tuple(Assignment(one.name, one.value, True) for one in taken)


def _choice_before(value: Template, separators: str) -> bool:
    for part in value.parts:
        if isinstance(part, Choice):
            return True
        if isinstance(part, Known) and any(char in separators for char in part.text):
            return False
    return False


def place(value: Value, whole: Value | None, default: Span) -> Span:
    """Where a piece of a launch is written: its own span where that lies inside `whole`'s, else `whole`'s, else `default`.

    A piece may carry the place of a constant far away; the reader looks at the launch first.
    """
    outer = whole.span if whole is not None else None
    if value.span is None:
        return outer or default
    if outer is None:
        return value.span if value.span.path == default.path else default
    if value.span.path == outer.path and outer.start <= value.span.start and value.span.end <= outer.end:
        return value.span
    return outer


def resolved_in(value: Value | None) -> tuple[Resolved, ...]:
    """What of a value came out of resolvers."""
    if value is None:
        return ()
    return tuple(one for option in each(value) for one in (option.parts if isinstance(option, Template) else (option,)) if isinstance(one, Resolved))


def given_at(name: Value) -> Span | None:
    """Where a variable's name was written, for one that was joined with its value in another place: the conversion of a map to `NAME=VALUE`s says
    nothing to the reader."""
    return next((step.span for step in name.trail if step.names), None) if isinstance(name, Known) else None


_PROTOCOLS = ("tcp", "udp", "sctp")


def parse_publish(value: Value, default: Span) -> tuple[Publish, ...]:
    """`[[IP:]HOST:]CONTAINER[/PROTOCOL]`, ports may be ranges, IP may be in brackets; one Publish per alternative of a Choice."""
    found = []
    for option in each(value):
        if isinstance(option, Known) and not option.text.strip():
            continue
        protocol = "tcp"
        text = option.text if isinstance(option, Known) else None
        last = option.parts[-1] if isinstance(option, Template) else None
        body = option
        tail = text if text is not None else last.text if isinstance(last, Known) else ""
        slash = tail.rfind("/")
        if slash >= 0 and tail[slash + 1 :].lower() in _PROTOCOLS:
            protocol = tail[slash + 1 :].lower()
            if isinstance(option, Known):
                body = narrow(option, 0, slash)
            elif isinstance(option, Template) and isinstance(last, Known):
                body = rejoin([*option.parts[:-1], narrow(last, 0, slash)], option)
        fields = split(body, ":")
        container = fields[-1]
        host_port = fields[-2] if len(fields) > 1 else None
        host_ip: Value | None = None
        if len(fields) == 3:
            host_ip = fields[0]
        elif len(fields) > 3 and isinstance(body, Known):
            # An IPv6 address without brackets: docker refuses it, podman takes it.
            host_ip = narrow(body, 0, body.text.rfind(":", 0, body.text.rfind(":")))
        if isinstance(host_ip, Known) and host_ip.text.startswith("[") and host_ip.text.endswith("]"):
            host_ip = narrow(host_ip, 1, len(host_ip.text) - 1)
        found.append(
            Publish(container, None if _empty(host_port) else host_port, None if _empty(host_ip) else host_ip, place(option, value, default), protocol)
        )
    return tuple(found)


def _empty(value: Value | None) -> bool:
    return value is None or (isinstance(value, Known) and not value.text)


def parse_host_entry(value: Value, default: Span, maybe: bool = False) -> tuple[HostEntry, ...]:
    """`NAME:ADDRESS` or `NAME=ADDRESS` (podman also `A;B:ADDRESS`), the address as written, brackets of IPv6 removed."""
    found: list[HostEntry] = []
    options = each(value)
    for option in options:
        if isinstance(option, Known) and not option.text.strip():
            maybe = True
    for option in options:
        fields = split(option, ":=", 1)
        if len(fields) != 2:
            continue
        names, address = fields
        if isinstance(address, Known) and address.text.startswith("[") and address.text.endswith("]"):
            address = narrow(address, 1, len(address.text) - 1)
        for name in split(names, ";"):
            found.append(HostEntry(name, address, place(option, value, default), maybe or len(options) > 1))
    return tuple(found)


def items_of(value: Value | None) -> Iterator[Item]:
    """The elements of a list; a Choice of lists gives each option's elements as `maybe`; what is no list is one `rest` item."""
    if value is None or (isinstance(value, Known) and value.kind == "null"):
        return
    if isinstance(value, ListValue):
        yield from value.items
    elif isinstance(value, Choice) and any(isinstance(option, ListValue) for option in value.options):
        for option in value.options:
            for item in items_of(option):
                yield Item(item.value, True, item.rest)
    else:
        yield Item(value, rest=True)


def arguments(values: tuple[Value, ...]) -> tuple[Item, ...]:
    """A call's arguments as list items; the Unknown named "*" that ends an unknown spread becomes a `rest` item."""
    return tuple(Item(value, rest=is_spread(value)) for value in values)


def is_spread(value: Value) -> bool:
    """Whether a value stands for any number of further arguments."""
    return isinstance(value, Unknown) and value.name == "*"


def field(value: Value | None, *names: str) -> Value | None:
    """The first of the named fields that an object or map has; None for anything else and for null."""
    if value is None:
        return None
    entries = value if isinstance(value, MapValue) else getattr(value, "fields", None)
    if not isinstance(entries, MapValue):
        return None
    for name in names:
        found = entries.get(name)
        if found is not None and not (isinstance(found, Known) and found.kind == "null"):
            return found
    return None


def words(value: Value) -> tuple[Item, ...] | None:
    """A command line as its words, split at white space outside quotes; a hole is never split and sticks to its neighbours.

    None for a text with shell operators, substitutions or an open quote, which only a shell can read.
    """
    if isinstance(value, Known):
        parts: tuple[Value, ...] = (value,)
    elif isinstance(value, Template):
        parts = value.parts
    else:
        return None
    found: list[Item] = []
    current: list[Value] = []
    started = False
    quote = ""
    for part in parts:
        if not isinstance(part, Known):
            current.append(part)
            started = True
            continue
        begin = -1
        for at, char in enumerate(part.text):
            if quote:
                if char == quote:
                    current.append(narrow(part, begin, at) if begin >= 0 else Known(""))
                    quote, begin = "", -1
                elif begin < 0:
                    begin = at
            elif char in "\"'":
                if begin >= 0:
                    current.append(narrow(part, begin, at))
                quote, begin, started = char, -1, True
            elif char.isspace():
                if begin >= 0:
                    current.append(narrow(part, begin, at))
                    begin = -1
                if started:
                    found.append(Item(rejoin(current, value)))
                current, started = [], False
            elif char in ";&|<>`$()\\":
                return None
            else:
                if begin < 0:
                    begin = at
                started = True
        if begin >= 0:
            current.append(narrow(part, begin))
    if quote:
        return None
    if started:
        found.append(Item(rejoin(current, value)))
    return tuple(found)


__all__ = [
    "Assignment",
    "arguments",
    "cover",
    "each",
    "field",
    "given_at",
    "is_spread",
    "items_of",
    "map_text",
    "narrow",
    "parse_host_entry",
    "parse_publish",
    "place",
    "rejoin",
    "resolved_in",
    "split",
    "split_assignment",
    "words",
]

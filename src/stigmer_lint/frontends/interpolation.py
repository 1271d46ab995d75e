"""`$NAME` and `${NAME...}` in Compose files, env files and Dockerfiles, as values with places."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import msgspec

from stigmer_lint.frontends.decoded import Located
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Known, Step, Template, Unknown, Value, choose, join, text_of, with_step

MAX_NESTING: Final = 32
"""Defaults within defaults that are followed."""

MAX_TEXT: Final = 4096
"""Characters that one value takes over from others."""

MAX_PIECES: Final = 400
"""Pieces that a value takes over from others."""

MAX_TRAIL: Final = 12

Operator: TypeAlias = Literal["", "-", ":-", "?", ":?", "+", ":+", "other"]

_OPERATORS: Final[dict[str, Operator]] = {"-": "-", ":-": ":-", "?": "?", ":?": ":?", "+": "+", ":+": ":+"}
_DOLLAR: Final = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(\}|:?[-?+])?)?")
_CLOSING: Final = re.compile(r"\$\{|\$\$|[{}]")


class Reference(msgspec.Struct, frozen=True):
    """One `${name operator argument}`. `argument` evaluates the text after the operator, references in it included."""

    name: str
    operator: Operator
    argument: Callable[[], Value]
    span: Span


Resolve: TypeAlias = Callable[[Reference], Value]


def interpolate(
    place: Located, start: int, end: int, resolve: Resolve, *, escapes: bool = True, depth: int = 0, closings: dict[int, int] | None = None
) -> Value:
    """Characters `start` to `end` of a text with every reference answered by `resolve`. `escapes`: `$$` stands for one dollar."""
    text = place.text
    if text.find("$", start, end) < 0:
        return Known(text[start:end], place.span(start, end))
    if depth > MAX_NESTING:
        return Unknown("defaults are nested too deep", "bound", None, place.span(start, end))
    if closings is None:
        closings = _closings(text, start, end)
    parts: list[Value] = []
    at = start
    look = start
    while True:
        found = _DOLLAR.search(text, look, end)
        if found is None:
            break
        here = found.start()
        escaped, bare, braced, tail = found.group(1), found.group(2), found.group(3), found.group(4)
        if escaped:
            if not escapes:
                look = here + 1
                continue
            if here > at:
                parts.append(Known(text[at:here], place.span(at, here)))
            parts.append(Known("$", place.span(here, here + 2)))
            at = look = found.end()
            continue
        if bare is None and braced is None:
            look = found.end()
            continue
        stop = found.end()
        reference: Reference
        if bare is not None:
            reference = Reference(bare, "", _nothing, place.span(here, stop))
        else:
            close = closings.get(here)
            if close is None or close >= end:
                if here > at:
                    parts.append(Known(text[at:here], place.span(at, here)))
                parts.append(Unknown("a ${ that is never closed", "syntax", None, place.span(here, end)))
                at = end
                break
            stop = close + 1
            span = place.span(here, stop)
            if tail == "}":
                reference = Reference(braced, "", _nothing, span)
            elif tail is None:
                reference = Reference(braced, "other", _nothing, span)
            else:
                argument = _argument(place, found.end(), close, resolve, escapes, depth, closings)
                reference = Reference(braced, _OPERATORS[tail], argument, span)
        if here > at:
            parts.append(Known(text[at:here], place.span(at, here)))
        parts.append(resolve(reference))
        at = look = stop
    if at < end:
        parts.append(Known(text[at:end], place.span(at, end)))
    if len(parts) == 1:
        return parts[0]
    return joined(tuple(parts), place.span(start, end), end - start)


def joined(parts: tuple[Value, ...], span: Span, written: int) -> Value:
    """The parts as one value, or an Unknown where lines that double each other (`A=$A$A`) have made it larger or deeper than people
    write. `written`: the number of characters of the text itself."""
    count = 0
    length = 0
    waiting: list[tuple[Value, int]] = []
    for part in parts:
        if isinstance(part, Known):
            length += len(part.text)
        elif isinstance(part, Template):
            count += len(part.parts)
            waiting.append((part, 1))
        elif isinstance(part, Choice):
            waiting.append((part, 1))
    limit = MAX_PIECES + 4 * len(parts)
    while waiting and count <= limit:
        one, depth = waiting.pop()
        if depth > MAX_NESTING:
            count = limit + 1
        elif isinstance(one, Template):
            waiting.extend((part, depth + 1) for part in one.parts if not isinstance(part, Unknown))
            count += len(one.parts)
        elif isinstance(one, Choice):
            waiting.extend((part, depth + 1) for part in one.options if not isinstance(part, Unknown))
            count += len(one.options)
        elif isinstance(one, Known):
            length += len(one.text)
    if count > limit or length > written + MAX_TEXT:
        return Unknown("the value grows past its bound", "bound", None, span)
    value = join(parts, span)
    if len(value.trail) > MAX_TRAIL:
        value = msgspec.structs.replace(value, trail=value.trail[:MAX_TRAIL])
    return value


def _nothing() -> Value:
    return Known("")


def _argument(
    place: Located, start: int, end: int, resolve: Resolve, escapes: bool, depth: int, closings: dict[int, int]
) -> Callable[[], Value]:
    return lambda: interpolate(place, start, end, resolve, escapes=escapes, depth=depth + 1, closings=closings)


def _closings(text: str, start: int, end: int) -> dict[int, int]:
    """The place of the `}` that closes each `${`; plain braces inside a reference pair up among themselves."""
    found: dict[int, int] = {}
    opened: list[tuple[int, bool]] = []
    for mark in _CLOSING.finditer(text, start, end):
        if mark[0] == "${":
            opened.append((mark.start(), True))
        elif mark[0] == "{" and opened:
            opened.append((mark.start(), False))
        elif mark[0] == "}" and opened:
            at, reference = opened.pop()
            if reference:
                found[at] = mark.start()
    return found


def pieces(text: str, start: int, end: int, separator: str) -> list[tuple[int, int]]:
    """The ranges between separators that stand outside of `${...}` and of square brackets."""
    found: list[tuple[int, int]] = []
    level = 0
    brackets = 0
    begin = start
    at = start
    while at < end:
        char = text[at]
        if char == "$" and text[at + 1 : at + 2] == "{":
            level += 1
            at += 1
        elif char == "{" and level:
            level += 1
        elif char == "}" and level:
            level -= 1
        elif char == "[" and not level:
            brackets += 1
        elif char == "]" and brackets:
            brackets -= 1
        elif char == separator and not level and not brackets:
            found.append((begin, at))
            begin = at + 1
        at += 1
    found.append((begin, end))
    return found


def substitute(reference: Reference, value: Value | None, sample: Value | None = None) -> Value:
    """What a reference to a variable gives by Compose's rules. `value`: what a readable file sets it to; None: no such file does, so
    the shell may. `sample`: what a shipped sample of the env file says, one of the values that it may have."""
    operator = reference.operator
    name = reference.name
    if operator == "other":
        return Unknown(f"${{{name}}} is changed by an operator that is not followed", "env", name, reference.span)
    if value is not None:
        empty = text_of(value) == ""
        if operator in ("+", ":+"):
            return Known("", reference.span) if operator == ":+" and empty else reference.argument()
        if operator == ":-" and empty:
            return reference.argument()
        return value
    options: list[Value] = [Unknown(f"{name} is taken from the shell", "env", name, reference.span)]
    if operator in ("+", ":+"):
        return choose((reference.argument(), Known("", reference.span)), reference.span, (), 1)
    if sample is not None:
        options.append(sample)
    if operator in ("-", ":-"):
        default = reference.argument()
        options.append(with_step(default, Step(default.span or reference.span, f"default of {name}")))
        return choose(tuple(options), reference.span, (), len(options) - 1)
    return choose(tuple(options), reference.span)

"""Cut texts with holes into pieces that keep their places."""

from __future__ import annotations

import msgspec

from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Template, Value, join


def narrow(known: Known, start: int, end: int | None = None) -> Known:
    """The characters `start` to `end` of a known text, with the span cut down to them where that can be told.

    A span as long as the text is cut exactly; one that is two bytes longer is taken to include a pair of quotes; any other
    (escapes, a constant's name) is kept whole.
    """
    text = known.text[start:end]
    span = known.span
    if span is not None:
        whole = len(known.text.encode("utf-8", "surrogatepass"))
        excess = span.end - span.start - whole
        if excess in (0, 2):
            at = span.start + excess // 2 + len(known.text[:start].encode("utf-8", "surrogatepass"))
            span = Span(span.path, at, at + len(text.encode("utf-8", "surrogatepass")))
    return Known(text, span, known.trail, known.kind if text == known.text else "str")


def cover(parts: tuple[Value, ...], within: Span | None) -> Span | None:
    """The smallest span over those parts, None where one of them is written outside `within`."""
    if within is None or not parts:
        return None
    start, end = within.end, within.start
    for part in parts:
        span = part.span
        if span is None or span.path != within.path or span.start < within.start or span.end > within.end:
            return None
        start, end = min(start, span.start), max(end, span.end)
    return Span(within.path, start, end)


def rejoin(parts: list[Value], whole: Value) -> Value:
    """Some pieces of `whole` as one value that keeps its trail and, where they are written inside it, their own place."""
    kept = [part for part in parts if not (isinstance(part, Known) and not part.text)]
    if not kept:
        end = whole.span.end if whole.span else None
        return Known("", Span(whole.span.path, end, end) if whole.span and end is not None else None, whole.trail)
    if len(kept) == 1:
        only = kept[0]
        return msgspec.structs.replace(only, trail=only.trail + whole.trail) if whole.trail else only
    return join(tuple(kept), cover(tuple(kept), whole.span) or whole.span, whole.trail)


def split(value: Value, separators: str, limit: int = -1) -> tuple[Value, ...]:
    """Cut a text at the characters of `separators`, at most `limit` times (-1: everywhere); holes are never cut.

    Separators inside square brackets do not count (IPv6). A Choice at the top is not looked into: see `each`.
    """
    if isinstance(value, Known):
        parts: tuple[Value, ...] = (value,)
    elif isinstance(value, Template):
        parts = value.parts
    else:
        return (value,)
    fields: list[Value] = []
    current: list[Value] = []
    depth = 0
    for part in parts:
        if not isinstance(part, Known):
            current.append(part)
            continue
        begin = 0
        for at, char in enumerate(part.text):
            if char == "[":
                depth += 1
            elif char == "]":
                depth = max(depth - 1, 0)
            elif depth == 0 and char in separators and (limit < 0 or len(fields) < limit):
                current.append(narrow(part, begin, at))
                fields.append(rejoin(current, value) if isinstance(value, Template) else current[0])
                current = []
                begin = at + 1
        current.append(part if begin == 0 else narrow(part, begin))
    fields.append(rejoin(current, value) if isinstance(value, Template) else current[0])
    return tuple(fields)

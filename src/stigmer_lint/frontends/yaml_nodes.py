"""YAML as nodes with byte spans.

PyYAML's event stream is used and none of its constructors: no tag makes an object, an alias shares the node that it names, and
every node knows the bytes that it was written in. What a stranger can write to hang a reader (aliases of aliases, deep nesting, an
alias inside its own anchor) is refused with the place and the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, Protocol, TypeAlias

import msgspec

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.decoded import Offsets, decode
from stigmer_lint.model.span import SourceFile, Span

MAX_DEPTH: Final = 256
"""Nested collections, aliases followed. Kubernetes schemas, the deepest YAML that people keep, stay below 60."""

MAX_EXPANSION: Final = 200_000
"""Nodes that aliases may add to those that are written."""

Style: TypeAlias = Literal["plain", "single", "double", "literal", "folded"]

_STYLES: Final[dict[str | None, Style]] = {None: "plain", "": "plain", "'": "single", '"': "double", "|": "literal", ">": "folded"}


class Scalar(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One text. `span` holds the quotes or the block header. `tag`: as written (`!reset`, "tag:yaml.org,2002:str"), "" for none."""

    text: str
    span: Span
    style: Style = "plain"
    tag: str = ""

    @property
    def is_null(self) -> bool:
        """Whether it is null: nothing, `~` or `null`, unquoted."""
        return self.style == "plain" and self.text in _NULLS and self.tag != "tag:yaml.org,2002:str"


class Sequence(msgspec.Struct, frozen=True, eq=False):
    items: tuple[Node, ...]
    span: Span
    tag: str = ""


class Mapping(msgspec.Struct, frozen=True, eq=False):
    """`pairs` in the order of the file, repeated keys and `<<` included; see `merged`."""

    pairs: tuple[tuple[Node, Node], ...]
    span: Span
    tag: str = ""

    def get(self, name: str) -> Node | None:
        """The value of the last pair whose key is `name`, merge keys not followed. For many look-ups use `merged`."""
        for key, value in reversed(self.pairs):
            if isinstance(key, Scalar) and key.text == name:
                return value
        return None


Node: TypeAlias = Scalar | Sequence | Mapping


class Document(msgspec.Struct, frozen=True, eq=False):
    """One document of a stream; `root` None: it holds nothing."""

    root: Node | None
    span: Span


class Field(msgspec.Struct, frozen=True, eq=False):
    """An entry of a mapping with text keys, merge keys followed. `merged`: it came in through `<<`."""

    key: Scalar
    value: Node
    merged: bool = False


Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"

_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE: Final = frozenset(("true", "True", "TRUE"))
_FALSE: Final = frozenset(("false", "False", "FALSE"))
_INT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,3})?\Z")
_PROPERTIES: Final = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:\s+|\Z)|#[^\n\r]*[\n\r]+\s*)+")


class _Mark(Protocol):
    @property
    def index(self) -> int: ...


class _Open:
    """A collection whose end has not been met. `added`: nodes that aliases add inside it; `height`: levels below it."""

    __slots__ = ("added", "anchor", "flow", "height", "key", "mapping", "nodes", "pairs", "size", "start", "tag")

    def __init__(self, mapping: bool, anchor: str | None, tag: str, start: int, flow: bool) -> None:
        self.mapping = mapping
        self.anchor = anchor
        self.tag = tag
        self.start = start
        self.flow = flow
        self.nodes: list[Node] = []
        self.pairs: list[tuple[Node, Node]] = []
        self.key: Node | None = None
        self.size = 1
        self.height = 1


def load(source: SourceFile) -> tuple[Document, ...]:
    """The documents of a YAML stream. Raises UnreadableError, with the byte offset, for text that is no YAML and for what
    the bounds of this module refuse."""
    import yaml

    text, base = decode(source)
    offsets = Offsets(text, base)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    path = source.path
    documents: list[Document] = []
    anchors: dict[str, tuple[Node, int, int]] = {}
    opened: list[_Open] = []
    begun: set[str] = set()
    root: Node | None = None
    written = 0
    expanded = 0
    start = 0
    node: Node
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.ScalarEvent):
                written += 1
                first, last = _index(event.start_mark), _index(event.end_mark)
                if event.anchor or event.tag:
                    properties = _PROPERTIES.match(text, first, last)
                    first = properties.end() if properties else first
                style = _STYLES.get(event.style, "plain")
                if style in ("literal", "folded"):
                    last = first + len(text[first:last].rstrip(" \t\r\n"))
                node = Scalar(event.value, Span(path, offsets.at(first), offsets.at(last)), style, event.tag or "")
                size = height = 1
                if event.anchor:
                    anchors[event.anchor] = (node, 1, 1)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                written += 1
                if len(opened) >= MAX_DEPTH:
                    raise UnreadableError(path, f"collections are nested more than {MAX_DEPTH} deep", offsets.at(_index(event.start_mark)))
                first = _index(event.start_mark)
                if event.anchor or event.tag:
                    properties = _PROPERTIES.match(text, first)
                    first = properties.end() if properties else first
                if event.anchor:
                    begun.add(event.anchor)
                    anchors.pop(event.anchor, None)
                mapping = isinstance(event, yaml.MappingStartEvent)
                opened.append(_Open(mapping, event.anchor, event.tag or "", first, bool(event.flow_style)))
                continue
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                done = opened.pop()
                stop = _index(event.end_mark) if done.flow else None
                node = _close(done, path, offsets, stop)
                size, height = done.size, done.height
                if done.anchor:
                    begun.discard(done.anchor)
                    anchors[done.anchor] = (node, size, height)
            elif isinstance(event, yaml.AliasEvent):
                name = event.anchor
                here = offsets.at(_index(event.start_mark))
                if name not in anchors:
                    if name in begun:
                        raise UnreadableError(path, f"recursion: the alias *{name} stands inside the node that it names", here)
                    raise UnreadableError(path, f"the alias *{name} names no anchor", here)
                node, size, height = anchors[name]
                expanded += size
                if expanded > MAX_EXPANSION:
                    raise UnreadableError(path, f"alias bomb: aliases would add more than {MAX_EXPANSION} nodes", here)
                if len(opened) + height > MAX_DEPTH:
                    raise UnreadableError(path, f"collections are nested more than {MAX_DEPTH} deep through *{name}", here)
            elif isinstance(event, yaml.DocumentStartEvent):
                start = offsets.at(_index(event.start_mark))
                anchors, begun, root = {}, set(), None
                continue
            elif isinstance(event, yaml.DocumentEndEvent):
                if isinstance(root, Scalar) and not root.text and root.style == "plain":
                    root = None
                documents.append(Document(root, Span(path, start, max(start, root.span.end if root else start))))
                continue
            else:
                continue
            if not opened:
                root = node
                continue
            holder = opened[-1]
            holder.size += size
            if height >= holder.height:
                holder.height = height + 1
            if not holder.mapping:
                holder.nodes.append(node)
            elif holder.key is None:
                holder.key = node
            else:
                holder.pairs.append((holder.key, node))
                holder.key = None
    except yaml.reader.ReaderError as error:
        raise UnreadableError(path, f"not YAML: {error.reason}", _reader_offset(text, offsets, error.position)) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = " ".join(part for part in (error.problem, error.context) if part)
        if "nesting depth" in why:
            # libyaml reads ahead of its events, so from 0.2.5 as PyYAML 6.0.4 builds it on, its own limit may speak before ours.
            why = f"collections are nested more than {MAX_DEPTH} deep"
        raise UnreadableError(path, f"not YAML: {why or 'syntax error'}", offsets.at(min(mark.index, len(text))) if mark else 0) from error
    except yaml.YAMLError as error:
        raise UnreadableError(path, "not YAML", 0) from error
    return tuple(documents)


def _index(mark: _Mark | None) -> int:
    return mark.index if mark else 0


def _reader_offset(text: str, offsets: Offsets, position: int | None) -> int:
    return offsets.at(min(position or 0, len(text)))


def _close(done: _Open, path: str, offsets: Offsets, stop: int | None) -> Node:
    start = offsets.at(done.start)
    if done.mapping:
        if stop is not None:
            end = offsets.at(stop)
        else:
            # The end event of a block collection stands at the next token, lines further down.
            end = max([start, *(part.span.end for part in done.pairs[-1] if part.span.end > start)]) if done.pairs else start
        return Mapping(tuple(done.pairs), Span(path, start, end), done.tag)
    end = offsets.at(stop) if stop is not None else max(start, done.nodes[-1].span.end if done.nodes else start)
    return Sequence(tuple(done.nodes), Span(path, start, end), done.tag)


def merged(mapping: Mapping) -> tuple[Field, ...]:
    """The entries with text keys, merge keys (`<<`, YAML 1.1) followed: a key written here wins over a merged one, an earlier
    mapping of a `<<` list over a later one, and of a repeated key the last counts. Keys are in the order in which they are first met.
    """
    found: dict[str, Field] = {}
    for key, value in _ranked(mapping):
        field, rank = key
        known = found.get(field.text)
        if known is None or (rank == 0):
            found[field.text] = Field(field, value, rank > 0)
    return tuple(found.values())


def _ranked(mapping: Mapping) -> Iterator[tuple[tuple[Scalar, int], Node]]:
    """Every entry in the order in which it is met; rank 0 is written in the mapping itself. The first of the merged ones wins, so
    the parts of nested merges come after their own entries."""
    waiting: list[tuple[Mapping, int]] = [(mapping, 0)]
    while waiting:
        here, rank = waiting.pop()
        parts: list[Mapping] = []
        latest: dict[str, tuple[Scalar, Node]] = {}
        for key, value in here.pairs:
            if not isinstance(key, Scalar):
                continue
            if key.text == "<<" and key.style == "plain":
                if isinstance(value, Mapping):
                    parts.append(value)
                elif isinstance(value, Sequence):
                    parts.extend(item for item in value.items if isinstance(item, Mapping))
            else:
                latest[key.text] = (key, value)
        for key, value in latest.values():
            yield (key, rank), value
        waiting.extend((part, rank + 1) for part in reversed(parts))


def fields(node: Node | None) -> dict[str, Field]:
    """The entries of a mapping by key, merge keys followed; empty for any other node."""
    return {field.key.text: field for field in merged(node)} if isinstance(node, Mapping) else {}


def plain_value(node: Node | None) -> Plain:
    """The node as Python data, for consumers that need no places: merge keys followed, core-schema scalars, any tag ignored."""
    if node is None:
        return None
    if isinstance(node, Scalar):
        return _plain_scalar(node)
    # Depth is bounded by MAX_DEPTH and the number of calls by MAX_EXPANSION when the nodes were made.
    if isinstance(node, Sequence):
        return [plain_value(item) for item in node.items]
    return {field.key.text: plain_value(field.value) for field in merged(node)}


def _plain_scalar(node: Scalar) -> str | int | float | bool | None:
    if node.style != "plain" or node.tag == "tag:yaml.org,2002:str":
        return node.text
    text = node.text
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def content_span(scalar: Scalar, source: SourceFile) -> Span:
    """The span without quotes; of a block scalar the lines below its header."""
    start, end = scalar.span.start, scalar.span.end
    if scalar.style in ("single", "double"):
        return Span(scalar.span.path, start + 1, max(start + 1, end - 1))
    if scalar.style in ("literal", "folded"):
        raw = source.data[start:end]
        line = raw.find(b"\n")
        if line >= 0:
            indent = len(raw) - line - 1 - len(raw[line + 1 :].lstrip(b" \r\n"))
            return Span(scalar.span.path, start + line + 1 + indent, end)
    return scalar.span


class Text:
    """Where each character of a scalar's text is written, so that a finding can point at a part of it."""

    __slots__ = ("_offsets", "scalar", "source")

    def __init__(self, scalar: Scalar, source: SourceFile) -> None:
        self.scalar = scalar
        self.source = source
        self._offsets: list[int] | range | None = None

    @property
    def text(self) -> str:
        """The scalar's text."""
        return self.scalar.text

    def span(self, start: int, end: int) -> Span:
        """The bytes of characters `start` to `end` of the text; the whole content where a part has no place of its own."""
        if self._offsets is None:
            self._offsets = _align(self.scalar, self.source)
        offsets = self._offsets
        if not offsets or not 0 <= start <= end < len(offsets):
            return content_span(self.scalar, self.source)
        if isinstance(offsets, range):
            return Span(self.scalar.span.path, offsets[start], offsets[end])
        last = offsets[end - 1] if end > start else offsets[start]
        stop = offsets[end]
        if end > start and stop > last:
            # A folded line break after the part belongs to no character of it.
            raw = self.source.data[last:stop]
            stop = last + len(raw.rstrip(b" \t\r\n")) if raw.strip() else stop
        return Span(self.scalar.span.path, offsets[start], max(stop, offsets[start]))


_ESCAPES: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_CODES: Final = {"x": 2, "u": 4, "U": 8}


def _align(scalar: Scalar, source: SourceFile) -> list[int] | range:
    """Byte offset of every character of the text and of the end; empty where text and file cannot be brought together."""
    inside = content_span(scalar, source)
    data = source.data[inside.start : inside.end]
    text = scalar.text
    if len(data) == len(text) and data.isascii() and b"\\" not in data:
        return range(inside.start, inside.end + 1)
    raw = data.decode("utf-8", "replace")
    offsets: list[int] = []
    at = 0
    place = inside.start
    size = len(raw)
    double, single = scalar.style == "double", scalar.style == "single"

    def width(upto: int) -> int:
        return len(raw[at:upto].encode())

    for char in text:
        while double and raw[at : at + 1] == "\\" and raw[at + 1 : at + 2] in ("\n", "\r"):
            stop = at + 1
            while stop < size and raw[stop].isspace():
                stop += 1
            place += width(stop)
            at = stop
        if not char.isspace() or double:
            stop = at
            while stop < size and raw[stop] in " \t\r\n" and raw[stop] != char:
                stop += 1
            if char.isspace() and not (stop < size and (raw[stop] == char or raw[stop] == "\\")):
                stop = at
            place += width(stop)
            at = stop
        offsets.append(place)
        if double and at < size and raw[at] == "\\":
            at, place, decoded = _escape(raw, at, place)
            offsets[-1] = place if not decoded else offsets[-1]
            if decoded != char:
                return []
            continue
        if at < size and raw[at] == char:
            stop = at + (2 if single and char == "'" and raw[at : at + 2] == "''" else 1)
            place += width(stop)
            at = stop
        elif not (char.isspace() and (at >= size or raw[at].isspace())):
            return []
    offsets.append(min(place, inside.end))
    return offsets


def _escape(raw: str, at: int, place: int) -> tuple[int, int, str]:
    """Where the escape at `at` ends, and what it stands for ("" for one that is not YAML)."""
    code = raw[at + 1 : at + 2]
    digits = _CODES.get(code)
    if digits is not None:
        try:
            return at + 2 + digits, place + 2 + digits, chr(int(raw[at + 2 : at + 2 + digits], 16))
        except (ValueError, OverflowError):
            return at, place, ""
    decoded = _ESCAPES.get(code, "")
    return at + 2, place + 1 + len(code.encode()), decoded

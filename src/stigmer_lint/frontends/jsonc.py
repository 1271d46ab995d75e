"""JSON with comments and trailing commas, as the nodes that YAML is read into."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.decoded import Offsets, decode
from stigmer_lint.frontends.yaml_nodes import MAX_DEPTH, Mapping, Node, Scalar, Sequence
from stigmer_lint.model.span import SourceFile, Span

_TOKEN: Final = re.compile(
    r'[ \t\r\n]*(?://[^\n\r]*|/\*.*?\*/|(?P<text>"(?:[^"\\\r\n]|\\.)*")|(?P<word>[A-Za-z0-9+\-.]+)|(?P<mark>[{}\[\],:]))', re.DOTALL
)
_SPACE: Final = re.compile(r"[ \t\r\n]*")


class _Open:
    __slots__ = ("items", "key", "pairs", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.items: list[Node] = []
        self.pairs: list[tuple[Node, Node]] | None = None
        self.key: Scalar | None = None


def load_jsonc(source: SourceFile) -> Node | None:
    """The root value, None for an empty file. Raises UnreadableError, with the byte offset, for what is no JSON or nested too deep."""
    text, base = decode(source)
    offsets = Offsets(text, base)
    path = source.path

    def fail(why: str, at: int) -> UnreadableError:
        return UnreadableError(path, why, offsets.at(at))

    opened: list[_Open] = []
    root: Node | None = None
    at = 0
    while True:
        token = _TOKEN.match(text, at)
        if token is None:
            space = _SPACE.match(text, at)
            rest = space.end() if space else at
            if rest < len(text):
                raise fail("not JSON: this cannot start a value", rest)
            break
        at = token.end()
        kind = token.lastgroup
        if kind is None:
            continue
        start = token.start(kind)
        node: Node
        if kind == "mark":
            mark = text[start]
            if mark in "{[":
                if len(opened) >= MAX_DEPTH:
                    raise fail(f"values are nested more than {MAX_DEPTH} deep", start)
                opened.append(_Open(start))
                if mark == "{":
                    opened[-1].pairs = []
                continue
            if mark in ",:":
                continue
            if not opened or (opened[-1].pairs is None) != (mark == "]"):
                raise fail(f"not JSON: a {mark} that closes nothing", start)
            done = opened.pop()
            span = Span(path, offsets.at(done.start), offsets.at(start + 1))
            node = Sequence(tuple(done.items), span) if done.pairs is None else Mapping(tuple(done.pairs), span)
        else:
            span = Span(path, offsets.at(start), offsets.at(token.end(kind)))
            if kind == "text":
                try:
                    node = Scalar(msgspec.json.decode(token[kind].encode(), type=str), span, "double")
                except (msgspec.DecodeError, UnicodeEncodeError) as error:
                    raise fail("not JSON: a string that cannot be read", start) from error
            else:
                node = Scalar(token[kind], span, "plain")
        if not opened:
            if root is not None:
                raise fail("not JSON: a second value", start)
            root = node
        elif opened[-1].pairs is None:
            opened[-1].items.append(node)
        elif (key := opened[-1].key) is None:
            if not isinstance(node, Scalar):
                raise fail("not JSON: a key that is no string", start)
            opened[-1].key = node
        else:
            opened[-1].pairs.append((key, node))
            opened[-1].key = None
    if opened:
        raise fail("not JSON: it ends inside a value", opened[-1].start)
    return root

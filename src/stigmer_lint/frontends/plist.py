"""XML property lists (launchd) as the nodes that YAML is read into. Python's plistlib keeps no places."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import unescape

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.decoded import Offsets, decode
from stigmer_lint.frontends.yaml_nodes import MAX_DEPTH, Mapping, Node, Scalar, Sequence
from stigmer_lint.model.span import SourceFile, Span

_TAG: Final = re.compile(r"<(/?)(dict|array|key|string|integer|real|true|false|date|data)\s*(/?)>|<!--")
_ENTITIES: Final = {"&quot;": '"', "&apos;": "'"}


def load_plist(source: SourceFile) -> Node | None:
    """The root value; None for a file that is no XML property list. Raises UnreadableError where values are nested too deep."""
    text, base = decode(source)
    offsets = Offsets(text, base)
    path = source.path
    opened: list[tuple[bool, int, list[Node], list[tuple[Node, Node]]]] = []
    key: list[Scalar | None] = []
    at = max(text.find("<plist"), 0)
    while True:
        tag = _TAG.search(text, at)
        if tag is None:
            return None
        at = tag.end()
        if tag[0] == "<!--":
            end = text.find("-->", at)
            if end < 0:
                return None
            at = end + 3
            continue
        closes, kind, empty = tag[1], tag[2], tag[3]
        node: Node
        if kind in ("dict", "array") and not closes:
            if len(opened) >= MAX_DEPTH:
                raise UnreadableError(path, f"values are nested more than {MAX_DEPTH} deep", offsets.at(tag.start()))
            opened.append((kind == "dict", tag.start(), [], []))
            key.append(None)
            if not empty:
                continue
        if kind in ("dict", "array"):
            if not opened:
                return None
            is_dict, start, items, pairs = opened.pop()
            key.pop()
            span = Span(path, offsets.at(start), offsets.at(tag.end()))
            node = Mapping(tuple(pairs), span) if is_dict else Sequence(tuple(items), span)
        elif closes:
            continue
        elif empty or kind in ("true", "false"):
            node = Scalar(kind if kind in ("true", "false") else "", Span(path, offsets.at(tag.start()), offsets.at(tag.end())))
        else:
            end = text.find("</", at)
            if end < 0:
                return None
            node = Scalar(unescape(text[at:end], _ENTITIES), Span(path, offsets.at(at), offsets.at(end)))
            at = end
        if not opened:
            return node
        is_dict, _, items, pairs = opened[-1]
        if not is_dict:
            items.append(node)
        elif kind == "key" and isinstance(node, Scalar):
            key[-1] = node
        elif (name := key[-1]) is not None:
            pairs.append((name, node))
            key[-1] = None

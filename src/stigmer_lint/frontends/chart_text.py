"""Helm templates made readable: what `{{ ... }}` covers becomes a hole of the same length, so that every place stays.

A template is no YAML. With lines that hold nothing but template actions blanked, and actions inside lines replaced by letters, most
are; a value that touches a hole has that part unknown.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from typing import Final

from stigmer_lint.frontends.decoded import decode
from stigmer_lint.frontends.yaml_nodes import Scalar, Text
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.value import Known, Unknown, Value, join

_NOT_BREAK: Final = re.compile(rb"[^\r\n]")


def _goes_on(lines: list[bytes], at: int) -> bool:
    """Whether an action behind a key is only the first part of what the key has, as in `env: {{- include "x" . | nindent 4 }}` before further entries."""
    here = lines[at].rstrip()
    if not here.endswith(b":") or here == lines[at].rstrip(b"\r"):
        return False
    column = len(here) - len(here.lstrip(b" -"))
    following = next((line for line in lines[at + 1 : at + 40] if line.strip() and not line.lstrip().startswith(b"#")), b"")
    deep = len(following) - len(following.lstrip(b" "))
    return deep > column or (deep == column and following.lstrip(b" ").startswith(b"- ") and not here.lstrip(b" ").startswith(b"-"))


class Holes:
    """The actions of a file, by their byte offsets."""

    def __init__(self, source: SourceFile, meaning: Callable[[str], Value | None] = lambda _: None) -> None:
        """`meaning`: what an action gives as far as that is known without rendering, None where it is not."""
        self.source = source
        self.meaning = meaning
        self.ranges: list[tuple[int, int]] = []
        data = source.data
        start = data.find(b"{{")
        while start >= 0:
            end = data.find(b"}}", start + 2)
            if end < 0:
                break
            self.ranges.append((start, end + 2))
            start = data.find(b"{{", end + 2)
        self._ends = [end for _, end in self.ranges]
        self._blocks: list[tuple[int, int]] | None = None

    def readable(self) -> SourceFile:
        """The file with its actions taken out, byte for byte as long. Raises UnreadableError for what is no UTF-8 text."""
        decode(self.source)
        if not self.ranges:
            return self.source
        blank = self._covered(b" ").split(b"\n")
        filled = self._covered(b"x").split(b"\n")
        lines = [empty if not empty.strip() or _goes_on(blank, at) else full for at, (empty, full) in enumerate(zip(blank, filled, strict=True))]
        return SourceFile(self.source.path, b"\n".join(lines))

    def _covered(self, letter: bytes) -> bytes:
        """The file with every character of an action replaced, line breaks excepted."""
        data = self.source.data
        parts: list[bytes] = []
        at = 0
        for start, end in self.ranges:
            parts += (data[at:start], _NOT_BREAK.sub(letter, data[start:end]))
            at = end
        parts.append(data[at:])
        return b"".join(parts)

    def optional(self, at: int, since: int) -> bool:
        """Whether what stands at byte `at` is there under a condition that begins behind byte `since`."""
        if self._blocks is None:
            self._blocks = []
            opened: list[tuple[int, bool]] = []
            for start, end in self.ranges:
                word = self.source.data[start + 2 : end - 2].lstrip(b"- \t").partition(b" ")[0].rstrip(b"- \t")
                if word in (b"if", b"with", b"range", b"define", b"block"):
                    opened.append((end, word in (b"if", b"with", b"range")))
                elif word == b"end" and opened:
                    begun, control = opened.pop()
                    if control:
                        self._blocks.append((begun, start))
        return any(since < begun <= at < end for begun, end in self._blocks)

    def within(self, start: int, end: int) -> list[tuple[int, int]]:
        """The actions that touch the bytes `start` to `end`."""
        at = bisect_left(self._ends, start + 1)
        found: list[tuple[int, int]] = []
        while at < len(self.ranges) and self.ranges[at][0] < end:
            found.append(self.ranges[at])
            at += 1
        return found

    def value(self, node: Scalar, source: SourceFile) -> Value:
        """A scalar's value; what an action gives is Unknown of kind "input", named by the action's text. `source`: the readable file."""
        place = Text(node, source)
        holes = self.within(node.span.start, node.span.end)
        whole = place.span(0, len(node.text))
        if not holes:
            return Known(node.text, whole)
        parts: list[Value] = []
        at = 0
        length = len(node.text)
        for start, end in holes:
            action = self.source.data[start + 2 : end - 2].decode("utf-8", "replace").strip("- \t")
            begin = max(start - whole.start, 0)
            stop = min(max(end - whole.start, begin), length)
            if whole.end - whole.start != length or begin < at:
                return Unknown(f"the chart fills in {action}", "input", action, node.span)
            if begin > at:
                parts.append(Known(node.text[at:begin], place.span(at, begin)))
            known = self.meaning(action)
            parts.append(known if known is not None else Unknown(f"the chart fills in {action}", "input", action, place.span(begin, stop)))
            at = stop
        if at < length:
            parts.append(Known(node.text[at:], place.span(at, length)))
        return parts[0] if len(parts) == 1 else join(tuple(parts), whole)

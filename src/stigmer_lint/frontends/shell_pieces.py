"""A word of the shell while it is read, and when it is."""

from __future__ import annotations

import re
from typing import Final

from stigmer_lint.flow.ir import Arg, Expr, Join, Range, Str
from stigmer_lint.frontends.shell_text import ScriptText

GLOB: Final = re.compile(r"[*?\[\]\\]")
"""Characters that mean something in a pattern."""


def decoded(text: str) -> str:
    """Script characters as run-time text."""
    return text if text.isascii() else text.encode("latin-1", "replace").decode("utf-8", "replace")


def around(first: Range, last: Range) -> Range:
    """From the start of one range to the end of another; the first alone where the other does not follow it (text taken over from a
    definition elsewhere)."""
    return (first[0], last[1]) if first[0] <= last[1] else first


class Word:
    """One word. `bare`: its text where nothing in it is quoted or expanded; `literal`: its text where nothing is expanded.
    `glob`: an unquoted `*`, `?` or `[` is in it (only told for patterns)."""

    __slots__ = ("bare", "end", "expr", "glob", "literal", "split", "spread", "start")

    def __init__(
        self, expr: Expr, start: int, end: int, *, bare: str | None, literal: str | None, split: bool, spread: bool, glob: bool
    ) -> None:
        self.expr = expr
        self.start = start
        self.end = end
        self.bare = bare
        self.literal = literal
        self.split = split
        self.spread = spread
        self.glob = glob

    @property
    def arg(self) -> Arg:
        """The word as an argument of a command."""
        return Arg(self.expr, None, "*" if self.spread else "", self.split)


class Pieces:
    """A word while it is read. `mode`: "" keeps the run-time text; "glob" and "regex" keep a pattern, quoted characters escaped in it."""

    __slots__ = ("_buffer", "_from", "_to", "bare", "glob", "mode", "parts", "quoted_space", "script", "split", "spread")

    def __init__(self, script: ScriptText, mode: str = "") -> None:
        self.script = script
        self.mode = mode
        self.parts: list[Expr] = []
        self.bare = True
        self.glob = False
        self.split = False
        self.spread = False
        self.quoted_space = False
        self._buffer: list[str] = []
        self._from = 0
        self._to = 0

    def text(self, text: str, start: int, end: int) -> None:
        """Literal characters that stand at `start` to `end` of the script."""
        if not self._buffer:
            self._from = start
        self._buffer.append(text)
        self._to = end

    def quoted(self, text: str, start: int, end: int) -> None:
        """Literal characters out of quotes."""
        self.bare = False
        if self.mode == "glob":
            text = GLOB.sub(r"\\\g<0>", text)
        elif self.mode == "regex":
            text = re.escape(text)
        elif " " in text:
            self.quoted_space = True
        self.text(text, start, end)

    def boundary(self) -> None:
        """A quote opens or closes: the pieces on its sides are written apart, so each keeps its own span."""
        self.bare = False
        if not self.mode:
            self.flush()

    def flush(self) -> None:
        """End the literal piece."""
        if self._buffer:
            text = "".join(self._buffer)
            if text:
                self.parts.append(Str(self.script.range(self._from, self._to), decoded(text)))
            self._buffer = []

    def expand(self, expr: Expr, split: bool) -> None:
        """An expansion; `split`: it is not quoted."""
        self.flush()
        self.bare = False
        self.parts.append(expr)
        self.split |= split

    def finish(self, whole: Range) -> Expr:
        """The word's expression; `whole` is its span where it has several pieces or none."""
        self.flush()
        if not self.parts:
            return Str(whole, "")
        if len(self.parts) == 1:
            return self.parts[0]
        return Join(whole, tuple(self.parts))

"""Make's own text: references to variables, functions, joined lines. GNU make manual, chapters 3, 6 and 8."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from stigmer_lint.flow.ir import (
    And,
    Arg,
    Call,
    Compare,
    Cond,
    Expr,
    Fallback,
    Join,
    Name,
    Opaque,
    Range,
    Str,
    Unit,
)
from stigmer_lint.frontends.shell_parser import Parser
from stigmer_lint.frontends.shell_pieces import around, decoded
from stigmer_lint.frontends.shell_text import ScriptBuilder, ScriptText

MAX_NESTING: Final = 16
"""References inside references, and definitions inside definitions, that are followed."""

MAX_INLINED: Final = 100_000
"""Characters of definitions that one recipe takes over."""

_FUNCTION: Final = re.compile(r"([a-z-]+)[ \t]+")
_NAME: Final = re.compile(r"[A-Za-z0-9_.\-/%]+")
_OPEN: Final = re.compile(r"[()]"), re.compile(r"[{}]")
_SHELL: Final = re.compile(r"['\"\\;|&\n`<>#]|\$\$")
_SPLIT: Final = re.compile(r"[(){},]")


class Text(msgspec.Struct, frozen=True):
    """Literal characters; `start` to `end` of the script is where they are written."""

    text: str
    script: ScriptText
    start: int
    end: int


class Part(msgspec.Struct, frozen=True):
    """What a reference stands for."""

    expr: Expr
    place: Range


Piece = Text | Part


class Stretch(msgspec.Struct, frozen=True):
    """Characters `start` to `end` of a script."""

    script: ScriptText
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters."""
        return self.script.text[self.start : self.end]

    @property
    def range(self) -> Range:
        """The bytes of the file."""
        return self.script.range(self.start, self.end)

    def part(self, start: int, end: int) -> Stretch:
        """Characters `start` to `end`, counted from this stretch's own first."""
        return Stretch(self.script, self.start + start, self.start + end)

    def stripped(self) -> Stretch:
        """Without the blanks at its ends."""
        text = self.text
        left = len(text) - len(text.lstrip(" \t\r\n"))
        right = len(text.rstrip(" \t\r\n"))
        return self.part(min(left, right), right)


def add_stretch(builder: ScriptBuilder, script: ScriptText, start: int, end: int, text: str | None = None) -> None:
    """Append characters of another script, or `text` for them, with their places in the file."""
    if text is None or text == script.text[start:end]:
        script.copy(builder, start, end)
        return
    low, high = script.range(start, end)
    builder.add(text, low, None if high - low == len(text) else high)


class Expander:
    """Reads references. `inlined`: definitions whose text the shell has to see, because quotes or operators are in it."""

    __slots__ = ("_budget", "inlined", "unit")

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.inlined: dict[str, Stretch] = {}
        self._budget = 0

    def needs_shell(self, value: Stretch) -> bool:
        """Whether a variable's text, references apart, says something to the shell beyond plain words."""
        if _SHELL.search(value.text) is None:
            return False
        pieces = self._pieces(value, 0, {}, None, False)
        return any(isinstance(piece, Text) and _SHELL.search(piece.script.text, piece.start, piece.end) for piece in pieces)

    def value(self, stretch: Stretch, target: str | None = None) -> Expr:
        """A stretch of make text as an expression."""
        return self._join(self._pieces(stretch, 0, {}, target, False), stretch.range)

    def script(self, stretch: Stretch, target: str | None) -> ScriptText:
        """A recipe as the shell gets it: `$$` is a dollar, references are holes or, where the shell must see it, their text."""
        self._budget = MAX_INLINED
        builder = ScriptBuilder(stretch.range)
        for piece in self._pieces(stretch, 0, {}, target, True):
            if isinstance(piece, Part):
                builder.hole(piece.expr, piece.place)
            else:
                add_stretch(builder, piece.script, piece.start, piece.end, piece.text)
        return builder.finish()

    def _join(self, pieces: list[Piece], span: Range) -> Expr:
        parts: list[Expr] = []
        text: list[Text] = []

        def flush() -> None:
            if text:
                first, last = text[0].script.range(text[0].start, text[0].end), text[-1].script.range(text[-1].start, text[-1].end)
                parts.append(Str(around(first, last), decoded("".join(one.text for one in text))))
                text.clear()

        for piece in pieces:
            if isinstance(piece, Text):
                if piece.text:
                    text.append(piece)
            else:
                flush()
                parts.append(piece.expr)
        flush()
        if not parts:
            return Str(span, "")
        return parts[0] if len(parts) == 1 else Join(span, tuple(parts))

    def _pieces(self, stretch: Stretch, depth: int, given: dict[str, list[Piece]], target: str | None, inline: bool) -> list[Piece]:
        """`given`: arguments of `$(call ...)`; `target`: what `$@` stands for; `inline`: for the shell."""
        script, at, end = stretch.script, stretch.start, stretch.end
        text = script.text
        found: list[Piece] = []
        while at < end:
            dollar = text.find("$", at, end)
            if dollar < 0 or dollar + 1 >= end:
                found.append(Text(text[at:end], script, at, end))
                break
            if dollar > at:
                found.append(Text(text[at:dollar], script, at, dollar))
            char = text[dollar + 1]
            if char == "$":
                found.append(Text("$", script, dollar, dollar + 2))
                at = dollar + 2
            elif char in "({":
                close = self._close(text, dollar + 1, end)
                if close < 0:
                    found.append(Text(text[dollar:end], script, dollar, end))
                    break
                found += self._reference(Stretch(script, dollar + 2, close), depth, given, target, inline)
                at = close + 1
            else:
                found += self._reference(Stretch(script, dollar + 1, dollar + 2), depth, given, target, inline)
                at = dollar + 2
        return found

    def _close(self, text: str, at: int, end: int) -> int:
        pattern = _OPEN[0] if text[at] == "(" else _OPEN[1]
        opening = text[at]
        depth = 0
        for match in pattern.finditer(text, at, end):
            depth += 1 if match[0] == opening else -1
            if not depth:
                return match.start()
        return -1

    def _reference(self, inner: Stretch, depth: int, given: dict[str, list[Piece]], target: str | None, inline: bool) -> list[Piece]:
        name = inner.text
        place = inner.range
        if depth > MAX_NESTING:
            return [Part(Opaque(place, "references nested too deep"), place)]
        if name in given:
            return given[name]
        if name == "@":
            if target is not None and "%" not in target:
                return [Text(target, inner.script, inner.start, inner.end)]
            return [Part(Opaque(place, "the target's name"), place)]
        definition = self.inlined.get(name) if inline else None
        if definition is not None and self._budget > 0:
            self._budget -= definition.end - definition.start + 1
            return self._pieces(definition, depth + 1, {}, target, True)
        function = _FUNCTION.match(name)
        if function:
            arguments = inner.part(function.end(), len(name))
            if function[1] == "call":
                return self._called(arguments, place, depth, given, target, inline)
            return [Part(self._function(function[1], arguments, place, depth, given, target), place)]
        if _NAME.fullmatch(name):
            return [Part(Name(place, name), place)]
        return [Part(Opaque(place, "an automatic variable" if len(name) <= 2 else "a computed reference"), place)]

    def _called(
        self, arguments: Stretch, place: Range, depth: int, given: dict[str, list[Piece]], target: str | None, inline: bool
    ) -> list[Piece]:
        parts = _arguments(arguments)
        definition = self.inlined.get(parts[0].stripped().text)
        if definition is None or self._budget <= 0 or not inline:
            return [Part(Opaque(place, f"the result of {decoded(parts[0].text)}"), place)]
        self._budget -= definition.end - definition.start + 1
        bound = {str(index): self._pieces(part, depth + 1, given, target, inline) for index, part in enumerate(parts[1:10], 1)}
        return self._pieces(definition, depth + 1, {str(index): [] for index in range(1, 10)} | bound, target, True)

    def _function(self, name: str, arguments: Stretch, place: Range, depth: int, given: dict[str, list[Piece]], target: str | None) -> Expr:
        def lowered(part: Stretch) -> Expr:
            return self._join(self._pieces(part, depth + 1, given, target, False), part.range)

        if name == "shell":
            builder = ScriptBuilder(place)
            for piece in self._pieces(arguments, depth + 1, given, target, False):
                if isinstance(piece, Part):
                    builder.hole(piece.expr, piece.place)
                else:
                    add_stretch(builder, piece.script, piece.start, piece.end, piece.text)
            return substitution(builder.finish(), self.unit, place)
        parts = [part.stripped() for part in _arguments(arguments)]
        if name in ("or", "and") and len(parts) <= MAX_NESTING:
            result = lowered(parts[-1])
            for part in reversed(parts[:-1]):
                first = lowered(part)
                result = Fallback(place, first, result) if name == "or" else And(place, first, result)
            return result
        if name == "if" and len(parts) > 1:
            return Cond(place, lowered(parts[0]), lowered(parts[1]), lowered(parts[2]) if len(parts) > 2 else Str(place, ""))
        if name == "strip" or name in ("abspath", "realpath", "value"):
            return Name(place, arguments.text) if name == "value" and _NAME.fullmatch(arguments.text) else lowered(arguments.stripped())
        if name == "subst" and len(parts) >= 3:
            return Call(place, Name(place, "$replace_all"), tuple(Arg(lowered(part)) for part in parts[:3][2:] + parts[:2]))
        if name == "findstring" and len(parts) == 2:
            needle = lowered(parts[0])
            return And(place, Compare(place, "in", needle, lowered(parts[1])), needle)
        if name == "filter" and len(parts) == 2 and "%" not in parts[0].text:
            subject = lowered(parts[1])
            words = [Str(parts[0].range, decoded(word)) for word in parts[0].text.split()]
            if words and "$" not in parts[0].text and len(words) <= MAX_NESTING:
                test: Expr = Compare(place, "==", subject, words[-1])
                for word in reversed(words[:-1]):
                    test = Fallback(place, Compare(place, "==", subject, word), test)
                return And(place, test, subject)
        return Opaque(place, f"the result of {name}")


def _arguments(stretch: Stretch) -> list[Stretch]:
    """The parts between commas that no parenthesis holds."""
    parts: list[Stretch] = []
    depth = at = 0
    text = stretch.text
    for match in _SPLIT.finditer(text):
        if match[0] in "({":
            depth += 1
        elif match[0] in ")}":
            depth -= 1
        elif depth <= 0:
            parts.append(stretch.part(at, match.start()))
            at = match.end()
    parts.append(stretch.part(at, len(text)))
    return parts


def substitution(script: ScriptText, unit: Unit, place: Range) -> Expr:
    """The output of a script as an expression: `$(shell ...)`, a justfile's backticks."""
    functions = unit.functions
    unit.functions = {}
    parser = Parser(script, unit)
    statements = parser.printing_body()
    unit.functions = functions
    expr = parser.substitution(statements, 0, len(script.text))
    return msgspec.structs.replace(expr, span=place)

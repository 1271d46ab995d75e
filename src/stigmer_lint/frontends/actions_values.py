"""`${{ ... }}` of GitHub Actions, as far as a linter needs it: variables, matrix entries, `cond && 'a' || 'b'`."""

from __future__ import annotations

import re
from typing import Final

from stigmer_lint.frontends.decoded import Located
from stigmer_lint.frontends.interpolation import joined
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Step, Unknown, Value, choose, with_step

_TERNARY: Final = re.compile(r"(?P<test>[^&|]+?)\s*&&\s*'(?P<then>[^']*)'\s*\|\|\s*'(?P<other>[^']*)'$")
_OR: Final = re.compile(r"(?P<first>[\w.\-]+)\s*\|\|\s*'(?P<other>[^']*)'$")
_LITERAL: Final = re.compile(r"'([^']*)'$")
_PATH: Final = re.compile(r"[A-Za-z_][\w\-]*(?:\.[\w\-]+)+$")
_CONTEXT: Final = re.compile(r"[A-Za-z_][\w\-]*(?:\.[\w\-]+)+")
_EMPTY_TEST: Final = re.compile(r"^!|==\s*''")

MAX_EXPRESSIONS: Final = 200


class Scope:
    """What expressions see: `env` variables set above, the job's literal matrix, and what is known to hold (`given`): contexts that are
    not empty, because the job runs in a container that they name."""

    def __init__(self, env: dict[str, Value], matrix: dict[str, tuple[Value, ...]], given: frozenset[str] = frozenset()) -> None:
        self.env = env
        self.matrix = matrix
        self.given = given

    def value(self, place: Located) -> Value:
        """A text with its expressions filled in."""
        text = place.text
        if "${{" not in text:
            return Known(text, place.span(0, len(text)))
        parts: list[Value] = []
        at = 0
        for _ in range(MAX_EXPRESSIONS):
            start = text.find("${{", at)
            end = text.find("}}", start) if start >= 0 else -1
            if start < 0 or end < 0:
                break
            if start > at:
                parts.append(Known(text[at:start], place.span(at, start)))
            parts.append(self.expression(text[start + 3 : end].strip(), place.span(start, end + 2)))
            at = end + 2
        if at < len(text):
            parts.append(Known(text[at:], place.span(at, len(text))))
        return parts[0] if len(parts) == 1 else joined(tuple(parts), place.span(0, len(text)), len(text))

    def expression(self, text: str, span: Span) -> Value:
        """The value of one expression."""
        literal = _LITERAL.match(text)
        if literal is not None:
            return Known(literal[1], span)
        ternary = _TERNARY.match(text)
        if ternary is not None:
            then, other = Known(ternary["then"], span), Known(ternary["other"], span)
            if self.given & set(_CONTEXT.findall(ternary["test"])):
                return other if _EMPTY_TEST.search(ternary["test"]) else then
            return choose((then, other), span)
        fallback = _OR.match(text)
        if fallback is not None:
            return choose((self.context(fallback["first"], span), Known(fallback["other"], span)), span, (), 1)
        return self.context(text, span)

    def context(self, text: str, span: Span) -> Value:
        """The value of `env.X`, `matrix.x`, `inputs.x`."""
        if _PATH.match(text):
            root, _, name = text.partition(".")
            known = self.env.get(name) if root == "env" else None
            if known is not None:
                return with_step(known, Step(span, f"env.{name} is used here"))
            if root == "matrix" and name in self.matrix:
                return choose(self.matrix[name], span)
        return Unknown(f"{text[:80]} of the workflow run", "input", text[:80], span)


def contexts(text: str) -> frozenset[str]:
    """The contexts (`inputs.image`) that a text's expressions name."""
    return frozenset(_CONTEXT.findall(text)) if "${{" in text else frozenset()

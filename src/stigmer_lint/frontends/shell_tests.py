"""Tests of the shell (`[ ... ]`, `[[ ... ]]`, `test`) as comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from stigmer_lint.flow.ir import And, Compare, Expr, Fallback, Name, Nil, Not, Opaque, Range, Str
from stigmer_lint.frontends.shell_pieces import Word, around

MAX_TERMS: Final = 60
"""Terms of one test, and levels of the expression that stands for it."""

_BINARY: Final = frozenset(
    ("=", "==", "!=", "=~", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef", "\\<", "\\>")
)
PATTERN_OPERATORS: Final = frozenset(("=", "==", "!="))
_UNARY: Final = frozenset("abcdefghknoprstuvwxzGLNORS")

Token = Word | str
"""An operand or operator as a word; of `[[`, also "&&", "||", "(", ")", "!", "<", ">" as text."""


def chain(kind: Literal["and", "or"], terms: Sequence[Expr], span: Range) -> Expr:
    """`a && b && c` or `a || b || c` as nested expressions; too many are Opaque."""
    if len(terms) > MAX_TERMS:
        return Opaque(span, f"a test of {len(terms)} terms")
    result = terms[-1]
    for term in reversed(terms[:-1]):
        whole = around(term.span, result.span)
        result = And(whole, term, result) if kind == "and" else Fallback(whole, term, result)
    return result


class Chain:
    """Terms joined by `&&` and `||`, which group to the left."""

    __slots__ = ("_count", "_mark", "_terms")

    def __init__(self, first: Expr) -> None:
        self._terms = [first]
        self._mark = ""
        self._count = 1

    def add(self, mark: str, term: Expr) -> None:
        """Join one more term by `mark`."""
        self._count += 1
        if self._count > MAX_TERMS:
            return
        if self._mark and mark != self._mark:
            self._terms = [self._fold()]
        self._mark = mark
        self._terms.append(term)

    def _fold(self) -> Expr:
        span = around(self._terms[0].span, self._terms[-1].span)
        return chain("and" if self._mark == "&&" else "or", self._terms, span)

    def result(self) -> Expr:
        """The expression; Opaque where the terms are too many."""
        whole = self._fold()
        return whole if self._count <= MAX_TERMS else Opaque(whole.span, f"a test of {self._count} terms")


class _Frame:
    """One level of parentheses. `height`: levels of the deepest expression in it."""

    __slots__ = ("ands", "height", "ors", "turned")

    def __init__(self, turned: bool) -> None:
        self.ors: list[Expr] = []
        self.ands: list[Expr] = []
        self.turned = turned
        self.height = 0

    def fold(self, span: Range) -> Expr:
        if self.ands:
            self.ors.append(chain("and", self.ands, span))
            self.height += len(self.ands)
            self.ands = []
        if not self.ors:
            return Opaque(span, "an empty test")
        self.height += len(self.ors)
        return chain("or", self.ors, span) if self.height <= MAX_TERMS else Opaque(span, "a test nested too deep")


def lower(tokens: Sequence[Token], span: Range, extended: bool) -> Expr:
    """The test as an expression. `extended`: of `[[`, where patterns match and `-a` is no connective."""
    frames = [_Frame(False)]
    turned = False
    at = 0
    size = len(tokens)
    while at < size:
        token = tokens[at]
        mark = token if isinstance(token, str) else token.bare if not extended else None
        if not extended and isinstance(token, Word) and token.literal in ("(", ")"):
            mark = token.literal
        follows = _operator(tokens, at + 1, extended) if at + 2 < size else None
        if follows is None or mark in ("&&", "||") or (mark in ("!", "(") and isinstance(token, str)):
            if mark == "!" and at + 1 < size:
                turned = not turned
                at += 1
                continue
            if mark == "(" and at + 1 < size:
                frames.append(_Frame(turned))
                turned = False
                at += 1
                continue
            if mark == ")":
                if len(frames) > 1:
                    done = frames.pop()
                    value = done.fold(span)
                    frames[-1].height = max(frames[-1].height, done.height)
                    frames[-1].ands.append(Not(value.span, value) if done.turned else value)
                at += 1
                continue
            if mark in ("&&", "||") or (mark in ("-a", "-o") and frames[-1].ands and at + 1 < size):
                if mark in ("||", "-o"):
                    here = frames[-1]
                    here.height += len(here.ands)
                    if here.ands:
                        here.ors.append(chain("and", here.ands, span))
                    here.ands = []
                at += 1
                continue
        if follows is not None:
            right = tokens[at + 2]
            value = _binary(follows, token, right, extended)
            at += 3
        else:
            value, at = _unary(tokens, at, mark)
        frames[-1].ands.append(Not(value.span, value) if turned else value)
        turned = False
    while len(frames) > 1:
        done = frames.pop()
        value = done.fold(span)
        frames[-1].height = max(frames[-1].height, done.height)
        frames[-1].ands.append(value)
    return frames[0].fold(span)


def _operator(tokens: Sequence[Token], at: int, extended: bool) -> str | None:
    token = tokens[at]
    text = token if isinstance(token, str) else token.bare if extended else token.literal
    if text not in _BINARY:
        return None
    after = tokens[at + 1]
    return text if isinstance(after, Word) or after not in ("&&", "||") else None


def _expr(token: Token, span: Range = (0, 0)) -> Expr:
    return token.expr if isinstance(token, Word) else Str(span, token)


def _binary(operator: str, left_token: Token, right_token: Token, extended: bool) -> Expr:
    left, right = _expr(left_token), _expr(right_token)
    span = around(left.span, right.span)
    if operator == "=~":
        return Compare(span, "matches", left, right)
    if operator in ("=", "==", "!="):
        if extended and isinstance(right_token, Word) and right_token.glob:
            matched = Compare(span, "glob", left, right)
            return Not(span, matched) if operator == "!=" else matched
        return Compare(span, "!=" if operator == "!=" else "==", left, right)
    if operator in ("-eq", "-ne"):
        return Compare(span, "==" if operator == "-eq" else "!=", left, right)
    if operator in ("-nt", "-ot", "-ef"):
        return Opaque(span, "a comparison of files")
    return Compare(span, "order", left, right)


def _unary(tokens: Sequence[Token], at: int, mark: str | None) -> tuple[Expr, int]:
    token = tokens[at]
    text = mark if mark is not None else token.bare if isinstance(token, Word) else token
    if text is not None and len(text) == 2 and text[0] == "-" and text[1] in _UNARY and at + 1 < len(tokens):
        operand_token = tokens[at + 1]
        operand = _expr(operand_token)
        span = around(_expr(token, operand.span).span, operand.span)
        if text == "-n":
            return operand, at + 2
        if text == "-z":
            return Not(span, operand), at + 2
        if text == "-v" and isinstance(operand, Str):
            return Compare(span, "!=", Name(operand.span, operand.text), Nil(operand.span)), at + 2
        return Opaque(span, f"the test {text}"), at + 2
    return _expr(token), at + 1

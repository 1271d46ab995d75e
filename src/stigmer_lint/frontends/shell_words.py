"""Words of the shell: quoting, expansions, here-document text. The grammar is POSIX 2.2 to 2.6 with what bash, ksh and zsh add.

Spans: a literal piece without its quotes, a variable its name, `${X:-d}` what is between the braces, `$(cmd)` all of it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Final

from stigmer_lint.flow.ir import (
    And,
    Arg,
    Assign,
    Call,
    Do,
    Expr,
    Fallback,
    Function,
    FunctionDecl,
    Index,
    Join,
    Name,
    Num,
    Opaque,
    Range,
    Slice,
    Stmt,
    Str,
    Unit,
    block,
)
from stigmer_lint.frontends.shell_pieces import GLOB, Pieces, Word
from stigmer_lint.frontends.shell_text import ScriptBuilder, ScriptText

MAX_NESTING: Final = 40
"""Substitutions and compound commands inside each other that are read; each costs the reader some six frames."""

_HOLES: Final = "\U000f0000-\U0010ffff"
_HOLE: Final = re.compile(rf"[{_HOLES}]")
_FAST: Final = re.compile(r"[A-Za-z0-9_./:@%,+=-]+(?=[ \t\n;)]|\Z)")
_WORD: Final = re.compile(rf"[^ \t\r\n'\"\\$`;&|()<>{_HOLES}]+")
_BRACE: Final = re.compile(rf"[^}}'\"\\$`{_HOLES}]+")
_SLASH: Final = re.compile(rf"[^}}/'\"\\$`{_HOLES}]+")
_SUBSCRIPT: Final = re.compile(rf"[^\]'\"\\$`{_HOLES}]+")
_DOUBLE: Final = re.compile(rf"[^\"\\$`{_HOLES}]+")
_HERE: Final = re.compile(rf"[^\\$`{_HOLES}]+")
_REGEX: Final = re.compile(rf"[^ \t\r\n'\"\\$`()|;&<>{_HOLES}]+")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_LENGTH: Final = re.compile(r"#([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*])(\[[@*0-9]{1,9}\])?\}")
_OPERATOR: Final = re.compile(r":?[-=?+]|##?|%%?|//|/[#%]|/|\^\^?|,,?|@[A-Za-z]|:")
_ANSI: Final = re.compile(r"[^'\\]*(?:\\.[^'\\]*)*", re.DOTALL)
_BACKTICK: Final = re.compile(r"[^`\\]*(?:\\.[^`\\]*)*", re.DOTALL)
_PARENS: Final = re.compile(r"[()]")
_BRACES: Final = re.compile(r"\\.|\$\{|\}", re.DOTALL)
_OFFSETS: Final = re.compile(r"\s*([0-9]{1,9})\s*(?::\s*([0-9]{1,9})\s*)?\Z")
_ANSI_ESCAPE: Final = re.compile(
    r"\\(?:([abeEfnrtv\\'\"?])|([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|c(.))", re.DOTALL
)
_ANSI_CHARS: Final = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CASES: Final = {"^^": "$upper", "^": "$upper_first", ",,": "$lower", ",": "$lower_first"}
_REPLACES: Final = {"/": "$replace", "//": "$replace_all", "/#": "$replace_prefix", "/%": "$replace_suffix"}
_TRANSFORMS: Final = {"@Q": "$quote", "@U": "$upper", "@u": "$upper_first", "@L": "$lower"}


class Words(ABC):
    """The part of the parser that reads words; `nested` comes from the part that reads commands."""

    __slots__ = ("_unbalanced", "depth", "end", "error_at", "jumps", "out", "pos", "script", "substitutions", "text", "unit")

    def __init__(self, script: ScriptText, unit: Unit) -> None:
        self.script = script
        self.text = script.text
        self.pos = script.base
        self.end = len(script.text)
        self.unit = unit
        self.out: list[Stmt] = []
        self.depth = 0
        self.jumps: dict[int, int] = {}
        """Position of a line end -> end of the here-documents that follow it."""
        self.error_at: int | None = None
        self.substitutions = 0
        self._unbalanced = -1

    @abstractmethod
    def nested(self, closer: str) -> list[Stmt]:
        """The commands up to `closer`, which is consumed; "": up to the end."""

    def failed(self, at: int) -> None:
        """Note the first place that is not understood."""
        if self.error_at is None:
            self.error_at = self.script.range(at, at)[0]

    def too_deep(self) -> bool:
        """Whether the nesting bound is met; what is left of the script is then not read."""
        if self.depth < MAX_NESTING:
            return False
        self.failed(self.pos)
        self.pos = self.end
        return True

    def word(self, mode: str = "") -> Word:
        """The word at the current position. `mode` "glob": a pattern of `case` or `[[`; "regex": the right side of `=~`."""
        start = self.pos
        if not mode:
            fast = _FAST.match(self.text, start, self.end)
            if fast:
                text = fast[0]
                self.pos = fast.end()
                return Word(
                    Str(self.script.range(start, self.pos), text), start, self.pos, bare=text, literal=text, split=False, spread=False, glob=False
                )
        pieces = Pieces(self.script, mode)
        self._bare(pieces, _REGEX if mode == "regex" else _WORD, "", False)
        end = self.pos
        inner = (start, end)
        if end - start > 1 and self.text[start] == '"' == self.text[end - 1]:
            inner = (start + 1, end - 1)
        expr = pieces.finish(self.script.range(*inner))
        literal: str | None = None
        if isinstance(expr, Str):
            literal = expr.text
        elif isinstance(expr, Join) and all(isinstance(part, Str) for part in expr.parts):
            literal = "".join(part.text for part in expr.parts if isinstance(part, Str))
        return Word(
            expr, start, end,
            bare=literal if pieces.bare else None,
            literal=literal,
            split=pieces.split and not pieces.quoted_space,
            spread=pieces.spread and len(pieces.parts) == 1,
            glob=pieces.glob,
        )  # fmt: skip

    def _bare(self, pieces: Pieces, plain: re.Pattern[str], stops: str, in_quotes: bool) -> None:
        """Read unquoted text. `stops`: characters that end it; "" for the metacharacters that end a word.
        `in_quotes`: inside double quotes, where single quotes mean themselves."""
        text = self.text
        parens = 0
        while self.pos < self.end:
            at = self.pos
            match = plain.match(text, at, self.end)
            if match:
                self.pos = match.end()
                pieces.text(match[0], at, self.pos)
                if pieces.mode == "glob" and not pieces.glob and GLOB.search(match[0]):
                    pieces.glob = True
                continue
            char = text[at]
            if char == "$":
                self._dollar(pieces, in_quotes)
            elif char == '"':
                self.pos += 1
                pieces.boundary()
                self._double(pieces, at)
                pieces.boundary()
            elif char == "'" and not in_quotes:
                stop = text.find("'", at + 1, self.end)
                if stop < 0:
                    self.failed(at)
                    stop = self.end
                pieces.boundary()
                self._literal(pieces, at + 1, stop)
                pieces.boundary()
                self.pos = min(stop + 1, self.end)
            elif char == "\\":
                self._escape(pieces, at)
            elif char == "`":
                self._backtick(pieces, in_quotes)
            elif char >= "\U000f0000":
                self.pos += 1
                pieces.expand(self._hole(at), not in_quotes)
            elif stops:
                if char in stops:
                    return
                self.pos += 1
                pieces.text(char, at, at + 1)
            elif pieces.mode == "regex" and char in "()|":
                if char == ")" and not parens:
                    return
                parens += 1 if char == "(" else -1 if char == ")" else 0
                self.pos += 1
                pieces.text(char, at, at + 1)
            elif char in "<>" and text.startswith("(", at + 1) and at + 1 < self.end and not pieces.mode:
                self.pos += 2
                start = at
                self.out.extend(self.nested(")"))
                pieces.expand(Opaque(self.script.range(start, self.pos), "process substitution"), False)
            elif char == "(" and at and text[at - 1] in "?*+@!" and self._extglob(pieces, at):
                pieces.glob = True
            else:
                return

    def _hole(self, at: int) -> Expr:
        return self.script.expression(self.text[at])

    def _extglob(self, pieces: Pieces, at: int) -> bool:
        """Consume `(a|b)` of `@(a|b)`."""
        if at < self._unbalanced:
            return False
        depth = 0
        stop = min(self.end, at + 2000)
        for match in _PARENS.finditer(self.text, at, stop):
            depth += 1 if match[0] == "(" else -1
            if not depth:
                self.pos = match.end()
                pieces.text(self.text[at : self.pos], at, self.pos)
                return True
        self._unbalanced = stop
        return False

    def _escape(self, pieces: Pieces, at: int) -> None:
        following = self.text[at + 1 : min(at + 2, self.end)]
        self.pos = min(at + 2, self.end)
        if following == "\n":
            return
        if not following:
            pieces.text("\\", at, at + 1)
        elif following >= "\U000f0000":
            self.pos = at + 1
        else:
            pieces.quoted(following, at, at + 2)

    def _double(self, pieces: Pieces, opened: int) -> None:
        """Read up to the closing double quote, which is consumed."""
        text = self.text
        while self.pos < self.end:
            at = self.pos
            match = _DOUBLE.match(text, at, self.end)
            if match:
                self.pos = match.end()
                pieces.quoted(match[0], at, self.pos)
                continue
            char = text[at]
            if char == '"':
                self.pos += 1
                return
            self._quoted_special(pieces, char, at, '$`"\\')
        self.failed(opened)

    def _quoted_special(self, pieces: Pieces, char: str, at: int, escapable: str) -> None:
        if char == "$":
            self._dollar(pieces, True)
        elif char == "`":
            self._backtick(pieces, True)
        elif char == "\\":
            following = self.text[at + 1 : min(at + 2, self.end)]
            self.pos = min(at + 2, self.end)
            if following == "\n":
                return
            if following and following in escapable:
                pieces.quoted(following, at, at + 2)
            else:
                self.pos = at + 1
                pieces.quoted("\\", at, at + 1)
        else:
            self.pos += 1
            pieces.expand(self._hole(at), False)

    def here_text(self, start: int, end: int, literal: bool, dedent: bool) -> Expr:
        """A here-document's text. `literal`: its delimiter was quoted; `dedent`: `<<-`, leading tabs go."""
        pieces = Pieces(self.script)
        saved = self.pos, self.end
        self.pos, self.end = start, end
        text = self.text
        if literal:
            while self.pos < end:
                at = self.pos
                stop = text.find("\n", at, end) + 1 if dedent else end
                stop = stop or end
                begin = at
                while dedent and begin < stop and text[begin] == "\t":
                    begin += 1
                self._literal(pieces, begin, stop)
                self.pos = stop
        fresh = True
        while self.pos < end:
            at = self.pos
            match = _HERE.match(text, at, end)
            if match:
                self.pos = match.end()
                if dedent:
                    run = re.sub(r"(?m)^\t+" if fresh else r"(?<=\n)\t+", "", match[0])
                else:
                    run = match[0]
                pieces.text(run, at, self.pos)
                fresh = match[0].endswith("\n")
                continue
            fresh = False
            self._quoted_special(pieces, text[at], at, "$`\\")
        self.pos, self.end = saved
        return pieces.finish(self.script.range(start, end))

    def _literal(self, pieces: Pieces, start: int, end: int) -> None:
        """Text in which nothing but a hole means anything."""
        at = start
        if self.script.holes:
            for match in _HOLE.finditer(self.text, start, end):
                if match.start() > at:
                    pieces.quoted(self.text[at : match.start()], at, match.start())
                pieces.expand(self._hole(match.start()), False)
                at = match.end()
        if end > at:
            pieces.quoted(self.text[at:end], at, end)

    def _dollar(self, pieces: Pieces, in_quotes: bool) -> None:
        at = self.pos
        following = self.text[at + 1 : min(at + 2, self.end)]
        if following == "{":
            self._expansion(pieces, in_quotes)
            return
        if following == "(":
            self._parenthesised(pieces, in_quotes)
            return
        name = _NAME.match(self.text, at + 1, self.end)
        if name:
            self.pos = name.end()
            pieces.expand(Name(self.script.range(at + 1, self.pos), name[0]), not in_quotes)
        elif following and following in "@*":
            self.pos = at + 2
            self._all(pieces, Name(self.script.range(at + 1, at + 2), "@"), following, in_quotes, self.script.range(at, at + 2))
        elif following and following in "0123456789#?$!-":
            self.pos = at + 2
            pieces.expand(Name(self.script.range(at + 1, at + 2), following), not in_quotes and following.isdigit())
        elif following == "'" and not in_quotes:
            match = _ANSI.match(self.text, at + 2, self.end)
            stop = match.end() if match else self.end
            if stop >= self.end:
                self.failed(at)
            pieces.boundary()
            pieces.quoted(_ansi(self.text[at + 2 : stop]), at + 2, stop)
            pieces.boundary()
            self.pos = min(stop + 1, self.end)
        elif following == '"' and not in_quotes:
            self.pos = at + 1
        elif following == "[" and not in_quotes:
            stop = self.text.find("]", at + 2, min(self.end, at + 2000))
            self.pos = stop + 1 if stop >= 0 else at + 2
            pieces.expand(Opaque(self.script.range(at, self.pos), "arithmetic"), False)
        elif following >= "\U000f0000":
            self.pos = at + 2
            pieces.expand(Opaque(self.script.range(at, at + 2), "a variable whose name is not known"), not in_quotes)
        else:
            self.pos = at + 1
            pieces.text("$", at, at + 1)

    def _all(self, pieces: Pieces, whole: Expr, sign: str, in_quotes: bool, span: Range) -> None:
        """`$@`, `$*` and their array forms: a list of words, or with a quoted `*` one text."""
        if in_quotes and sign == "*":
            pieces.expand(Call(span, Name(span, "$join"), (Arg(whole),)), False)
            return
        pieces.expand(whole, not in_quotes)
        pieces.spread = True

    def _expansion(self, pieces: Pieces, in_quotes: bool) -> None:
        """`${...}`."""
        at = self.pos
        if self.too_deep():
            pieces.expand(Opaque(self.script.range(at, at + 2), "nested too deep"), False)
            return
        self.depth += 1
        self.pos = at + 2
        expr, sign = self._parameter(at + 2, in_quotes)
        if self.pos < self.end and self.text[self.pos] == "}":
            self.pos += 1
        elif self.pos >= self.end:
            self.failed(at)
        else:
            self._skip_brace()
            expr, sign = Opaque(self.script.range(at, self.pos), "an expansion that is not read"), ""
        self.depth -= 1
        if sign:
            self._all(pieces, expr, sign, in_quotes, self.script.range(at + 2, self.pos - 1))
        else:
            pieces.expand(expr, not in_quotes)

    def _parameter(self, start: int, in_quotes: bool) -> tuple[Expr, str]:
        """What stands between the braces, and "@" or "*" where it is a list of words."""
        text = self.text
        length = _LENGTH.match(text, start, self.end)
        if length:
            self.pos = length.end() - 1
            span = self.script.range(start, self.pos)
            name = "@" if length[1] == "*" else length[1]
            return Call(span, Name(span, "$length"), (Arg(Name(self.script.range(*length.span(1)), name)),)), ""
        if text.startswith("!", start) and _NAME.match(text, start + 1, self.end):
            self._skip_brace()
            self.pos = max(self.pos - 1, start)
            return Opaque(self.script.range(start, self.pos), "a variable named by another variable"), ""
        match = _PARAMETER.match(text, start, self.end)
        if not match:
            return Opaque(self.script.range(start, start), "an expansion that is not read"), ""
        self.pos = match.end()
        sign = match[0] if match[0] in "@*" else ""
        base: Expr = Name(self.script.range(start, self.pos), "@" if sign else match[0])
        if text.startswith("[", self.pos) and not sign:
            sign, base = self._subscripted(base, start)
        operator = _OPERATOR.match(text, self.pos, self.end)
        if not operator:
            return base, sign
        self.pos = operator.end()
        return self._operated(operator[0], base, start, sign, in_quotes)

    def _subscripted(self, base: Expr, start: int) -> tuple[str, Expr]:
        at = self.pos + 1
        sign = self.text[at : at + 1]
        if sign in ("@", "*") and self.text.startswith("]", at + 1):
            self.pos = at + 2
            return sign, base
        self.pos = at
        key = Pieces(self.script)
        self._bare(key, _SUBSCRIPT, "]", False)
        stop = self.pos
        if stop < self.end:
            self.pos += 1
        return "", Index(self.script.range(start, self.pos), base, number_or_text(key.finish(self.script.range(at, stop))))

    def _operated(self, operator: str, base: Expr, start: int, sign: str, in_quotes: bool) -> tuple[Expr, str]:
        kind = operator.removeprefix(":") if len(operator) == 2 and operator[0] == ":" else operator
        if kind in ("-", "=", "?", "+"):
            second = self._operand(_BRACE, "}", "", in_quotes)
            span = self.script.range(start, self.pos)
            if kind == "+":
                return And(span, base, second), ""
            if kind == "?":
                return Call(span, Name(span, "$require"), (Arg(base), Arg(second))), ""
            if kind == "=" and isinstance(base, Name | Index):
                self.out.append(Assign(span, base, second, "?="))
            return Fallback(span, base, second, "falsy" if operator[0] == ":" else "null"), ""
        if operator == ":":
            return self._sliced(base, start, sign)
        if operator in ("#", "##", "%", "%%"):
            mark = self.script.range(self.pos - len(operator), self.pos)
            pattern = self._operand(_BRACE, "}", "glob", False)
            span = self.script.range(start, self.pos)
            return Call(span, Name(span, "$strip"), (Arg(base), Arg(Str(mark, operator)), Arg(pattern))), sign
        if operator[0] == "/":
            pattern = self._operand(_SLASH, "/}", "glob", False)
            text: Expr = Str(self.script.range(self.pos, self.pos), "")
            if self.text.startswith("/", self.pos) and self.pos < self.end:
                self.pos += 1
                text = self._operand(_BRACE, "}", "", False)
            span = self.script.range(start, self.pos)
            return Call(span, Name(span, _REPLACES[operator]), (Arg(base), Arg(pattern), Arg(text))), sign
        callee = _CASES.get(operator) or _TRANSFORMS.get(operator)
        self._operand(_BRACE, "}", "glob", False)
        span = self.script.range(start, self.pos)
        if callee is None:
            return Opaque(span, f"the expansion {operator}"), ""
        return Call(span, Name(span, callee), (Arg(base),)), sign

    def _operand(self, plain: re.Pattern[str], stops: str, mode: str, in_quotes: bool) -> Expr:
        at = self.pos
        pieces = Pieces(self.script, mode)
        self._bare(pieces, plain, stops, in_quotes)
        return pieces.finish(self.script.range(at, self.pos))

    def _sliced(self, base: Expr, start: int, sign: str) -> tuple[Expr, str]:
        at = self.pos
        self._skip_brace()
        self.pos = max(self.pos - 1, at)
        span = self.script.range(start, self.pos)
        match = _OFFSETS.match(self.text[at : self.pos])
        if not match:
            return Opaque(span, "a part of a text at computed offsets"), ""
        low = int(match[1])
        high = low + int(match[2]) if match[2] else None
        if isinstance(base, Name) and base.id == "@":
            # Positional parameters count from 1, lists of this form from 0.
            low = max(low - 1, 0)
            high = high - 1 if high is not None else None
        place = self.script.range(at, self.pos)
        return Slice(span, base, Num(place, str(low)), Num(place, str(high)) if high is not None else None), sign

    def _skip_brace(self) -> None:
        """Go behind the brace that closes the expansion."""
        depth = 1
        for match in _BRACES.finditer(self.text, self.pos, self.end):
            if match[0] == "${":
                depth += 1
            elif match[0] == "}":
                depth -= 1
                if not depth:
                    self.pos = match.end()
                    return
        self.failed(self.pos)
        self.pos = self.end

    def arithmetic_end(self, at: int) -> int:
        """Where `((...))`, whose text begins at `at`, ends; -1 where the parentheses are no arithmetic."""
        depth = 2
        for match in _PARENS.finditer(self.text, at, self.end):
            depth += 1 if match[0] == "(" else -1
            if depth == 1 and match[0] == ")":
                return match.end() + 1 if self.text.startswith(")", match.end()) and match.end() < self.end else -1
        return -1

    def _parenthesised(self, pieces: Pieces, in_quotes: bool) -> None:
        """`$(...)` and `$((...))`."""
        at = self.pos
        if self.text.startswith("(", at + 2) and at + 2 < self.end:
            stop = self.arithmetic_end(at + 3)
            if stop >= 0:
                self.pos = stop
                pieces.expand(self._arithmetic(at + 3, stop - 2), False)
                return
        self.pos = at + 2
        statements = self.nested(")")
        pieces.expand(self.substitution(statements, at, self.pos), not in_quotes)

    def _arithmetic(self, start: int, end: int) -> Expr:
        raw = self.text[start:end]
        inner = raw.strip(" \t\r\n")
        low = start + raw.find(inner) if inner else start
        span = self.script.range(low, low + len(inner))
        if inner.isascii() and inner.isdigit():
            return Num(span, inner)
        name = inner.removeprefix("$").removeprefix("{").removesuffix("}")
        if _NAME.fullmatch(name):
            return Name(span, name)
        return Opaque(span, "arithmetic")

    def substitution(self, statements: list[Stmt], start: int, end: int) -> Expr:
        """What `$(...)` with these commands stands for."""
        self.substitutions += 1
        span = self.script.range(start, end)
        only = statements[0] if len(statements) == 1 else None
        inner: Expr
        if isinstance(only, Do) and isinstance(only.value, Call):
            inner = only.value
        else:
            inner = Function(span, self.function("", statements, span, span))
        return Call(span, Name(span, "$("), (Arg(inner),))

    def function(self, name: str, statements: list[Stmt], span: Range, name_span: Range) -> FunctionDecl:
        """A declaration with these statements as its body."""
        return FunctionDecl(name, span, name_span, (), lambda: block(statements), self.unit)

    def _backtick(self, pieces: Pieces, in_quotes: bool) -> None:
        at = self.pos
        match = _BACKTICK.match(self.text, at + 1, self.end)
        stop = match.end() if match else self.end
        if stop >= self.end:
            self.failed(at)
        inner = self.text[at + 1 : stop]
        escaped = '\\$`"' if in_quotes else "\\$`"
        if self.too_deep():
            pieces.expand(Opaque(self.script.range(at, at + 1), "nested too deep"), False)
            return
        if "\\" in inner and any("\\" + char in inner for char in escaped):
            statements = self._unescaped(at + 1, stop, escaped)
        else:
            saved = self.end
            self.pos, self.end = at + 1, stop
            statements = self.nested("")
            self.end = saved
        self.pos = min(stop + 1, self.end)
        pieces.expand(self.substitution(statements, at, self.pos), not in_quotes)

    def _unescaped(self, start: int, end: int, escaped: str) -> list[Stmt]:
        """The commands inside backticks once the backslashes that the backticks ask for are gone."""
        outer, text = self.script, self.text
        builder = ScriptBuilder(outer.range(start, end))
        at = start

        while at < end:
            stop = text.find("\\", at, end)
            if stop < 0 or stop + 1 >= end:
                outer.copy(builder, at, end)
                break
            if text[stop + 1] in escaped:
                if stop > at:
                    outer.copy(builder, at, stop)
                outer.copy(builder, stop + 1, stop + 2)
            else:
                outer.copy(builder, at, stop + 2)
            at = stop + 2
        script = builder.finish()
        script.holes = outer.holes
        saved = self.script, self.text, self.pos, self.end, self.jumps
        self.script, self.text, self.pos, self.end, self.jumps = script, script.text, 0, len(script.text), {}
        statements = self.nested("")
        self.script, self.text, self.pos, self.end, self.jumps = saved
        return statements


def number_or_text(expr: Expr) -> Expr:
    """An array's subscript: digits are a number."""
    return Num(expr.span, expr.text) if isinstance(expr, Str) and expr.text.isascii() and expr.text.isdigit() else expr


def _ansi(text: str) -> str:
    """`$'...'` decoded (bash manual, 3.1.2.4)."""

    def decode(match: re.Match[str]) -> str:
        simple, octal, hexadecimal, short, long, control = match.groups()
        if simple is not None:
            return _ANSI_CHARS.get(simple, simple)
        if octal is not None:
            return chr(int(octal, 8) & 255)
        if hexadecimal is not None:
            return chr(int(hexadecimal, 16))
        if control is not None:
            return chr(ord(control) & 31)
        code = int(short or long, 16)
        return chr(code).encode("utf-8", "replace").decode("latin-1") if code < 0x110000 else ""

    return _ANSI_ESCAPE.sub(decode, text) if "\\" in text else text


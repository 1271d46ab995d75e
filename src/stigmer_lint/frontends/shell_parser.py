"""Commands of the shell, read straight into the intermediate form.

A parser of its own rather than a grammar's tree: of 554 scripts that bash accepts, tree-sitter-bash 0.25 rejects 39 (`for x do`, `<<\\EOF`,
patterns over two lines), some from the first line on, and a script with a launch in it must not be lost. It never
fails: what is not understood is skipped or Opaque, and the first such place is `error_at`. Time is linear in the text.
"""
from __future__ import annotations

import re
from typing import Final

from stigmer_lint.flow.ir import (
    Arg,
    Block,
    Bool,
    Call,
    Compare,
    Do,
    Expr,
    If,
    ListItem,
    ListOf,
    Loop,
    Name,
    Not,
    Opaque,
    Range,
    Stmt,
    Unit,
)
from stigmer_lint.frontends import shell_tests
from stigmer_lint.frontends.shell_commands import FUNCTION_PARENS, Commands, Kind
from stigmer_lint.frontends.shell_pieces import Word, around
from stigmer_lint.frontends.shell_text import ScriptText

_SPACE: Final = re.compile(r"(?:[ \t\r;&]|\\\n)*")
_KEYWORD: Final = re.compile(
    r"(?:if|then|elif|else|fi|for|while|until|do|done|case|esac|select|function|coproc|time|\[\[|[{}!])(?=[ \t\r\n;&|()<>]|\\\n|\Z)"
)
_CLOSERS: Final = frozenset(("then", "elif", "else", "fi", "do", "done", "esac", "}"))
_FUNCTION_NAME: Final = re.compile(r"[^ \t\r\n'\"\\$`;&|()<>]+")
_OUTPUT: Final = frozenset(("$echo", "$printf", "$cat"))

CHAIN: Final = 8
"""`a && b && c ...`: conditions that nest; what follows is taken as a sequence."""
"""`a && b && c ...`: conditions that nest; what follows is taken as a sequence."""

ARMS: Final = 24
"""Arms of one `case` or `if` that exclude each other; what follows is taken as separate conditions. Fewer deep inside other commands."""
"""Arms of one `case` or `if` that exclude each other; what follows is taken as separate conditions. Fewer deep inside other commands."""


class _Fork:
    """An If whose sides are still being read."""

    __slots__ = ("home", "other", "stmt", "then")

    def __init__(self, stmt: If, then: list[Stmt], other: list[Stmt], home: list[Stmt]) -> None:
        self.stmt = stmt
        self.then = then
        self.other = other
        self.home = home

class Parser(Commands):
    """Reads one script. `unit.functions` and `unit.star_imports` are filled; `module_body` are the statements of the top level."""

    __slots__ = ("_expected", "_inside")

    def __init__(self, script: ScriptText, unit: Unit) -> None:
        super().__init__(script, unit)
        self._expected: list[frozenset[str]] = []
        self._inside = 0

    def script_body(self) -> list[Stmt]:
        """The statements of the whole text."""
        body: list[Stmt] = []
        self.out = body
        self._until(frozenset())
        return body

    def printing_body(self) -> list[Stmt]:
        """The statements of the whole text where its output is what counts: pipelines stay whole."""
        self._inside += 1
        return self.script_body()

    def nested(self, closer: str) -> list[Stmt]:
        """The commands of a substitution, up to and over `closer` ("": to the end)."""
        if self.too_deep():
            return []
        saved = self.out
        inner: list[Stmt] = []
        self.out = inner
        self.depth += 1
        self._inside += 1
        expected, self._expected = self._expected, []
        start = self.pos
        if self._until(frozenset((closer,))) is None and closer:
            self.failed(start)
        self._expected = expected
        self._inside -= 1
        self.depth -= 1
        self.out = saved
        return inner
    def keyword(self) -> str | None:
        match = _KEYWORD.match(self.text, self.pos, self.end)
        return match[0] if match else None

    def _until(self, closers: frozenset[str]) -> str | None:
        """Read commands into `out` until one of `closers`, which is consumed; None at the end, or where an outer command closes."""
        self._expected.append(closers)
        found: str | None = None
        while True:
            match = _SPACE.match(self.text, self.pos, self.end) if ";;" not in closers else None
            if match is None:
                self.blanks()
            else:
                self.pos = match.end()
            if self.pos >= self.end:
                break
            char = self.text[self.pos]
            if char == "\n":
                self.line_end()
                continue
            if char == "#":
                self.comment()
                continue
            if char in ";&":
                if self.text.startswith(";;", self.pos) or self.text.startswith(";&", self.pos):
                    self.pos += 3 if self.text.startswith(";;&", self.pos) else 2
                    found = ";;"
                    break
                self.pos += 1
                continue
            closing = ")" if char == ")" else self.keyword()
            if closing is not None and (closing == ")" or closing in _CLOSERS):
                if closing in closers:
                    self.pos += len(closing)
                    found = closing
                    break
                self.failed(self.pos)
                if any(closing in outer for outer in self._expected):
                    break
                self.pos += len(closing)
                continue
            before = self.pos
            self._list()
            if self.pos == before:
                self.failed(before)
                self.pos += 1
        self._expected.pop()
        return found

    def _emit(self, out: list[Stmt], kind: Kind, expr: Expr) -> None:
        if kind == "done":
            return
        if not self._inside and isinstance(expr, Call) and isinstance(expr.callee, Name) and expr.callee.id == "$pipe":
            out.extend(Do(arg.value.span, arg.value) for arg in expr.args)
            return
        out.append(Do(expr.span, expr))

    def _connective(self) -> str | None:
        """Consume `&&` or `||`."""
        self.blanks()
        mark = self.text[self.pos : min(self.pos + 2, self.end)]
        if mark not in ("&&", "||"):
            return None
        self.pos += 2
        self.lines()
        return mark

    def _list(self) -> None:
        """Read `a && b || c` and write it as statements."""
        kind, expr = self._pipeline()
        mark = self._connective()
        if mark is None:
            self._emit(self.out, kind, expr)
            return
        home = self.out
        depth = self.depth
        tests = shell_tests.Chain(expr)
        forks: list[_Fork] = []
        here = home
        last: _Fork | None = None
        while mark is not None:
            side: list[Stmt] = []
            self.out = side
            start = self.pos
            next_kind, next_expr = self._pipeline()
            succeeds = isinstance(expr, Bool) and expr.value
            if last is None and kind == "test" == next_kind and not side:
                tests.add(mark, next_expr)
                expr = next_expr
                mark = self._connective()
                continue
            if last is None and kind == "test":
                expr = tests.result()
            if mark == "||" and last is not None and here is last.then:
                self._emit(here, kind, expr)
                last.other = here = side
            else:
                if mark == "&&" and last is not None and here is last.other:
                    self._emit(here, kind, expr)
                    here = last.home
                    kind, expr = "done", Opaque(expr.span, "whether one of the commands succeeds")
                if mark == "&&" and succeeds:
                    here.extend(side)
                elif len(forks) >= CHAIN and here is not home:
                    self._emit(here, kind, expr)
                    here.extend(side)
                else:
                    stmt = If(around(expr.span, self.script.range(start, self.pos)), expr, Block(()), Block(()))
                    here.append(stmt)
                    last = _Fork(stmt, side if mark == "&&" else [], side if mark == "||" else [], here)
                    forks.append(last)
                    self.depth = min(self.depth + 1, depth + CHAIN)
                    here = side
            kind, expr = next_kind, next_expr
            mark = self._connective()
        self._emit(here, kind, tests.result() if last is None and kind == "test" else expr)
        for fork in forks:
            fork.stmt.then = Block(tuple(fork.then))
            fork.stmt.other = Block(tuple(fork.other))
        self.depth = depth
        self.out = home

    def _condition(self, closer: str) -> Expr:
        """Read the commands up to `closer` (`then`, `do`); the last one's status is the answer, the others are written."""
        closers = frozenset((closer,))
        self._expected.append(closers)
        status: tuple[Kind, Expr] | None = None
        while True:
            match = _SPACE.match(self.text, self.pos, self.end)
            if match:
                self.pos = match.end()
            if self.pos >= self.end:
                break
            char = self.text[self.pos]
            if char == "\n":
                self.line_end()
                continue
            if char == "#":
                self.comment()
                continue
            closing = ")" if char == ")" else self.keyword()
            if closing is not None and (closing == ")" or closing in _CLOSERS):
                if closing in closers:
                    self.pos += len(closing)
                else:
                    self.failed(self.pos)
                break
            if status is not None:
                self._emit(self.out, *status)
            before = self.pos
            kind, expr = self._pipeline()
            tests = shell_tests.Chain(expr)
            while (mark := self._connective()) is not None:
                tests.add(mark, self._pipeline()[1])
                kind = "test"
            status = (kind, tests.result())
            if self.pos == before:
                self.failed(before)
                self.pos += 1
        self._expected.pop()
        return status[1] if status is not None else Opaque(self.script.range(self.pos, self.pos), "a missing condition")

    def _pipeline(self) -> tuple[Kind, Expr]:
        turned = False
        start = self.pos
        while (keyword := self.keyword()) in ("!", "time", "coproc"):
            turned ^= keyword == "!"
            self.pos += len(keyword or "")
            if keyword == "time" and self.blanks() and self.text.startswith("-p ", self.pos):
                self.pos += 2
            self.blanks()
        kind, expr = self._command()
        home = self.out
        calls: list[Expr] = []
        broken = False
        while self.blanks() == "|" and not self.text.startswith("||", self.pos):
            self.pos += 2 if self.text.startswith("|&", self.pos) else 1
            self.lines()
            if kind == "call":
                calls.append(expr)
            else:
                broken = True
                self._emit(home, kind, expr)
            before = expr
            side: list[Stmt] = []
            self.out = side
            kind, expr = self._command()
            self.out = home
            if kind != "call" or side:
                broken = True
                home.extend(Do(call.span, call) for call in calls)
                home.extend(side)
                calls = []
            if kind == "call" and isinstance(expr, Call) and expr.piped is None and _prints(before):
                expr = _with_input(expr, before)
        if broken:
            home.extend(Do(call.span, call) for call in calls)
            self._emit(home, kind, expr)
            kind, expr = "done", Opaque(self.script.range(start, self.pos), "the exit status of a pipeline")
        elif calls:
            calls.append(expr)
            span = around(calls[0].span, calls[-1].span)
            expr = Call(span, Name(span, "$pipe"), tuple(Arg(call) for call in calls))
        if turned:
            expr = Not(expr.span, expr)
        return kind, expr

    # --- commands

    def _command(self) -> tuple[Kind, Expr]:
        char = self.blanks()
        start = self.pos
        if char == "(":
            if self.text.startswith("(", start + 1) and start + 1 < self.end:
                stop = self.arithmetic_end(start + 2)
                if stop >= 0:
                    self.pos = stop
                    return "test", Opaque(self.script.range(start, stop), "arithmetic")
            self.pos += 1
            return self._group(")", start)
        keyword = self.keyword()
        if keyword is None or keyword in _CLOSERS:
            return self.simple()
        if self.too_deep():
            return "done", Opaque(self.script.range(start, start), "nested too deep")
        self.pos += len(keyword)
        if keyword == "{":
            return self._group("}", start)
        if keyword == "[[":
            return "test", self._double_bracket(start)
        self.depth += 1
        if keyword == "if":
            self._if(start)
        elif keyword == "case":
            self._case(start)
        elif keyword in ("for", "select"):
            self._for(start)
        elif keyword in ("while", "until"):
            self._while(start)
        elif keyword == "function":
            self.blanks()
            name = _FUNCTION_NAME.match(self.text, self.pos, self.end)
            if name:
                self.pos = name.end()
                self.blanks()
                parens = FUNCTION_PARENS.match(self.text, self.pos, self.end)
                if parens:
                    self.pos = parens.end()
                self.function_body(name[0], name.span(), start)
        self.redirects()
        self.depth -= 1
        return "done", Opaque(self.script.range(start, self.pos), f"the exit status of {keyword}")

    def _group(self, closer: str, start: int) -> tuple[Kind, Expr]:
        """`( ... )` and `{ ...; }`: no scope of their own here, the statements join those around."""
        if self.too_deep():
            return "done", Opaque(self.script.range(start, start), "nested too deep")
        saved = self.out
        inner: list[Stmt] = []
        self.out = inner
        self.depth += 1
        if self._until(frozenset((closer,))) is None:
            self.failed(start)
        self.depth -= 1
        self.out = saved
        self.redirects()
        if len(inner) == 1 and isinstance(inner[0], Do):
            only = inner[0].value
            return ("call" if isinstance(only, Call) else "test"), only
        saved.extend(inner)
        return "done", Opaque(self.script.range(start, self.pos), "the exit status of a group")

    def _block(self, closers: frozenset[str]) -> tuple[list[Stmt], str | None]:
        saved = self.out
        inner: list[Stmt] = []
        self.out = inner
        found = self._until(closers)
        self.out = saved
        return inner, found

    def _branches(self, arms: list[tuple[list[Stmt], Expr, list[Stmt], Range]], default: list[Stmt]) -> list[Stmt]:
        """Arms (statements before the test, test, body, span) of an `if` or `case` as nested Ifs."""
        limit = ARMS if self.depth <= 3 else 4
        if len(arms) > limit and default:
            default = [If(default[0].span, Opaque(default[0].span, "none of the other cases"), Block(tuple(default)), Block(()))]
        after = default
        for index in range(len(arms) - 1, -1, -1):
            before, test, body, span = arms[index]
            if index >= limit:
                after = [*before, If(span, test, Block(tuple(body)), Block(())), *after] if index == limit else after
                continue
            after = [*before, If(span, test, Block(tuple(body)), Block(tuple(after)))]
        return after

    def _if(self, start: int) -> None:
        arms: list[tuple[list[Stmt], Expr, list[Stmt], Range]] = []
        default: list[Stmt] = []
        saved = self.out
        while True:
            before: list[Stmt] = []
            self.out = before
            test = self._condition("then")
            body, found = self._block(frozenset(("elif", "else", "fi")))
            arms.append((before, test, body, self.script.range(start, self.pos)))
            if found == "elif":
                continue
            if found == "else":
                default, found = self._block(frozenset(("fi",)))
            if found is None:
                self.failed(start)
            break
        self.out = saved
        saved.extend(self._branches(arms, default))

    def _case(self, start: int) -> None:
        self.blanks()
        subject = self.word().expr
        self.lines()
        if self.text.startswith("in", self.pos):
            self.pos += 2
        else:
            self.failed(self.pos)
        arms: list[tuple[list[Stmt], Expr, list[Stmt], Range]] = []
        default: list[Stmt] = []
        while True:
            char = self.lines()
            if not char:
                self.failed(start)
                break
            if self.keyword() == "esac":
                self.pos += 4
                break
            at = self.pos
            if char == "(":
                self.pos += 1
            tests: list[Expr] = []
            everything = False
            while True:
                self.lines()
                pattern = self.word("glob")
                everything |= pattern.bare == "*"
                span = self.script.range(pattern.start, pattern.end)
                tests.append(Compare(span, "glob", subject, pattern.expr))
                if self.blanks() != "|" or pattern.end == pattern.start:
                    break
                self.pos += 1
            if not self.text.startswith(")", self.pos) or self.pos >= self.end:
                self.failed(at)
                if self.pos < self.end and self.text[self.pos] != "\n":
                    self.pos += 1
                continue
            self.pos += 1
            body, found = self._block(frozenset((";;", "esac")))
            if everything and not default:
                default = body
            else:
                test = shell_tests.chain("or", tests, around(tests[0].span, tests[-1].span))
                arms.append(([], test, body, self.script.range(at, self.pos)))
            if found != ";;":
                if found is None:
                    self.failed(start)
                break
        self.out.extend(self._branches(arms, default))

    def _for(self, start: int) -> None:
        target: Name | None = None
        iterable: Expr | None = None
        char = self.blanks()
        if char == "(":
            stop = self.arithmetic_end(self.pos + 2) if self.text.startswith("((", self.pos) else -1
            self.pos = stop if stop >= 0 else self.pos + 1
        else:
            word = self.word()
            span = self.script.range(word.start, word.end)
            target = Name(span, word.bare or "?")
            iterable = Name(span, "@")
            char = self.lines()
            if self.text.startswith("in", self.pos) and not self.text[self.pos + 2 : min(self.pos + 3, self.end)].strip(" \t\r\n;\\"):
                self.pos += 2
                words = self.words()
                iterable = ListOf(
                    self.script.range(words[0].start, words[-1].end) if words else span,
                    tuple(ListItem(one.expr, one.spread, one.split) for one in words),
                )
            elif char == "(":
                self.pos += 1
                iterable = self.array(self.pos - 1)
        while self.lines() == ";":
            self.pos += 1
        body = self._loop_body(start)
        self.out.append(Loop(self.script.range(start, self.pos), target, iterable, Block(tuple(body))))

    def _loop_body(self, start: int) -> list[Stmt]:
        keyword = self.keyword()
        if keyword not in ("do", "{"):
            self.failed(start)
            return []
        self.pos += len(keyword)
        body, found = self._block(frozenset(("done" if keyword == "do" else "}",)))
        if found is None:
            self.failed(start)
        return body

    def _while(self, start: int) -> None:
        saved = self.out
        body: list[Stmt] = []
        self.out = body
        test = self._condition("do")
        body.append(Do(test.span, test))
        found = self._until(frozenset(("done",)))
        if found is None:
            self.failed(start)
        self.out = saved
        saved.append(Loop(self.script.range(start, self.pos), None, None, Block(tuple(body))))

    def function_body(self, name: str, place: tuple[int, int], start: int) -> None:
        self.lines()
        if self.too_deep():
            return
        saved, expected = self.out, self._expected
        body: list[Stmt] = []
        self.out = body
        self._inside += 1
        kind, expr = self._command()
        self._emit(body, kind, expr)
        self._inside -= 1
        self.out, self._expected = saved, expected
        self.unit.functions[name] = self.function(name, body, self.script.range(start, self.pos), self.script.range(*place))

    def _double_bracket(self, start: int) -> Expr:
        tokens: list[shell_tests.Token] = []
        while True:
            char = self.lines()
            if not char:
                self.failed(start)
                break
            if char == "]" and self._closes_test():
                break
            pair = self.text[self.pos : self.pos + 2]
            before = tokens[-1] if len(tokens) > 1 else None
            operator = before.bare if isinstance(before, Word) else before
            if operator == "=~":
                tokens.append(self.word("regex"))
            elif pair in ("&&", "||"):
                tokens.append(pair)
                self.pos += 2
            elif char in "()<>" or (char == "!" and pair[1:] in (" ", "\t", "\n", "(")):
                tokens.append(char)
                self.pos += 1
            elif char in ";&|":
                self.failed(self.pos)
                break
            else:
                tokens.append(self.word("glob" if operator in shell_tests.PATTERN_OPERATORS else ""))
        span = self.script.range(start, self.pos)
        self.redirects()
        return shell_tests.lower(tokens, span, True)

    def _closes_test(self) -> bool:
        if not self.text.startswith("]]", self.pos) or self.text[self.pos + 2 : min(self.pos + 3, self.end)].strip(" \t\r\n;&|)}<>"):
            return False
        self.pos += 2
        return True


def _prints(expr: Expr) -> bool:
    return isinstance(expr, Call) and isinstance(expr.callee, Name) and expr.callee.id in _OUTPUT


def _with_input(call: Call, piped: Expr) -> Call:
    return Call(call.span, call.callee, call.args, call.new, call.env, piped)

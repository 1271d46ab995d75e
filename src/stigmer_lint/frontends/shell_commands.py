"""Simple commands of the shell: assignments, words, redirections, here-documents, and the builtins that change variables or the flow."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable
from typing import Final, Literal

from stigmer_lint.flow.ir import (
    Arg,
    Assign,
    Bool,
    Call,
    DictOf,
    Do,
    Expr,
    Index,
    Join,
    ListItem,
    ListOf,
    Name,
    Nil,
    Num,
    Opaque,
    Pair,
    Range,
    Return,
    Slice,
    Stop,
    Str,
    Unit,
)
from stigmer_lint.frontends import shell_tests
from stigmer_lint.frontends.shell_pieces import Word
from stigmer_lint.frontends.shell_text import ScriptText
from stigmer_lint.frontends.shell_words import Words, number_or_text

Kind = Literal["call", "test", "done"]
"""What a command has become: a Call (or a Call turned by `!`), a pure test, or statements that are already written; then
the expression beside it only stands for its exit status."""

_BLANKS: Final = re.compile(r"(?:[ \t\r]|\\\n)*")
_ASSIGN: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[([^\]\n]{0,200})\])?(\+?=)")
_ITEM: Final = re.compile(r"\[([^\]\n]{0,200})\](\+?=)")
_REDIRECT: Final = re.compile(r"(?:[0-9]{1,9}|\{[A-Za-z_][A-Za-z0-9_]{0,99}\})?(<<<|<<-?|<>|<&|>>|>&|>\||<(?!\()|>(?!\())|(&>>?)")
FUNCTION_PARENS: Final = re.compile(r"\([ \t\r]*\)")
_DELIMITER: Final = re.compile(r"(?:'[^'\n]*'|\"[^\"\n]*\"|\\.|[^ \t\r\n;&|()<>'\"\\])+")
_LINE: Final = re.compile(r"(?:[^\n'\"\\]++|\\.|'[^']*+'|\"(?:[^\"\\]++|\\.)*+\")*+", re.DOTALL)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DECLARING: Final = frozenset(("export", "declare", "typeset", "local", "readonly", "integer"))
_WRAPPERS: Final = frozenset(("exec", "command", "builtin", "noglob", "nocorrect"))


class Commands(Words):
    """The part of the parser that reads simple commands; `function_body` comes from the part that reads compound ones."""

    __slots__ = ("_exporting", "_line", "comments", "sources")

    def __init__(self, script: ScriptText, unit: Unit) -> None:
        super().__init__(script, unit)
        self.comments: list[Range] = []
        self.sources: list[str] = []
        self._exporting = False
        self._line = (-1, -1)

    @abstractmethod
    def function_body(self, name: str, place: tuple[int, int], start: int) -> None:
        """Read the body of a function whose name stands at `place`; the declaration begins at `start`."""

    def blanks(self) -> str:
        """Skip blanks; the character that follows, "" at the end."""
        if self.pos >= self.end:
            return ""
        char = self.text[self.pos]
        if char not in " \t\r\\":
            return char
        match = _BLANKS.match(self.text, self.pos, self.end)
        if match:
            self.pos = match.end()
        return self.text[self.pos] if self.pos < self.end else ""

    def line_end(self) -> None:
        """Consume a line end and the here-documents behind it."""
        self.pos = min(self.jumps.pop(self.pos, self.pos + 1), self.end)

    def comment(self) -> None:
        """Skip a comment, up to its line end."""
        stop = self.text.find("\n", self.pos, self.end)
        stop = self.end if stop < 0 else stop
        self.comments.append(self.script.range(self.pos, stop))
        self.pos = stop

    def lines(self) -> str:
        """Skip blanks, line ends and comments; the character that follows, "" at the end."""
        while True:
            char = self.blanks()
            if char == "\n":
                self.line_end()
            elif char == "#":
                self.comment()
            else:
                return char

    def redirects(self) -> Expr | None:
        """Consume redirections; the text that they give on stdin."""
        stdin: Expr | None = None
        while True:
            self.blanks()
            match = _REDIRECT.match(self.text, self.pos, self.end)
            if not match:
                return stdin
            given = self._redirected(match)
            stdin = given if given is not None else stdin

    def _redirected(self, match: re.Match[str]) -> Expr | None:
        self.pos = match.end()
        operator = match[1] or match[2]
        if operator in ("<<", "<<-"):
            return self._here_document(operator == "<<-")
        self.blanks()
        word = self.word()
        return word.expr if operator == "<<<" else None

    def _here_document(self, dedent: bool) -> Expr | None:
        self.blanks()
        match = _DELIMITER.match(self.text, self.pos, self.end)
        if not match:
            self.failed(self.pos)
            return None
        self.pos = match.end()
        raw = match[0]
        delimiter = re.sub(r"\\(.)|['\"]", r"\1", raw)
        low, high = self._line
        if not low <= self.pos <= high:
            line = _LINE.match(self.text, self.pos, self.end)
            high = line.end() if line else self.pos
            if high < self.end and self.text[high] != "\n":
                high = self.text.find("\n", self.pos, self.end)
                high = self.end if high < 0 else high
            self._line = (self.pos, high)
        start = self.jumps.get(high, high + 1)
        if start > self.end:
            self.failed(self.pos)
            return None
        tabs = r"\t*" if dedent else ""
        closing = re.compile(rf"^{tabs}{re.escape(delimiter)}(?=\n|\Z)", re.MULTILINE).search(self.text, start, self.end)
        if closing:
            end, after = closing.start(), min(closing.end() + 1, self.end)
        else:
            self.failed(start)
            end = after = self.end
        self.jumps[high] = after
        return self.here_text(start, end, raw != delimiter, dedent)

    # --- simple commands

    def words(self) -> list[Word]:
        """The words up to the end of the command."""
        words: list[Word] = []
        while True:
            char = self.blanks()
            if not char or char in "\n;&|)#":
                if char == "#":
                    self.comment()
                return words
            before = self.pos
            words.append(self.word())
            if self.pos == before:
                words.pop()
                return words

    def _assignment(self, match: re.Match[str], *, exported: bool, declares: bool) -> Assign:
        start = match.start()
        name = Name(self.script.range(*match.span(1)), match[1])
        target: Name | Index = name
        if match[2] is not None:
            target = Index(self.script.range(start, match.end(2) + 1), name, self._key(*match.span(2)))
        self.pos = match.end()
        value: Expr
        if self.text.startswith("(", self.pos) and self.pos < self.end:
            self.pos += 1
            value = self.array(self.pos - 1)
        else:
            value = self.word().expr
        return Assign(
            self.script.range(start, self.pos), target, value, "+=" if match[3] == "+=" else "=", exported=exported or self._exporting, declares=declares
        )

    def _key(self, start: int, end: int) -> Expr:
        saved = self.pos, self.end
        self.pos, self.end = start, end
        key = number_or_text(self.word().expr)
        exact = self.pos == end
        self.pos, self.end = saved
        return key if exact else Opaque(self.script.range(start, end), "a computed subscript")

    def array(self, start: int) -> Expr:
        """`(a b c)` behind `x=`; the opening parenthesis is consumed."""
        items: list[ListItem] = []
        pairs: list[Pair] = []
        while True:
            char = self.lines()
            if not char:
                self.failed(start)
                break
            if char == ")":
                self.pos += 1
                break
            at = self.pos
            keyed = _ITEM.match(self.text, at, self.end) if char == "[" else None
            if keyed:
                self.pos = keyed.end()
                value = self.word().expr
                pairs.append(Pair(self.script.range(at, self.pos), self._key(*keyed.span(1)), value))
                items.append(ListItem(value))
                continue
            word = self.word()
            if self.pos == at:
                self.failed(at)
                self.pos += 1
                continue
            items.append(ListItem(word.expr, word.spread, word.split))
        span = self.script.range(start, self.pos)
        if pairs and len(pairs) == len(items) and not all(isinstance(pair.key, Num) for pair in pairs):
            return DictOf(span, tuple(pairs))
        return ListOf(span, tuple(items))

    def simple(self) -> tuple[Kind, Expr]:
        start = self.pos
        substitutions = self.substitutions
        assigns: list[Assign] = []
        words: list[Word] = []
        declared: list[Assign] = []
        stdin: Expr | None = None
        text = self.text
        while True:
            char = self.blanks()
            if not char or char in "\n;|)#":
                if char == "#":
                    self.comment()
                break
            at = self.pos
            if char in "<>&0123456789{":
                redirect = _REDIRECT.match(text, at, self.end)
                if redirect:
                    given = self._redirected(redirect)
                    stdin = given if given is not None else stdin
                    continue
                if char == "&":
                    break
            if char == "(":
                parens = FUNCTION_PARENS.match(text, at, self.end)
                if parens and len(words) == 1 and words[0].bare is not None and not assigns:
                    self.pos = parens.end()
                    self.depth += 1
                    self.function_body(words[0].bare, (words[0].start, words[0].end), start)
                    self.depth -= 1
                    return "done", Bool(self.script.range(start, self.pos), True)
                self.failed(at)
                break
            if not words or words[0].bare in _DECLARING:
                match = _ASSIGN.match(text, at, self.end)
                if match:
                    if words:
                        options = "".join(word.bare or "" for word in words[1:] if (word.bare or "").startswith("-"))
                        kind = words[0].bare
                        exported = kind == "export" or (kind != "readonly" and "x" in options)
                        declared.append(self._assignment(match, exported=exported, declares=kind not in ("export", "readonly")))
                    else:
                        assigns.append(self._assignment(match, exported=False, declares=False))
                    continue
            word = self.word()
            if self.pos == at:
                break
            words.append(word)
        span = self.script.range(start, self.pos)
        if not words:
            self.out.extend(assigns)
            if self.substitutions != substitutions:
                return "done", Opaque(span, "the exit status of a substitution")
            return "done", Bool(span, True)
        last = words[-1].end
        if declared:
            last = max(last, self.pos)
        return self._run(words, assigns, declared, stdin, self.script.range(words[0].start, last))

    def _run(self, words: list[Word], assigns: list[Assign], declared: list[Assign], stdin: Expr | None, span: Range) -> tuple[Kind, Expr]:
        name = words[0].bare
        while name in _WRAPPERS and len(words) > 1 and not (words[1].bare or "").startswith("-"):
            if name == "exec":
                self.out.append(Do(span, self._call(words[1:], assigns, stdin, span)))
                self.out.append(Stop(span))
                return "done", Bool(span, True)
            words = words[1:]
            name = words[0].bare
        if name is not None:
            if name in _DECLARING:
                self._declare(words, declared)
                return "done", Bool(span, True)
            if name in ("[", "test"):
                operands: list[shell_tests.Token] = list(words[1:])
                if name == "[" and operands:
                    closing = operands[-1]
                    if isinstance(closing, Word) and closing.bare == "]":
                        operands.pop()
                return "test", shell_tests.lower(operands, span, False)
            if name in ("true", "false") or (name == ":" and len(words) == 1):
                return "test", Bool(span, name != "false")
            handler = _BUILTINS.get(name)
            if handler is not None:
                done = handler(self, words, span)
                if done is not None:
                    return done
        return "call", self._call(words, assigns, stdin, span)

    def _call(self, words: list[Word], assigns: list[Assign], stdin: Expr | None, span: Range) -> Call:
        literal = words[0].literal
        place = self.script.range(words[0].start, words[0].end)
        callee: Expr
        if literal:
            callee = Name(place, "$" + literal)
            words = words[1:]
        else:
            callee = Opaque(place, "a computed command")
        env = tuple(
            Pair(assign.span, Str(assign.target.span, assign.target.id), assign.value) for assign in assigns if isinstance(assign.target, Name)
        )
        return Call(span, callee, tuple(word.arg for word in words), False, env, stdin)

    def _declare(self, words: list[Word], declared: list[Assign]) -> None:
        options = "".join(word.bare or "" for word in words[1:] if (word.bare or "").startswith(("-", "+")))
        kind = words[0].bare
        self.out.extend(declared)
        if "f" in options or "p" in options or "F" in options or (kind == "export" and "n" in options):
            return
        exported = kind == "export" or (kind != "readonly" and "x" in options)
        for word in words[1:]:
            if word.bare is None or not _VARIABLE.fullmatch(word.bare):
                self._quoted_assignment(word, exported)
                continue
            if kind == "readonly":
                continue
            place = self.script.range(word.start, word.end)
            target = Name(place, word.bare)
            if exported:
                # The name alone hands on what it already holds.
                self.out.append(Assign(place, target, Name(place, word.bare), exported=True))
            elif not declared or all(not isinstance(one.target, Name) or one.target.id != word.bare for one in declared):
                empty: Expr = ListOf(place, ()) if "a" in options else DictOf(place, ()) if "A" in options else Nil(place)
                self.out.append(Assign(place, target, empty, declares=True))

    def _quoted_assignment(self, word: Word, exported: bool) -> None:
        """`export "X=$Y"`."""
        parts = word.expr.parts if isinstance(word.expr, Join) else (word.expr,)
        first = parts[0]
        name, sign, text = first.text.partition("=") if isinstance(first, Str) else ("", "", "")
        if not sign or not _VARIABLE.fullmatch(name):
            return
        low, high = first.span
        exact = high - low == len(name) + 1 + len(text)
        head = Str((low + len(name) + 1, high) if exact else first.span, text)
        rest = (head, *parts[1:]) if text or len(parts) == 1 else parts[1:]
        value = rest[0] if len(rest) == 1 else Join((head.span[0], word.expr.span[1]), rest)
        target = Name((low, low + len(name)) if exact else first.span, name)
        self.out.append(Assign(word.expr.span, target, value, exported=exported or self._exporting))

    # --- commands of the shell itself that change variables or the flow

    def _exit(self, words: list[Word], span: Range) -> tuple[Kind, Expr]:
        self.out.append(Stop(span))
        return "done", Bool(span, True)

    def _break(self, words: list[Word], span: Range) -> tuple[Kind, Expr]:
        self.out.append(Stop(span, "loop"))
        return "done", Bool(span, True)

    def _return(self, words: list[Word], span: Range) -> tuple[Kind, Expr]:
        status = words[1].bare if len(words) > 1 else None
        if status is not None and status.isdigit():
            # A function's status is that of its last command, its value what it prints; so the status stands in front.
            self.out.append(Do(span, Bool(span, int(status) == 0)))
        self.out.append(Return(span, None))
        return "done", Bool(span, True)

    def _set(self, words: list[Word], span: Range) -> tuple[Kind, Expr] | None:
        for index, word in enumerate(words[1:], 1):
            option = word.bare or ""
            if option == "--" or not option.startswith(("-", "+")):
                self._positional(words[index + 1 :] if option == "--" else words[index:], span)
                break
            named = words[index + 1].bare if option[1:] == "o" and index + 1 < len(words) else ""
            if named == "allexport" or ("a" in option and not option.startswith("--")):
                self._exporting = option[0] == "-"
            if option.endswith("o"):
                break
        return None

    def _positional(self, words: list[Word], span: Range) -> None:
        items = tuple(ListItem(word.expr, word.spread, word.split) for word in words)
        self.out.append(Assign(span, Name(span, "@"), ListOf(span, items)))
        for index, word in enumerate(words[:9], 1):
            if word.split or word.spread:
                break
            self.out.append(Assign(span, Name(span, str(index)), word.expr))

    def _shift(self, words: list[Word], span: Range) -> tuple[Kind, Expr] | None:
        count = words[1].bare if len(words) > 1 else "1"
        if count is None or not count.isdigit() or not 0 < int(count) < 10:
            self.out.append(Assign(span, Name(span, "@"), Opaque(span, "shifted positional parameters")))
            return None
        by = int(count)
        self.out.append(Assign(span, Name(span, "@"), Slice(span, Name(span, "@"), Num(span, count), None)))
        for index in range(1, 10 - by):
            self.out.append(Assign(span, Name(span, str(index)), Name(span, str(index + by))))
        return None

    def _unset(self, words: list[Word], span: Range) -> tuple[Kind, Expr] | None:
        for word in words[1:]:
            if word.bare and not word.bare.startswith("-"):
                place = self.script.range(word.start, word.end)
                self.out.append(Assign(place, Name(place, word.bare), Nil(place)))
        return None

    def _read(self, words: list[Word], span: Range) -> tuple[Kind, Expr] | None:
        takes = "adinNptu" if words[0].bare == "read" else "dnOsuCc"
        skip = False
        for index, word in enumerate(words[1:], 1):
            option = word.bare
            if skip:
                skip = False
                if (words[index - 1].bare or "")[-1:] != "a" or words[0].bare != "read":
                    continue
            elif option is not None and option.startswith("-"):
                skip = option[-1:] in takes
                continue
            if option and _VARIABLE.fullmatch(option):
                place = self.script.range(word.start, word.end)
                self.out.append(Assign(span, Name(place, option), Opaque(place, "read from input")))
        return None

    def _getopts(self, words: list[Word], span: Range) -> tuple[Kind, Expr] | None:
        if len(words) > 2 and words[2].bare:
            place = self.script.range(words[2].start, words[2].end)
            self.out.append(Assign(span, Name(place, words[2].bare), Opaque(place, "an option of the command line")))
            self.out.append(Assign(span, Name(place, "OPTARG"), Opaque(place, "an option of the command line")))
        return None

    def _printf(self, words: list[Word], span: Range) -> tuple[Kind, Expr] | None:
        if len(words) > 3 and words[1].bare == "-v" and words[2].bare:
            place = self.script.range(words[2].start, words[2].end)
            inner = self._call([words[0], *words[3:]], [], None, span)
            self.out.append(Assign(span, Name(place, words[2].bare), Call(span, Name(span, "$("), (Arg(inner),))))
            return "done", Bool(span, True)
        return None

    def _source(self, words: list[Word], span: Range) -> tuple[Kind, Expr] | None:
        if len(words) > 1:
            expr = words[1].expr
            path: str | None = words[1].literal
            if path is None and isinstance(expr, Join) and isinstance(expr.parts[-1], Str) and "/" in expr.parts[-1].text:
                # "$(dirname "$0")/lib.sh", "$DIR/lib.sh": the folder is this script's, or found by the tail.
                path = expr.parts[-1].text.partition("/")[2]
            if path:
                self.sources.append(path)
        return None


_BUILTINS: Final[dict[str, Callable[[Commands, list[Word], Range], tuple[Kind, Expr] | None]]] = {
    "exit": Commands._exit,
    "break": Commands._break,
    "continue": Commands._break,
    "return": Commands._return,
    "set": Commands._set,
    "shift": Commands._shift,
    "unset": Commands._unset,
    "read": Commands._read,
    "mapfile": Commands._read,
    "readarray": Commands._read,
    "getopts": Commands._getopts,
    "printf": Commands._printf,
    "source": Commands._source,
    ".": Commands._source,
}

"""Makefiles (GNU make) and justfiles: variables, targets as functions, recipes as shell.

The unit's module body holds the variables in order, conditionals as Ifs around them. Every target is a function without parameters;
`exported` says what reaches a recipe's environment. A recipe line is a process of its own: one that sets variables stands as the call of a
function literal, so that they end with it, unless `.ONESHELL` joins the lines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from stigmer_lint.flow.ir import (
    Assign,
    Block,
    Call,
    Compare,
    Do,
    Expr,
    Function,
    FunctionDecl,
    If,
    Join,
    Name,
    Not,
    Opaque,
    Range,
    Stmt,
    Str,
    Unit,
    block,
)
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.file_kinds import JUSTFILE
from stigmer_lint.frontends.make_text import Expander, Stretch, add_stretch, substitution
from stigmer_lint.frontends.shell import locate, module
from stigmer_lint.frontends.shell_parser import Parser
from stigmer_lint.frontends.shell_text import ScriptBuilder, ScriptText, file_text
from stigmer_lint.model.span import SourceFile

_VARIABLE: Final = re.compile(r"[ ]*((?:(?:export|override|private|unexport)[ \t]+)*)([^\s:#=!?+$(){}]+)[ \t]*(=|:{1,3}=|\?=|\+=|!=)[ \t]*")
_DEFINE: Final = re.compile(r"[ ]*(?:(?:export|override)[ \t]+)*define[ \t]+([^\s:#=!?+]+)[ \t]*(=|:{1,3}=|\?=|\+=|!=)?[ \t]*\Z")
_ENDEF: Final = re.compile(r"[ \t]*endef\b")
_EXPORT: Final = re.compile(r"[ ]*export(?:[ \t]+(.*))?\Z", re.DOTALL)
_INCLUDE: Final = re.compile(r"[ ]*(?:-|s)?include[ \t]+(.*)\Z", re.DOTALL)
_CONDITION: Final = re.compile(r"[ \t]*(?:(else)[ \t]+)?(ifeq|ifneq|ifdef|ifndef)\b[ \t]*(.*)\Z", re.DOTALL)
_ELSE: Final = re.compile(r"[ \t]*(else|endif)[ \t]*(?:#.*)?\Z", re.DOTALL)
_QUOTED: Final = re.compile(r"(?:\"([^\"]*)\"|'([^']*)')[ \t]*(?:\"([^\"]*)\"|'([^']*)')")
_WORD: Final = re.compile(r"\S+")
_COMMENT: Final = re.compile(r"(?<!\\)#")
_SPECIAL: Final = re.compile(r"\.[A-Z_]+\Z")
_PREFIX: Final = re.compile(r"[ \t]*[@+-]*[ \t]*[@+-]*")

MAX_CONDITIONS: Final = 24
"""Conditionals inside each other that are kept apart."""


class MakeFrontend:
    """Makefiles and justfiles, by the file's name."""

    language = "make"

    def parse(self, source: SourceFile) -> Unit:
        """The file's variables and targets. Raises UnreadableError for NUL bytes and UTF-16."""
        script = file_text(source)
        if JUSTFILE.match(source.path.rsplit("/", 1)[-1]):
            from stigmer_lint.frontends.just import JustReader

            return JustReader(script, source.path).unit()
        return _MakeReader(script, source.path).read()

    def locate(self, tree: Tree, unit: Unit, module: str) -> tuple[str, ...]:
        """The file that an `include` names: from the makefile's folder, from the root, or the only one whose path ends so."""
        return locate(tree, unit.path, module)


class Condition(msgspec.Struct, frozen=True, eq=False):
    """A conditional that is open; identity tells one from another."""

    test: Expr


Guarded = tuple[tuple[tuple[Condition, bool], ...], Stmt]
"""A statement with the conditionals around it and the side of each that it stands on."""


def nested(items: Sequence[Guarded], level: int = 0) -> list[Stmt]:
    """Statements with their conditionals as Ifs. At most MAX_CONDITIONS levels."""
    result: list[Stmt] = []
    at = 0
    while at < len(items):
        guards, stmt = items[at]
        if len(guards) <= level or level >= MAX_CONDITIONS:
            result.append(stmt)
            at += 1
            continue
        condition = guards[level][0]
        stop = at
        while stop < len(items) and len(items[stop][0]) > level and items[stop][0][level][0] is condition:
            stop += 1
        sides = {side: [one for one in items[at:stop] if one[0][level][1] is side] for side in (True, False)}
        span = (items[at][1].span[0], max(items[at][1].span[1], items[stop - 1][1].span[1]))
        result.append(If(span, condition.test, Block(tuple(nested(sides[True], level + 1))), Block(tuple(nested(sides[False], level + 1)))))
        at = stop
    return result


class Recipes:
    """The shell in recipes. `comments`: where it has comments; `sources`: files that it sources; `functions`: shell functions that it
    declares; `error_at`: the first place that is not understood."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.comments: list[Range] = []
        self.sources: list[str] = []
        self.functions: dict[str, FunctionDecl] = {}
        self.error_at: int | None = None

    def line(self, script: ScriptText, place: Range, alone: bool) -> list[Stmt]:
        """The statements of one process. `alone`: nothing comes after it, so its variables need no scope."""
        targets = self.unit.functions
        self.unit.functions = self.functions
        parser = Parser(script, self.unit)
        body = parser.script_body()
        self.unit.functions = targets
        self.comments += parser.comments
        self.sources += parser.sources
        if parser.error_at is not None and self.error_at is None:
            self.error_at = parser.error_at
        if alone or not any(isinstance(stmt, Assign) for stmt in body):
            return body
        decl = FunctionDecl("", place, place, (), lambda: block(body), self.unit)
        return [Do(place, Call(place, Function(place, decl), ()))]


class _Rule:
    """Targets whose recipe is being read."""

    __slots__ = ("items", "names", "span", "specific")

    def __init__(self, names: list[Stretch], span: Range) -> None:
        self.names = names
        self.span = span
        self.items: list[tuple[tuple[tuple[Condition, bool], ...], Stretch]] = []
        self.specific: list[Guarded] = []


class _MakeReader:
    def __init__(self, script: ScriptText, path: str) -> None:
        self._base = script
        self._unit = Unit(path, "make", functions={})
        self._expander = Expander(self._unit)
        self._guards: list[tuple[Condition, bool]] = []
        self._skipped = 0
        self._module: list[Guarded] = []
        self._rules: list[_Rule] = []
        self._rule: _Rule | None = None
        self._assigned: dict[str, int] = {}
        self._candidates: dict[str, list[Stretch]] = {}
        self._exports_all = False
        self._one_shell = False
        self._includes: list[str] = []
        self._comments: list[Range] = []

    def read(self) -> Unit:
        """The unit of the makefile."""
        text = self._base.text
        at, end = self._base.base, len(self._base.text)
        while at < end:
            stop = text.find("\n", at)
            stop = end if stop < 0 else stop
            if text[at] == "\t" and self._rule is not None:
                at = self._recipe_line(self._rule, at)
                continue
            line, at = self._logical(at)
            define = _DEFINE.match(line.text)
            if define:
                at = self._define(line, define, at)
            else:
                self._directive(line)
        return self._finish()

    def _logical(self, at: int) -> tuple[Stretch, int]:
        """The line at `at` with its continuations, a blank for each, and where the next one begins."""
        text, end = self._base.text, len(self._base.text)
        stop = text.find("\n", at)
        stop = end if stop < 0 else stop
        if stop in (at, end) or text[stop - 1] != "\\":
            return Stretch(self._base, at, stop), stop + 1
        builder = ScriptBuilder(self._base.range(at, stop))
        while True:
            backslashes = stop - len(text[at:stop].rstrip("\\")) - at
            if backslashes % 2 and stop < end:
                body = at + len(text[at : stop - 1].rstrip(" \t"))
                add_stretch(builder, self._base, at, body)
                at = stop + 1
                while at < end and text[at] in " \t":
                    at += 1
                add_stretch(builder, self._base, body, at, " ")
                stop = text.find("\n", at)
                stop = end if stop < 0 else stop
                continue
            add_stretch(builder, self._base, at, stop)
            break
        joined = builder.finish()
        return Stretch(joined, 0, len(joined.text)), stop + 1

    def _recipe_line(self, rule: _Rule, at: int) -> int:
        """One recipe line with its continuations, which the shell sees as they are but for the tab."""
        text, end = self._base.text, len(self._base.text)
        first = at
        builder: ScriptBuilder | None = None
        at += 1
        while True:
            stop = text.find("\n", at)
            stop = end if stop < 0 else stop
            continues = stop < end and (stop - at - len(text[at:stop].rstrip("\\"))) % 2 == 1
            if not continues and builder is None:
                rule.items.append((tuple(self._guards), Stretch(self._base, at, stop)))
                return stop + 1
            builder = builder or ScriptBuilder(self._base.range(first, stop))
            add_stretch(builder, self._base, at, min(stop + 1, end) if continues else stop)
            at = stop + 1
            if not continues:
                break
            if at < end and text[at] == "\t":
                at += 1
        joined = builder.finish()
        rule.items.append((tuple(self._guards), Stretch(joined, 0, len(joined.text))))
        return at

    def _define(self, line: Stretch, define: re.Match[str], at: int) -> int:
        text, end = self._base.text, len(self._base.text)
        start = at
        depth = 1
        stop = next_at = end
        while at < end:
            newline = text.find("\n", at)
            newline = end if newline < 0 else newline
            here = text[at:newline]
            if _ENDEF.match(here):
                depth -= 1
            elif _DEFINE.match(here):
                depth += 1
            if not depth:
                stop, next_at = max(start, at - 1), newline + 1
                break
            at = newline + 1
        body = Stretch(self._base, start, stop)
        name = define[1]
        place = line.part(*define.span(1)).range
        self._assign(name, place, body, "=", "export" in line.text[: define.start(1)], (line.range[0], max(line.range[1], body.range[1])))
        self._candidates[name] = [self._without_prefixes(body)]
        return next_at

    def _without_prefixes(self, body: Stretch) -> Stretch:
        """A canned recipe without the `@` and `-` of its lines."""
        builder = ScriptBuilder(body.range)
        at, text = body.start, body.script.text
        fresh = True
        while at < body.end:
            stop = text.find("\n", at, body.end)
            stop = body.end if stop < 0 else stop + 1
            prefix = _PREFIX.match(text, at, stop) if fresh else None
            fresh = not text[at:stop].endswith("\\\n")
            add_stretch(builder, body.script, prefix.end() if prefix else at, stop)
            at = stop
        script = builder.finish()
        return Stretch(script, 0, len(script.text))

    # --- lines outside recipes

    def _directive(self, line: Stretch) -> None:
        text = line.text
        bare = text.strip(" \t\r")
        if not bare:
            return
        if bare[0] == "#":
            self._comments.append(line.range)
            return
        condition = _CONDITION.match(text)
        if condition:
            self._conditional(line, condition)
            return
        closing = _ELSE.match(text)
        if closing:
            if self._skipped:
                self._skipped -= closing[1] == "endif"
            elif self._guards and closing[1] == "else":
                self._guards[-1] = (self._guards[-1][0], False)
            elif self._guards:
                opened = self._guards.pop()
                while self._guards and isinstance(opened[0], _Chained):
                    opened = self._guards.pop()
            return
        comment = _COMMENT.search(text)
        if comment:
            self._comments.append(line.part(comment.start(), len(text)).range)
            line = line.part(0, comment.start())
            text = line.text
        include = _INCLUDE.match(text)
        if include:
            self._include(line.part(*include.span(1)))
            return
        variable = _VARIABLE.match(text)
        if variable:
            self._rule = None
            self._variable(line, variable, None)
            return
        export = _EXPORT.match(text)
        if export:
            self._rule = None
            if not (export[1] or "").strip():
                self._exports_all = True
            for word in _WORD.finditer(text, export.start(1) if export[1] else len(text)):
                place = line.part(*word.span()).range
                self._module.append((tuple(self._guards), Assign(place, Name(place, word[0]), Name(place, word[0]), exported=True)))
            return
        colon = _colon(text)
        if colon >= 0 and text[0] not in "\t":
            self._begin_rule(line, colon)

    def _include(self, names: Stretch) -> None:
        for word in _WORD.finditer(names.text):
            tail = word[0].replace("}", ")").rsplit(")", 1)[-1].lstrip("/") if "$" in word[0] else word[0]
            if tail and "*" not in tail and "%" not in tail:
                self._includes.append(tail)

    def _conditional(self, line: Stretch, match: re.Match[str]) -> None:
        rest = line.part(*match.span(3)).stripped()
        kind = match[2]
        test: Expr
        if kind in ("ifdef", "ifndef"):
            test = Name(rest.range, rest.text) if re.fullmatch(r"[^\s$()]+", rest.text) else Opaque(rest.range, "whether a variable is set")
        else:
            sides = _sides(rest)
            if sides is None:
                test = Opaque(rest.range, "a conditional")
            else:
                left, right = (self._expander.value(side) for side in sides)
                if isinstance(left, Str) and not left.text:
                    test = Not(rest.range, right)
                elif isinstance(right, Str) and not right.text:
                    test = Not(rest.range, left)
                else:
                    test = Compare(rest.range, "==", left, right)
        if kind in ("ifneq", "ifndef"):
            test = test.operand if isinstance(test, Not) else Not(test.span, test)
        if match[1] and self._guards:
            if self._skipped:
                return
            if len(self._guards) >= MAX_CONDITIONS:
                self._guards[-1] = (_Chained(test), True)
                return
            self._guards[-1] = (self._guards[-1][0], False)
            self._guards.append((_Chained(test), True))
        elif len(self._guards) >= MAX_CONDITIONS:
            self._skipped += 1
        else:
            self._guards.append((Condition(test), True))

    def _variable(self, line: Stretch, match: re.Match[str], rule: _Rule | None) -> None:
        value = line.part(match.end(), len(line.text)).stripped()
        operator = match[3]
        name = match[2]
        place = line.part(*match.span(2)).range
        span = (place[0], max(place[1], value.range[1]))
        exported = re.search(r"\bexport\b", match[1]) is not None
        if operator == "!=":
            shell = self._expander.script(value, None)
            expr = substitution(shell, self._unit, value.range)
            self._add(Assign(span, Name(place, name), expr, exported=exported), rule)
            self._assigned[name] = 2
            return
        if rule is not None:
            self._assigned[name] = 2
            self._add(self._assignment(name, place, value, operator, exported, span), rule)
            return
        self._assign(name, place, value, operator, exported, span)
        if self._guards:
            self._assigned[name] = 2
        elif operator == "+=" and name in self._candidates:
            self._assigned[name] -= 1
            self._candidates[name].append(value)
        elif operator in ("=", ":=", "::=", ":::="):
            self._candidates[name] = [value]

    def _assign(self, name: str, place: Range, value: Stretch, operator: str, exported: bool, span: Range) -> None:
        self._assigned[name] = self._assigned.get(name, 0) + 1
        if name == "SHELL" or name == ".SHELLFLAGS":
            return
        self._add(self._assignment(name, place, value, operator, exported, span), None)

    def _assignment(self, name: str, place: Range, value: Stretch, operator: str, exported: bool, span: Range) -> Assign:
        expr = self._expander.value(value)
        if operator == "+=":
            # Make puts a blank between what was there and what is added.
            expr = Join(expr.span, (Str((expr.span[0], expr.span[0]), " "), expr))
            return Assign(span, Name(place, name), expr, "+=", exported)
        return Assign(span, Name(place, name), expr, "?=" if operator == "?=" else "=", exported)

    def _add(self, stmt: Stmt, rule: _Rule | None) -> None:
        (self._module if rule is None else rule.specific).append((tuple(self._guards), stmt))

    def _begin_rule(self, line: Stretch, colon: int) -> None:
        text = line.text
        after = colon + 2 if text.startswith("::", colon) else colon + 1
        if text.startswith("&", colon - 1) and colon:
            colon -= 1
        names = [line.part(*word.span()) for word in _WORD.finditer(text, 0, colon)]
        first = names[0].text if names else ""
        if _SPECIAL.match(first):
            self._rule = None
            self._exports_all |= first == ".EXPORT_ALL_VARIABLES"
            self._one_shell |= first == ".ONESHELL"
            return
        rule = _Rule(names, line.range)
        self._rules.append(rule)
        rest = line.part(after, len(text))
        variable = _VARIABLE.match(rest.text.lstrip(" \t"))
        if variable:
            self._variable(rest.part(len(rest.text) - len(rest.text.lstrip(" \t")), len(rest.text)), variable, rule)
            self._rule = None
            return
        semicolon = rest.text.find(";")
        if semicolon >= 0:
            rule.items.append((tuple(self._guards), rest.part(semicolon + 1, len(rest.text))))
        self._rule = rule

    # --- the unit

    def _finish(self) -> Unit:
        unit = self._unit
        self._expander.inlined = {
            name: _concatenated(values)
            for name, values in self._candidates.items()
            if self._assigned.get(name) == 1 and any(self._expander.needs_shell(value) for value in values)
        }
        body = nested(self._module)
        if self._exports_all:
            for _, stmt in self._module:
                if isinstance(stmt, Assign):
                    stmt.exported = True
        recipes = Recipes(unit)
        merged: dict[str, tuple[Stretch, _Rule, list[Guarded]]] = {}
        for rule in self._rules:
            target = rule.names[0].text if len(rule.names) == 1 else None
            specific, items = rule.specific, self._lowered(rule, recipes, target)
            for name in rule.names:
                known = merged.get(name.text)
                if known is None:
                    merged[name.text] = (name, rule, [*specific, *items])
                else:
                    if items and known[1].span[1] < rule.span[1] and not known[1].items:
                        merged[name.text] = (name, rule, known[2])
                    known[2].extend([*specific, *items])
        for text, (name, rule, statements) in merged.items():
            last = max([rule.span[1], *(stretch.range[1] for _, stretch in rule.items)])
            inner = nested(statements)
            unit.functions[text] = FunctionDecl(text, (rule.span[0], last), name.range, (), _body(inner), unit)
        for text, decl in recipes.functions.items():
            unit.functions.setdefault(text, decl)
        unit.module = module(unit, body, self._base.range(self._base.base, len(self._base.text)))
        unit.star_imports = tuple(dict.fromkeys([*self._includes, *recipes.sources]))
        unit.error_at = recipes.error_at
        comments = sorted([*self._comments, *recipes.comments])
        unit.comments = lambda offset: in_ranges(comments, offset)
        return unit

    def _lowered(self, rule: _Rule, recipes: Recipes, target: str | None) -> list[Guarded]:
        result: list[Guarded] = []
        stripped = [(guards, _after_prefix(stretch)) for guards, stretch in rule.items]
        if self._one_shell and len(stripped) > 1:
            builder = ScriptBuilder(rule.span)
            for _, stretch in stripped:
                add_stretch(builder, stretch.script, stretch.start, stretch.end)
                builder.add("\n")
            joined = builder.finish()
            stripped = [(stripped[0][0], Stretch(joined, 0, len(joined.text)))]
        for index, (guards, stretch) in enumerate(stripped):
            script = self._expander.script(stretch, target)
            alone = index == len(stripped) - 1
            result += [(guards, stmt) for stmt in recipes.line(script, stretch.range, alone)]
        return result


class _Chained(Condition, frozen=True, eq=False):
    """A conditional opened by `else ifeq`: the `endif` of the first closes it too."""


def _body(statements: list[Stmt]) -> Callable[[], Block]:
    return lambda: block(statements)


def _after_prefix(stretch: Stretch) -> Stretch:
    match = _PREFIX.match(stretch.script.text, stretch.start, stretch.end)
    return Stretch(stretch.script, match.end() if match else stretch.start, stretch.end)


def _concatenated(values: list[Stretch]) -> Stretch:
    """What `=` and the `+=` after it make together."""
    if len(values) == 1:
        return values[0]
    builder = ScriptBuilder(values[0].range)
    for index, value in enumerate(values):
        if index:
            builder.add(" ")
        add_stretch(builder, value.script, value.start, value.end)
    script = builder.finish()
    return Stretch(script, 0, len(script.text))


def _colon(text: str) -> int:
    """The colon that ends a rule's targets, -1 where the line is no rule."""
    depth = 0
    for index, char in enumerate(text):
        if char in "({":
            depth += 1
        elif char in ")}":
            depth -= 1
        elif char == ":" and depth <= 0 and not (index == 1 and text[2:3] in ("\\", "/")):
            return index
        elif char == "=" and depth <= 0:
            return -1
    return -1


def _sides(rest: Stretch) -> tuple[Stretch, Stretch] | None:
    """The two texts that `ifeq` compares."""
    text = rest.text
    if text.startswith("("):
        depth = comma = 0
        for index, char in enumerate(text):
            if char in "({":
                depth += 1
            elif char in ")}":
                depth -= 1
                if not depth:
                    return (rest.part(1, comma).stripped(), rest.part(comma + 1, index).stripped()) if comma else None
            elif char == "," and depth == 1 and not comma:
                comma = index
        return None
    quoted = _QUOTED.match(text)
    if not quoted:
        return None
    left, right = (next(quoted.span(group) for group in groups if quoted[group] is not None) for groups in ((1, 2), (3, 4)))
    return rest.part(*left), rest.part(*right)


def in_ranges(ranges: list[Range], offset: int) -> bool:
    """Whether a byte lies in one of the sorted ranges."""
    at = bisect_right(ranges, (offset, 1 << 62)) - 1
    return at >= 0 and ranges[at][0] <= offset < ranges[at][1]

"""Justfiles: assignments, recipes with parameters, `{{ }}`. Grammar: the manual of just 1.40."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from stigmer_lint.flow.ir import (
    And,
    Arg,
    Assign,
    Block,
    Call,
    Compare,
    Cond,
    Expr,
    Fallback,
    FunctionDecl,
    If,
    Join,
    Name,
    Not,
    Opaque,
    Param,
    Range,
    Stmt,
    Str,
    Unit,
    block,
)
from stigmer_lint.flow.walk import expressions
from stigmer_lint.frontends.make import Recipes, in_ranges
from stigmer_lint.frontends.make_text import Stretch, add_stretch, substitution
from stigmer_lint.frontends.shell import module
from stigmer_lint.frontends.shell_pieces import decoded
from stigmer_lint.frontends.shell_text import ScriptBuilder, ScriptText

MAX_NESTING: Final = 30

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_-]*"
_ASSIGNMENT: Final = re.compile(rf"(export[ \t]+)?({_NAME})[ \t]*:=[ \t]*")
_RECIPE: Final = re.compile(rf"@?({_NAME})((?:[ \t]+|(?=:))[^\n]*?)??:(?!=)")
_SETTING: Final = re.compile(r"set[ \t]+([a-z-]+)[ \t]*(?::=[ \t]*(.*))?")
_IMPORT: Final = re.compile(rf"(?:import\??|mod\??[ \t]+{_NAME})[ \t]+['\"]([^'\"\n]+)['\"]")
_ATTRIBUTE: Final = re.compile(r"\[([^\]\n]*)\]")
_TOKEN: Final = re.compile(
    r"[ \t\r\n]*(?:(?P<string>x?'''.*?'''|x?\"\"\".*?\"\"\"|x?'[^']*'|x?\"(?:[^\"\\]|\\.)*\")|(?P<backtick>```.*?```|`[^`]*`)"
    rf"|(?P<name>{_NAME})|(?P<operator>==|!=|=~|&&|\|\||[-+/(){{}},!]))",
    re.DOTALL,
)
_PARAMETER: Final = re.compile(rf"[ \t]*([+*]?)(\$?)({_NAME})(=)?")
_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|(.))", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "\n": ""}
_SHELLS: Final = re.compile(r"#!\s*\S*?(?:env\s+(?:-S\s+)?)?(?:\S*/)?(?:ba|z|da|k)?sh\b")
_PREFIX: Final = re.compile(r"[@-]{0,2}")

_PLATFORMS: Final = {"macos": ("Darwin",), "linux": ("Linux",), "windows": ("MINGW*",), "unix": ("Linux", "Darwin")}
"""Attributes that bind a recipe to a platform, as what `uname` says there."""


class JustReader:
    """Reads one justfile."""

    def __init__(self, script: ScriptText, path: str) -> None:
        self._script = script
        self._text = script.text
        self._at = script.base
        self._unit = Unit(path, "make", functions={})
        self._recipes = Recipes(self._unit)
        self._body: list[Stmt] = []
        self._imports: list[str] = []
        self._comments: list[Range] = []
        self._exports = False

    def unit(self) -> Unit:
        """The unit of the justfile."""
        text, end = self._text, len(self._text)
        attributes: list[str] = []
        while self._at < end:
            at = self._at
            stop = text.find("\n", at)
            stop = end if stop < 0 else stop
            self._at = stop + 1
            line = text[at:stop].rstrip(" \t\r")
            if not line or line[0] in " \t":
                continue
            if line[0] == "#":
                self._comments.append(self._script.range(at, stop))
                continue
            if line[0] == "[":
                attributes += [word.strip() for match in _ATTRIBUTE.finditer(line) for word in match[1].split(",")]
                continue
            self._statement(at, stop, attributes)
            attributes = []
        unit = self._unit
        if self._exports:
            for stmt in self._body:
                if isinstance(stmt, Assign):
                    stmt.exported = True
        unit.module = module(unit, _ordered(self._body), self._script.range(self._script.base, end))
        unit.star_imports = tuple(dict.fromkeys([*self._imports, *self._recipes.sources]))
        unit.error_at = self._recipes.error_at
        comments = sorted([*self._comments, *self._recipes.comments])
        unit.comments = lambda offset: in_ranges(comments, offset)
        for name, decl in self._recipes.functions.items():
            unit.functions.setdefault(name, decl)
        return unit

    def _statement(self, at: int, stop: int, attributes: list[str]) -> None:
        text = self._text
        assignment = _ASSIGNMENT.match(text, at, stop)
        if assignment:
            reader = _Expression(self._script, assignment.end(), len(text), self._unit)
            value = reader.read()
            self._at = max(self._at, (text.find("\n", reader.pos) + 1) or len(text))
            place = self._script.range(*assignment.span(2))
            span = (place[0], max(place[1], value.span[1]))
            self._body.append(Assign(span, Name(place, assignment[2]), value, exported=assignment[1] is not None))
            return
        imported = _IMPORT.match(text, at, stop)
        if imported:
            self._imports.append(imported[1])
            return
        setting = _SETTING.match(text, at, stop)
        if setting:
            self._exports |= setting[1] == "export" and (setting[2] or "true").strip() == "true"
            return
        recipe = _RECIPE.match(text, at, stop)
        if recipe:
            self._recipe(recipe, at, attributes)

    def _recipe(self, match: re.Match[str], at: int, attributes: list[str]) -> None:
        params, exported = self._parameters(match.end(1), len(self._text))
        lines = self._recipe_lines()
        span = self._script.range(at, max(match.end(), min(self._at, len(self._text))))
        body = [*exported, *self._lowered(lines)]
        uname: Expr = Call(span, Name(span, "$("), (Arg(Call(span, Name(span, "$uname"), ())),))
        systems = [system for name in attributes for system in _PLATFORMS.get(name, ())]
        known = self._unit.functions.get(match[1])
        if systems:
            test: Expr = Compare(span, "glob", uname, Str(span, systems[-1]))
            for system in reversed(systems[:-1]):
                test = Fallback(span, Compare(span, "glob", uname, Str(span, system)), test)
            other = list(known.body.stmts) if known is not None else []
            body = [If(span, test, Block(tuple(body)), Block(tuple(other)))]
        name_span = self._script.range(*match.span(1))
        self._unit.functions[match[1]] = FunctionDecl(match[1], span, name_span, tuple(params), _body(body), self._unit)

    def _parameters(self, at: int, end: int) -> tuple[list[Param], list[Stmt]]:
        params: list[Param] = []
        exported: list[Stmt] = []
        while True:
            match = _PARAMETER.match(self._text, at, end)
            if not match or len(params) > 200:
                return params, exported
            place = self._script.range(*match.span(3))
            default: Expr | None = None
            at = match.end()
            if match[4]:
                reader = _Expression(self._script, at, end, self._unit)
                default = reader.operand()
                at = reader.pos
            params.append(Param(match[3], place, default, rest="*" if match[1] else ""))
            if match[2]:
                exported.append(Assign(place, Name(place, match[3]), Name(place, match[3]), exported=True))

    def _recipe_lines(self) -> list[Stretch]:
        """The indented lines below a recipe's head, without the indentation of the first."""
        text, end = self._text, len(self._text)
        lines: list[Stretch] = []
        indent = ""
        while self._at < end:
            stop = text.find("\n", self._at)
            stop = end if stop < 0 else stop
            line = text[self._at : stop]
            content = line.strip(" \t\r")
            if content:
                if line[0] not in " \t":
                    break
                if not indent:
                    indent = line[: len(line) - len(line.lstrip(" \t"))]
                start = self._at + (len(indent) if line.startswith(indent) else len(line) - len(line.lstrip(" \t")))
                lines.append(Stretch(self._script, start, stop))
            self._at = stop + 1
        return lines

    def _lowered(self, lines: list[Stretch]) -> list[Stmt]:
        if not lines:
            return []
        if lines[0].text.startswith("#!"):
            if not _SHELLS.match(lines[0].text):
                return []
            builder = ScriptBuilder((lines[0].range[0], lines[-1].range[1]))
            for line in lines:
                self._interpolate(builder, line)
                builder.add("\n")
            return self._recipes.line(builder.finish(), (lines[0].range[0], lines[-1].range[1]), True)
        result: list[Stmt] = []
        index = 0
        while index < len(lines):
            first = index
            while lines[index].text.endswith("\\") and index + 1 < len(lines):
                index += 1
            index += 1
            group = lines[first:index]
            span = (group[0].range[0], group[-1].range[1])
            builder = ScriptBuilder(span)
            for number, line in enumerate(group):
                if not number:
                    prefix = _PREFIX.match(line.text)
                    line = line.part(prefix.end() if prefix else 0, len(line.text))
                else:
                    builder.add("\n")
                self._interpolate(builder, line)
            result += self._recipes.line(builder.finish(), span, index >= len(lines))
        return result

    def _interpolate(self, builder: ScriptBuilder, line: Stretch) -> None:
        text, at, end = self._text, line.start, line.end
        while at < end:
            stop = text.find("{{", at, end)
            if stop < 0:
                add_stretch(builder, self._script, at, end)
                return
            if stop > at:
                add_stretch(builder, self._script, at, stop)
            if text.startswith("{{{{", stop):
                add_stretch(builder, self._script, stop, stop + 4, "{{")
                at = stop + 4
                continue
            close = text.find("}}", stop + 2, end)
            if close < 0:
                add_stretch(builder, self._script, stop, end)
                return
            builder.hole(_Expression(self._script, stop + 2, close, self._unit).read(), self._script.range(stop, close + 2))
            at = close + 2


def _ordered(statements: list[Stmt]) -> list[Stmt]:
    """Assignments behind those that they use: a justfile may have them in any order."""
    waiting = {stmt.target.id: stmt for stmt in statements if isinstance(stmt, Assign) and isinstance(stmt.target, Name)}
    result: list[Stmt] = []
    for name in list(waiting):
        stack = [name]
        opened: set[str] = set()
        while stack:
            here = waiting.get(stack[-1])
            if here is None:
                stack.pop()
            elif stack[-1] in opened:
                result.append(waiting.pop(stack.pop()))
            else:
                opened.add(stack[-1])
                stack += [one.id for one in expressions(here.value) if isinstance(one, Name) and one.id in waiting and one.id not in opened]
    return result


def _body(statements: list[Stmt]) -> Callable[[], Block]:
    return lambda: block(statements)


class _Expression:
    """Reads one expression of just. `pos`: where it stopped."""

    def __init__(self, script: ScriptText, start: int, end: int, unit: Unit) -> None:
        self._script = script
        self._end = end
        self._unit = unit
        self._depth = 0
        self.pos = start

    def _peek(self) -> re.Match[str] | None:
        match = _TOKEN.match(self._script.text, self.pos, self._end)
        if match and "\n" in match[0][: match.start(match.lastgroup or 0) - match.start()] and not self._depth:
            # Outside parentheses a line end closes the expression.
            return None
        return match

    def _operator(self, *wanted: str) -> str | None:
        match = self._peek()
        if match and match["operator"] in wanted:
            self.pos = match.end()
            return match["operator"]
        return None

    def read(self) -> Expr:
        """The expression at the current position; Opaque where it is none."""
        terms = [self.operand()]
        while len(terms) < 500:
            operator = self._operator("+", "/", "||", "&&")
            if operator is None:
                break
            following = self.operand()
            if operator == "||":
                terms = [Fallback(_around(terms[0], following), self._joined(terms), following)]
            elif operator == "&&":
                terms = [And(_around(terms[0], following), self._joined(terms), following)]
            else:
                if operator == "/":
                    terms.append(Str((following.span[0], following.span[0]), "/"))
                terms.append(following)
            if operator in ("||", "&&"):
                self._depth += 1
                if self._depth > MAX_NESTING:
                    break
        return self._joined(terms)

    def _joined(self, terms: list[Expr]) -> Expr:
        return terms[0] if len(terms) == 1 else Join(_around(terms[0], terms[-1]), tuple(terms))

    def operand(self) -> Expr:
        """One value: what a parameter's default may be."""
        match = self._peek()
        here = self._script.range(self.pos, self.pos)
        if match is None or self._depth > MAX_NESTING:
            self.pos = self._end if match is not None else self.pos
            return Opaque(here, "an expression that is not read")
        self.pos = match.end()
        group = match.lastgroup or ""
        start, end = match.span(group)
        if group == "string":
            return self._string(start, end)
        if group == "backtick":
            quote = 3 if self._script.text.startswith("```", start) else 1
            builder = ScriptBuilder(self._script.range(start, end))
            add_stretch(builder, self._script, start + quote, max(start + quote, end - quote))
            return substitution(builder.finish(), self._unit, self._script.range(start, end))
        span = self._script.range(start, end)
        if group == "name":
            if match["name"] == "if":
                return self._conditional(span)
            if self._script.text.startswith("(", self.pos) and self.pos < self._end:
                return self._call(match["name"], span)
            return Name(span, match["name"])
        if match["operator"] == "(":
            self._depth += 1
            inner = self.read()
            self._operator(")")
            self._depth -= 1
            return inner
        if match["operator"] == "/":
            return Join(span, (Str(span, "/"), self.operand())) if self._depth < MAX_NESTING else Opaque(span, "a path")
        self.pos = start
        return Opaque(span, "an expression that is not read")

    def _string(self, start: int, end: int) -> Expr:
        text = self._script.text
        start += text.startswith("x", start)
        quote = 3 if text.startswith(("'''", '"""'), start) else 1
        low, high = start + quote, max(start + quote, end - quote)
        inner = text[low:high]
        if text[start] == '"':
            inner = _ESCAPE.sub(_escaped, inner)
        if quote == 3:
            inner = _dedented(inner)
        return Str(self._script.range(low, high), decoded(inner))

    def _call(self, name: str, span: Range) -> Expr:
        self._operator("(")
        self._depth += 1
        args: list[Expr] = []
        while len(args) < 50 and self._operator(")") is None:
            before = self.pos
            args.append(self.read())
            self._operator(",")
            if self.pos == before:
                break
        self._depth -= 1
        whole = (span[0], self._script.range(self.pos, self.pos)[0])
        first = args[0] if args else None
        if name in ("env_var", "env", "env_var_or_default") and isinstance(first, Str):
            variable = Name(first.span, first.text)
            if len(args) > 1:
                return Fallback(whole, variable, args[1], "null")
            return Call(whole, Name(span, "$require"), (Arg(variable),))
        if name in ("os", "os_family"):
            uname: Expr = Call(span, Name(span, "$("), (Arg(Call(span, Name(span, "$uname"), ())),))
            windows = Compare(whole, "glob", uname, Str(span, "MINGW*"))
            if name == "os_family":
                return Cond(whole, windows, Str(span, "windows"), Str(span, "unix"))
            mac = Compare(whole, "==", uname, Str(span, "Darwin"))
            return Cond(whole, mac, Str(span, "macos"), Cond(whole, windows, Str(span, "windows"), Str(span, "linux")))
        if name == "replace" and len(args) == 3:
            return Call(whole, Name(span, "$replace_all"), tuple(Arg(arg) for arg in args))
        if name in ("uppercase", "lowercase") and first is not None:
            return Call(whole, Name(span, "$upper" if name == "uppercase" else "$lower"), (Arg(first),))
        if name in ("trim", "quote", "absolute_path", "clean") and first is not None:
            return first
        if name == "shell" and isinstance(first, Str) and len(args) == 1:
            builder = ScriptBuilder(first.span)
            builder.add(first.text.encode("utf-8", "replace").decode("latin-1"), first.span[0], first.span[1])
            return substitution(builder.finish(), self._unit, whole)
        return Opaque(whole, f"the result of {name}")

    def _conditional(self, span: Range) -> Expr:
        self._depth += 1
        left = self.read()
        operator = self._operator("==", "!=", "=~")
        right = self.read()
        self._operator("{")
        then = self.read()
        self._operator("}")
        match = self._peek()
        other: Expr = Str(span, "")
        if match and match["name"] == "else":
            self.pos = match.end()
            match = self._peek()
            if match and match["name"] == "if":
                other = self.operand()
            elif self._operator("{"):
                other = self.read()
                self._operator("}")
        self._depth -= 1
        whole = (span[0], max(span[1], other.span[1], then.span[1]))
        test: Expr = Compare(_around(left, right), "matches" if operator == "=~" else "==", left, right)
        return Cond(whole, Not(test.span, test) if operator == "!=" else test, then, other)


def _around(first: Expr, last: Expr) -> Range:
    return first.span[0], max(first.span[1], last.span[1])


def _escaped(match: re.Match[str]) -> str:
    if match[1]:
        code = int(match[1], 16)
        return chr(code).encode("utf-8", "replace").decode("latin-1") if code < 0x110000 else ""
    return _ESCAPES.get(match[2], match[2])


def _dedented(text: str) -> str:
    """An indented string: the first line end and what all lines are indented by go."""
    lines = text.removeprefix("\n").split("\n")
    filled = [line for line in lines if line.strip()]
    indent = min((len(line) - len(line.lstrip(" \t")) for line in filled), default=0)
    return "\n".join(line[indent:] for line in lines)

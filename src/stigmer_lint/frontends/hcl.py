"""The part of HCL that Terraform resources are written in: blocks, attributes, strings with `${}`, lists and objects, with places.

What it does not follow (functions, conditions, `for`) stays as the text of the expression.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import msgspec

from stigmer_lint.frontends.decoded import Offsets, decode
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known

MAX_DEPTH: Final = 64
"""Nested blocks, lists and objects that are followed."""

_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r]+|\#[^\n]*|//[^\n]*)|(?P<comment>/\*)|(?P<line>\n)|(?P<heredoc><<-?[A-Za-z_]\w*)|(?P<quote>")
    |(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w\-]*(?:(?:\.|\[\d+\]\.)[A-Za-z_][\w\-]*|\[\d+\])*)|(?P<mark>[{}\[\]=:,])|(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)


class Text(msgspec.Struct, frozen=True, eq=False):
    """A string: its literal pieces as Known, and the references between `${` and `}` as Reference."""

    parts: tuple[Known | Reference, ...]
    span: Span


class Reference(msgspec.Struct, frozen=True, eq=False):
    """An expression that is not a literal, as written."""

    text: str
    span: Span


class Many(msgspec.Struct, frozen=True, eq=False):
    items: tuple[Expression, ...]
    span: Span


class Object(msgspec.Struct, frozen=True, eq=False):
    """`{ key = value }`."""

    entries: tuple[tuple[Text, Expression], ...]
    span: Span


Expression: TypeAlias = Text | Reference | Many | Object


class Block(msgspec.Struct, eq=False):
    """A block with its labels: `resource "docker_container" "x" { ... }`."""

    kind: str
    labels: tuple[str, ...]
    span: Span
    attributes: dict[str, Expression]
    blocks: list[Block]

    def inner(self, kind: str) -> list[Block]:
        """The nested blocks of a kind."""
        return [block for block in self.blocks if block.kind == kind]


class _Token(msgspec.Struct, frozen=True, eq=False, gc=False):
    kind: str
    text: str
    start: int
    end: int


def read_hcl(source: SourceFile) -> list[Block]:
    """The top-level blocks of a file; what is not understood is passed over. Raises UnreadableError for what is no UTF-8 text."""
    text, base = decode(source)
    return _Parser(source.path, text, Offsets(text, base)).file()


class _Parser:
    def __init__(self, path: str, text: str, offsets: Offsets) -> None:
        self.path = path
        self.text = text
        self.offsets = offsets
        self.strings: dict[int, Text] = {}
        self.tokens = self.scan()
        self.at = 0

    def span(self, start: int, end: int) -> Span:
        return Span(self.path, self.offsets.at(start), self.offsets.at(end))

    def scan(self) -> list[_Token]:
        found: list[_Token] = []
        text = self.text
        at = 0
        while at < len(text):
            token = _TOKEN.match(text, at)
            if token is None or token.lastgroup is None:
                break
            kind, start, end = token.lastgroup, token.start(), token.end()
            if kind == "quote":
                end = self.string(start)
            elif kind == "heredoc":
                end = self.heredoc(start, end)
            elif kind == "comment":
                close = text.find("*/", end)
                end = close + 2 if close >= 0 else len(text)
            if kind not in ("space", "comment"):
                found.append(_Token("text" if kind in ("quote", "heredoc") else kind, text[start:end], start, end))
            at = end
        return found

    def string(self, start: int) -> int:
        """Read the string that begins at a quote; where it ends. Quotes inside `${...}` belong to the expression."""
        text = self.text
        parts: list[Known | Reference] = []
        at = piece = start + 1
        while at < len(text) and text[at] not in '"\n':
            if text[at] == "\\":
                at += 2
            elif text.startswith(("${", "%{"), at) and not text.startswith(("$${", "%%{"), at - 1):
                if at > piece:
                    parts.append(Known(_decoded(text[piece:at]), self.span(piece, at)))
                end = self.closing(at + 2)
                parts.append(Reference(text[at + 2 : end].strip(), self.span(at, min(end + 1, len(text)))))
                at = piece = end + 1
            else:
                at += 1
        at = min(at, len(text))
        if at > piece or not parts:
            parts.append(Known(_decoded(text[piece:at]), self.span(piece, at)))
        self.strings[start] = Text(tuple(parts), self.span(start + 1, at))
        return min(at + 1, len(text))

    def closing(self, at: int) -> int:
        """The brace that closes a reference, or the end of its line."""
        level = 1
        quoted = False
        while at < len(self.text) and self.text[at] != "\n":
            char = self.text[at]
            if char == '"':
                quoted = not quoted
            elif not quoted and char in "{}":
                level += 1 if char == "{" else -1
                if not level:
                    return at
            at += 1
        return at

    def heredoc(self, start: int, end: int) -> int:
        word = self.text[start:end].lstrip("<-")
        close = re.compile(rf"^[ \t]*{word}[ \t]*$", re.MULTILINE).search(self.text, end)
        stop = close.end() if close else len(self.text)
        body = self.text.find("\n", end) + 1 or stop
        last = close.start() if close else stop
        self.strings[start] = Text((Known(self.text[body:last], self.span(min(body, last), last)),), self.span(min(body, last), last))
        return stop

    def file(self) -> list[Block]:
        root = Block("", (), self.span(0, 0), {}, [])
        self.body(root)
        return root.blocks

    def peek(self) -> _Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def body(self, root: Block) -> None:
        """Attributes and blocks until the end of the file; blocks are followed without recursion."""
        opened = [root]
        while (token := self.peek()) is not None:
            self.at += 1
            if token.kind == "mark" and token.text == "}":
                if len(opened) > 1:
                    opened.pop()
                continue
            if token.kind not in ("name", "text"):
                continue
            following = self.peek()
            if following is not None and following.kind == "mark" and following.text == "=":
                self.at += 1
                name = token.text.strip('"')
                opened[-1].attributes[name] = self.expression(0)
                continue
            labels: list[str] = []
            while (label := self.peek()) is not None and label.kind in ("name", "text"):
                labels.append(label.text.strip('"'))
                self.at += 1
            brace = self.peek()
            if brace is not None and brace.kind == "mark" and brace.text == "{" and len(opened) < MAX_DEPTH:
                self.at += 1
                block = Block(token.text, tuple(labels), self.span(token.start, brace.start), {}, [])
                opened[-1].blocks.append(block)
                opened.append(block)

    def expression(self, depth: int) -> Expression:
        """One value, to the end of its line or the mark that ends it."""
        self.skip_lines()
        token = self.peek()
        if token is None:
            return Reference("", self.span(len(self.text), len(self.text)))
        if token.kind == "mark" and token.text in "[{" and depth < MAX_DEPTH:
            found = self.many(depth) if token.text == "[" else self.object(depth)
            if self.ends():
                return found
            return self.rest(token)
        self.at += 1
        if token.kind == "text" and self.ends():
            return self.strings[token.start]
        if token.kind == "number" and self.ends():
            return Text((Known(token.text, self.span(token.start, token.end), (), "num"),), self.span(token.start, token.end))
        if token.kind == "name" and self.ends():
            span = self.span(token.start, token.end)
            return Text((Known(token.text, span, (), "bool"),), span) if token.text in ("true", "false") else Reference(token.text, span)
        self.at -= 1
        return self.rest(token)

    def ends(self) -> bool:
        token = self.peek()
        return token is None or token.kind == "line" or (token.kind == "mark" and token.text in ",]}")

    def skip_lines(self) -> None:
        while (token := self.peek()) is not None and token.kind == "line":
            self.at += 1

    def rest(self, first: _Token) -> Reference:
        """An expression that is not followed: all up to the end of its line outside of brackets."""
        level = 0
        last = first
        while (token := self.peek()) is not None:
            if token.text in ("(", "[", "{"):
                level += 1
            elif token.text in (")", "]", "}"):
                if not level:
                    break
                level -= 1
            elif not level and (token.kind == "line" or token.text == ","):
                break
            last = token
            self.at += 1
        return Reference(self.text[first.start : max(last.end, first.start)][:200], self.span(first.start, max(last.end, first.start)))

    def many(self, depth: int) -> Many:
        start = self.tokens[self.at].start
        self.at += 1
        items: list[Expression] = []
        while True:
            self.skip_lines()
            token = self.peek()
            if token is None:
                return Many(tuple(items), self.span(start, len(self.text)))
            if token.kind == "mark" and token.text in "]}":
                self.at += 1
                return Many(tuple(items), self.span(start, token.end))
            if token.kind == "mark" and token.text == ",":
                self.at += 1
                continue
            before = self.at
            items.append(self.expression(depth + 1))
            self.at = max(self.at, before + 1)

    def object(self, depth: int) -> Object:
        start = self.tokens[self.at].start
        self.at += 1
        entries: list[tuple[Text, Expression]] = []
        while True:
            self.skip_lines()
            token = self.peek()
            if token is None:
                return Object(tuple(entries), self.span(start, len(self.text)))
            self.at += 1
            if token.kind == "mark" and token.text in "]}":
                return Object(tuple(entries), self.span(start, token.end))
            if token.kind not in ("name", "text"):
                continue
            follower = self.peek()
            if follower is None or follower.kind != "mark" or follower.text not in "=:":
                continue
            self.at += 1
            span = self.span(token.start, token.end)
            key = self.strings[token.start] if token.kind == "text" else Text((Known(token.text, span),), span)
            entries.append((key, self.expression(depth + 1)))


def _decoded(raw: str) -> str:
    if "\\" not in raw and "$$" not in raw:
        return raw
    return re.sub(r"\\(.)|\$(\$\{)", lambda m: m[2] or {"n": "\n", "t": "\t", "r": "\r"}.get(m[1], m[1]), raw, flags=re.DOTALL)

"""Another variable with the same value, beside the one that is there and in the same form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stigmer_lint.fixes import parsed, syntax
from stigmer_lint.fixes.places import indent_of, line_end, newline_of, starts_line
from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.frontends.yaml_nodes import Mapping, Node, Scalar, Sequence
from stigmer_lint.model.launch import EnvSetting
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit

if TYPE_CHECKING:
    from tree_sitter import Node as SyntaxNode

_ELEMENT = ("binary_expression", "binary_operator", "call", "call_expression", *syntax.STRINGS)


def also_set(source: SourceFile, like: EnvSetting, name: str) -> Answer:
    """Set `name` to what `like` is set to. Raises UnreadableError where the file cannot be parsed."""
    if like.name_span is None or like.name_span.path != source.path:
        return CannotFix(f"{like.name} is not set in the launch's own file")
    place = like.name_span
    if source.path.endswith((".yaml", ".yml")):
        edit = _yaml(source, place, like.name, name)
        if edit is None and not _is_compose(source):
            edit = _words(source, like, name)
    elif syntax.language_of(source.path) is not None:
        edit = _code(source, place, like.name, name)
    else:
        edit = _words(source, like, name)
    return Written((edit,), f"set {name} as {like.name} is") if edit is not None else CannotFix(f"{like.name} is not written in a form that can be repeated")


def _is_compose(source: SourceFile) -> bool:
    return any(isinstance(document.root, Mapping) and document.root.get("services") is not None for document in parsed.documents(source))


def _yaml(source: SourceFile, place: Span, old: str, new: str) -> Edit | None:
    """One more entry of the mapping or list that holds the name at `place`."""
    waiting: list[Node] = [document.root for document in parsed.documents(source) if document.root is not None]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Sequence):
            for item in node.items:
                if isinstance(item, Scalar) and item.span.start <= place.start and place.end <= item.span.end:
                    return _item(source, node, item, old, new)
            waiting += [item for item in node.items if _holds(item, place)]
        elif isinstance(node, Mapping):
            for key, value in node.pairs:
                if isinstance(key, Scalar) and key.span.start <= place.start and place.end <= key.span.end:
                    return _pair(source, node, key, value, old, new)
            waiting += [value for _, value in node.pairs if _holds(value, place)]
    return None


def _holds(node: Node, place: Span) -> bool:
    return not isinstance(node, Scalar) and node.span.start <= place.start and place.end <= node.span.end


def _repeated(text: str, old: str, new: str) -> str | None:
    """The entry's text with the other name, where it begins with the old one."""
    found = re.match(rf"(['\"]?){re.escape(old)}(?![A-Za-z0-9_])", text)
    return text[: found.end() - len(old)] + new + text[found.end() :] if found else None


def _item(source: SourceFile, node: Sequence, item: Scalar, old: str, new: str) -> Edit | None:
    written = _repeated(source.text(item.span), old, new)
    if written is None or "\n" in written:
        return None
    if source.data[node.span.start : node.span.start + 1] == b"[":
        return Edit(Span(source.path, item.span.end, item.span.end), f", {written}")
    return _on_next_line(source, item.span.end, indent_of(source, item.span.start), f"- {written}")


def _pair(source: SourceFile, node: Mapping, key: Scalar, value: Node, old: str, new: str) -> Edit | None:
    if not isinstance(value, Scalar) or value.span.start < key.span.end or value.style in ("literal", "folded"):
        return None
    written = _repeated(source.data[key.span.start : value.span.end].decode("utf-8", "replace"), old, new)
    if written is None or "\n" in written:
        return None
    if source.data[node.span.start : node.span.start + 1] == b"{":
        return Edit(Span(source.path, value.span.end, value.span.end), f", {written}")
    return _on_next_line(source, value.span.end, indent_of(source, key.span.start), written)


def _on_next_line(source: SourceFile, end: int, indent: str, text: str) -> Edit:
    at = line_end(source, end - 1)
    return Edit(Span(source.path, at, at), f"{newline_of(source)}{indent}{text}")


def _code(source: SourceFile, place: Span, old: str, new: str) -> Edit | None:
    """One more element of a list of arguments with the flag before it, or one more pair of a dictionary."""
    found = _entry(source, place, old)
    return _twice(source, *found, old, new) if found is not None else None


def _entry(source: SourceFile, place: Span, old: str) -> tuple[SyntaxNode, SyntaxNode] | None:
    """The first and the last node of what sets the variable: flag and element of a list, or a pair."""
    root = syntax.root_of(source)
    node = syntax.at(root, place) if root is not None else None
    while node is not None and (around := _element(node)) is not None and _lead(around, old):
        node = around
    if node is None or node.parent is None:
        return None
    parent = node.parent
    if parent.type == "literal_element" and parent.parent is not None:
        node, parent = parent, parent.parent
    if parent.type in ("pair", "keyed_element"):
        return parent, parent
    if not _lead(node, old):
        # Inside a command line that is one text.
        return None
    flag = node.prev_named_sibling
    bare = re.match(rb"[A-Za-z]*['\"`](?:-e=?|--env=)", syntax.text(node)) is not None
    first = flag if not bare and flag is not None and syntax.text(flag).strip(b"'\"`") in (b"-e", b"--env") else node
    return first, node


def _element(node: SyntaxNode) -> SyntaxNode | None:
    """The expression that a node begins: what is put together from it, the format call whose format it is."""
    parent = node.parent
    if parent is None or parent.type in (*_ELEMENT, "interpolation", "template_substitution", "attribute"):
        return parent
    call = parent.parent
    if parent.type == "argument_list" and call is not None and parent.named_children[0] == node:
        called = call.child_by_field_name("function")
        if called is not None and syntax.text(called).endswith(b".Sprintf"):
            return call
    return None


def _lead(node: SyntaxNode, old: str) -> bool:
    """Whether a node's text begins with the name, as the element `NAME=value` does (or a call that puts it together)."""
    text = syntax.text(node)
    return re.match(rb"(?:[\w.]+\()?[A-Za-z]*['\"`](?:-e=?|--env=)?" + re.escape(old.encode()) + rb"(?![A-Za-z0-9_])", text) is not None


def _twice(source: SourceFile, first: SyntaxNode, last: SyntaxNode, old: str, new: str) -> Edit | None:
    """The text from `first` to `last` once more behind it, with the other name."""
    text = source.data[first.start_byte : last.end_byte].decode("utf-8", "replace")
    found = re.search(rf"(?<![A-Za-z0-9_]){re.escape(old)}(?![A-Za-z0-9_])", text)
    if found is None:
        return None
    written = text[: found.start()] + new + text[found.end() :]
    at = last.end_byte
    if starts_line(source, first.start_byte) and source.data[at : at + 1] == b",":
        end = at + 1
        return Edit(Span(source.path, end, end), f"{newline_of(source)}{indent_of(source, first.start_byte)}{written},")
    return Edit(Span(source.path, at, at), f", {written}")


def _words(source: SourceFile, like: EnvSetting, new: str) -> Edit | None:
    """Shell, recipes, steps of a workflow: `-e NAME=value` once more behind itself."""
    found = _word(source, like)
    if found is None:
        return None
    start, end, text = found
    written = text.replace(like.name, new, 1)
    if starts_line(source, start) and source.data[end : line_end(source, end)].strip() == b"\\":
        return Edit(Span(source.path, end, end), f" \\{newline_of(source)}{indent_of(source, start)}{written}")
    return Edit(Span(source.path, end, end), f" {written}")


def _word(source: SourceFile, like: EnvSetting) -> tuple[int, int, str] | None:
    """Where `-e NAME=value` starts and ends, and its text."""
    place = like.name_span
    if place is None:
        return None
    start, end = source.line_span(source.line_of(place.start))
    text = source.data[start:end].decode("utf-8", "surrogateescape")
    at = len(source.data[start : place.start].decode("utf-8", "surrogateescape"))
    found = re.compile(rf"(?<!\S)(-e|--env)([ =]?)(['\"]?){re.escape(like.name)}(?==|(?=[\s'\"]|$))").search(text)
    if found is None or found.end() < at:
        return None
    stop = _word_end(text, found.start(3))
    if stop is None:
        return None

    def offset(characters: int) -> int:
        return start + len(text[:characters].encode("utf-8", "surrogateescape"))

    return offset(found.start()), offset(stop), text[found.start() : stop]


def unset(source: SourceFile, setting: EnvSetting) -> Answer:
    """Take a variable out, with its line where it has one. Raises UnreadableError where the file cannot be parsed."""
    place = setting.name_span
    if place is None or place.path != source.path:
        return CannotFix(f"{setting.name} is not set in the launch's own file")
    taken: tuple[int, int] | None = None
    if source.path.endswith((".yaml", ".yml")):
        taken = _yaml_lines(source, place)
    elif setting.origin == "image":
        found_line = _instruction(source, place, setting.name)
        if isinstance(found_line, CannotFix):
            return found_line
        taken = found_line
    elif syntax.language_of(source.path) is not None:
        found = _entry(source, place, setting.name)
        taken = _with_comma(source, found[0].start_byte, found[1].end_byte) if found is not None else None
    else:
        word = _word(source, setting)
        taken = _with_blank(source, word[0], word[1]) if word is not None else None
    if taken is None:
        return CannotFix(f"{setting.name} does not stand by itself")
    return Written((Edit(Span(source.path, *taken), ""),), f"take {setting.name} out")


_ENV = re.compile(rb"[ \t]*ENV[ \t]+([A-Za-z_]\w*)(?:=(?:\"(?:[^\"\\\\\r\n]|\\\\.)*\"|'[^'\r\n]*'|[^\s\\\\\"'])+|[ \t]+[^\r\n]*[^\\\\\s])[ \t]*\Z", re.IGNORECASE)


def _instruction(source: SourceFile, place: Span, name: str) -> tuple[int, int] | CannotFix:
    """The line of a Dockerfile's ENV that sets nothing else, where no other instruction says `$NAME`."""
    start, end = source.line_span(source.line_of(place.start))
    found = _ENV.match(source.data, start, end)
    before = source.data[: max(start - 1, 0)].rstrip(b"\r\n")
    if found is None or found[1] != name.encode() or before.endswith(b"\\"):
        return CannotFix(f"the ENV that sets {name} sets more")
    if re.search(rb"\$\{?" + re.escape(name.encode()) + rb"\b", source.data) is not None:
        return CannotFix(f"the Dockerfile itself uses {name}")
    return start, _past_newline(source, end)


def _yaml_lines(source: SourceFile, place: Span) -> tuple[int, int] | None:
    """The lines of one of several entries of a block mapping or list."""
    waiting: list[Node] = [document.root for document in parsed.documents(source) if document.root is not None]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            continue
        entries = [(item, item) for item in node.items] if isinstance(node, Sequence) else list(node.pairs)
        for first, last in entries:
            if isinstance(first, Scalar) and first.span.start <= place.start and place.end <= first.span.end:
                start = source.line_span(source.line_of(first.span.start))[0]
                lead = source.data[start : first.span.start].strip()
                written = last.span.start >= first.span.start and last.span.end > last.span.start
                end = line_end(source, max(first.span.end, last.span.end if written else 0) - 1)
                if len(entries) < 2 or lead != (b"-" if isinstance(node, Sequence) else b""):
                    return None
                return start, _past_newline(source, end)
        waiting += [part for pair in entries for part in pair if _holds(part, place)]
    return None


def _past_newline(source: SourceFile, end: int) -> int:
    return end + 2 if source.data[end : end + 2] == b"\r\n" else end + 1 if source.data[end : end + 1] in (b"\n", b"\r") else end


def _with_comma(source: SourceFile, start: int, end: int) -> tuple[int, int]:
    """An element with the comma behind it, or before it where it is the last; whole lines where it has them."""
    rest = source.data[end : line_end(source, end)]
    if starts_line(source, start) and rest.strip() == b",":
        return source.line_span(source.line_of(start))[0], _past_newline(source, line_end(source, end))
    comma = re.compile(rb"\s*,[ \t]*").match(source.data, end)
    if comma is not None:
        return start, comma.end()
    before = start
    while source.data[before - 1 : before].isspace():
        before -= 1
    return (before - 1 if source.data[before - 1 : before] == b"," else start), end


def _with_blank(source: SourceFile, start: int, end: int) -> tuple[int, int]:
    rest = source.data[end : line_end(source, end)]
    if starts_line(source, start) and rest.strip() == b"\\":
        return source.line_span(source.line_of(start))[0], _past_newline(source, line_end(source, end))
    return (start - 1 if source.data[start - 1 : start] in (b" ", b"\t") else start), end


def _word_end(text: str, at: int) -> int | None:
    """Where a shell word ends that begins at `at`, None where it goes on on the next line."""
    quote, depth = "", 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            if at + 1 >= len(text):
                return None
            at += 2
            continue
        if quote != "'" and text.startswith(("$(", "${"), at):
            depth += 1
            at += 2
            continue
        if depth and char in ")}":
            depth -= 1
        elif not depth and quote:
            quote = "" if char == quote else quote
        elif not depth and char in "'\"":
            quote = char
        elif not depth and not quote and (char.isspace() or char in ";|&<>"):
            return at
        at += 1
    return None if quote or depth else at

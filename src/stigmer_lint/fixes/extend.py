"""A resolver that knows some spellings of loopback taught the others, in the form in which it asks for them: a list, a comparison, a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stigmer_lint.fixes import imports, syntax
from stigmer_lint.fixes.parsed import OncePerFile
from stigmer_lint.fixes.places import indent_of, newline_of
from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

_HOST = re.compile(r"(?<![\w.-])(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|::1)(?![\w.-])")
_PATTERN_HOST = re.compile(r"(?<![\w.-])(?:localhost|127\\?\.0\\?\.0\\?\.1|0\\?\.0\\?\.0\\?\.0|\\\[::1\\?\]|::1)(?![\w.-])")
_ESCAPED = {"localhost": "localhost", "127.0.0.1": r"127\.0\.0\.1", "0.0.0.0": r"0\.0\.0\.0", "[::1]": r"\[::1\]"}  # noqa: S104 - recognised, not bound
_WHOLE = r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])"
"""Every usual spelling of loopback, as a pattern of all four languages."""

_TEXTS = (*syntax.STRINGS, "regex")
_REPLACING = (b"replace", b"replaceAll", b"Replace", b"ReplaceAll")
_ASKING = (b"Contains", b"HasPrefix", b"EqualFold", b"startswith", b"startsWith", b"includes", b"has")
_COMPILING = (b"compile", b"sub", b"match", b"search", b"fullmatch", b"MustCompile", b"Compile", b"RegExp")
_FUNCTIONS = ("arrow_function", "function_expression", "lambda", "func_literal")
_LISTS = ("list", "tuple", "set", "array", "literal_value", "expression_list")
_CONDITIONS = ("binary_expression", "boolean_operator")
_ALONE = (
    "if_statement", "elif_clause", "while_statement", "return_statement", "parenthesized_expression", "expression_list", "assignment", "variable_declarator",
)  # fmt: skip
MAX_EDITS = 40


def extend(source: SourceFile, place: Span, missing: tuple[str, ...], inline: bool) -> Answer:
    """Teach the resolver whose name is at `place` (or that stands there, for `inline`) the spellings `missing`. What replaces a text by a text is made a
    replacement by pattern, because a text is found inside longer names too. Raises UnreadableError where the file cannot be parsed in time."""
    root = syntax.root_of(source)
    if root is None and b"| sed" in source.data[place.start : place.end]:
        from stigmer_lint.fixes import sed

        return sed.extend_sed(source, place)
    if root is None:
        return CannotFix("resolvers are extended in Go, Python, JavaScript and TypeScript, and where a line replaces with sed")
    found = syntax.at(root, place)
    scope = found if inline or found is None else found.parent
    if scope is None:
        return CannotFix("the function is not found in its file")
    work = _Work(source, missing, b"ostname" in syntax.text(scope) or b"SplitHostPort" in syntax.text(scope))
    constants = _constants_of(source)
    named = {name: None for name in re.findall(rb"[A-Za-z_$][\w$]*", syntax.text(scope)) if name in constants}
    texts = [*_texts(scope), *(one for name in named for one in constants[name])]
    replaced = [call for call in map(_replacement, texts) if call is not None]
    outer = [call for call in replaced if not any(other != call and other.start_byte <= call.start_byte and call.end_byte <= other.end_byte for other in replaced)]
    edits: list[Edit] = []
    converted = False
    for call in {one.id: one for one in outer}.values():
        made = work.by_pattern(call)
        if isinstance(made, CannotFix):
            return made
        edits += made
        converted = True
    edits += work.extended([one for one in texts if _replacement(one) is None])
    if not edits or len(edits) > MAX_EDITS:
        return CannotFix("how it recognises loopback is not written as a list, a comparison, a replacement or a pattern")
    said = "replace every spelling of loopback, and only whole names" if converted else f"take {', '.join(missing)} for loopback as well"
    return Written(tuple(dict.fromkeys(edits)), said, sure=not converted)


def _texts(scope: Node) -> Iterator[Node]:
    """The literals of a function that hold a spelling of loopback, in order."""
    waiting = [scope]
    while waiting:
        node = waiting.pop()
        if node.type in _TEXTS:
            text = syntax.text(node).decode("utf-8", "replace")
            if _HOST.search(text) or _PATTERN_HOST.search(text):
                yield node
        else:
            waiting += reversed(node.named_children)


def _constants(source: SourceFile) -> dict[bytes, tuple[Node, ...]]:
    """The same, of what the file defines at its top, by name."""
    root = syntax.root_of(source)
    found: dict[bytes, tuple[Node, ...]] = {}
    for node in root.named_children if root is not None else ():
        inner = node.named_children[0] if node.type in ("export_statement", "expression_statement") and node.named_children else node
        for one in (inner, *inner.named_children):
            name = one.child_by_field_name("name") or one.child_by_field_name("left")
            value = one.child_by_field_name("value") or one.child_by_field_name("right")
            if one.type in ("assignment", "variable_declarator", "var_spec", "const_spec") and name is not None and value is not None and value.type not in _FUNCTIONS:
                found[syntax.text(name)] = tuple(_texts(value))
    return found


_constants_of: OncePerFile[dict[bytes, tuple[Node, ...]]] = OncePerFile(_constants)


def _called(call: Node) -> bytes:
    function = call.child_by_field_name("function") or call.child_by_field_name("constructor")
    return syntax.text(function).rpartition(b".")[2] if function is not None else b""


def _call_of(node: Node) -> Node | None:
    """The call that a literal is an argument of."""
    parent = node.parent
    return parent.parent if parent is not None and parent.type in ("argument_list", "arguments") else None


def _replacement(node: Node) -> Node | None:
    """The call that replaces what a literal says by something else."""
    call = _call_of(node)
    if call is None or node.type == "regex" or _called(call) not in _REPLACING:
        return None
    arguments = call.child_by_field_name("arguments")
    children = arguments.named_children if arguments is not None else []
    old = 1 if _is_go_strings(call) else 0
    return call if len(children) > old + 1 and children[old] == node else None


def _is_go_strings(call: Node) -> bool:
    function = call.child_by_field_name("function")
    return function is not None and syntax.text(function).startswith(b"strings.")


def _content(node: Node) -> tuple[int, int]:
    """Where the text of a literal starts and ends, without quotes, prefix and flags."""
    raw = syntax.text(node)
    if node.type == "regex":
        return node.start_byte + 1, node.start_byte + raw.rindex(b"/")
    lead = re.match(rb"[A-Za-z]*(\"\"\"|'''|\"|'|`)", raw)
    return (node.start_byte + lead.end(), node.end_byte - len(lead[1])) if lead is not None else (node.start_byte, node.end_byte)


class _Work:
    """The edits for one function."""

    def __init__(self, source: SourceFile, missing: tuple[str, ...], by_hostname: bool) -> None:
        self._source = source
        self._missing = missing
        language = syntax.language_of(source.path) or ""
        self._language = "javascript" if language in ("typescript", "tsx") else language
        # What Go and Python take out of an address has no brackets; a URL's hostname in JavaScript has.
        self._bare = by_hostname and self._language != "javascript"

    def _inner(self, node: Node) -> str:
        start, end = _content(node)
        return self._source.data[start:end].decode("utf-8", "replace")

    # -- replacements --

    def by_pattern(self, call: Node) -> list[Edit] | CannotFix:
        """A replacement of one text by another, or several in a row, as one replacement by pattern."""
        base, new, prefix, suffix = call, "", "", ""
        everywhere = True
        while base.type in ("call", "call_expression") and _called(base) in _REPLACING:
            arguments, function = base.child_by_field_name("arguments"), base.child_by_field_name("function")
            given = arguments.named_children if arguments is not None else []
            target = given[0] if _is_go_strings(base) and given else function.child_by_field_name("object") if function is not None else None
            old, by, *more = given[1:] if _is_go_strings(base) else given
            host = _HOST.search(self._inner(old)) if old.type in _TEXTS else None
            if target is None or host is None or len(more) > 1:
                break
            prefix, suffix = self._inner(old)[: host.start()], self._inner(old)[host.end() :]
            written = self._put(by, prefix, suffix)
            if written is None or (new and written != new):
                return CannotFix("it replaces each spelling by something else")
            new, base = written, target
            # A limit of one stays one where the library has it; JavaScript's `replace` has it by itself.
            everywhere = everywhere and not (more and syntax.text(more[0]) == b"1") and not (self._language == "javascript" and _called(call) == b"replace")
        if not new:
            return CannotFix("what it is replaced by is not written there")
        subject = self._source.data[base.start_byte : base.end_byte].decode("utf-8", "replace")
        place = Span(self._source.path, call.start_byte, call.end_byte)
        if self._language == "python":
            count = "" if everywhere else ", count=1"
            needed = imports.python_patterns(self._source)
            if isinstance(needed, CannotFix):
                return needed
            return [*needed, Edit(place, f're.sub(r"(?<![\\w.-]){_WHOLE}(?![\\w.-])", {new}, {subject}{count})')]
        if self._language == "javascript":
            return [Edit(place, f"{subject}.replace(/(?<![\\w.-]){_WHOLE}(?![\\w.-])/{'g' if everywhere else ''}, {new})")]
        around = f'"${{1}}{new[1:-1]}${{2}}"' if new[:1] == '"' else f'"${{1}}"+{new}+"${{2}}"'
        known = imports.go_patterns(self._source)
        if isinstance(known, CannotFix):
            return known
        left = known.uses - len(imports.STRINGS.findall(syntax.text(call))) + len(imports.STRINGS.findall(subject.encode()))
        needed = known.beside if left else known.instead
        return [*needed, Edit(place, f"regexp.MustCompile(`(^|[^\\w.-]){_WHOLE}([^\\w.-]|$)`).ReplaceAllString({subject}, {around})")]

    def _put(self, node: Node, prefix: str, suffix: str) -> str | None:
        """What comes in place of the host alone, as it is written."""
        text = syntax.text(node).decode("utf-8", "replace")
        if node.type not in syntax.STRINGS or any(child.type in syntax.INTERPOLATIONS for child in node.named_children):
            return text if not prefix and not suffix else None
        inner = self._inner(node)
        if not inner.startswith(prefix) or not inner.endswith(suffix) or "$" in inner or "\\" in inner:
            return None
        start, end = _content(node)
        quote = text[: start - node.start_byte], text[end - node.start_byte :]
        return f"{quote[0]}{inner[len(prefix) : len(inner) - len(suffix)]}{quote[1]}"

    # -- lists, comparisons, patterns --

    def extended(self, texts: list[Node]) -> list[Edit]:
        edits: list[Edit] = []
        lists: dict[int, list[Node]] = {}
        asked: dict[str, list[tuple[Node, Node]]] = {}
        for node in texts:
            call = _call_of(node)
            if node.type == "regex" or (call is not None and _called(call) in _COMPILING and call.named_children and _is_first(call, node)):
                edits += self._pattern(node)
                continue
            if _HOST.search(self._inner(node)) is None:
                continue
            leaf = _leaf(node)
            holder = _element_of(node)
            if leaf is not None:
                asked.setdefault(_shape(leaf, node), []).append((leaf, node))
            elif holder is not None and holder.parent is not None and _HOST.fullmatch(self._inner(node)):
                lists.setdefault(holder.parent.id, []).append(node)
        for members in lists.values():
            edits += self._list(members)
        for group in asked.values():
            edits += self._question(group)
        return edits

    def _lacking(self, present: set[str]) -> list[str]:
        known = {f"[{one}]" if one == "::1" else one for one in present}
        return [one for one in self._missing if one not in known]

    def _spelt(self, host: str, prefixed: bool = False) -> str:
        return "::1" if host == "[::1]" and self._bare and not prefixed else host

    def _list(self, members: list[Node]) -> list[Edit]:
        last = members[-1]
        element = _element_of(last)
        assert element is not None
        text = self._source.data[element.start_byte : element.end_byte].decode("utf-8", "replace")
        own = self._inner(last)
        lacking = [self._spelt(one) for one in self._lacking({self._inner(one) for one in members})]
        at = element.end_byte
        if element.parent is not None and element.parent.type == "switch_case":
            # One label per spelling, before the block that they share.
            line = f"{newline_of(self._source)}{indent_of(self._source, element.parent.start_byte)}"
            colon = self._source.data.find(b":", at) + 1
            head = self._source.data[element.parent.start_byte : element.start_byte].decode("utf-8", "replace")
            return [self._insert(colon, "".join(f"{line}{head}{text.replace(own, one)}:" for one in lacking))] if lacking and colon else []
        own_line = self._source.data[self._source.line_span(self._source.line_of(element.start_byte))[0] : element.start_byte].strip() == b""
        between = f",{newline_of(self._source)}{indent_of(self._source, element.start_byte)}" if own_line else ", "
        return [self._insert(at, "".join(between + text.replace(own, one, 1) for one in lacking))] if lacking else []

    def _question(self, group: list[tuple[Node, Node]]) -> list[Edit]:
        leaf, node = group[-1]
        hosts = [found for _, one in group if (found := _HOST.search(self._inner(one))) is not None]
        lacking = self._lacking({found[1] for found in hosts})
        if not lacking:
            return []
        start, _ = _content(node)
        before = self._inner(node)[: hosts[-1].start()]
        at = start - leaf.start_byte + len(before.encode())
        raw = syntax.text(leaf)
        size = len(hosts[-1][1].encode())
        is_call = leaf.type in ("call", "call_expression")
        further = [(raw[:at] + self._spelt(one, bool(before) or is_call).encode() + raw[at + size :]).decode("utf-8", "replace") for one in lacking]
        negated = not is_call and any(sign in raw for sign in (b"!=", b" not in "))
        word = (" and " if negated else " or ") if self._language == "python" else (" && " if negated else " || ")
        joined = "".join(f"{word}{one}" for one in further)
        parent = leaf.parent
        sign = parent.child_by_field_name("operator") if parent is not None and parent.type in _CONDITIONS else None
        if parent is not None and (parent.type in _ALONE or (sign is not None and syntax.text(sign) == word.strip().encode())):
            return [self._insert(leaf.end_byte, joined)]
        return [self._insert(leaf.start_byte, "("), self._insert(leaf.end_byte, f"{joined})")]

    def _pattern(self, node: Node) -> list[Edit]:
        """A pattern with further alternatives beside the last host that it names."""
        text = self._inner(node)
        found = list(_PATTERN_HOST.finditer(text))
        if not found:
            return []
        double = node.type == "interpreted_string_literal" or (self._language != "go" and node.type == "string" and not syntax.text(node)[:2].lower().startswith((b"r'", b'r"')))
        first = last = found[0]
        for one in found[1:]:
            if text[last.end() : one.start()] == "|":
                last = one
        present = {found_one[0].replace("\\", "") for found_one in found}
        lacking = [_ESCAPED[one].replace("\\", "\\\\") if double else _ESCAPED[one] for one in self._lacking(present)]
        if not lacking:
            return []
        start, _ = _content(node)
        begin, end = (start + len(text[:offset].encode()) for offset in (first.start(), last.end()))
        if text[: first.start()].endswith(("(", "(?:", "|")) and text[last.end() :].startswith((")", "|")):
            return [self._insert(end, "".join(f"|{one}" for one in lacking))]
        return [self._insert(begin, "(?:"), self._insert(end, "".join(f"|{one}" for one in lacking) + ")")]

    def _insert(self, at: int, text: str) -> Edit:
        return Edit(Span(self._source.path, at, at), text)


def _is_first(call: Node, node: Node) -> bool:
    arguments = call.child_by_field_name("arguments")
    return arguments is not None and bool(arguments.named_children) and arguments.named_children[0] == node


def _element_of(node: Node) -> Node | None:
    """The element of a list, a set, a map's keys or a case that a literal is."""
    here = node
    while here.parent is not None and here.parent.type in ("literal_element", "keyed_element") and here.parent.named_children[0] == here:
        here = here.parent
    parent = here.parent
    if parent is None:
        return None
    if parent.type == "expression_list" and (parent.parent is None or parent.parent.type != "expression_case"):
        return None
    if parent.type == "expression_case" or (parent.type == "switch_case" and parent.child_by_field_name("value") == here):
        return here
    return here if parent.type in _LISTS else None


def _leaf(node: Node) -> Node | None:
    """The smallest condition that a literal decides: a comparison with it, a call that asks whether a text holds it."""
    call = _call_of(node)
    if call is not None:
        return call if _called(call) in _ASKING else None
    parent = node.parent
    if parent is None:
        return None
    if parent.type == "comparison_operator" and len(parent.named_children) == 2:
        return parent if b" in " not in syntax.text(parent) or parent.named_children[0] == node else None
    sign = parent.child_by_field_name("operator") if parent.type == "binary_expression" else None
    return parent if sign is not None and syntax.text(sign) in (b"==", b"!=", b"===", b"!==") else None


def _shape(leaf: Node, node: Node) -> str:
    """What a condition asks, whichever spelling it asks for."""
    return _HOST.sub("*", syntax.text(leaf).decode("utf-8", "replace"))

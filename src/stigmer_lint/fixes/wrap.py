"""A value passed through the resolver that the tree has, called as the code around calls it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stigmer_lint.fixes import imports, syntax
from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

_NAME = re.compile(rb"[A-Za-z_$][\w$]*\Z")
_CONCATENATIONS = ("binary_expression", "binary_operator")
_SHELLS = ("literal_element", "expression_list")
"""Nodes of Go's grammar around one expression, with the same bytes as it."""


def wrap(
    source: SourceFile, span: Span, variable: str | None, resolver: str, homes: tuple[Span, ...] = (), sources: imports.Source = lambda _: None, name: Span | None = None
) -> Answer:
    """Pass the value at `span` through `resolver`. The value is an expression beside its variable's name, or a literal, concatenation or format call that
    begins with `variable`=. `name`: where the launch writes the variable's name; where the value is a constant from elsewhere, what stands beside that is
    meant. `homes`: where functions of the resolver's name are defined; where the file does not call it, the only one is imported. Raises UnreadableError
    where a file cannot be parsed in time."""
    root = syntax.root_of(source)
    if root is None:
        return _shell(source, span, variable, resolver)
    known = (variable or "").encode()
    node = _bare(syntax.at(root, span))
    if node is None or not (node.start_byte <= span.start and span.end <= node.end_byte):
        return CannotFix("the value is not one expression there")
    if _wrapped(source, node, known, "") is None:
        there = sources(name.path) if name is not None and variable else None
        beside = _beside(there, name, known) if there is not None and name is not None else None
        if there is None or beside is None:
            return CannotFix("the value is not written in a form that can be wrapped")
        source, node = there, beside
        root = syntax.root_of(source)
        if root is None:
            return CannotFix("the value is not written in a form that can be wrapped")
    callee = _callee(root, node, resolver.rpartition(".")[2])
    needed: tuple[Edit, ...] = ()
    if callee is None:
        home = sources(homes[0].path) if len(homes) == 1 else None
        if home is None or not _is_plain(home, homes[0]):
            return CannotFix(f"{resolver} is not called with one argument in this file, so that how to call it here is not known")
        called = imports.known_as(source, root, resolver, home, sources)
        if isinstance(called, CannotFix):
            return called
        callee, needed = called
    edits = _wrapped(source, node, known, callee)
    if edits is None:
        return CannotFix("the value is not written in a form that can be wrapped")
    return imports.with_import(Written(edits, f"pass it through {callee}"), needed)


def _bare(node: Node | None) -> Node | None:
    """The expression itself, without the nodes that have the same bytes as it."""
    while node is not None and node.type in _SHELLS and len(node.named_children) == 1:
        node = node.named_children[0]
    return node


def _beside(source: SourceFile, name: Span, variable: bytes) -> Node | None:
    """The value that stands beside the variable's name at `name`: of its pair, of the assignment to it, the next argument."""
    root = syntax.root_of(source) if source.path == name.path else None
    here = _bare(syntax.at(root, name)) if root is not None else None
    while here is not None and here.parent is not None:
        parent = here.parent
        if parent.type in _HOLDERS or (parent.type in _LISTS and here.type in syntax.STRINGS):
            found = _bare(parent.named_children[-1] if parent.type in _HOLDERS else here.next_named_sibling)
            return found if found is not None and found != here and _is_value(found, variable) else None
        if parent.named_children[0] != here and parent.type not in ("subscript", "index_expression", "subscript_expression"):
            return None
        here = parent
    return None


_SHELL_VALUE = re.compile(rb"(\"?)([^\"'`\\\\\s]*\$(?:[A-Za-z_]\w*|[1-9]|\{(?:[A-Za-z_]\w*|[1-9])\})[^\"'`\\\\\s]*)\1\Z")


def _shell(source: SourceFile, span: Span, variable: str | None, resolver: str) -> Answer:
    """Shell: `NAME="$value"` as `NAME="$(resolver "$value")"`, where the script takes what the function prints in this way."""
    if re.search(rb"\$\(\s*" + re.escape(resolver.encode()) + rb"\s", source.data) is None:
        return CannotFix(f"{resolver} is not called as $({resolver} ...) in this file, so that how to call it here is not known")
    text, name = source.data[span.start : span.end], f"{variable}=".encode() if variable else b""
    found = _SHELL_VALUE.match(text, len(name)) if text.startswith(name) else None
    if found is None or b"$(" in text:
        return CannotFix("the value is not written in a form that can be wrapped")
    start, end = span.start + found.start(), span.start + found.end()
    quoted = source.data[span.start - 1 : span.start] == b'"' and source.data[span.end : span.end + 1] == b'"'
    outer = "" if quoted else '"'
    written = f'{outer}$({resolver} "{found[2].decode("utf-8", "surrogateescape")}"){outer}'
    return Written((Edit(Span(source.path, start, end), written),), f"pass it through {resolver}")


def _is_plain(home: SourceFile, name: Span) -> bool:
    """Whether the function whose name is at `name` stands at the top of its file and takes one argument, which it answers with one value."""
    root = syntax.root_of(home)
    node = root.named_descendant_for_byte_range(name.start, name.end) if root is not None else None
    function = node.parent if node is not None else None
    if function is None or function.type not in ("function_declaration", "function_definition") or function.parent is None:
        return False
    holder = function.parent.parent if function.parent.type == "export_statement" else function.parent
    parameters = function.child_by_field_name("parameters")
    if holder is None or holder.type not in ("source_file", "module", "program") or parameters is None or len(parameters.named_children) != 1:
        return False
    first, result = parameters.named_children[0], function.child_by_field_name("result")
    names = first.children_by_field_name("name") if first.type == "parameter_declaration" else [first]
    return len(names) == 1 and first.type not in ("list_splat_pattern", "variadic_parameter_declaration") and (result is None or result.type != "parameter_list") and not any(one.type == "async" for one in function.children)


def _callee(root: Node, node: Node, name: str) -> str | None:
    """How the resolver is called in the function around `node`, else in the rest of the file where its name alone is enough."""
    wanted = name.encode()
    function = syntax.function_around(node)
    places = [(function.start_byte, function.end_byte, True)] if function is not None else []
    for start, end, near in (*places, (0, root.end_byte, False)):
        for call in syntax.calls(root, start, end):
            called, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
            if called is None or arguments is None or len(arguments.named_children) != 1 or arguments.named_children[0].type in ("keyword_argument", "spread_element"):
                continue
            text = syntax.text(called)
            if text.rpartition(b".")[2] == wanted and b"\n" not in text and (near or _NAME.match(text)):
                return text.decode("utf-8", "surrogateescape")
    return None


def _wrapped(source: SourceFile, node: Node, variable: bytes, callee: str) -> tuple[Edit, ...] | None:
    """The edits for one expression; None where it is in none of the forms that are known. Never more than the address is handed over: a resolver
    that is given `NAME=address` may find nothing to resolve there."""
    whole = _whole(node, variable) if variable else None
    if whole is None:
        return _around(source, node, callee) if _is_value(node, variable) else None
    node, first, prefix = whole
    if first == node:
        return _literal(source, node, prefix, callee)
    if node.type in _CONCATENATIONS:
        return _formatted(source, node, first, prefix, callee) or _concatenation(source, node, first, prefix, callee)
    return _sprintf(source, node, first, prefix, callee)


def _whole(node: Node, variable: bytes) -> tuple[Node, Node, bytes] | None:
    """The outermost expression around `node` that begins with `variable`=, the literal that it begins with, and those bytes."""
    found: tuple[Node, Node, bytes] | None = None
    here: Node | None = node
    while here is not None and here.type in (*_PARTS, "call", "call_expression"):
        first = _first(here)
        prefix = _leading(first, variable) if first is not None else b""
        if first is not None and prefix:
            found = here, first, prefix
        here = here.parent
        while here is not None and here.type in _BETWEEN:
            here = here.parent
    return found


_PARTS = (*syntax.STRINGS, *_CONCATENATIONS, "identifier", "selector_expression", "member_expression", "attribute", "index_expression", "subscript")
_BETWEEN = (*_SHELLS, *syntax.INTERPOLATIONS, "argument_list", "arguments", "attribute", "selector_expression", "member_expression")


def _first(node: Node) -> Node | None:
    """The literal that an expression begins with: itself, the first of a concatenation, the format of a format call."""
    while node.type not in syntax.STRINGS:
        if node.type in _CONCATENATIONS and node.named_children:
            node = node.named_children[0]
            continue
        called, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if called is None or arguments is None:
            return None
        inner = called.child_by_field_name("object") if syntax.text(called).endswith(b".format") else None
        if inner is None and syntax.text(called).endswith(b".Sprintf") and arguments.named_children:
            inner = arguments.named_children[0]
        if inner is None:
            return None
        node = inner
    return node


def _leading(first: Node, variable: bytes) -> bytes:
    """`NAME=` as it stands at the start of a literal, with the flag before it where that is in the same word; empty where it is not there."""
    found = re.match(rb"(?:-e=?|--env=)?" + re.escape(variable) + rb"=", _content(first))
    return found[0] if found is not None else b""


_HOLDERS = ("pair", "keyed_element", "keyword_argument", "assignment", "assignment_expression", "assignment_statement")
_LISTS = ("argument_list", "arguments", "list", "array", "tuple", "literal_value")


def _is_value(node: Node, variable: bytes) -> bool:
    """Whether an expression is a variable's value and nothing else: its name stands beside it. Without a variable, whether it is one word."""
    here, parent = node, node.parent
    while parent is not None and parent.type in _SHELLS:
        here, parent = parent, parent.parent
    if parent is None or node.type in ("concatenated_string", *_LISTS, *_HOLDERS) or (node.type in syntax.STRINGS and _content(node) == variable):
        return False
    if parent.type in _HOLDERS:
        # `env["NAME"] = v`, `{"NAME": v}`, `{Name: "NAME", Value: v}`; never a constant, which others read as well.
        around = parent if parent.type.startswith("assignment") or parent.parent is None else parent.parent
        return here != parent.named_children[0] and re.search(rb"(?<!\w)" + re.escape(variable) + rb"(?!\w)", syntax.text(around)[: here.start_byte - around.start_byte]) is not None
    before = here.prev_named_sibling
    if not variable:
        return parent.type in _LISTS and node.type not in (*_CONCATENATIONS, "call", "call_expression")
    while before is not None and before.type in _SHELLS and before.named_children:
        before = before.named_children[0]
    return parent.type in _LISTS and before is not None and before.type in syntax.STRINGS and _content(before) == variable


def _around(source: SourceFile, node: Node, callee: str) -> tuple[Edit, ...]:
    return _between(source, node.start_byte, node.end_byte, f"{callee}(", ")")


def _between(source: SourceFile, start: int, end: int, before: str, after: str) -> tuple[Edit, ...]:
    return Edit(Span(source.path, start, start), before), Edit(Span(source.path, end, end), after)


def _quoted(node: Node) -> tuple[int, int, str]:
    """Where the text between the quotes starts and ends, and the quote with its prefix."""
    raw = syntax.text(node)
    lead = re.match(rb"[A-Za-z]*(\"\"\"|'''|\"|'|`)", raw)
    if lead is None:
        return node.start_byte, node.end_byte, ""
    return node.start_byte + lead.end(), node.end_byte - len(lead[1]), lead[0].decode()


def _content(node: Node) -> bytes:
    start, end, _ = _quoted(node)
    return syntax.text(node)[start - node.start_byte : end - node.start_byte]


def _literal(source: SourceFile, node: Node, prefix: bytes, callee: str) -> tuple[Edit, ...] | None:
    start, end, quote = _quoted(node)
    holes = [child for child in node.named_children if child.type in syntax.INTERPOLATIONS]
    at = start + len(prefix)
    if at >= end or not quote or (node.parent is not None and node.parent.type == "concatenated_string"):
        return None
    if not holes:
        return _between(source, at, node.end_byte, f"{_closing(quote)} + {callee}({quote}", ")")
    if len(holes) == 1 and (holes[0].start_byte, holes[0].end_byte) == (at, end):
        inner = holes[0].named_children
        return _between(source, inner[0].start_byte, inner[0].end_byte, f"{callee}(", ")") if len(inner) == 1 else None
    if quote == "`":
        return _between(source, at, end, f"${{{callee}(`", "`)}")
    other = "'" if quote.endswith('"') else '"'
    rest = source.data[at:end]
    if len(quote) == 2 and not any(sign in rest for sign in (b"'", b'"', b"\\", b"\n")):
        return _between(source, at, end, f"{{{callee}(f{other}", f"{other})}}")
    return None


def _closing(quote: str) -> str:
    return quote.lstrip("".join(set(quote) - set("\"'`")))


def _concatenation(source: SourceFile, node: Node, first: Node, prefix: bytes, callee: str) -> tuple[Edit, ...] | None:
    here = node
    while here != first:
        sign = here.child_by_field_name("operator")
        if sign is None or syntax.text(sign) != b"+":
            return None
        here = here.named_children[0]
    start, end, quote = _quoted(first)
    if not quote or any(child.type in syntax.INTERPOLATIONS for child in first.named_children):
        return None
    if start + len(prefix) < end:
        return _between(source, start + len(prefix), node.end_byte, f"{_closing(quote)} + {callee}({quote}", ")")
    sign = first.next_sibling
    behind = sign.next_sibling if sign is not None else None
    return _between(source, behind.start_byte, node.end_byte, f"{callee}(", ")") if behind is not None else None


def _formatted(source: SourceFile, node: Node, first: Node, prefix: bytes, callee: str) -> tuple[Edit, ...] | None:
    """Python: `"NAME=%s" % v`."""
    sign, right = node.child_by_field_name("operator"), node.child_by_field_name("right")
    if sign is None or right is None or syntax.text(sign) != b"%" or node.named_children[0] != first or _content(first) != prefix + b"%s":
        return None
    return _around(source, right, callee) if right.type not in ("tuple", "dictionary") else None


def _sprintf(source: SourceFile, node: Node, form: Node, prefix: bytes, callee: str) -> tuple[Edit, ...] | None:
    """Go's `fmt.Sprintf("NAME=%s", v)`, also with a longer format, of which the name is taken out; Python's `"NAME={}".format(v)`."""
    arguments = node.child_by_field_name("arguments")
    if arguments is None or node.type not in ("call", "call_expression"):
        return None
    rest = _content(form)[len(prefix) :]
    given = [one for one in arguments.named_children if one != form]
    if node.type == "call":
        return _around(source, given[0], callee) if rest == b"{}" and len(given) == 1 and given[0].type not in ("keyword_argument", "list_splat") else None
    if rest in (b"%s", b"%v") and len(given) == 1:
        return _around(source, given[0], callee)
    start, _, quote = _quoted(form)
    if arguments.named_children[0] != form:
        return None
    return (
        Edit(Span(source.path, node.start_byte, node.start_byte), f"{quote}{prefix.decode()}{quote} + {callee}("),
        Edit(Span(source.path, start, start + len(prefix)), ""),
        Edit(Span(source.path, node.end_byte, node.end_byte), ")"),
    )

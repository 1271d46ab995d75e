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
_BINDING = (
    "conditional_expression", "ternary_expression", "boolean_operator", "lambda", "yield_expression", "assignment_expression", "sequence_expression", "await",
)  # fmt: skip
"""Expressions that would have to be put in parentheses, or that are not what they seem; an argument of a call needs none, so they are fine inside."""


def wrap(source: SourceFile, span: Span, variable: str | None, resolver: str, homes: tuple[Span, ...] = (), sources: imports.Source = lambda _: None) -> Answer:
    """Pass the value at `span` through `resolver`. The value is an expression, or a literal or concatenation that begins with `variable`=. `homes`: where
    functions of that name are defined; where this file does not call it, the only one is imported. Raises UnreadableError where a file cannot be
    parsed in time."""
    root = syntax.root_of(source)
    if root is None:
        return _shell(source, span, variable, resolver)
    node = syntax.at(root, span)
    if node is None or not (node.start_byte <= span.start and span.end <= node.end_byte):
        return CannotFix("the value is not one expression there")
    callee = _callee(root, node, resolver.rpartition(".")[2])
    needed: tuple[Edit, ...] = ()
    if callee is None:
        home = sources(homes[0].path) if len(homes) == 1 else None
        if home is None or not _is_plain(home, homes[0]):
            return CannotFix(f"{resolver} is not called with one argument in this file, so that how to call it here is not known")
        known = imports.known_as(source, root, resolver, home, sources)
        if isinstance(known, CannotFix):
            return known
        callee, needed = known
    edits = _wrapped(source, node, span, f"{variable}=".encode() if variable else b"", callee)
    if edits is None:
        return CannotFix("the value is not written in a form that can be wrapped")
    return imports.with_import(Written(edits, f"pass it through {callee}"), needed)


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


def _wrapped(source: SourceFile, node: Node, span: Span, prefix: bytes, callee: str) -> tuple[Edit, ...] | None:
    """The edits for one expression; None where it is in none of the forms that are known."""
    if node.type in syntax.STRINGS:
        return _literal(source, node, span, prefix, callee)
    if node.type in _CONCATENATIONS and prefix:
        first = node
        while first.type in _CONCATENATIONS and first.named_children:
            sign = first.child_by_field_name("operator")
            if sign is None or syntax.text(sign) != b"+":
                return None
            first = first.named_children[0]
        if first.type in syntax.STRINGS and _content(first).startswith(prefix):
            return _concatenation(source, node, first, prefix, callee)
    if node.type == "call_expression" and prefix:
        return _sprintf(source, node, prefix, callee) or _around(source, node, callee)
    return _around(source, node, callee)


def _around(source: SourceFile, node: Node, callee: str) -> tuple[Edit, ...] | None:
    if node.type in ("argument_list", "arguments", "list", "array", "dictionary", "object", "literal_value", "block", "pair", "keyed_element"):
        return None
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


def _literal(source: SourceFile, node: Node, span: Span, prefix: bytes, callee: str) -> tuple[Edit, ...] | None:
    start, end, quote = _quoted(node)
    content = _content(node)
    holes = [child for child in node.named_children if child.type in syntax.INTERPOLATIONS]
    if not content.startswith(prefix):
        # A dictionary's value, or a text that is nothing but the address.
        return _around(source, node, callee) if span.start <= start and not prefix.startswith(content) else None
    if not prefix:
        return _around(source, node, callee)
    at = start + len(prefix)
    if not holes:
        if len(quote) != 1 or at >= end:
            return None
        return _between(source, at, node.end_byte, f"{quote} + {callee}({quote}", ")")
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


def _concatenation(source: SourceFile, node: Node, first: Node, prefix: bytes, callee: str) -> tuple[Edit, ...] | None:
    start, end, quote = _quoted(first)
    if len(quote) != 1:
        return None
    if start + len(prefix) < end:
        return _between(source, start + len(prefix), node.end_byte, f"{quote} + {callee}({quote}", ")")
    sign = first.next_sibling
    behind = sign.next_sibling if sign is not None else None
    return _between(source, behind.start_byte, node.end_byte, f"{callee}(", ")") if behind is not None else None


def _sprintf(source: SourceFile, node: Node, prefix: bytes, callee: str) -> tuple[Edit, ...] | None:
    """Go: `fmt.Sprintf("NAME=%s", v)`, and a longer format, of which the name is taken out."""
    called, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if called is None or arguments is None or not syntax.text(called).endswith(b".Sprintf") or not arguments.named_children:
        return None
    form, *given = arguments.named_children
    if form.type != "interpreted_string_literal" or not _content(form).startswith(prefix):
        return None
    rest = _content(form)[len(prefix) :]
    if rest in (b"%s", b"%v") and len(given) == 1:
        return _between(source, given[0].start_byte, given[0].end_byte, f"{callee}(", ")")
    name = prefix.decode()
    start = form.start_byte + 1
    return (
        Edit(Span(source.path, node.start_byte, node.start_byte), f'"{name}" + {callee}('),
        Edit(Span(source.path, start, start + len(prefix)), ""),
        Edit(Span(source.path, node.end_byte, node.end_byte), ")"),
    )

"""A client that is built without an endpoint given one from the variable that the launches set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stigmer_lint.fixes import imports, syntax
from stigmer_lint.fixes.places import indent_of, newline_of, starts_line
from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit
from stigmer_lint.rule import GiveEndpoint

if TYPE_CHECKING:
    from tree_sitter import Node


def give(source: SourceFile, place: Span, remedy: GiveEndpoint) -> Answer:
    """Write the argument into the call at `place`. Raises UnreadableError where the file cannot be parsed in time."""
    root = syntax.root_of(source)
    call = syntax.at(root, place) if root is not None else None
    while call is not None and call.type not in ("call", "new_expression", "call_expression") and len(call.named_children) == 1:
        call = call.named_children[0]
    arguments = call.child_by_field_name("arguments") if call is not None else None
    if arguments is None:
        return CannotFix("the client is not built by one call there")
    if syntax.language_of(source.path) == "python":
        return _python(source, arguments, remedy)
    return _javascript(source, arguments, remedy)


def _python(source: SourceFile, arguments: Node, remedy: GiveEndpoint) -> Answer:
    if not remedy.argument.isidentifier():
        return CannotFix("the library takes its endpoint by position")
    needed = imports.python_os(source)
    if isinstance(needed, CannotFix):
        return needed
    value = f'os.environ["{remedy.name}"]' if remedy.always else f'os.environ.get("{remedy.name}")'
    return Written((*needed, _added(source, arguments, f"{remedy.argument}={value}")), f"give {remedy.argument} from {remedy.name}", sure=False)


def _javascript(source: SourceFile, arguments: Node, remedy: GiveEndpoint) -> Answer:
    value = f"process.env.{remedy.name}"
    given = arguments.named_children
    if remedy.argument.isdigit():
        if remedy.argument != "0" or given:
            return CannotFix("the library takes its endpoint by position, and others are given")
        return Written((_added(source, arguments, value),), f"give it {remedy.name}", sure=False)
    entry = f"{remedy.argument}: {value}"
    if not given:
        return Written((_added(source, arguments, f"{{ {entry} }}"),), f"give {remedy.argument} from {remedy.name}", sure=False)
    if len(given) != 1 or given[0].type != "object":
        return CannotFix("its options are made elsewhere")
    return Written((_added(source, given[0], entry),), f"give {remedy.argument} from {remedy.name}", sure=False)


def _added(source: SourceFile, holder: Node, text: str) -> Edit:
    """One more member between brackets, laid out like the last."""
    members = [one for one in holder.named_children if one.type != "comment"]
    if not members:
        blank = re.match(rb"\s*", source.data[holder.start_byte + 1 : holder.end_byte - 1])
        at = holder.start_byte + 1
        return Edit(Span(source.path, at, at + (blank.end() if blank is not None else 0)), f" {text} " if holder.type == "object" else text)
    last = members[-1]
    after = last.next_sibling
    comma = after is not None and after.type == ","
    if starts_line(source, last.start_byte):
        at = after.end_byte if comma and after is not None else last.end_byte
        return Edit(Span(source.path, at, at), f"{'' if comma else ','}{newline_of(source)}{indent_of(source, last.start_byte)}{text}{',' if comma else ''}")
    return Edit(Span(source.path, last.end_byte, last.end_byte), f", {text}")

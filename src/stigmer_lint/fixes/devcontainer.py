"""An argument more in `runArgs` of a devcontainer.json, comments and layout kept."""

from __future__ import annotations

import json

from stigmer_lint.fixes.places import indent_of, newline_of, starts_line
from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.frontends.jsonc import load_jsonc
from stigmer_lint.frontends.yaml_nodes import Mapping, Sequence
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit


def add_run_argument(source: SourceFile, argument: str) -> Answer:
    """Add one argument for `docker run`. Raises UnreadableError where the file is no JSONC."""
    root = load_jsonc(source)
    if not isinstance(root, Mapping) or not root.pairs:
        return CannotFix("the file is no object with entries")
    said = f'add "{argument}" to runArgs'
    written = json.dumps(argument)
    arguments = root.get("runArgs")
    if isinstance(arguments, Sequence):
        if not arguments.items:
            at = arguments.span.start + 1
            return Written((Edit(Span(source.path, at, at), written),), said)
        last = arguments.items[-1].span
        own = starts_line(source, last.start)
        between = f",{newline_of(source)}{indent_of(source, last.start)}" if own else ", "
        return Written((Edit(Span(source.path, last.end, last.end), between + written),), said)
    if arguments is not None:
        return CannotFix("its runArgs are no list")
    first = root.pairs[0][0].span.start
    own = starts_line(source, first)
    between = f",{newline_of(source)}{indent_of(source, first)}" if own else ", "
    return Written((Edit(Span(source.path, first, first), f'"runArgs": [{written}]{between}'),), said)

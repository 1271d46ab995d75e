"""Shell scripts: sh, bash, dash, ksh, zsh, as files and as texts inside other files."""

from __future__ import annotations

from collections.abc import Callable
from posixpath import dirname, join, normpath
from typing import Final

from stigmer_lint.flow.ir import Block, FunctionDecl, If, Opaque, Stmt, Unit, block
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.file_kinds import looks_like_shell
from stigmer_lint.frontends.shell_parser import Parser
from stigmer_lint.frontends.shell_text import ScriptText, file_text, value_text
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Choice, Value

SUFFIXES: Final = (".sh", ".bash", ".zsh", ".ksh")



class ShellFrontend:
    """Shell scripts. Functions have no `params`: a body names its arguments "1", "2", "@"; `shift` and `set --` assign them."""

    language = "shell"

    def parse(self, source: SourceFile) -> Unit:
        """The file's functions and top level. Raises UnreadableError for NUL bytes and UTF-16."""
        return script_unit(file_text(source), source.path)

    def locate(self, tree: Tree, unit: Unit, module: str) -> tuple[str, ...]:
        """The file that `source module` reads: from the script's folder, from the root, or the only one whose path ends so."""
        return locate(tree, unit.path, module)


def locate(tree: Tree, path: str, module: str) -> tuple[str, ...]:
    """The file of the tree that `module`, a path in the file `path`, names; () where there is none or more than one may be meant."""
    if module.startswith(("/", "~")) or not module:
        return ()
    for folder in (dirname(path), ""):
        candidate = normpath(join(folder, module))
        if not candidate.startswith("..") and tree.has(candidate):
            return (candidate,)
    tail = normpath(module)
    while tail.startswith("../"):
        tail = tail[3:]
    found: list[str] = []
    for other in tree.named(tail.rsplit("/", 1)[-1]):
        if other.endswith("/" + tail):
            found.append(other)
            if len(found) > 1:
                return ()
    return tuple(found)


def script_unit(script: ScriptText, path: str, language: str = "shell") -> Unit:
    """A script's text as a unit of the file `path`."""
    unit = Unit(path, language, functions={})
    parser = Parser(script, unit)
    body = parser.script_body()
    unit.module = module(unit, body, script.range(script.base, len(script.text)))
    unit.star_imports = tuple(dict.fromkeys(parser.sources))
    unit.error_at = parser.error_at
    comments = sorted(parser.comments)
    unit.comments = lambda offset: _in_ranges(comments, offset)
    return unit


def module(unit: Unit, body: list[Stmt], span: tuple[int, int]) -> FunctionDecl:
    """The function that stands for the top level with these statements."""
    return FunctionDecl("", span, span, (), lambda: block(body), unit)


def _in_ranges(ranges: list[tuple[int, int]], offset: int) -> bool:
    low, high = 0, len(ranges)
    while low < high:
        middle = (low + high) // 2
        if ranges[middle][1] <= offset:
            low = middle + 1
        else:
            high = middle
    return low < len(ranges) and ranges[low][0] <= offset


def parse_script(value: Value, span: Span, sources: Callable[[str], SourceFile | None] | None = None) -> tuple[Unit, dict[str, Value]]:
    """A shell script that is given as a value: a text with holes, as a string literal of a program or a `run:` step has it.

    Returns the unit (of the file `span.path`) and what its reserved names stand for: every part of the value that is not known text is
    a Name "{0}", "{1}" ... in the script, and unquoted it is split into words like any expansion. Spans point to where the text is
    written in `span.path`; where that cannot be told they are `span`. Give `sources` (path -> file) so that literals are
    matched with their file through escapes, indentation and concatenation; without it only literals that stand as they are keep places.

    A Choice of whole scripts becomes one `If` per option with an Opaque test. Never raises for bad syntax.
    """
    if not isinstance(value, Choice):
        script, bindings = value_text(value, span, sources)
        return script_unit(script, span.path), bindings
    whole = (span.start, span.end)
    unit = Unit(span.path, "shell", functions={})
    bindings = {}
    body: list[Stmt] = []
    errors: list[int] = []
    stars: dict[str, None] = {}
    for option in reversed(value.options):
        script, bound = value_text(option, span, sources, len(bindings))
        bindings |= bound
        parser = Parser(script, unit)
        statements = parser.script_body()
        stars |= dict.fromkeys(parser.sources)
        if parser.error_at is not None:
            errors.append(parser.error_at)
        body = [If(whole, Opaque(whole, "which of several scripts runs"), Block(tuple(statements)), Block(tuple(body)))] if body else statements
    unit.module = module(unit, body, whole)
    unit.star_imports = tuple(stars)
    unit.error_at = min(errors, default=None)
    return unit, bindings


__all__ = ["SUFFIXES", "ShellFrontend", "locate", "looks_like_shell", "module", "parse_script", "script_unit"]

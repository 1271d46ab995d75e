"""A flag more for `docker run`, where the command line is written: a shell line, a recipe, a list of arguments in code."""

from __future__ import annotations

from stigmer_lint.fixes.places import indent_of, line_end, newline_of, starts_line
from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit

_QUOTES = (b"'", b'"', b"`")


def add_words(source: SourceFile, command: Span, *words: str) -> Answer:
    """Write words, which need no quotes, behind the command word (`run`) at `command`."""
    start, end = command.start, command.end
    word = source.data[start:end]
    if word[:1] in _QUOTES and word[-1:] == word[:1]:
        start, end, word = start + 1, end - 1, word[1:-1]
    if word not in (b"run", b"create"):
        return CannotFix("the command word is not written where the launch is")
    said = f"add {' '.join(words)}"
    before, after = source.data[start - 1 : start], source.data[end : end + 1]
    if before in _QUOTES and before == after:
        return Written((_element(source, start - 1, end + 1, before.decode(), words),), said)
    if before.isspace() and (after.isspace() or after in (b"\\", *_QUOTES)):
        return Written((Edit(Span(source.path, end, end), "".join(f" {one}" for one in words)),), said)
    return CannotFix("the command word is not written by itself")


def _element(source: SourceFile, start: int, end: int, quote: str, words: tuple[str, ...]) -> Edit:
    """One more element of a list, on a line of its own where the word has one."""
    written = ", ".join(f"{quote}{word}{quote}" for word in words)
    rest = source.data[end : line_end(source, end)]
    if starts_line(source, start) and rest.rstrip() == b",":
        at = end + 1
        return Edit(Span(source.path, at, at), f"{newline_of(source)}{indent_of(source, start)}{written},")
    return Edit(Span(source.path, end, end), f", {written}")

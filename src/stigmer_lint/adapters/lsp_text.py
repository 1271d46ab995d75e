"""What a language server shows, without the protocol: places counted as editors count, texts, comments that suppress."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

import msgspec

from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.escape import paragraph
from stigmer_lint.report.view import Shown

Units: TypeAlias = Literal["utf-8", "utf-16", "utf-32"]
"""What a column counts: https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#positionEncodingKind"""

_BOM: Final = b"\xef\xbb\xbf"


class Range(msgspec.Struct, frozen=True):
    """Lines and columns from 0, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    def holds(self, line: int, column: int) -> bool:
        """Whether a place lies inside or right behind."""
        return (self.line, self.column) <= (line, column) <= (self.end_line, self.end_column)


def range_of(source: SourceFile | None, span: Span, units: Units) -> Range:
    """Where a span is; the first place of the file where that is not at hand."""
    if source is None:
        return Range(0, 0, 0, 0)
    end = min(span.end, len(source.data))
    while end > span.start and source.data[end - 1] in b"\r\n":
        end -= 1
    return Range(*_at(source, span.start, units), *_at(source, max(end, span.start), units))


def _at(source: SourceFile, offset: int, units: Units) -> tuple[int, int]:
    offset = min(max(offset, 0), len(source.data))
    line = source.line_of(offset)
    before = source.data[source.line_starts[line - 1] : offset]
    if line == 1:
        # An editor keeps a byte order mark to itself.
        before = before.removeprefix(_BOM)
    if before.isascii():
        return line - 1, len(before)
    text = before.decode("utf-8", "replace")
    if units == "utf-8":
        return line - 1, len(text.encode())
    return line - 1, len(text) if units == "utf-32" else len(text.encode("utf-16-le")) // 2


def message(shown: Shown) -> str:
    """A finding in words, a paragraph for each of its parts."""
    parts = [shown.message, *shown.notes]
    parts += [f"Because: {shown.because}"] if shown.because else []
    parts += [f"Help: {shown.help}"] if shown.help else []
    platforms = shown.reported.finding.platforms
    parts += [f"Fails on {', '.join(platforms)}."] if platforms else []
    return "\n".join(paragraph(part) for part in parts)


_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:@])")


def markdown(text: str) -> str:
    """A text of the checked tree as Markdown that shows it and does nothing else."""
    return "  \n".join(_MARKDOWN.sub(r"\\\1", line) for line in text.splitlines())


_COMMENTS: Final = (
    (re.compile(r"\.(?:go|js|mjs|cjs|jsx|ts|mts|cts|tsx|jsonc)\Z|(?:\A|/)\.?devcontainer\.json\Z"), "// ", ""),
    (re.compile(r"\.(?:plist|xml)\Z"), "<!-- ", " -->"),
    (
        re.compile(
            r"\.(?:pyi?|sh|bash|zsh|ya?ml|mk|just|toml|tf|hcl|env|service|container|pod|kube|conf|dockerfile)\Z"
            r"|(?:\A|/)(?:[^/]*Dockerfile[^/]*|[^/]*Containerfile[^/]*|(?:GNUm|[Mm])akefile|\.?[Jj]ustfile|Procfile|\.env[^/]*)\Z",
        ),
        "# ",
        "",
    ),
)
"""Path -> what a comment on a line of its own begins and ends with."""


def suppression(path: str, lines: list[str], line: int, code: str, reason: str) -> tuple[int, str] | None:
    """The comment that suppresses a rule on a line (from 0) of a file, as (line before which it goes, its text without a line end). None
    where the kind of file has no comments. `lines` end as `str.splitlines` leaves them. A comment inside a command that goes on over
    several lines would end it, so it goes above the first of them."""
    found = next(((opener, closer) for pattern, opener, closer in _COMMENTS if pattern.search(path)), None)
    if found is None and lines and lines[0].startswith("#!"):
        found = ("# ", "")
    if found is None or line >= len(lines):
        return None
    while line > 0 and lines[line - 1].rstrip().endswith("\\"):
        line -= 1
    indent = lines[line][: len(lines[line]) - len(lines[line].lstrip())].strip("\r\n")
    opener, closer = found
    return line, f"{indent}{opener}stigmer: ignore[{code}] {reason}".rstrip() + closer

"""Suppression comments: `stigmer: ignore[STG101] reason`, on the line of a finding or alone on the line above.

Whatever looks like one and is not well formed suppresses nothing and is reported (STG901), because the worst that such a comment can
do is to silence more than its author meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec

from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.rule import Finding

CommentTest = Callable[[int], bool]
"""Whether the byte at an offset lies in a comment."""

NEEDLE = re.compile(rb"(?i)stigmer(?:[-_ ]?lint)?\s*:[ \t]*(?:ignore|disable|noqa|skip)\b")
"""Every text that may be meant as a suppression, also where it is misspelt."""

_STRICT = re.compile(r"stigmer: ?ignore\[([^\]]*)\]")
_OPENERS = ("#", "//", "/*", "<!--", "--", ";", "*", "{/*", "REM", "rem")
_SKIPPED_LINES = 20
"""Further comment lines that may stand between a suppression and the code that it is about."""


class Directive(msgspec.Struct, frozen=True):
    """One suppression comment. `lines`: the 1-based lines whose findings it is about. `problem`: why it is malformed, None where it is not;
    a malformed one has no codes."""

    span: Span
    codes: tuple[str, ...]
    reason: str
    lines: tuple[int, ...]
    problem: str | None = None


def directives(source: SourceFile, rules: Mapping[str, str], comment: CommentTest | None) -> tuple[Directive, ...]:
    """The suppression comments of a file, in order. `rules` maps every code and every name of a rule to its code. `comment` tells
    comments from string literals where the file's language is known; without it the text of the line decides."""
    found: list[Directive] = []
    taken = 0
    for match in NEEDLE.finditer(source.data):
        line = source.line_of(match.start())
        if line == taken:
            continue
        start, end = source.line_span(line)
        before = source.data[start : match.start()].decode("utf-8", "replace").lstrip("\ufeff")
        if not (comment(match.start()) if comment is not None else _in_comment(before)):
            continue
        opener = before.rstrip()
        if not opener.endswith(_OPENERS):
            # Prose that mentions a suppression in the middle of a sentence.
            continue
        taken = line
        text = source.data[match.start() : end].decode("utf-8", "replace")
        text, rest = _comment_end(text)
        alone = opener.strip() in _OPENERS and not rest.strip()
        lines = (_next_code_line(source, line),) if alone else (line,)
        span = Span(source.path, match.start(), match.start() + len(text.rstrip().encode("utf-8", "replace")))
        found.append(_parse(text.strip(), span, lines, rules))
    return tuple(found)


def _comment_end(text: str) -> tuple[str, str]:
    """What belongs to the comment, and what follows on the line where the comment ends before it."""
    for closer in ("*/", "-->"):
        at = text.find(closer)
        if at >= 0:
            return text[:at], text[at + len(closer) :].removeprefix("}")
    return text, ""


def _in_comment(before: str) -> bool:
    """Whether a text that follows `before` on its line is in a comment, judged by the line alone."""
    bare = before.strip()
    if bare in _OPENERS:
        return True
    opener = next((o for o in _OPENERS if bare.endswith(o)), None)
    if opener is None or opener == "*":
        return False
    code = before.rstrip()[: -len(opener)]
    if opener in ("#", "--", ";") and code and not code[-1].isspace():
        return False
    quote = ""
    escaped = False
    for index, char in enumerate(code):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        # An apostrophe inside a word opens nothing.
        elif char in "\"`" or (char == "'" and not (index and code[index - 1].isalnum())):
            quote = char
    return not quote


def _next_code_line(source: SourceFile, line: int) -> int:
    """The first line below that is not a comment of its own."""
    last = min(line + _SKIPPED_LINES, len(source.line_starts))
    for below in range(line + 1, last + 1):
        if not source.line_text(below).strip().startswith(("#", "//", "/*", "<!--", "--", ";", "*")):
            return below
    return line + 1


def _parse(text: str, span: Span, lines: tuple[int, ...], rules: Mapping[str, str]) -> Directive:
    def malformed(problem: str) -> Directive:
        return Directive(span, (), "", lines, problem)

    match = _STRICT.match(text)
    if match is None:
        if re.match(r"stigmer: ?ignore\s*\[", text):
            return malformed("the bracket follows `ignore` without a space and must be closed")
        if re.match(r"stigmer: ?ignore\b", text):
            return malformed("it names no rule in brackets, and there is no blanket suppression")
        return malformed("it is not written `stigmer: ignore[CODE] reason`")
    names = [name.strip() for name in match[1].split(",")]
    if names == [""]:
        return malformed("the brackets are empty, and there is no blanket suppression")
    codes: list[str] = []
    for name in names:
        code = rules.get(name) or rules.get(name.upper())
        if code is None:
            return malformed(f"there is no rule {name}" if name else "there is an empty name between the commas")
        codes.append(code)
    reason = text[match.end() :].strip().lstrip(":-\u2013\u2014 ").strip()
    if not reason:
        return malformed("it gives no reason")
    return Directive(span, tuple(dict.fromkeys(codes)), reason, lines)


class Suppressions:
    """The directives of a run, asked finding by finding; remembers which of their codes were needed."""

    def __init__(self, found: Iterable[Directive]) -> None:
        self.directives = tuple(found)
        self._by_line: dict[str, dict[int, list[Directive]]] = {}
        self._used: set[tuple[Span, str]] = set()
        for directive in self.directives:
            for line in directive.lines:
                self._by_line.setdefault(directive.span.path, {}).setdefault(line, []).append(directive)

    def excuse(self, finding: Finding, source: SourceFile | None) -> Directive | None:
        """The directive that covers a finding: one for any line of its span, or for the line on which the launch that it is about
        begins (a shell command goes on over lines that can hold no comment)."""
        lines = self._by_line.get(finding.span.path)
        if not lines or source is None:
            return None
        first, last = source.line_of(finding.span.start), source.line_of(max(finding.span.end - 1, finding.span.start))
        candidates = range(first, last + 1) if last - first < len(lines) else sorted(line for line in lines if first <= line <= last)
        at: list[int] = list(candidates)
        if finding.launch is not None and finding.launch.span.path == finding.span.path:
            at.append(source.line_of(finding.launch.span.start))
        for line in at:
            for directive in lines.get(line, ()):
                if finding.rule in directive.codes:
                    self._used.add((directive.span, finding.rule))
                    return directive
        return None

    def unused(self) -> list[tuple[Directive, str]]:
        """Every (directive, code) that covered no finding."""
        return [(d, code) for d in self.directives for code in d.codes if (d.span, code) not in self._used]

"""A finding as every format shows it: places as lines and columns, secrets masked."""

from __future__ import annotations

import msgspec

from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Step
from stigmer_lint.report.masking import Secrets
from stigmer_lint.report.types import Edit, Report, Reported


class Place(msgspec.Struct, frozen=True, order=True):
    """1-based lines and columns in characters; the end is exclusive. `path` is as in the tree, not escaped."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


class Note(msgspec.Struct, frozen=True):
    """A place with what it shows."""

    place: Place
    span: Span
    message: str


class Shown(msgspec.Struct, frozen=True):
    """One finding, ready to be laid out. Texts are masked, not escaped."""

    reported: Reported
    place: Place
    message: str
    value: str | None
    trail: tuple[Note, ...]
    related: tuple[Note, ...]
    marks: tuple[Note, ...]
    notes: tuple[str, ...]
    help: str | None
    because: str | None
    edits: tuple[Edit, ...]
    secrets: Secrets

    @property
    def code(self) -> str:
        return self.reported.rule.code


class _Ruler:
    """Offsets to columns for one file, in time linear in the file when the offsets come in order (a megabyte may be one line)."""

    __slots__ = ("_ascii", "_column", "_offset", "_start", "source")

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self._ascii = source.data.isascii()
        self._start = self._offset = -1
        self._column = 1

    def at(self, offset: int) -> tuple[int, int]:
        source = self.source
        offset = min(max(offset, 0), len(source.data))
        line = source.line_of(offset)
        start = source.line_starts[line - 1]
        if self._ascii:
            return line, offset - start + 1
        if line == 1 and source.data.startswith(b"\xef\xbb\xbf"):
            start = min(3, offset)
        if start != self._start or offset < self._offset:
            self._start = self._offset = start
            self._column = 1
        column = self._column + len(source.data[self._offset : offset].decode("utf-8", "replace"))
        # An offset in the middle of a character must not be where counting goes on.
        if offset == len(source.data) or source.data[offset] & 0xC0 != 0x80:
            self._offset, self._column = offset, column
        return line, column


_NO_LAUNCH = Secrets({})


class View:
    """The findings of a report, to be laid out. Holds what is worked out once for a file or a launch."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._rulers: dict[str, _Ruler] = {}
        self._secrets: dict[int, Secrets] = {}

    def source(self, path: str) -> SourceFile | None:
        return self.report.sources.get(path)

    def place(self, span: Span) -> Place:
        """Where a span is; line 1, column 1 for a file that is not at hand."""
        source = self.report.sources.get(span.path)
        if source is None:
            return Place(span.path, 1, 1, 1, 1)
        ruler = self._rulers.get(span.path)
        if ruler is None:
            ruler = self._rulers[span.path] = _Ruler(source)
        end = min(span.end, len(source.data))
        while end > span.start and source.data[end - 1] in b"\r\n":
            end -= 1
        line, column = ruler.at(span.start)
        end_line, end_column = ruler.at(max(end, span.start))
        return Place(span.path, line, column, end_line, end_column)

    def region(self, span: Span) -> Place:
        """Where the bytes of a span are, line ends at its end included: a whole line ends at the beginning of the next."""
        place = self.place(span)
        source = self.report.sources.get(span.path)
        if source is None or span.end <= span.start or source.data[span.end - 1 : span.end] not in (b"\r", b"\n"):
            return place
        end_line, end_column = self._rulers[span.path].at(span.end)
        return Place(span.path, place.line, place.column, end_line, end_column)

    def hide(self, text: str) -> str:
        """A text that belongs to no finding, without what looks like a secret."""
        return _NO_LAUNCH.hide(text)

    def findings(self) -> list[Shown]:
        """What is reported, in order."""
        return [self.show(one) for one in self.report.findings]

    def show(self, reported: Reported) -> Shown:
        """One finding, reported or suppressed."""
        finding = reported.finding
        key = id(finding.launch)
        if key not in self._secrets:
            self._secrets[key] = Secrets.of_launch(finding.launch)
        secrets = self._secrets[key].and_value(finding.env, finding.value)

        def notes(steps: tuple[Step, ...]) -> tuple[Note, ...]:
            return tuple(Note(self.place(step.span), step.span, secrets.hide(step.message)) for step in steps)

        edits = reported.fix.edits if reported.fix else ()
        return Shown(
            reported=reported,
            place=self.place(finding.span),
            message=secrets.hide(finding.message),
            value=None if finding.value is None else secrets.hide_value(finding.env, finding.value),
            trail=notes(finding.trail),
            related=notes(finding.related),
            marks=notes(finding.marks),
            notes=tuple(secrets.hide(note) for note in finding.notes),
            help=None if finding.help is None else secrets.hide(finding.help),
            because=None if reported.because is None else secrets.hide(reported.because),
            # An edit that would have to show a secret is not offered: what is shown could not be applied.
            edits=edits if all(secrets.hide(edit.text) == edit.text for edit in edits) else (),
            secrets=secrets,
        )

"""For people: each finding with its lines of source, where the value came from, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.model.value import text_of
from stigmer_lint.report.escape import joined, paragraph, plain
from stigmer_lint.report.excerpt import Mark, Paint, excerpt
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.summary import failures, gaps, statistics, tail
from stigmer_lint.report.types import Report
from stigmer_lint.report.view import Note, Place, Shown, View

_COLORS = {
    "error": "1;31", "warning": "1;33", "note": "1;36", "gutter": "34", "mark": "1;31", "support": "36", "path": "1", "help": "32", "dim": "2",
}  # fmt: skip
_MARKS = 6
"""Supporting lines that are shown; what is left out is counted."""


def painter(color: bool) -> Paint:
    """The function that colours a text by its role, or leaves it as it is."""

    def paint(text: str, role: str) -> str:
        return f"\x1b[{_COLORS[role]}m{text}\x1b[0m" if color and text else text

    return paint


def render(report: Report, layout: Layout) -> str:
    """Every finding as a paragraph, then what could not be checked, then the coverage as the last line."""
    paint = painter(layout.color)
    view = View(report)
    lines: list[str] = []
    for shown in view.findings():
        lines += (*_finding(report, view, shown, layout, paint), "")
    if layout.verbose:
        for one in report.suppressed:
            shown = view.show(one)
            reason = one.excuse.reason if one.excuse else ""
            lines.append(paint(f"{_at(shown.place)}: suppressed[{shown.code}] {plain(one.rule.name)}: {paragraph(reason)}", "dim"))
    lines += failures(report)
    lines += gaps(report, view, layout)
    lines += statistics(report, layout)
    lines += tail(report, layout)
    return joined(lines)


def _at(place: Place) -> str:
    return f"{plain(place.path)}:{place.line}:{place.column}"


def _finding(report: Report, view: View, shown: Shown, layout: Layout, paint: Paint) -> Iterator[str]:
    reported = shown.reported
    level = paint(f"{reported.severity}[{shown.code}]", reported.severity)
    sure = f" ({reported.confidence} confidence)" if layout.verbose else ""
    yield f"{paint(_at(shown.place), 'path')}: {level} {plain(reported.rule.name)}{sure}"
    yield f"  {paragraph(shown.message)}"
    marks = [Mark(note.span, note.message, "-") for note in shown.marks[:_MARKS]]
    own = Mark(reported.finding.span, _label(view, shown), "^")
    yield from excerpt([own, *marks], view.source, shown.secrets, paint)
    if len(shown.marks) > _MARKS:
        yield f"  and {len(shown.marks) - _MARKS} more lines of this launch"
    sentence = platforms(report, shown)
    if sentence:
        yield f"  {sentence}"
    if len(shown.trail) > 1:
        yield from _places("came from: ", shown.trail)
    for note in shown.related:
        yield f"  {paragraph(note.message)}: {_at(note.place)}"
    for text in shown.notes:
        yield f"  note: {paragraph(text)}"
    if shown.because:
        yield f"  because: {paragraph(shown.because)}"
    if shown.help:
        yield f"  {paint('help:', 'help')} {paragraph(shown.help)}"
    if layout.verbose and reported.fix is not None and shown.edits:
        yield f"  {paint('fix:', 'help')} {paragraph(shown.secrets.hide(reported.fix.description))} ({reported.fix.safety})"
    if layout.verbose and reported.unfixed is not None:
        yield f"  no fix: {paragraph(shown.secrets.hide(reported.unfixed))}"


def _places(head: str, notes: tuple[Note, ...]) -> Iterator[str]:
    for number, note in enumerate(notes):
        yield f"  {head if number == 0 else ' ' * len(head)}{_at(note.place)} {paragraph(note.message)}"


def _label(view: View, shown: Shown) -> str:
    """What the carets say: the value and where it was written, as far as the underlined text does not say so itself."""
    source = view.source(shown.place.path)
    written = shown.secrets.hide(source.text(shown.reported.finding.span)) if source is not None else ""
    origin = shown.trail[-1] if shown.trail else None
    value = None if shown.value is None or shown.value in written else shown.value
    place = "" if origin is None else f"{origin.place.path.rsplit('/', 1)[-1]}:{origin.place.line}"
    if value is not None and origin is not None:
        word = "default " if "default" in origin.message else ""
        return f'{word}"{value}" from {place}'
    if value is not None and '"' not in value and value != shown.message:
        return f'"{value}"'
    if origin is not None and origin.place.line != shown.place.line:
        return f"{paragraph(origin.message)}, {place}"
    return ""


def platforms(report: Report, shown: Shown) -> str:
    """"fails on macos, windows; on linux this launch uses --network host": where it fails, and why not elsewhere. "" where the
    finding has no platforms."""
    finding = shown.reported.finding
    if not finding.platforms:
        return ""
    sentence = f"fails on {', '.join(finding.platforms)}"
    launch = finding.launch
    for platform in report.platforms if launch is not None else ():
        if platform in finding.platforms or launch is None:
            continue
        facts = launch.on(platform)
        if facts is None:
            sentence += f"; on {platform} this launch does not happen"
        elif text_of(facts.network) == "host":
            wording = "has network_mode: host" if launch.kind == "compose" else "has hostNetwork" if launch.kind == "kubernetes" else "uses --network host"
            sentence += f"; on {platform} this launch {wording}"
    return sentence

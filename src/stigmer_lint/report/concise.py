"""One line a finding, for editors and for reading many at once."""

from __future__ import annotations

from stigmer_lint.report.escape import joined, paragraph, plain
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.summary import failures, gaps, statistics, tail
from stigmer_lint.report.text import painter
from stigmer_lint.report.types import Report
from stigmer_lint.report.view import Shown, View


def render(report: Report, layout: Layout) -> str:
    """`path:line:column: severity[CODE] message`, then the same end as the text report has."""
    paint = painter(layout.color)
    view = View(report)

    def line(shown: Shown) -> str:
        level = paint(f"{shown.reported.severity}[{shown.code}]", shown.reported.severity)
        return f"{plain(shown.place.path)}:{shown.place.line}:{shown.place.column}: {level} {paragraph(shown.message)}"

    lines = [line(shown) for shown in view.findings()]
    return joined((*lines, *failures(report), *gaps(report, view, layout), *statistics(report, layout), *tail(report, layout)))

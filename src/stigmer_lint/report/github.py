"""Workflow commands of GitHub Actions: annotations at the lines of a change.

A step shows ten annotations of a kind and drops the rest without a word, so the worst come first and what is over is listed in the log.
"""

from __future__ import annotations

from stigmer_lint.report.escape import joined, paragraph, plain
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.summary import coverage, failures, plural
from stigmer_lint.report.types import Report
from stigmer_lint.report.view import Shown, View

SHOWN = 10
_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
_RANK = {"error": 0, "warning": 1, "note": 2, "high": 0, "medium": 1, "low": 2}


def render(report: Report, layout: Layout) -> str:
    """The ten worst findings as annotations, the rest as lines of the log, then what was not checked and the coverage."""
    view = View(report)
    ranked = sorted(report.findings, key=lambda one: (_RANK[one.severity], _RANK[one.confidence]))
    commands = [_annotation(view.show(one)) for one in ranked[:SHOWN]]
    commands += [f"::warning title=not checked::{_data(line)}" for line in failures(report)]
    rest = [_plain(view.show(one)) for one in ranked[SHOWN:]]
    if rest:
        rest.insert(0, f"{plural(len(rest), 'further finding')}:")
    return "".join(f"{command}\n" for command in commands) + joined((*rest, coverage(report, layout)))


def _annotation(shown: Shown) -> str:
    place = shown.place
    rule = shown.reported.rule
    properties = {
        "file": place.path, "line": str(place.line), "endLine": str(place.end_line), "col": str(place.column), "endColumn": str(place.end_column),
        "title": f"{rule.code} {rule.name}",
    }  # fmt: skip
    if place.end_line != place.line:
        # The site refuses columns for an annotation over several lines.
        del properties["col"], properties["endColumn"]
    body = paragraph(shown.message)
    if shown.reported.finding.platforms:
        body += f"{'' if body.endswith('.') else '.'} Fails on {', '.join(shown.reported.finding.platforms)}."
    if shown.help:
        body += f"\nhelp: {paragraph(shown.help)}"
    fix = shown.reported.fix
    if fix is not None and shown.edits:
        body += f"\nfix ({fix.safety}): {paragraph(shown.secrets.hide(fix.description))}"
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{_LEVELS[shown.reported.severity]} {listed}::{_data(body)}"


def _plain(shown: Shown) -> str:
    return (
        f"{plain(shown.place.path)}:{shown.place.line}:{shown.place.column}: {shown.reported.severity}[{shown.code}] {paragraph(shown.message)}"
    )


def _data(text: str) -> str:
    """Escapes of @actions/core's command.ts for the message: a line break is the only control that stays."""
    return "%0A".join(plain(line).replace("%", "%25") for line in text.split("\n"))


def _property(text: str) -> str:
    return _data(plain(text)).replace(":", "%3A").replace(",", "%2C")

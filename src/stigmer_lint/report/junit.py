"""JUnit XML: a test case for every finding, for services that show test results and nothing else."""

from __future__ import annotations

from stigmer_lint.report.escape import plain
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.text import platforms
from stigmer_lint.report.types import Report
from stigmer_lint.report.view import Shown, View


def render(report: Report, layout: Layout) -> str:
    """One suite. What was not checked is a case with an error; a run with nothing to report is one case that passes."""
    view = View(report)
    cases = [_case(report, shown) for shown in view.findings()]
    cases += [
        f'  <testcase classname="{_text(failure.path)}" name="not checked">\n    <error message="{_text(failure.why)}"/>\n  </testcase>'
        for failure in report.errors
    ]
    if not cases:
        cases = ['  <testcase classname="stigmer-lint" name="check"/>']
    failures = len(report.findings)
    head = f'<testsuite name="stigmer-lint" tests="{len(cases)}" failures="{failures}" errors="{len(report.errors)}" time="{report.seconds:.3f}">'
    return "\n".join(('<?xml version="1.0" encoding="utf-8"?>', "<testsuites>", head, *cases, "</testsuite>", "</testsuites>")) + "\n"


def _case(report: Report, shown: Shown) -> str:
    place = shown.place
    rule = shown.reported.rule
    where = _text(place.path)
    body = [f"{where}:{place.line}:{place.column}"]
    body += [_text(text) for text in (platforms(report, shown), *(f"note: {note}" for note in shown.notes), f"help: {shown.help}" if shown.help else "") if text]
    return (
        f'  <testcase classname="{where}" name="{rule.code} {_text(rule.name)} line {place.line} column {place.column}" '
        f'file="{where}" line="{place.line}">\n'
        f'    <failure type="{shown.reported.severity}" message="{_text(shown.message)}">{chr(10).join(body)}</failure>\n'
        "  </testcase>"
    )


def _text(text: str) -> str:
    """Characters that XML 1.0 cannot hold are escaped with all others that are not visible."""
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;").replace("'", "&apos;")
    return safe.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")

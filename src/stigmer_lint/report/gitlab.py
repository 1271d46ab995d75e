"""GitLab's Code Quality report (https://docs.gitlab.com/ci/testing/code_quality/): a JSON list."""

from __future__ import annotations

from typing import Any

from stigmer_lint.report.escape import dumped, encodable
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.types import Report
from stigmer_lint.report.view import Shown, View

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def render(report: Report, layout: Layout) -> str:
    """What was not checked is listed as well: the report has no other place for it, and an empty list reads as "all is well"."""
    view = View(report)
    rows = [_finding(shown) for shown in view.findings()]
    for failure in report.errors:
        rows.append(
            {
                "description": encodable(f"Not checked: {failure.why}"),
                "check_name": "not-checked",
                "fingerprint": _digest(failure.path, failure.why),
                "severity": "blocker",
                "location": {"path": encodable(failure.path), "lines": {"begin": 1}},
            }
        )
    return dumped(rows)


def _finding(shown: Shown) -> dict[str, Any]:
    return {
        "description": encodable(shown.message),
        "check_name": shown.code,
        "fingerprint": shown.reported.fingerprint,
        "severity": _SEVERITIES[shown.reported.severity],
        "location": {"path": encodable(shown.place.path), "lines": {"begin": shown.place.line, "end": shown.place.end_line}},
    }


def _digest(path: str, why: str) -> str:
    import hashlib

    return hashlib.sha256(f"{path}\0{why}".encode("utf-8", "surrogateescape")).hexdigest()[:32]

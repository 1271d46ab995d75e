"""JSON, version 1: fields are added, never changed."""

from __future__ import annotations

from typing import Any

from stigmer_lint import __version__
from stigmer_lint.report.escape import dumped, encodable
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.types import Report
from stigmer_lint.report.view import Note, Shown, View


def render(report: Report, layout: Layout) -> str:
    """One document, ASCII only: every other character is escaped as JSON does."""
    return dumped(document(report))


def document(report: Report) -> dict[str, Any]:
    """The whole report as JSON has it."""
    view = View(report)
    return {
        "version": 1,
        "tool": {"name": "stigmer-lint", "version": __version__},
        "summary": {
            "files": report.counts.files,
            "launches": report.counts.launches,
            "readers": report.counts.readers,
            "gaps": len(report.gaps),
            "errors": report.count("error"),
            "warnings": report.count("warning"),
            "notes": report.count("note"),
            "suppressed": len(report.suppressed),
            "seconds": round(report.seconds, 3),
            "policy": encodable(report.policy) or None,
            "older": report.older,
            "fixed": report.mended.fixed if report.mended is not None else 0,
            "stale": [encodable(entry) for entry in report.stale],
        },
        "findings": [finding(shown) for shown in view.findings()],
        "suppressed": [
            finding(view.show(one)) | {"suppression": {"kind": one.excuse.kind, "reason": encodable(one.excuse.reason)}}
            for one in report.suppressed
            if one.excuse is not None
        ],
        "gaps": [
            {"path": encodable(place.path), "line": place.line, "column": place.column, "why": encodable(view.hide(gap.why))}
            for gap, place in ((gap, view.place(gap.span)) for gap in report.gaps)
        ],
        "errors": [{"path": encodable(error.path), "why": encodable(error.why)} for error in report.errors],
    }


def finding(shown: Shown) -> dict[str, Any]:
    """One finding as JSON has it; `null` where a field does not apply."""
    reported = shown.reported
    raw = reported.finding
    place = shown.place

    def text(value: str | None) -> str | None:
        return None if value is None else encodable(value)

    def steps(notes: tuple[Note, ...]) -> list[dict[str, Any]]:
        return [
            {"path": encodable(n.place.path), "line": n.place.line, "column": n.place.column, "message": encodable(n.message)} for n in notes
        ]

    return {
        "rule": reported.rule.code,
        "name": reported.rule.name,
        "severity": reported.severity,
        "confidence": reported.confidence,
        "message": encodable(shown.message),
        "path": encodable(place.path),
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "container": text(raw.container),
        "image": text(raw.image),
        "env": text(raw.env),
        "value": text(shown.value),
        "platforms": list(raw.platforms),
        "trail": steps(shown.trail),
        "related": steps(shown.related),
        "notes": [encodable(note) for note in shown.notes],
        "because": text(shown.because),
        "fix": None
        if reported.fix is None or not shown.edits
        else {
            "description": encodable(reported.fix.description),
            "safety": reported.fix.safety,
            "edits": [
                {"path": encodable(e.span.path), "start": e.span.start, "end": e.span.end, "text": encodable(e.text)} for e in shown.edits
            ],
        },
        "no_fix": text(reported.unfixed),
        "fingerprint": reported.fingerprint,
        "help": text(shown.help),
    }

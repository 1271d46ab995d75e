"""SARIF 2.1.0 (OASIS, https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for code scanning services and editors."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from stigmer_lint import __version__
from stigmer_lint.report.escape import dumped, encodable
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.types import Excuse, Report
from stigmer_lint.report.view import Note, Place, Shown, View
from stigmer_lint.rule import Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_PRECISION = {"high": "very-high", "medium": "medium", "low": "low"}
FINGERPRINT = "stigmerLint/v1"
"""Key in `partialFingerprints`; the number changes when what is hashed does."""


def render(report: Report, layout: Layout) -> str:
    """One log with one run. ASCII only; no absolute path, no time of day, so that the same tree gives the same bytes but for `seconds`."""
    return dumped(document(report))


def document(report: Report) -> dict[str, Any]:
    """The whole log."""
    view = View(report)
    index = {rule.code: number for number, rule in enumerate(report.rules)}
    results = [_result(view.show(one), index, view) for one in sorted((*report.findings, *report.suppressed), key=lambda one: one.finding.span)]
    notifications = [
        {
            "level": "error",
            "message": {"text": encodable(failure.why)},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(failure.path)}}],
        }
        for failure in report.errors
    ] + [
        {"level": "note", "message": {"text": encodable(f"not understood: {view.hide(gap.why)}")}, "locations": [_location(view.place(gap.span))]}
        for gap in report.gaps
    ]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "stigmer-lint",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "rules": [_rule(rule) for rule in report.rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the project that was checked."}}},
                "invocations": [
                    {
                        "executionSuccessful": not report.errors,
                        "exitCode": report.status,
                        "toolExecutionNotifications": notifications,
                    }
                ],
                "results": results,
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "help": {"text": f"stigmer-lint explain {rule.code}"},
        "defaultConfiguration": {"level": rule.severity, "enabled": rule.default},
        "properties": {"precision": _PRECISION[rule.confidence], "problem.severity": "recommendation" if rule.severity == "note" else rule.severity},
    }


def _result(shown: Shown, index: dict[str, int], view: View) -> dict[str, Any]:
    reported = shown.reported
    finding = reported.finding
    text = [encodable(shown.message)]
    if finding.platforms:
        text.append(f"Fails on {', '.join(finding.platforms)}.")
    if shown.help:
        text.append(f"Help: {encodable(shown.help)}")
    result: dict[str, Any] = {
        "ruleId": reported.rule.code,
        "level": reported.severity,
        "message": {"text": " ".join(one if one.endswith(".") or len(text) == 1 else f"{one}." for one in text)},
        "locations": [_location(shown.place)],
        "partialFingerprints": {FINGERPRINT: reported.fingerprint},
        "properties": {
            key: value
            for key, value in {
                "confidence": reported.confidence,
                "container": finding.container and encodable(finding.container),
                "image": finding.image and encodable(finding.image),
                "env": finding.env and encodable(finding.env),
                "value": shown.value and encodable(shown.value),
                "platforms": list(finding.platforms),
                "because": shown.because and encodable(shown.because),
            }.items()
            if value
        },
    }
    if reported.rule.code in index:
        result["ruleIndex"] = index[reported.rule.code]
    related = (*shown.related, *shown.marks)
    if related:
        result["relatedLocations"] = [_location(note.place, note.message) | {"id": number} for number, note in enumerate(related, 1)]
    if shown.trail:
        result["codeFlows"] = [{"threadFlows": [{"locations": [{"location": location} for location in _flow(shown)]}]}]
    if reported.fix is not None and shown.edits:
        result["fixes"] = [{"description": {"text": encodable(reported.fix.description)}, "artifactChanges": _changes(shown, view)}]
    if reported.excuse is not None:
        result["suppressions"] = [_suppression(reported.excuse)]
    return result


def _flow(shown: Shown) -> list[dict[str, Any]]:
    """From where the value was written to where the container gets it; a trail begins at the near end."""
    steps: list[Note] = list(reversed(shown.trail))
    return [*(_location(note.place, note.message) for note in steps), _location(shown.place, "handed over here")]


def _suppression(excuse: Excuse) -> dict[str, Any]:
    return {"kind": "inSource" if excuse.kind == "comment" else "external", "justification": encodable(excuse.reason)}


def _changes(shown: Shown, view: View) -> list[dict[str, Any]]:
    paths = dict.fromkeys(edit.span.path for edit in shown.edits)
    return [
        {
            "artifactLocation": _artifact(path),
            "replacements": [
                {
                    # By lines for those who suggest changes in a review, by bytes for those who carry them out.
                    "deletedRegion": _region(view.region(edit.span)) | {"byteOffset": edit.span.start, "byteLength": edit.span.end - edit.span.start},
                    "insertedContent": {"text": encodable(edit.text)},
                }
                for edit in shown.edits
                if edit.span.path == path
            ],
        }
        for path in paths
    ]


def _location(place: Place, message: str | None = None) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": _artifact(place.path), "region": _region(place)}}
    if message is not None:
        location["message"] = {"text": encodable(message)}
    return location


def _region(place: Place) -> dict[str, int]:
    return {"startLine": place.line, "startColumn": place.column, "endLine": place.end_line, "endColumn": place.end_column}


def _artifact(path: str) -> dict[str, str]:
    """A relative URI (RFC 3986); bytes of a name that are not UTF-8 are percent-encoded as they are. A first segment with a colon
    would read as a scheme."""
    uri = quote(path.encode("utf-8", "surrogateescape"), safe="/")
    return {"uri": uri, "uriBaseId": "SRCROOT"}

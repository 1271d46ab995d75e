"""What each format promises to those who read it by machine."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable

from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report import render
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.types import Failure, Report
from stigmer_lint.rule import Finding


def many(count: int) -> tuple[list[Finding], list[SourceFile]]:
    source = SourceFile("x.sh", b"0123456789\n" * count)
    severities = ("note", "warning", "error")
    return [
        Finding(rule="STG101", message=f"m{at}", span=Span("x.sh", at * 11, at * 11 + 3), severity=severities[at % 3]) for at in range(count)
    ], [source]


def test_json_has_every_field_of_version_1(seed: Report) -> None:
    told = json.loads(render(seed, "json", Layout()))
    assert told["version"] == 1
    assert told["summary"] == {
        "files": 41, "launches": 1, "readers": 0, "gaps": 1, "errors": 1, "warnings": 0, "notes": 0, "suppressed": 0, "seconds": 0.21, "policy": None,
        "older": 0, "fixed": 0, "stale": [],
    }  # fmt: skip
    (finding,) = told["findings"]
    assert {
        "rule", "name", "severity", "confidence", "message", "path", "line", "column", "end_line", "end_column", "container", "image", "env",
        "value", "platforms", "trail", "related", "fix", "fingerprint", "help",
    } <= finding.keys()  # fmt: skip
    assert (finding["line"], finding["column"], finding["end_line"], finding["end_column"]) == (6, 48, 6, 58)
    assert finding["trail"] == [{"path": "internal/config.go", "line": 3, "column": 14, "message": "default set here"}]
    assert finding["image"] is None
    assert told["gaps"] == [{"path": "internal/config.go", "line": 3, "column": 7, "why": "the image is not known"}]


def test_github_shows_the_ten_worst_and_lists_the_rest(report_of: Callable[..., Report]) -> None:
    lines = render(report_of(*many(30)), "github", Layout()).splitlines()
    annotations = [line for line in lines if line.startswith("::")]
    assert [line.split(" ")[0] for line in annotations] == ["::error"] * 10
    assert lines[10] == "20 further findings:"
    assert len(lines) == 10 + 1 + 20 + 1
    assert lines[-1] == "10 errors, 10 warnings, 10 notes in 41 files; 0 launches read"


def test_gitlab_lists_what_was_not_checked(report_of: Callable[..., Report]) -> None:
    told = json.loads(render(report_of(*many(3), failures=[Failure("big.yaml", "too large")]), "gitlab", Layout()))
    assert [(row["severity"], row["location"]["path"]) for row in told] == [("info", "x.sh"), ("minor", "x.sh"), ("major", "x.sh"), ("blocker", "big.yaml")]
    assert len({row["fingerprint"] for row in told}) == 4


def test_junit_counts_what_it_lists(report_of: Callable[..., Report]) -> None:
    suite = ET.fromstring(render(report_of(*many(3), failures=[Failure("big.yaml", "too large")]), "junit", Layout()))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "3", "1")
    assert (len(suite.findall("testcase")), len(suite.findall(".//failure")), len(suite.findall(".//error"))) == (4, 3, 1)


def test_junit_of_a_clean_run_is_a_case_that_passes(report_of: Callable[..., Report]) -> None:
    suite = ET.fromstring(render(report_of([], []), "junit", Layout()))[0]
    assert [len(case) for case in suite] == [0]


def test_concise_is_one_line_a_finding(report_of: Callable[..., Report]) -> None:
    assert render(report_of(*many(2)), "concise", Layout()).splitlines() == [
        "x.sh:1:1: note[STG101] m0", "x.sh:2:1: warning[STG101] m1", "1 warning, 1 note in 41 files; 0 launches read",
    ]  # fmt: skip

"""SARIF as consumers need it, valid against the official schema.

The schema is OASIS's file; it is no package's to install, so its place is given in STIGMER_LINT_SARIF_SCHEMA. Without it the test that
needs it is skipped, and what is checked is the part of the standard that is written here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report import render
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.types import Edit, Excuse, Failure, Fix, Report
from stigmer_lint.rule import Finding


def obj(required: str = "", **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required.split(), "properties": properties}


def arr(items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


TEXT = {"type": "string"}
WHOLE = {"type": "integer", "minimum": 0}
FROM_ONE = {"type": "integer", "minimum": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = obj("text", text=TEXT)
BAG = {"type": "object"}
ARTIFACT = obj("uri", uri={"type": "string", "pattern": r"^[A-Za-z0-9_.~/%-]*$"}, uriBaseId=TEXT)
REGION = obj(
    startLine=FROM_ONE, startColumn=FROM_ONE, endLine=FROM_ONE, endColumn=FROM_ONE, byteOffset=WHOLE, byteLength=WHOLE
)
LOCATION = obj("physicalLocation", id=WHOLE, message=MESSAGE, physicalLocation=obj("artifactLocation", artifactLocation=ARTIFACT, region=REGION))
RESULT = obj(
    "message",
    ruleId=TEXT,
    ruleIndex=WHOLE,
    level=LEVEL,
    message=MESSAGE,
    locations=arr(LOCATION),
    relatedLocations=arr(LOCATION, uniqueItems=True),
    codeFlows=arr(obj("threadFlows", threadFlows=arr(obj("locations", locations=arr(obj(location=LOCATION), minItems=1)), minItems=1))),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    fixes=arr(
        obj(
            "artifactChanges",
            description=MESSAGE,
            artifactChanges=arr(
                obj(
                    "artifactLocation replacements",
                    artifactLocation=ARTIFACT,
                    replacements=arr(obj("deletedRegion", deletedRegion=REGION, insertedContent=MESSAGE), minItems=1),
                ),
                minItems=1,
                uniqueItems=True,
            ),
        ),
        uniqueItems=True,
    ),
    suppressions=arr(
        obj("kind", kind={"enum": ["inSource", "external"]}, justification=TEXT),
        uniqueItems=True,
    ),
    properties=BAG,
)
RULE = obj(
    "id", id=TEXT, name=TEXT, shortDescription=MESSAGE, help=MESSAGE, properties=BAG,
    defaultConfiguration=obj(enabled={"type": "boolean"}, level=LEVEL),
)  # fmt: skip
RUN = obj(
    "tool",
    tool=obj("driver", driver=obj("name", name=TEXT, version=TEXT, semanticVersion=TEXT, rules=arr(RULE, uniqueItems=True))),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    originalUriBaseIds={"type": "object", "additionalProperties": obj(description=MESSAGE, uri=TEXT)},
    invocations=arr(
        obj(
            "executionSuccessful",
            executionSuccessful={"type": "boolean"},
            exitCode={"type": "integer"},
            toolExecutionNotifications=arr(obj("message", level=LEVEL, message=MESSAGE, locations=arr(LOCATION, uniqueItems=True))),
        ),
        uniqueItems=True,
    ),
    results=arr(RESULT),
)
SCHEMA = obj("version runs", **{"$schema": TEXT}, version={"const": "2.1.0"}, runs=arr(RUN))
"""The objects that are written, as the standard (sections 3.13 to 3.58) has them; anything else is an error."""


@pytest.fixture
def full(seed: Report, report_of: Callable[..., Report]) -> Report:
    """A report that uses every part of the format."""
    one = seed.findings[0]
    span = one.finding.span
    seed.findings = (msgspec.structs.replace(one, fix=Fix("resolve it", "safe", (Edit(span, "resolve(x)"), Edit(Span("b c.py", 0, 0), "y")))),)
    seed.suppressed = (
        msgspec.structs.replace(one, excuse=Excuse("comment", "a reason", span)),
        msgspec.structs.replace(one, excuse=Excuse("baseline", "known", None)),
    )
    seed.errors = (Failure("bad \u00e9.py", "too deep"),)
    seed.status = 3
    return seed


def told(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render(report, "sarif", Layout()))
    return document


def test_what_is_written_is_what_the_standard_has(full: Report) -> None:
    jsonschema.validate(told(full), SCHEMA)


@pytest.mark.skipif("STIGMER_LINT_SARIF_SCHEMA" not in os.environ, reason="STIGMER_LINT_SARIF_SCHEMA names no schema file")
def test_the_official_schema_accepts_it(full: Report, report_of: Callable[..., Report]) -> None:
    schema = json.loads(Path(os.environ["STIGMER_LINT_SARIF_SCHEMA"]).read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    for report in (full, report_of([], [])):
        assert list(validator.iter_errors(told(report))) == []


def test_the_flow_begins_where_the_value_is_written(full: Report) -> None:
    result = told(full)["runs"][0]["results"][0]
    steps = [step["location"]["message"]["text"] for step in result["codeFlows"][0]["threadFlows"][0]["locations"]]
    assert steps == ["default set here", "handed over here"]
    assert [related["message"]["text"] for related in result["relatedLocations"]] == ["read here", "the other addresses of this launch are resolved"]


def test_suppressed_findings_are_there_and_marked(full: Report) -> None:
    results = told(full)["runs"][0]["results"]
    kinds = sorted(one["suppressions"][0]["kind"] for one in results if "suppressions" in one)
    assert (len(results), kinds) == (3, ["external", "inSource"])


def test_an_incomplete_run_says_so(full: Report) -> None:
    (invocation,) = told(full)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 3
    assert invocation["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "bad%20%C3%A9.py"


def test_rules_are_referred_to_by_their_place(full: Report) -> None:
    run = told(full)["runs"][0]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_columns_count_characters_and_the_end_is_exclusive(report_of: Callable[..., Report]) -> None:
    source = SourceFile("x.py", "\ufeff\u00e9\U0001f600 BAD\r\nnext".encode())
    at = source.data.index(b"BAD")
    region = told(report_of([Finding(rule="STG101", message="m", span=Span("x.py", at, at + 3))], [source]))["runs"][0]["results"][0]["locations"][0]
    assert region["physicalLocation"]["region"] == {"startLine": 1, "startColumn": 4, "endLine": 1, "endColumn": 7}

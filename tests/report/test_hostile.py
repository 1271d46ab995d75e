"""Names and texts made to forge commands, rewrite the terminal or break a format, in every format."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from stigmer_lint.model.launch import Launch, LaunchFacts
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Step
from stigmer_lint.model.world import Gap
from stigmer_lint.report import FORMATS, Format, render
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.types import Failure, Report
from stigmer_lint.rule import Finding

EVIL = (
    "a\n::error::forged.py",
    "::error file=x::forged",
    "##[error]forged",
    "##vso[task.setvariable variable=x]y",
    "%0A::error::forged",
    "\x1b[2J\x1b]0;title\x07.py",
    "\u202egnp.py",
    "a\u2028b\u2029c\x85d",
    "quote\"'<&>]]>,:=.py",
    "a\r\nb.py",
    "\udcff\udc80.py",
    "zero\u200bwidth\ufeff.py",
    "x" * 255,
    "\ufffe\uffff.py",
    "c:drive.py",
    "|`*_[x](y)",
)
LAYOUT = Layout(show_gaps=True, verbose=True, statistics=True)
_HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_COMMAND = re.compile(r"^\s*::|##\[|##vso\[", re.MULTILINE)


def evil_report(make: Callable[..., Report], evil: str) -> Report:
    line = f"echo {evil} # {evil}\n".encode("utf-8", "surrogateescape")
    source = SourceFile(evil, line)
    other = SourceFile("b.py", b"x\n")
    step = Step(Span(evil, 0, 4), evil)
    launch = Launch("docker run", "docker", Span(evil, 0, 4), {"linux": LaunchFacts()})
    fields = {
        "container": evil, "image": evil, "env": evil, "value": evil, "platforms": ("macos",), "trail": (step, step), "related": (step,),
        "marks": (step,), "notes": (evil,), "help": evil, "launch": launch,
    }  # fmt: skip
    return make(
        [Finding(rule="STG101", message=evil, span=Span(evil, 5, 9), **fields), Finding(rule="STG102", message=evil, span=Span("b.py", 0, 1), **fields)],
        [source, other],
        gaps=(Gap(Span(evil, 0, 1), evil),),
        failures=[Failure(evil, evil)],
    )


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
@pytest.mark.parametrize("form", FORMATS)
def test_nothing_hidden_and_no_command_comes_out(form: Format, evil: str, report_of: Callable[..., Report]) -> None:
    text = render(evil_report(report_of, evil), form, LAYOUT)
    assert _HIDDEN.search(text) is None
    text.encode("utf-8")
    if form == "github":
        commands = [line for line in text.splitlines() if _COMMAND.search(line)]
        assert len(commands) == 3
        for line in commands:
            assert re.match(r"::(error|warning|notice) (file=[^:,\n]+,line=\d+,endLine=\d+,(col=\d+,endColumn=\d+,)?)?title=[^:,]+::[^\n]*$", line)
    else:
        assert _COMMAND.search(text) is None


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_documents_for_machines_parse_and_say_the_name(evil: str, report_of: Callable[..., Report]) -> None:
    report = evil_report(report_of, evil)
    told = json.loads(render(report, "json", LAYOUT))
    if evil.isprintable() and evil.isascii():
        assert evil in {finding["path"] for finding in told["findings"]}
    assert len(json.loads(render(report, "gitlab", LAYOUT))) == 3
    sarif = json.loads(render(report, "sarif", LAYOUT))
    for result in sarif["runs"][0]["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9_.~/%-]+", uri)
    assert len(ET.fromstring(render(report, "junit", LAYOUT)).findall(".//testcase")) == 3


def test_a_line_holds_one_finding_in_the_formats_of_lines(report_of: Callable[..., Report]) -> None:
    report = evil_report(report_of, "a\nb\r\x0b\x0cc\x1c\x1d\x1e\x85\u2028d")
    assert len(render(report, "concise", Layout()).splitlines()) == 4

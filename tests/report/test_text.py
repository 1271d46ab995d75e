"""What people read."""

from __future__ import annotations

from collections.abc import Callable

from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Step
from stigmer_lint.report import render
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.types import Failure, Report
from stigmer_lint.rule import Finding


def lines(report: Report, **layout: bool) -> list[str]:
    return render(report, "text", Layout(**layout)).splitlines()


def one(text: str, marked: str, **fields: object) -> tuple[Finding, SourceFile]:
    source = SourceFile("run.sh", text.encode())
    at = source.data.index(marked.encode())
    return Finding(rule="STG101", message="m", span=Span("run.sh", at, at + len(marked.encode())), **fields), source


def test_the_layout_is_the_documented_one(seed: Report) -> None:
    assert lines(seed) == [
        "client-apps/cli/daemon.go:6:48: error[STG102] unresolved-host-address",
        "  STIGMER_LLM_BASE_URL is handed to container stigmer-agent-runner unresolved: llmBaseURL may be http://localhost:11434.",
        "   |",
        " 4 | hostAddr := resolveDockerHostAddress(temporalAddr)",
        "   |             ------------------------ the other addresses of this launch are resolved",
        ' 6 | "-e", fmt.Sprintf("STIGMER_LLM_BASE_URL=%s", llmBaseURL),',
        '   |                                              ^^^^^^^^^^ default "http://localhost:11434" from config.go:3',
        "  fails on macos, windows; on linux this launch uses --network host",
        "  read here: internal/config.go:3:7",
        "  help: pass resolveDockerHostAddress(llmBaseURL)",
        "",
        "1 error in 41 files; 1 launch read, 1 not understood (--show-gaps)",
    ]


def test_gaps_are_listed_when_asked_for(seed: Report) -> None:
    assert lines(seed, show_gaps=True)[-2:] == [
        "internal/config.go:3:7: gap: the image is not known",
        "1 error in 41 files; 1 launch read, 1 not understood",
    ]


def test_carets_stand_under_wide_characters_and_tabs(report_of: Callable[..., Report]) -> None:
    finding, source = one("\techo\t\u65e5\u672c e\u0301 BAD\n", "BAD")
    code, caret = lines(report_of([finding], [source]))[3:5]
    assert code == " 1 | echo    \u65e5\u672c e\u0301 BAD"
    # Two wide characters fill four cells, the combining accent none: 4 + 4 + 4 + 1 + 1 + 1.
    assert caret == "   | " + " " * 15 + "^^^"


def test_a_line_of_a_megabyte_is_cut_around_the_finding(report_of: Callable[..., Report]) -> None:
    finding, source = one("x" * 500_000 + "BAD" + "y" * 500_000, "BAD")
    code, caret = lines(report_of([finding], [source]))[3:5]
    assert "\u2026xxx" in code
    assert code.endswith("yyy\u2026")
    assert len(code) < 200
    assert code[caret.index("^") : caret.rindex("^") + 1] == "BAD"


def test_thirty_thousand_findings_in_one_line_take_linear_time(report_of: Callable[..., Report]) -> None:
    source = SourceFile("run.sh", ("\u00e9 " + "-e A=localhost " * 30_000).encode())
    findings = [Finding(rule="STG101", message=f"m{at}", span=Span("run.sh", 3 + at * 15, 9 + at * 15)) for at in range(30_000)]
    report = report_of(findings, [source])
    import time

    began = time.process_time()
    assert render(report, "concise", Layout()).count("\n") == 30_001
    assert time.process_time() - began < 5


def test_a_span_over_several_lines_is_underlined_to_the_end_of_the_first(report_of: Callable[..., Report]) -> None:
    finding, source = one("docker run \\\n  image\n", "run \\\n  image")
    assert lines(report_of([finding], [source]))[3:5] == [" 1 | docker run \\", "   |        ^^^^^"]


def test_a_mark_in_another_file_says_which(report_of: Callable[..., Report]) -> None:
    finding, source = one("BAD\n", "BAD", marks=(Step(Span("other.sh", 0, 4), "also here"),))
    assert lines(report_of([finding], [source, SourceFile("other.sh", b"twin\n")]))[2:8] == [
        "   |", " 1 | BAD", "   | ^^^", "   --> other.sh", " 1 | twin", "   | ---- also here",
    ]  # fmt: skip


def test_what_was_not_checked_is_said_and_counted(report_of: Callable[..., Report]) -> None:
    report = report_of([], [], failures=[Failure("big.yaml", "it is too large")])
    assert lines(report) == ["big.yaml: not checked: it is too large", "no findings in 41 files; 0 launches read; 1 input not checked"]


def test_colour_only_adds_escapes(seed: Report) -> None:
    import re

    colored = render(seed, "text", Layout(color=True))
    assert "\x1b[1;31m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render(seed, "text", Layout())


def test_statistics_count_by_rule(seed: Report) -> None:
    assert "1  STG102 unresolved-host-address" in lines(seed, statistics=True)

"""Selection, levels, suppressions, fingerprints and the exit status."""

from __future__ import annotations

import pytest

from stigmer_lint.engine.judge import Options, active, judge
from stigmer_lint.engine.suppress import NEEDLE
from stigmer_lint.errors import PolicyError, UsageError
from stigmer_lint.model.launch import PLATFORMS, Launch, LaunchFacts
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.world import Gap, World
from stigmer_lint.policy.types import LoadedPolicy, PathSetting, Policy, RuleSetting
from stigmer_lint.report.types import Failure, Report
from stigmer_lint.rule import Finding, Rule, RuleEntry

RULES = (
    Rule(code="STG101", name="loopback-in-container", summary="s", severity="error"),
    Rule(code="STG204", name="set-env-never-read", summary="s", severity="note", confidence="low"),
    Rule(code="STG401", name="address-not-logged", summary="s", severity="warning", default=False),
    Rule(code="STG901", name="malformed-suppression", summary="s", severity="warning"),
    Rule(code="STG902", name="unused-suppression", summary="s", severity="warning"),
)
ENTRIES = tuple(RuleEntry(rule, lambda world, policy: (), rule.name) for rule in RULES)


def loaded(policy: Policy | None = None) -> LoadedPolicy:
    return LoadedPolicy(policy or Policy(version=1), "stigmer-lint.yaml" if policy else "", {})


def run(text: str, *findings: Finding, policy: Policy | None = None, selected: set[str] | None = None, **options: object) -> Report:
    source = SourceFile("x.sh", text.encode())
    world = World(PLATFORMS, sources={"x.sh": source})
    noted = [source] if NEEDLE.search(source.data) else []
    return judge(world, findings, ENTRIES, loaded(policy), Options(**options), noted=noted, selected=selected)


def at(line: int, rule: str = "STG101", width: int = 1, **fields: object) -> Finding:
    """A finding at a line of a text whose every line has ten bytes."""
    return Finding(rule=rule, message="m", span=Span("x.sh", (line - 1) * 10, (line - 1) * 10 + width), **fields)


def codes(report: Report) -> list[str]:
    return [one.rule.code for one in report.findings]


PLAIN = "123456789\n" * 5


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["STG101"]),
        ({"min_confidence": "low"}, ["STG101", "STG204"]),
        ({"select": ("STG401",)}, ["STG401"]),
        ({"select": ("STG4", "loopback-in-container")}, ["STG101", "STG401"]),
        ({"select": ("ALL",), "ignore": ("STG101",), "min_confidence": "low"}, ["STG204", "STG401"]),
        ({"ignore": ("STG1",)}, []),
    ],
)
def test_selection(options: dict[str, object], expected: list[str]) -> None:
    assert codes(run(PLAIN, at(1), at(2, "STG204"), at(3, "STG401"), **options)) == expected


def test_a_rule_that_there_is_not_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no rule loopback-in-contaner; the nearest is loopback-in-container"):
        active(ENTRIES, loaded(), Options(select=("loopback-in-contaner",)))
    with pytest.raises(PolicyError, match=r"stigmer-lint\.yaml: rules\.STG105"):
        active(ENTRIES, loaded(Policy(version=1, rules={"STG105": "off"})), Options())


def test_the_policy_sets_levels_and_its_reason_is_kept() -> None:
    policy = Policy(version=1, rules={"STG101": RuleSetting(level="note", because="tracked elsewhere"), "address-not-logged": "error"})
    report = run(PLAIN, at(1), at(2, "STG401"), policy=policy)
    assert [(one.rule.code, one.severity, one.because) for one in report.findings] == [
        ("STG101", "note", "tracked elsewhere"),
        ("STG401", "error", None),
    ]


def test_a_path_setting_holds_below_its_folder_only() -> None:
    policy = Policy(version=1, paths=(PathSetting(match="x.*", rules={"STG101": "off"}, reason="r"),))
    assert codes(run(PLAIN, at(1), policy=policy)) == []
    policy = Policy(version=1, paths=(PathSetting(match="examples/**", rules={"STG101": "off"}, reason="r"),))
    assert codes(run(PLAIN, at(1), policy=policy)) == ["STG101"]


def test_select_on_the_command_line_overrules_off_in_the_policy() -> None:
    assert codes(run(PLAIN, at(1), policy=Policy(version=1, rules={"STG101": "off"}))) == []
    assert codes(run(PLAIN, at(1), policy=Policy(version=1, rules={"STG101": "off"}), select=("STG101",))) == ["STG101"]


@pytest.mark.parametrize(
    ("findings", "options", "status"),
    [
        ((), {}, 0),
        ((at(1),), {}, 1),
        ((at(1),), {"fail_on": "never"}, 0),
        ((at(1, severity="warning"),), {}, 1),
        ((at(1, severity="warning"),), {"fail_on": "error"}, 0),
        ((at(1, severity="note"),), {}, 0),
        ((at(1, severity="note"),), {"fail_on": "note"}, 1),
        ((at(1, confidence="low"),), {}, 0),
    ],
)
def test_exit_status(findings: tuple[Finding, ...], options: dict[str, object], status: int) -> None:
    assert run(PLAIN, *findings, **options).status == status


def test_what_could_not_be_checked_makes_the_status_3_and_hides_nothing() -> None:
    world = World(PLATFORMS, sources={"x.sh": SourceFile("x.sh", PLAIN.encode())}, unreadable=(("bad.py", "nested too deep", 7),))
    report = judge(world, [at(1)], ENTRIES, loaded(), Options(), failures=[Failure("bad.py", "nested too deep"), Failure("STG103", "the rule failed")])
    assert (report.status, codes(report)) == (3, ["STG101"])
    assert [(error.path, error.why) for error in report.errors] == [("STG103", "the rule failed"), ("bad.py", "nested too deep")]


def test_a_gap_counts_under_strict_only() -> None:
    world = World(PLATFORMS, gaps=(Gap(Span("x.sh", 0, 1), "why"),))
    assert judge(world, [], ENTRIES, loaded(), Options()).status == 0
    assert judge(world, [], ENTRIES, loaded(), Options(strict=True)).status == 3


COMMENTED = "# stigmer: ignore[STG101] why\ncode\nmore\n"


def commented(**fields: object) -> Finding:
    at_code = COMMENTED.index("code")
    return Finding(rule="STG101", message="m", span=Span("x.sh", at_code, at_code + 4), **fields)


def test_a_comment_moves_the_finding_to_the_suppressed_ones() -> None:
    report = run(COMMENTED, commented())
    assert codes(report) == []
    assert report.status == 0
    assert [(one.rule.code, one.excuse and one.excuse.reason) for one in report.suppressed] == [("STG101", "why")]


def test_no_ignores_reports_it_all_the_same() -> None:
    assert codes(run(COMMENTED, commented(), no_ignores=True)) == ["STG101"]


def test_a_comment_of_another_rule_does_not_cover_it_and_is_unused() -> None:
    at_code = COMMENTED.index("code")
    report = run(COMMENTED, Finding(rule="STG204", message="m", span=Span("x.sh", at_code, at_code + 4), confidence="high"))
    assert codes(report) == ["STG902", "STG204"]


def test_a_comment_above_the_launch_covers_its_later_lines() -> None:
    text = "# stigmer: ignore[STG101] why\ndocker run \\\n  -e A=localhost\n"
    start = text.index("docker")
    launch = Launch("docker run", "docker", Span("x.sh", start, len(text)), {"linux": LaunchFacts()})
    value = text.index("localhost")
    finding = Finding(rule="STG101", message="m", span=Span("x.sh", value, value + 9), launch=launch)
    assert codes(run(text, finding)) == []


def test_a_malformed_comment_is_a_finding_and_covers_nothing() -> None:
    text = "# stigmer: ignore\ncode\n"
    report = run(text, Finding(rule="STG101", message="m", span=Span("x.sh", text.index("code"), text.index("code") + 4)))
    assert codes(report) == ["STG901", "STG101"]


def test_an_unused_comment_is_reported_only_by_a_run_that_could_tell() -> None:
    assert codes(run(COMMENTED)) == ["STG902"]
    assert codes(run(COMMENTED, platforms=("linux",))) == []
    assert codes(run(COMMENTED, ignore=("STG101",))) == []
    assert codes(run(COMMENTED, selected={"other.sh"})) == []


def test_a_finding_below_the_confidence_asked_for_still_needs_its_comment() -> None:
    assert codes(run(COMMENTED, commented(confidence="low"))) == []


def test_the_fingerprint_stays_when_lines_and_prose_change() -> None:
    one = run(PLAIN, at(1, env="A", value="localhost", container="c")).findings[0]
    moved = run("x\n" + PLAIN, Finding(rule="STG101", message="other words", span=Span("x.sh", 7, 9), env="A", value="localhost", container="c")).findings[0]
    other = run(PLAIN, at(1, env="A", value="127.0.0.1", container="c")).findings[0]
    assert one.fingerprint == moved.fingerprint
    assert one.fingerprint != other.fingerprint


def test_a_second_finding_with_the_same_evidence_has_a_fingerprint_of_its_own() -> None:
    report = run(PLAIN, at(1, env="A", value="v"), at(3, env="A", value="v"))
    assert len({one.fingerprint for one in report.findings}) == 2


def test_a_finding_made_twice_is_reported_once_for_all_its_platforms() -> None:
    report = run(PLAIN, at(1, platforms=("windows",)), at(1, platforms=("macos",)))
    assert [one.finding.platforms for one in report.findings] == [("macos", "windows")]


def test_only_selected_paths_are_reported() -> None:
    assert codes(run(PLAIN, at(1), selected={"y.sh"})) == []

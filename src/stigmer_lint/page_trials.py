"""Pages put to the test: every tree of a page is checked by the real program, and what comes of it is compared with what the page says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from stigmer_lint.pages import Case, Mark, label, write
from stigmer_lint.report.types import Report
from stigmer_lint.rule import RuleEntry


class Trial(msgspec.Struct, frozen=True):
    """What came of a case. `problems`: how the findings differ from what the page says, one line each; `report`: the text report."""

    case: Case
    found: tuple[Mark, ...]
    problems: tuple[str, ...]
    report: str

    @property
    def outdated(self) -> bool:
        """Whether the page shows another report than the program prints."""
        return self.case.output is not None and self.case.output.text != self.report

    @property
    def passed(self) -> bool:
        """Whether the page is right."""
        return not self.problems and not self.outdated


def attempt(case: Case, rules: Sequence[RuleEntry]) -> Trial:
    """Check the case's tree in a folder of its own, by the rules that are on by default and the page's policy."""
    from stigmer_lint.engine.run import check
    from stigmer_lint.policy.load import NO_POLICY, load_policy
    from stigmer_lint.report import render
    from stigmer_lint.report.layout import Layout

    with TemporaryDirectory(prefix="page-") as folder:
        root = Path(folder).resolve()
        write(case, root)
        policy = NO_POLICY
        if case.policy is not None:
            policy = load_policy(str(root / "stigmer-lint.yaml"), root, rules={entry.rule.code: entry.rule.name for entry in rules})
        report = check(root, (".",), policy=policy, rules=rules, cwd=root)
        found = tuple(sorted(Mark(path, line, code) for path, line, code in _found(report)))
        told = render(report, "text", Layout())
    problems = list(_compared(case.marks, found))
    expected_codes = {mark.code for mark in case.marks}
    if "STG904" not in expected_codes:
        problems += [f"{error.path} was not checked: {error.why}" for error in report.errors]
    return Trial(case, found, tuple(problems), told)


def _found(report: Report) -> Iterable[tuple[str, int, str]]:
    for one in report.findings:
        span = one.finding.span
        yield span.path, report.sources[span.path].position(span.start).line, one.rule.code


def _compared(expected: Sequence[Mark], found: Sequence[Mark]) -> Iterable[str]:
    """Every difference, a repeated finding included."""
    left = list(found)
    for mark in expected:
        if mark in left:
            left.remove(mark)
        else:
            yield f"{mark.path}:{mark.line}: {mark.code} was not found"
    for mark in left:
        yield f"{mark.path}:{mark.line}: {mark.code} was found and is not marked"


def languages(code: str, trials: Iterable[Trial]) -> tuple[str, ...]:
    """What the rule is shown to work in: labels with at least one passing bad tree in which it is marked there, and one passing good tree."""
    bad: set[str] = set()
    good: set[str] = set()
    for trial in trials:
        if trial.problems or trial.case.todo:
            continue
        for block in trial.case.blocks:
            if trial.case.role == "bad" and any(mark.code == code for mark in block.marks):
                bad.add(label(block))
            elif trial.case.role == "good":
                good.add(label(block))
    return tuple(sorted(bad & good, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)))


_ORDER = ("Go", "Python", "Shell", "JavaScript", "TypeScript", "Compose")

"""Pages put to the test: every tree of a page is checked by the real program, and what comes of it is compared with what the page says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec

from stigmer_lint.pages import Case, Mark, label, write
from stigmer_lint.report.types import Report
from stigmer_lint.rule import RuleEntry

if TYPE_CHECKING:
    from stigmer_lint.engine.discover import Files


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
    """Check the case's tree in a folder of its own, by the rules that are on by default and the page's policy. Of a fixed tree, mend also the bad one
    that it comes of, by every fix that there is."""
    from stigmer_lint.report import render
    from stigmer_lint.report.layout import Layout

    with TemporaryDirectory(prefix="page-") as folder:
        root = Path(folder).resolve()
        write(case, root)
        report, _ = _checked(case, root, rules, {})
        found = tuple(sorted(Mark(path, line, code) for path, line, code in _found(report)))
        told = render(report, "text", Layout())
        problems = list(_compared(case.marks, found))
        expected_codes = {mark.code for mark in case.marks}
        if "STG904" not in expected_codes:
            problems += [f"{error.path} was not checked: {error.why}" for error in report.errors]
        if case.role == "fixed":
            for block in case.bad:
                (root / block.path).write_text(block.text, encoding="utf-8")
            problems += _mended(case, root, rules)
    return Trial(case, found, tuple(problems), told)


def _checked(case: Case, root: Path, rules: Sequence[RuleEntry], changed: Mapping[str, bytes]) -> tuple[Report, Files]:
    from stigmer_lint.engine.discover import Files
    from stigmer_lint.engine.run import survey
    from stigmer_lint.fixes import attach
    from stigmer_lint.policy.load import NO_POLICY, load_policy

    policy = NO_POLICY
    if case.policy is not None:
        policy = load_policy(str(root / "stigmer-lint.yaml"), root, rules={entry.rule.code: entry.rule.name for entry in rules})
    files = Files(root, (".",), exclude=policy.policy.exclude, cwd=root, unsaved=[(str(root / path), data) for path, data in changed.items()])
    world, report = survey(root, (".",), policy=policy, rules=rules, cwd=root, files=files)
    # A block's own report is shown as it is without fixes; they are told of where they are shown.
    if case.role == "fixed":
        attach(world, report, files.source)
    return report, files


def _mended(case: Case, root: Path, rules: Sequence[RuleEntry]) -> Iterable[str]:
    """How what `--fix --unsafe-fixes` makes of the bad tree differs from what the page shows."""
    from stigmer_lint.fixes.diff import unified
    from stigmer_lint.fixes.repair import repair
    from stigmer_lint.fixes.write import parses

    def look(changed: Mapping[str, bytes]) -> tuple[Report, Files]:
        return _checked(case, root, rules, changed)

    report, files = look({})
    done = repair(report, lambda changed: look(changed)[0], files.source, parses(files), unsafe=True)
    shown = {block.path: block.text.encode() for block in case.bad} | {block.path: block.text.encode() for block in case.blocks}
    for path, text in shown.items():
        written = done.after.get(path, (root / path).read_bytes())
        if written != text:
            yield f"{path}: --fix writes\n{unified(path, text, written).decode('utf-8', 'replace')}"
    for one, why in done.refused:
        yield f"{one.finding.span.path}: the fix of {one.rule.code} was taken back: {why}"


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

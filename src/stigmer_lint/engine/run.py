"""One run of the linter: find, analyse, judge."""

from __future__ import annotations

import gc
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stigmer_lint.engine.analyse import analyse
from stigmer_lint.engine.discover import Files
from stigmer_lint.engine.guarded import guarded
from stigmer_lint.engine.judge import Options, active, judge
from stigmer_lint.engine.outside import Outsider
from stigmer_lint.engine.suppress import NEEDLE, CommentTest
from stigmer_lint.model.launch import Platform
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.world import World
from stigmer_lint.policy.types import LoadedPolicy
from stigmer_lint.report.types import Failure, Report
from stigmer_lint.rule import Finding, RuleEntry


def check(
    root: Path,
    paths: Sequence[str] = (".",),
    *,
    policy: LoadedPolicy,
    rules: Sequence[RuleEntry],
    platforms: tuple[Platform, ...] | None = None,
    options: Options | None = None,
    stdin: tuple[str, bytes] | None = None,
    cwd: Path | None = None,
    stage: Callable[[str], None] = lambda _: None,
    files: Files | None = None,
    jobs: int = 1,
    outside: Outsider | None = None,
) -> Report:
    """Check `paths` of the project at `root`. `platforms` None: the policy's. `stdin`: name and content of a file that is not on disk.
    `files`: the tree where the caller has made it; root and paths are then not looked at. `jobs`: processes to use; 0: one per core,
    where the files are enough for that to pay. `outside`: what finds launches that no reader here does.

    Raises UsageError and PolicyError; whatever else goes wrong with one file or one rule is in the report, and the rest is still there.
    """
    return survey(
        root, paths, policy=policy, rules=rules, platforms=platforms, options=options, stdin=stdin, cwd=cwd, stage=stage, files=files, jobs=jobs, outside=outside,
    )[1]


def survey(
    root: Path,
    paths: Sequence[str] = (".",),
    *,
    policy: LoadedPolicy,
    rules: Sequence[RuleEntry],
    platforms: tuple[Platform, ...] | None = None,
    options: Options | None = None,
    stdin: tuple[str, bytes] | None = None,
    cwd: Path | None = None,
    stage: Callable[[str], None] = lambda _: None,
    files: Files | None = None,
    jobs: int = 1,
    outside: Outsider | None = None,
) -> tuple[World, Report]:
    """As `check`, with the world that the report is about."""
    started = time.perf_counter()
    # A run makes many small objects that live to its end; looking for cycles among them again and again is a tenth of the time.
    gc.set_threshold(max(gc.get_threshold()[0], 100_000), 20, 20)
    # Following values is recursive, within bounds that are ours (MAX_NESTING, MAX_CALLS); the interpreter's own would come first.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 12_000))
    options = options or Options(platforms=platforms)
    wanted = active(rules, policy, options)
    stage("files")
    files = files or Files(root, paths, exclude=policy.policy.exclude, overlay=stdin, cwd=cwd)
    result = analyse(files, policy.policy, platforms or policy.policy.platforms, stage, jobs, outside, any(entry.rule.conduct for entry in wanted))
    world = result.world
    noted = [SourceFile(path, data) for path, data in files.grep(re.compile(NEEDLE.pattern))]
    failures = [*files.failures, *(Failure(path, why, offset) for path, why, offset in result.failures)]
    world.unreadable = tuple((one.path, one.why, one.offset or 0) for one in failures)
    stage("rules")
    found: list[Finding] = []
    for entry in wanted:
        code, judged = entry.rule.code, entry.check
        results = guarded(lambda: list(judged(world, policy.policy)), lambda why: failures.append(Failure(code, why)))  # noqa: B023
        found.extend(results or ())
    for finding in found:
        for span in (finding.span, *(step.span for step in (*finding.trail, *finding.related, *finding.marks))):
            if span.path not in world.sources:
                source = files.source(span.path)
                if source is not None:
                    world.sources[span.path] = source
    for gap in world.gaps:
        source = files.source(gap.span.path)
        if source is not None:
            world.sources.setdefault(gap.span.path, source)

    def comments(source: SourceFile) -> CommentTest | None:
        unit = result.project.unit(source.path)
        return unit.comments if unit is not None else None

    report = judge(
        world, found, rules, policy, options, noted=noted, comments=comments, failures=failures, files=result.files,
        seconds=time.perf_counter() - started, selected=files.selected, left_out=files.left_out,
    )
    report.selected = files.selected
    return world, report

"""The command `init`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from stigmer_lint.errors import UsageError

if TYPE_CHECKING:
    from stigmer_lint.engine.discover import Files
    from stigmer_lint.model.span import SourceFile
    from stigmer_lint.report.types import Report
    from stigmer_lint.rule import RuleEntry

_OF_POLICY: Final = ("STG201", "STG202", "STG207")
"""Rules that find something because a policy asks for it."""
LISTED: Final = 20
"""Findings that are named in the draft; the rest is counted."""


@click.command()
@click.argument("path", default=".", metavar="[PATH]")
@click.option("--output", "-o", metavar="FILE", help="Where the policy goes; default stigmer-lint.yaml at the root of the project, - for standard output.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def init(path: str, output: str | None, quiet: bool) -> None:
    """Draft a policy for the project at PATH (default: the current folder) from what it launches and what its code reads.

    Every entry has a comment that says what it was taken from; findings that remain with it are listed at its top. A file that is there is
    never overwritten.
    """
    from stigmer_lint.cli import rule_entries
    from stigmer_lint.engine.discover import Files, find_root
    from stigmer_lint.report.escape import plain

    cwd = Path.cwd()
    if not (cwd / path).is_dir():
        raise UsageError(f"{path} is no folder; name the project's.")
    root = find_root([path], cwd)
    target = None if output == "-" else Path(output) if output is not None else root / "stigmer-lint.yaml"
    for taken in (target,) if output is not None else (target, root / ".stigmer-lint.yaml"):
        if taken is not None and os.path.lexists(taken):
            raise UsageError(f"{taken} is there already, and a policy is never overwritten; `init --output -` prints the draft.")
    files = Files(root, [path], cwd=cwd)
    text, notes = drafted(root, files, rule_entries())
    if target is None:
        sys.stdout.write(text)
    else:
        try:
            with target.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        except OSError as error:
            raise UsageError(f"{target} cannot be written: {error.strerror}.") from error
    if not quiet:
        shown = [f"wrote {target}", *notes] if target is not None else notes
        click.echo("\n".join(plain(line) for line in shown), err=target is None)


def drafted(root: Path, files: Files, entries: Sequence[RuleEntry]) -> tuple[str, list[str]]:
    """The text of a policy for a tree, and what to tell about it. A draft that does not load is a bug, and raises PolicyError."""
    from stigmer_lint.drafting.draft import draft, without_sources
    from stigmer_lint.drafting.write import written
    from stigmer_lint.engine.run import survey
    from stigmer_lint.model.span import SourceFile
    from stigmer_lint.policy.load import parse_policy
    from stigmer_lint.policy.types import NO_POLICY
    from stigmer_lint.report.places import Places
    from stigmer_lint.report.view import View

    world, before = survey(root, policy=NO_POLICY, rules=entries, files=files)
    made = draft(world, Places(files.source), [one.finding for one in before.findings])
    codes = {entry.rule.code: entry.rule.name for entry in entries}

    def judged() -> Report:
        source = SourceFile("stigmer-lint.yaml", written(made).encode("utf-8", "replace"))
        return survey(root, policy=parse_policy(source, _extends_nothing, rules=codes), rules=entries, files=files)[1]

    report = judged()
    told = {(one.rule.code, one.finding.span, one.finding.env) for one in before.findings}
    new = [one.finding for one in report.findings if one.rule.code not in _OF_POLICY and (one.rule.code, one.finding.span, one.finding.env) not in told]
    places = {(one.launch.span.path, one.launch.span.start) for one in new if one.launch is not None}
    narrower = without_sources(made, world, places)
    if narrower != made:
        made = narrower
        report = judged()
    view = View(report)
    left = list(dict.fromkeys(f"{shown.place.path}:{shown.place.line}: {shown.code} {shown.message}" for shown in view.findings()))
    text = written(made, undecided=left[:LISTED], more=max(0, len(left) - LISTED))
    notes = [
        f"{_count(len(made.containers), 'container')}, {_count(len(made.services), 'service')}, {_count(len(made.resolvers), 'resolver')}",
        *(f"left out: {one}" for one in made.left_out),
    ]
    if left:
        notes += [f"{_count(len(left), 'finding')} of `stigmer-lint check` with it, for you to decide:", *(f"  {one}" for one in left)]
    else:
        notes.append("`stigmer-lint check` finds nothing with it")
    return text, notes


def _extends_nothing(name: str) -> SourceFile:
    raise UsageError(f"A draft extends nothing, so {name} cannot be read.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

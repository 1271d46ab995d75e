"""Measure the fixes on a labelled corpus of real commits.

`python tools/measure_fixes.py CORPUS.jsonl... --repos DIR` takes every record labelled `bug` (repository, commit, path, line, env), writes the tree of its
commit to a temporary folder, checks it, and where a finding is on the record's line mends it as `check --fix --unsafe-fixes` would, and nothing
else. DIR holds one git directory per repository, at DIR/OWNER+NAME/repo. Of each caught bug it says whether there is a fix, whether the finding
is gone afterwards, whether every changed file still parses, and whether any line was touched that no edit is for. `--only TEXT` takes the repositories
whose name holds it; `--show` lists the bugs without a fix, each with why. Nothing of the trees is run. A fix that does not clear its finding, or brings another one, is
taken back as it would be for a user, and counted. Exit status 1 where a fix that was kept broke a file or touched another line.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

from stigmer_lint.engine.discover import Files
from stigmer_lint.engine.run import survey
from stigmer_lint.errors import UnreadableError
from stigmer_lint.fixes import attach
from stigmer_lint.fixes.repair import key_of, repair
from stigmer_lint.fixes.write import parses
from stigmer_lint.model.span import SourceFile
from stigmer_lint.policy.load import NO_POLICY, load_policy
from stigmer_lint.policy.types import LoadedPolicy
from stigmer_lint.report.types import Edit, Report, Reported
from stigmer_rules import RULES

MAX_BLOB = 1_000_000
SLACK = 1
"""Lines that a finding may be away from the record's."""


class Bug(NamedTuple):
    """One labelled line. `also`: the other end, where there is one."""

    id: str
    path: str
    line: int
    env: str
    also: tuple[str, int]


class Outcome(NamedTuple):
    """What came of a caught bug. `safety`: of its fix, None where there is none. `cleared`: it was carried out and the finding is gone; what does not
    hold when it is tried is taken back, and `why` says so."""

    bug: Bug
    rule: str
    safety: str | None
    cleared: bool
    why: str


def bugs(path: Path) -> Iterator[tuple[tuple[str, str, str], Bug]]:
    """The bugs of a corpus, each with (repository, commit, policy)."""
    for line in path.read_text(encoding="utf-8").splitlines():
        raw: dict[str, Any] = json.loads(line) if line.strip() else {}
        if raw.get("label") != "bug":
            continue
        policy = str(path.parent / raw["policy"]) if raw.get("policy") else ""
        place = raw.get("path") or raw.get("launcher_path") or raw.get("reader_path") or ""
        at = int(raw.get("line") or raw.get("launcher_line") or raw.get("reader_line") or 0)
        also = (raw.get("reader_path") or "", int(raw.get("reader_line") or 0))
        yield (raw["repo"], raw.get("commit") or raw["commit_bad"], policy), Bug(raw["id"], place, at, raw.get("env") or "", also)


def tree(git_dir: Path, commit: str, target: Path) -> None:
    """Write the small regular files of a commit below `target`. Blobs that the store lacks are left out."""
    git = ["git", f"--git-dir={git_dir}"]
    listing = subprocess.run([*git, "ls-tree", "-rzl", commit], capture_output=True, check=True).stdout
    wanted: list[tuple[str, str]] = []
    for row in listing.split(b"\0"):
        meta, _, name = row.partition(b"\t")
        parts = meta.split()
        if len(parts) == 4 and parts[1] == b"blob" and parts[0] != b"120000" and parts[3].isdigit() and int(parts[3]) <= MAX_BLOB:
            wanted.append((name.decode("utf-8", "surrogateescape"), parts[2].decode()))
    batch = subprocess.run([*git, "cat-file", "--batch"], input="".join(f"{sha}\n" for _, sha in wanted).encode(), capture_output=True, check=False).stdout
    at = 0
    for name, _ in wanted:
        end = batch.index(b"\n", at)
        head = batch[at:end].split()
        at = end + 1
        if head[-1] == b"missing":
            continue
        size = int(head[2])
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(batch[at : at + size])
        at += size + 1


def hits(bug: Bug, one: Reported, report: Report) -> bool:
    """Whether a finding is on the bug's line and about its variable."""
    finding = one.finding
    if bug.env and finding.env and bug.env.casefold() != finding.env.casefold():
        return False
    source = report.sources.get(finding.span.path)
    if source is None:
        return False
    first, last = source.line_of(finding.span.start) - SLACK, source.line_of(max(finding.span.start, finding.span.end - 1)) + SLACK
    return any(path == finding.span.path and line and first <= line <= last for path, line in ((bug.path, bug.line), bug.also))


def measured(root: Path, policy: LoadedPolicy, wanted: list[Bug]) -> tuple[list[Outcome], list[str]]:
    """What becomes of the bugs of one tree, and what went wrong."""

    written: dict[tuple[Edit, ...], set[tuple[str, bytes]]] = defaultdict(set)

    def look(changed: Mapping[str, bytes]) -> tuple[Report, Files]:
        files = Files(root, exclude=policy.policy.exclude, unsaved=[(str(root / path), data) for path, data in changed.items()])
        world, report = survey(root, policy=policy, rules=RULES, files=files)
        attach(world, report, files.source)
        # What a fix lays open is mended in a later round, by edits of what the file is by then: they are for the lines as they read there.
        for one in report.findings:
            if one.fix is not None:
                written[one.fix.edits].update(_lines(files, one.fix.edits))
        return report, files

    report, files = look({})
    matched = {bug: [one for one in report.findings if hits(bug, one, report)] for bug in wanted}
    meant = {key_of(one) for found in matched.values() for one in found}
    held = [key_of(one) for one in report.findings if key_of(one) not in meant]
    done = repair(report, lambda changed: look(changed)[0], files.source, parses(files), unsafe=True, held=held)
    refused = {key_of(one): why for one, why in done.refused}
    fixed = {key_of(one) for one in done.fixed}
    outcomes = []
    for bug, found in matched.items():
        if not found:
            continue
        one = next((one for one in found if key_of(one) in fixed), next((one for one in found if one.fix is not None), found[0]))
        key = key_of(one)
        safety = one.fix.safety if one.fix is not None else None
        outcomes.append(Outcome(bug, one.rule.code, safety, key in fixed, refused.get(key) or one.unfixed or "the rule attaches no remedy"))
    touched = {line for one in done.fixed if one.fix is not None for line in written[one.fix.edits]}
    wrong = []
    intact = parses(files)
    for path, data in done.after.items():
        try:
            if not intact(SourceFile(path, done.before[path]), SourceFile(path, data)):
                wrong.append(f"{path} does not parse any more")
        except UnreadableError as error:
            wrong.append(f"{path} cannot be read any more: {error.why}")
        wrong += [f"{path}:{number} was changed and no edit is for it" for number, line in _changed(done.before[path], data) if (path, line) not in touched]
    return outcomes, wrong


def _lines(files: Files, edits: tuple[Edit, ...]) -> Iterator[tuple[str, bytes]]:
    """The lines that edits are for, as they read before."""
    for edit in edits:
        source = files.source(edit.span.path)
        if source is not None:
            for number in range(source.line_of(edit.span.start), source.line_of(max(edit.span.start, edit.span.end - 1)) + 1):
                start, end = source.line_span(number)
                yield edit.span.path, source.data[start:end].rstrip(b"\r")


def _changed(before: bytes, after: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines of the old content that are not in the new one, each with its number from 1."""
    old = before.splitlines()
    for tag, first, last, _, _ in SequenceMatcher(None, old, after.splitlines(), autojunk=False).get_opcodes():
        if tag in ("replace", "delete"):
            yield from ((number + 1, old[number]) for number in range(first, last))


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", nargs="+", type=Path)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    groups: dict[tuple[str, str, str], list[Bug]] = defaultdict(list)
    for corpus in arguments.corpus:
        for key, bug in bugs(corpus):
            if arguments.only in key[0]:
                groups[key].append(bug)
    outcomes: list[Outcome] = []
    wrong: list[str] = []
    missing = total = 0
    for (repo, commit, policy), wanted in sorted(groups.items()):
        git_dir = arguments.repos / repo.replace("/", "+") / "repo"
        git_dir = git_dir / ".git" if (git_dir / ".git").exists() else git_dir
        if not git_dir.exists():
            missing += 1
            continue
        total += len(wanted)
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            try:
                tree(git_dir, commit, root)
            except subprocess.CalledProcessError:
                missing += 1
                continue
            rules = {entry.rule.code: entry.rule.name for entry in RULES}
            found, faults = measured(root, load_policy(policy, root, rules=rules) if policy else NO_POLICY, wanted)
        # A run turns the collector down, and worlds refer to themselves.
        gc.collect()
        outcomes += found
        wrong += [f"{repo}@{commit[:9]} {fault}" for fault in faults]
        for one in found:
            if arguments.show and not one.cleared:
                sys.stdout.write(f"{one.rule} {repo}@{commit[:9]} {one.bug.path}:{one.bug.line} {one.bug.env} -- {'taken back: ' if one.safety else ''}{one.why}\n")
                sys.stdout.flush()
    given = [one for one in outcomes if one.safety is not None]
    cleared = [one for one in given if one.cleared]
    by_rule = Counter(one.rule for one in outcomes)
    sys.stdout.write("rule    caught  fixed  safe\n")
    for rule in sorted(by_rule):
        some = [one for one in cleared if one.rule == rule]
        sys.stdout.write(f"{rule}  {by_rule[rule]:6}  {len(some):5}  {sum(1 for one in some if one.safety == 'safe'):4}\n")
    sys.stdout.write(
        f"bugs: {total}; caught: {len(outcomes)}; with a fix: {len(given)}; carried out, and the finding is gone: {len(cleared)}; "
        f"taken back when tried: {len(given) - len(cleared)}; trees not at hand: {missing}\n"
    )
    for fault in wrong:
        sys.stdout.write(f"wrong: {fault}\n")
    sys.stdout.write(f"files that broke or lines touched beside the edits: {len(wrong)}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

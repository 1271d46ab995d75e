"""Check the linter on the history of the public stigmer/stigmer repository: each outage is found before its repair and not after.

`python tools/stigmer_history.py GIT_DIR` reads commits from a clone's git directory (a bare one will do), checks each with the policy
builtin:stigmer and with none, and prints what is found. It exits with 1 where something that must be found is missing, or something
that was repaired is still found, and with 2 where the history cannot be read.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stigmer_lint.engine.run import check
from stigmer_lint.policy.load import NO_POLICY, load_policy
from stigmer_lint.report.types import Report, Reported
from stigmer_rules import RULES

DAEMON = "client-apps/cli/internal/cli/daemon/daemon.go"
SUPERVISOR = "backend/services/stigmer-server/pkg/supervisor/supervisor.go"
COMPOSE = "backend/services/agent-runner/docker-compose.yml"

POLICIES = ("builtin:stigmer", "none")


class Claim(NamedTuple):
    """What must be found at a commit, or must not: any of `rules` in `path`, for the variable `env` where that is given. `said` has to
    occur in what the finding says; `siblings`: it must mark the addresses that are resolved and lead to where the default is written."""

    commit: str
    title: str
    found: bool
    path: str
    rules: Mapping[str, tuple[str, ...]]
    env: str | None = None
    said: str = ""
    siblings: bool = False


def _say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")


def _both(*rules: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(POLICIES, rules)


_FIRST = _both("STG101", "STG102")
_SECOND = {"builtin:stigmer": ("STG201", "STG202"), "none": ("STG203", "STG205")}

CLAIMS = (
    Claim("4b1b66f^", "the LLM address is unresolved", True, DAEMON, _FIRST, env="STIGMER_LLM_BASE_URL", siblings=True),
    Claim("4b1b66f", "it is resolved", False, DAEMON, _FIRST),
    Claim("51f1f95^", "OLLAMA_BASE_URL is not set", True, SUPERVISOR, _SECOND, env="OLLAMA_BASE_URL"),
    Claim("51f1f95", "it is set", False, SUPERVISOR, _SECOND, env="OLLAMA_BASE_URL"),
    Claim("b070f18", "the resolver misses 127.0.0.1", True, SUPERVISOR, _both("STG104"), said="127.0.0.1"),
    Claim("b070f18", "the alias has no gateway", True, COMPOSE, _both("STG103")),
)


class HistoryError(Exception):
    """The repository or a commit cannot be read; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("git_dir", type=Path, metavar="GIT_DIR", help="the git directory of a clone of stigmer/stigmer")
    given = parser.parse_args(arguments)
    good = True
    read: dict[tuple[str, str], int] = {}
    try:
        for commit in dict.fromkeys(claim.commit for claim in CLAIMS):
            good = _judge_commit(given.git_dir, commit, read) and good
    except HistoryError as error:
        sys.stderr.write(f"stigmer_history: {error}\n")
        return 2
    _say("everything that must be found is found, and nothing that was repaired" if good else "NOT as it must be: see the rows marked no")
    return 0 if good else 1


def _judge_commit(git_dir: Path, commit: str, read: dict[tuple[str, str], int]) -> bool:
    """Whether all claims of a commit hold. `read`: launches read so far, by commit and policy."""
    good = True
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        absent = check_out(git_dir, commit, root)
        subject = _git(git_dir, "log", "-1", "--format=%h %s", commit).decode("utf-8", "replace").strip()
        _say(f"{commit}  ({subject[:90]})" + (f"; {absent} files are not in this clone" if absent else ""))
        for policy in POLICIES:
            loaded = NO_POLICY if policy == "none" else load_policy(policy, root)
            report = check(root, policy=loaded, rules=RULES, cwd=root)
            read[commit, policy] = report.counts.launches
            for claim in CLAIMS:
                if claim.commit == commit:
                    # A launch that is read no more has no findings either; that is not what a repair looks like.
                    lost = not claim.found and report.counts.launches < read.get((f"{commit}^", policy), 0)
                    if lost:
                        _say(f"  no   policy {policy:<16} {claim.title}: fewer launches are read than before the repair")
                    good = _print_claim(claim, policy, report) and not lost and good
            rest = ", ".join(f"{rule} x{times}" for rule, times in _counted(report))
            _say(f"       policy {policy:<16} {report.counts.files} files, {report.counts.launches} launches, {len(report.gaps)} gaps; all: {rest}")
    _say()
    return good


def _print_claim(claim: Claim, policy: str, report: Report) -> bool:
    hits = [one for one in report.findings if _fits(claim, policy, one)]
    good = bool(hits) is claim.found
    _say(f"  {'yes' if good else 'no ':<4} policy {policy:<16} {claim.title}: {'/'.join(claim.rules[policy])} {'found' if hits else 'not found'}")
    for one in hits:
        _say(f"         {_at(one, report)} {one.severity}[{one.finding.rule}] {one.finding.message}")
        for step in one.finding.marks:
            _say(f"             {step.span.path}:{_line(report, step.span.path, step.span.start)} {step.message}")
        for step in one.finding.trail:
            _say(f"           < {step.span.path}:{_line(report, step.span.path, step.span.start)} {step.message}")
    return good


def _fits(claim: Claim, policy: str, one: Reported) -> bool:
    finding = one.finding
    if finding.rule not in claim.rules[policy] or finding.span.path != claim.path or (claim.env is not None and finding.env != claim.env):
        return False
    if claim.said and not any(claim.said in text for text in (finding.message, *finding.notes)):
        return False
    return not claim.siblings or (len(finding.marks) >= 2 and any(step.span.path != claim.path for step in finding.trail))


def _counted(report: Report) -> list[tuple[str, int]]:
    codes = [one.finding.rule for one in report.findings]
    return [(code, codes.count(code)) for code in sorted(set(codes))]


def _at(one: Reported, report: Report) -> str:
    return f"{one.finding.span.path}:{_line(report, one.finding.span.path, one.finding.span.start)}"


def _line(report: Report, path: str, offset: int) -> int:
    source = report.sources.get(path)
    return source.data.count(b"\n", 0, offset) + 1 if source is not None else 0


def check_out(git_dir: Path, commit: str, root: Path) -> int:
    """Write the regular files of a commit below `root`; gives how many were left out because the clone does not hold them (a partial
    clone may lack large ones). Raises HistoryError."""
    listing = _git(git_dir, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
    wanted: list[tuple[bytes, str]] = []
    for entry in listing:
        head, tab, path = entry.partition(b"\t")
        mode, _, rest = head.partition(b" ")
        if tab and mode in (b"100644", b"100755"):
            wanted.append((rest.split(b" ")[1], os.fsdecode(path)))
    absent = 0
    for (_, name), data in zip(wanted, _blobs(git_dir, [blob for blob, _ in wanted]), strict=True):
        if data is None:
            absent += 1
            continue
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return absent


def _blobs(git_dir: Path, names: Iterable[bytes]) -> Iterable[bytes | None]:
    output = _git(git_dir, "cat-file", "--batch", given=b"".join(name + b"\n" for name in names))
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        words = output[at:end].split(b" ")
        at = end + 1
        if words[-1] == b"missing":
            yield None
            continue
        size = int(words[2])
        yield output[at : at + size]
        at += size + 1


def _git(git_dir: Path, *arguments: str, given: bytes | None = None) -> bytes:
    # What a partial clone lacks stays away: nothing is fetched.
    env = {**os.environ, "GIT_NO_LAZY_FETCH": "1"}
    done = subprocess.run(["git", f"--git-dir={git_dir}", *arguments], input=given, capture_output=True, check=False, env=env)
    if done.returncode != 0:
        raise HistoryError(done.stderr.decode("utf-8", "replace").strip() or f"git {arguments[0]} failed")
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())

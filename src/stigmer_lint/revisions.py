"""What another revision of the project says: its policy, and which lines have changed since.

git is asked through its command line for blobs and names only. Whatever a repository's own configuration would have it start (hooks,
monitors, filters, external diffs, remote helpers) is not started: none of the commands used here runs a filter or a hook, and no transport
is allowed. Lines are compared outside the repository, so that its attributes do not count.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from stigmer_lint.errors import UsageError
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Report, Reported

SECONDS: Final = 60.0
_HUNK: Final = re.compile(rb"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_QUIET: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat", "-c", "color.ui=false", "-c", "protocol.allow=never")
_ENVIRONMENT: Final = {
    "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C",
}  # fmt: skip


def _git(arguments: list[str], cwd: Path, ok: tuple[int, ...] = (0,)) -> bytes | None:
    """What git prints; None where it exits with another status. Raises UsageError where there is no git, or no answer."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _ENVIRONMENT
    try:
        done = subprocess.run(["git", *_QUIET, *arguments], cwd=cwd, env=env, capture_output=True, check=False, timeout=SECONDS, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise UsageError("git is needed to look at another revision, and is not installed.") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"git did not answer within {SECONDS:.0f} s.") from error
    return done.stdout if done.returncode in ok else None


class Revision:
    """One commit of the repository whose work tree holds `root`. Raises UsageError where there is no such commit."""

    def __init__(self, root: Path, name: str, *, merged: bool = False) -> None:
        """`merged`: the commit at which HEAD left `name`, where there is one, as a pull request is compared."""
        self.root = root
        self.name = name
        if name.startswith("-"):
            raise UsageError(f"{name} is no revision.")
        found = _git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"], root)
        if not found:
            raise UsageError(f"There is no revision {name} in {root}; in a shallow clone it has to be fetched first.")
        self.commit = found.decode().strip()
        base = _git(["merge-base", self.commit, "HEAD"], root) if merged else None
        if base:
            self.commit = base.decode().split("\n", 1)[0].strip()
        prefix = _git(["rev-parse", "--show-prefix"], root)
        self.prefix = (prefix or b"").decode("utf-8", "surrogateescape").rstrip("\n")

    def read(self, path: str) -> bytes | None:
        """A file's bytes in that revision, None where it is not there. `path` is relative to the root."""
        kind = _git(["cat-file", "-t", f"{self.commit}:{self.prefix}{path}"], self.root)
        if kind is None or kind.strip() != b"blob":
            return None
        return _git(["cat-file", "blob", f"{self.commit}:{self.prefix}{path}"], self.root)

    def changed(self, source: SourceFile) -> Changes:
        """Which lines of a file are not those of that revision."""
        before = self.read(source.path)
        if before is None:
            return Changes(((1, 1 << 60),), ())
        if before == source.data:
            return Changes((), ())
        with tempfile.TemporaryDirectory(prefix="stigmer-lint-") as folder:
            for name, data in (("before", before), ("after", source.data)):
                (Path(folder) / name).write_bytes(data)
            shown = _git(["diff", "--no-index", "--text", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "before", "after"], Path(folder), (0, 1))
        added: list[tuple[int, int]] = []
        removed: list[int] = []
        for hunk in _HUNK.finditer(shown or b""):
            first, count = int(hunk[1]), int(hunk[2]) if hunk[2] is not None else 1
            if count:
                added.append((first, first + count - 1))
            else:
                removed.append(first)
        return Changes(tuple(added), tuple(removed))


class Changes:
    """Lines of one file: `added` are ranges of new or changed lines, `removed` lines after which others were taken away."""

    def __init__(self, added: tuple[tuple[int, int], ...], removed: tuple[int, ...]) -> None:
        self.added = added
        self.removed = removed

    def meets(self, first: int, last: int) -> bool:
        """Whether a changed line lies in a range of lines."""
        return any(start <= last and first <= end for start, end in self.added)

    def cuts(self, first: int, last: int) -> bool:
        """Whether a line was taken away inside a range of lines or at its edge."""
        return any(first - 1 <= after <= last for after in self.removed)


def only_new(report: Report, revision: Revision) -> None:
    """Leave in the report what one of its ends makes part of the change: where it is found, where its value comes from, what it is compared
    with; for what is missing from a launch also the launch, where lines were taken away from it."""
    known: dict[str, Changes] = {}

    def changes(span: Span) -> tuple[Changes, int, int] | None:
        source = report.sources.get(span.path)
        if source is None:
            return None
        if span.path not in known:
            known[span.path] = revision.changed(source)
        return known[span.path], source.line_of(span.start), source.line_of(max(span.start, span.end - 1))

    def new(one: Reported) -> bool:
        finding = one.finding
        ends: Iterable[Span] = (finding.span, *(step.span for step in (*finding.trail, *finding.related)))
        for span in ends:
            found = changes(span)
            if found is not None and found[0].meets(found[1], found[2]):
                return True
        found = changes(finding.span)
        if found is None:
            return False
        here, first, last = found
        launch = finding.launch.span if finding.launch is not None else finding.span
        if launch.path == finding.span.path:
            _, begins, ends_at = changes(launch) or found
            first, last = min(first, begins), max(last, ends_at)
        return here.cuts(first, last)

    kept = tuple(one for one in report.findings if new(one))
    report.older = len(report.findings) - len(kept)
    report.findings = kept

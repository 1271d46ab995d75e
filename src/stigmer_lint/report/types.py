"""What every report format is written from: the outcome of one run, decided; reporters only lay it out."""

from __future__ import annotations

from typing import Literal

import msgspec

from stigmer_lint.model.launch import Platform
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.world import Gap
from stigmer_lint.rule import Confidence, Finding, Rule, Safety, Severity


class Edit(msgspec.Struct, frozen=True):
    """Write `text` in place of the bytes of `span`; `text` is encoded as UTF-8."""

    span: Span
    text: str


class Fix(msgspec.Struct, frozen=True):
    """The edits that carry out a finding's remedy. They do not overlap."""

    description: str
    safety: Safety
    edits: tuple[Edit, ...]


class Excuse(msgspec.Struct, frozen=True):
    """Why a finding is not reported. `span`: the comment that says so, None where a file other than the checked one does."""

    kind: Literal["comment", "baseline"]
    reason: str
    span: Span | None = None


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with everything that policy, command line and suppressions had to say about it."""

    finding: Finding
    rule: Rule
    severity: Severity
    confidence: Confidence
    fingerprint: str
    """32 hex digits over rule, path, container, variable and value; stays the same when lines move or prose changes."""
    because: str | None = None
    """The policy's reason for its setting of this rule, shown with the finding."""
    fix: Fix | None = None
    unfixed: str | None = None
    """Why there is no fix although the rule knows what must change."""
    excuse: Excuse | None = None


class Failure(msgspec.Struct, frozen=True, order=True):
    """Something that should have been checked and was not. `path` is a file of the tree or the name of a rule."""

    path: str
    why: str
    offset: int | None = None
    """Byte offset in the file at which reading failed, None where that is not known."""


class Counts(msgspec.Struct, frozen=True):
    """What the run looked at."""

    files: int = 0
    launches: int = 0
    readers: int = 0


class Mended(msgspec.Struct, frozen=True):
    """What `--fix` did: how many findings it has cleared, and which fixes it has taken back, each as (fingerprint, why)."""

    fixed: int
    refused: tuple[tuple[str, str], ...] = ()


class Report(msgspec.Struct, kw_only=True):
    """The outcome of one run."""

    findings: tuple[Reported, ...]
    """What is reported, in path and offset order."""
    suppressed: tuple[Reported, ...] = ()
    """What a comment or a baseline excuses; each has an `excuse`."""
    gaps: tuple[Gap, ...] = ()
    errors: tuple[Failure, ...] = ()
    sources: dict[str, SourceFile] = {}
    """Every file that a finding, a trail or a gap points into."""
    counts: Counts = Counts()
    rules: tuple[Rule, ...] = ()
    """The rules that ran, in code order."""
    platforms: tuple[Platform, ...] = ()
    """The platforms that launches were judged on."""
    left_out: dict[str, str] = {}
    """Files that were asked for by name and do not count (vendored, generated, excluded), each with why."""
    policy: str = ""
    """Where the policy came from: a path, "builtin:NAME", or "" for none."""
    selected: frozenset[str] | None = None
    """The files that findings may be reported for, None for all."""
    stale: tuple[str, ...] = ()
    """Entries of the baseline that no finding matches any more."""
    older: int = 0
    """Findings that were left out because no end of theirs lies on a changed line."""
    mended: Mended | None = None
    """What `--fix` did, None where it was not asked for."""
    seconds: float = 0.0
    status: int = 0
    """The exit status of the command: 0, 1 or 3."""

    def count(self, severity: Severity) -> int:
        """How many reported findings have this severity."""
        return sum(1 for one in self.findings if one.severity == severity)

    def fixable(self, safety: Safety) -> int:
        """How many reported findings have a fix of this kind."""
        return sum(1 for one in self.findings if one.fix is not None and one.fix.safety == safety)

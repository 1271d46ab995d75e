"""The findings that a project lives with: a file that says which, by their evidence, so that only what is new is reported."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Final

import msgspec

from stigmer_lint.errors import UsageError
from stigmer_lint.knowledge.secrets import mask
from stigmer_lint.report.types import Excuse, Report, Reported

VERSION: Final = 1
FILE_NAME: Final = "stigmer-lint-baseline.json"
"""Where `--write-baseline` writes when no `--baseline` says where."""
MAX_BYTES: Final = 50_000_000


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One finding. `fingerprint` is made of the rest, and of which of several alike in one file it is; lines and wording do not matter."""

    rule: str
    path: str
    fingerprint: str
    container: str | None = None
    env: str | None = None
    value: str | None = None


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A baseline file."""

    version: int
    findings: tuple[Entry, ...] = ()


def read(path: Path) -> Baseline:
    """The baseline in a file. Raises UsageError with file:line where it is none."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}:1: the baseline cannot be read: {error.strerror}; --write-baseline makes one.") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}:1: the baseline is larger than {MAX_BYTES} bytes.")
    try:
        found = msgspec.json.decode(data, type=Baseline)
    except msgspec.DecodeError as error:
        place = str(error).rpartition("(byte ")[2].rstrip(")")
        line = data.count(b"\n", 0, int(place)) + 1 if place.isdigit() else 1
        raise UsageError(f"{path}:{line}: not a baseline of this program: {error}.") from error
    if found.version != VERSION:
        raise UsageError(f"{path}:1: version {found.version} of the baseline; this program reads version {VERSION}.")
    return found


def apply(report: Report, baseline: Baseline, name: str, looked_at: Container[str] | None = None) -> None:
    """Excuse what the baseline holds, and note in `report.stale` what it holds and nothing matches any more.

    `looked_at`: the files that findings may be in, None for all; what a run does not look at cannot go stale in it.
    """
    entries = {entry.fingerprint: entry for entry in baseline.findings}
    kept: list[Reported] = []
    excused: list[Reported] = []
    met: set[str] = set()
    for one in report.findings:
        entry = entries.get(one.fingerprint)
        if entry is None or entry.rule != one.finding.rule:
            kept.append(one)
        else:
            met.add(entry.fingerprint)
            excused.append(msgspec.structs.replace(one, excuse=Excuse("baseline", f"in the baseline {name}")))
    running = {rule.code for rule in report.rules}
    commented = {one.fingerprint for one in report.suppressed}
    report.findings = tuple(kept)
    report.suppressed = (*report.suppressed, *excused)
    report.stale = tuple(
        f"{entry.path}: {entry.rule}{f' {entry.env}' if entry.env else ''}" for entry in baseline.findings
        if entry.fingerprint not in met and entry.fingerprint not in commented and entry.rule in running and (looked_at is None or entry.path in looked_at)
    )


def written(report: Report) -> bytes:
    """The baseline of everything that a run reports; values are masked as in every report."""
    entries = tuple(
        Entry(
            one.finding.rule, one.finding.span.path.encode("utf-8", "backslashreplace").decode(), one.fingerprint,
            _text(one.finding.container or one.finding.image), _text(one.finding.env),
            None if one.finding.value is None else _text(mask(one.finding.env or "", one.finding.value)),
        )
        for one in report.findings
    )  # fmt: skip
    ordered = tuple(sorted(entries, key=lambda entry: (entry.path, entry.rule, entry.env or "", entry.fingerprint)))
    return msgspec.json.format(msgspec.json.encode(Baseline(VERSION, ordered)), indent=1) + b"\n"


def _text(value: str | None) -> str | None:
    return None if value is None else value.encode("utf-8", "backslashreplace").decode()

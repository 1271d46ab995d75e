"""`--fix` and `--diff`: a report's fixes carried out, the files written, and the report on what is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from stigmer_lint.engine.discover import Files
from stigmer_lint.engine.judge import Options, exit_status
from stigmer_lint.fixes.diff import unified
from stigmer_lint.fixes.repair import Key, Repair, key_of, repair
from stigmer_lint.fixes.write import parses, write
from stigmer_lint.report.types import Failure, Mended, Report, Reported


def mend(
    report: Report, files: Files, look: Callable[[Mapping[str, bytes]], tuple[Report, Files]], gate: Callable[[Report, Options], None] | None, options: Options,
    *, unsafe: bool, dry: bool,
) -> tuple[Report, bytes]:
    """Carry out the fixes of `report`, the outcome of a run over `files`, and write the files unless `dry`: the report on what is left, and the
    changes as a unified diff. `look` runs again with other contents for some files, fixes attached. `gate` takes out of a report what is not to be
    reported, and that is not mended either. `unsafe`: also fixes that rest on a guess."""
    held: set[Key] = set()
    # What is not to be reported is there before and after: it is nothing that a fix brings.
    everything = replace(report)
    if gate is not None:
        gate(report, options)
        kept = {one.fingerprint for one in report.findings}
        held = {key_of(one) for one in everything.findings if one.fingerprint not in kept}
    selected = report.selected
    done = repair(
        everything, lambda changed: look(changed)[0], files.source, parses(files), unsafe=unsafe, held=held,
        editable=lambda path: selected is None or path in selected,
    )  # fmt: skip
    diff = b"".join(unified(path, done.before[path], done.after[path]) for path in sorted(done.after))
    failures = [] if dry else write(files.root, done.before, done.after)
    left = done.report
    if dry and gate is not None:
        left = replace(
            left, findings=tuple(one for one in left.findings if key_of(one) not in held), suppressed=report.suppressed, older=report.older, stale=report.stale
        )
    if not dry and (gate is not None or failures):
        # What a gate leaves out, and what a file that was not written still holds, is told by the files as they are now.
        left = look({})[0]
        if gate is not None:
            gate(left, options)
    left.errors = (*left.errors, *failures)
    _say(left, done, failures)
    left.status = exit_status(left, options)
    return left, diff


def _say(left: Report, done: Repair, failures: Sequence[Failure]) -> None:
    refused = {one.fingerprint: why for one, why in done.refused}
    left.findings = tuple(replace(one, fix=None, unfixed=refused[one.fingerprint]) if one.fingerprint in refused else one for one in left.findings)
    unwritten = {failure.path for failure in failures}
    left.mended = Mended(sum(1 for one in done.fixed if not _touches(one, unwritten)), tuple(sorted(refused.items())))


def _touches(one: Reported, paths: set[str]) -> bool:
    return one.fix is not None and any(edit.span.path in paths for edit in one.fix.edits)

"""Fixes carried out in memory, round after round, each round checked as a whole run would check it.

What is not cleared by its fix, no longer parses, or brings a finding that has no fix itself is left as it was and said to be so. Fixes whose edits
overlap wait for the next round, when they are rendered anew.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import msgspec

from stigmer_lint.errors import UnreadableError
from stigmer_lint.model.span import SourceFile
from stigmer_lint.report.types import Edit, Report, Reported

ROUNDS = 100
"""A bound on the work. Fixes that undo one another end sooner: contents that were there before are not written again."""

_LAID_OPEN = frozenset(("STG109",))
"""What a fix may lay open: that a service of the host listens on loopback was so before, and shows once its name resolves."""

Key: TypeAlias = tuple[str, str, str | None, str | None, str | None]
Run: TypeAlias = Callable[[Mapping[str, bytes]], Report]
"""A run over the tree with other contents for some files, fixes attached."""


class Repair(msgspec.Struct, frozen=True):
    """What came of it. `before` and `after`: contents by path, of the files that change. `report`: the findings that are left."""

    report: Report
    before: dict[str, bytes]
    after: dict[str, bytes]
    fixed: tuple[Reported, ...]
    refused: tuple[tuple[Reported, str], ...]
    """Findings whose fix was tried and taken back, each with why."""


def key_of(one: Reported) -> Key:
    """What stays the same of a finding when lines move."""
    finding = one.finding
    return one.rule.code, finding.span.path, finding.container or finding.image, finding.env, finding.value


def repair(
    report: Report, run: Run, source: Callable[[str], SourceFile | None], intact: Callable[[SourceFile, SourceFile], bool], *, unsafe: bool,
    held: Iterable[Key] = (), editable: Callable[[str], bool] = lambda _: True,
) -> Repair:
    """Apply the fixes of a report. `source` gives the files as they are; `intact(before, after)` tells whether a changed file still parses.
    `held`: findings that are not to be touched. `editable`: the files that may be changed. Raises what `run` raises."""
    contents: dict[str, bytes] = {}
    originals: dict[str, bytes] = {}
    fixed: list[Reported] = []
    refused: dict[Key, tuple[Reported, str]] = {}
    untouched = frozenset(held)

    def current(path: str) -> SourceFile | None:
        if path in contents:
            return SourceFile(path, contents[path])
        found = source(path)
        if found is not None:
            originals.setdefault(path, found.data)
        return found

    def allowed(one: Reported) -> bool:
        fix = one.fix
        if fix is None or (fix.safety == "unsafe" and not unsafe) or key_of(one) in untouched:
            return False
        return key_of(one) not in refused and all(editable(edit.span.path) for edit in fix.edits)

    # What was there at the start of each round, and how many were fixed by then, with the fixes of the round.
    stages: list[tuple[dict[str, bytes], Report, int, list[Reported]]] = []

    for _ in range(ROUNDS):
        chosen = _compatible([one for one in report.findings if allowed(one)])
        trial, chosen = _tried(chosen, current, intact, refused)
        if not chosen:
            if trial is None:
                break
            continue
        after = run({**contents, **(trial or {})})
        failed = _failed(report, after, chosen, allowed)
        if failed:
            refused.update(failed)
            continue
        stages.append((dict(contents), report, len(fixed), chosen))
        contents.update(trial or {})
        back = next((index for index, (there, *_) in enumerate(stages) if _same(there, contents, originals)), None)
        if back is not None:
            for *_, some in stages[back:]:
                refused.update((key_of(one), (one, "another fix would undo it")) for one in some)
            contents, report, count, _ = stages[back]
            del fixed[count:], stages[back:]
            continue
        was = Counter(key_of(one) for one in report.findings)
        now = Counter(key_of(one) for one in after.findings)
        # One finding may speak for several services that share a text; it is fixed when the last of them is.
        fixed += [one for one in chosen if now[key_of(one)] < was[key_of(one)]]
        report = after
    changed = {path: data for path, data in contents.items() if originals[path] != data}
    return Repair(report, {path: originals[path] for path in changed}, changed, tuple(fixed), tuple(refused.values()))


def _same(one: Mapping[str, bytes], other: Mapping[str, bytes], originals: Mapping[str, bytes]) -> bool:
    return all(one.get(path, originals[path]) == other.get(path, originals[path]) for path in {*one, *other})


def edited(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with edits of one file carried out, which do not overlap; the same edit twice counts once."""
    out: list[bytes] = []
    at = 0
    for edit in sorted(dict.fromkeys(edits), key=lambda edit: (edit.span.start, edit.span.end)):
        out += (data[at : edit.span.start], edit.text.encode("utf-8", "surrogatepass"))
        at = edit.span.end
    out.append(data[at:])
    return b"".join(out)


def _compatible(candidates: list[Reported]) -> list[Reported]:
    """Those that can be carried out together: the first of two that overlap."""
    taken: dict[str, list[tuple[int, int, str]]] = {}
    chosen: list[Reported] = []
    for one in candidates:
        edits = one.fix.edits if one.fix is not None else ()
        if not any(_meets(taken.get(edit.span.path, []), edit) for edit in edits):
            chosen.append(one)
            for edit in edits:
                insort(taken.setdefault(edit.span.path, []), (edit.span.start, edit.span.end, edit.text))
    return chosen


def _meets(taken: list[tuple[int, int, str]], edit: Edit) -> bool:
    """Whether an edit overlaps one that is taken, which are in order and overlap each other only where they are the same."""
    start, end = edit.span.start, edit.span.end
    at = bisect_left(taken, (start, end, edit.text))
    for around in (at - 1, at):
        if 0 <= around < len(taken):
            other = taken[around]
            if other != (start, end, edit.text) and _overlap(start, end, other[0], other[1]) and not _beside((start, end, edit.text), other):
                return True
    return False


_LINES = re.compile(r"(?:(\r\n|\n|\r)([ \t]*)\S[^\r\n]*)(?:\1\2\S[^\r\n]*)*\Z")


def _beside(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    """Whether two insertions at one place are lines of one indentation, entries of the same list: they may stand in either order."""
    if not one[0] == one[1] == other[0] == other[1]:
        return False
    mine, theirs = _LINES.match(one[2]), _LINES.match(other[2])
    return mine is not None and theirs is not None and mine.group(1, 2) == theirs.group(1, 2)


def _overlap(start: int, end: int, other_start: int, other_end: int) -> bool:
    if start == end or other_start == other_end:
        # An insertion meets another at the same place, and whatever is written over around it.
        return start <= other_end and other_start <= end
    return start < other_end and other_start < end


def _tried(
    chosen: list[Reported], current: Callable[[str], SourceFile | None], intact: Callable[[SourceFile, SourceFile], bool], refused: dict[Key, tuple[Reported, str]]
) -> tuple[dict[str, bytes] | None, list[Reported]]:
    """The contents after the chosen fixes, and those of the fixes that leave every file readable. (None, []) where nothing was tried."""
    if not chosen:
        return None, []

    def applied(some: list[Reported]) -> dict[str, bytes] | None:
        by_path: dict[str, list[Edit]] = {}
        for one in some:
            for edit in one.fix.edits if one.fix is not None else ():
                by_path.setdefault(edit.span.path, []).append(edit)
        made: dict[str, bytes] = {}
        for path, edits in by_path.items():
            before = current(path)
            if before is None:
                return None
            made[path] = edited(before.data, edits)
            try:
                if not intact(before, SourceFile(path, made[path])):
                    return None
            except UnreadableError:
                return None
        return made

    together = applied(chosen)
    if together is not None:
        return together, chosen
    good: list[Reported] = []
    for one in chosen:
        if applied([one]) is None:
            refused[key_of(one)] = (one, "the file would not be readable any more")
        else:
            good.append(one)
    together = applied(good)
    if together is None:
        good = good[:1]
        together = applied(good) or {}
    return together, good


def _moved_on(one: Reported, still: list[Reported]) -> bool:
    """Whether what is left of a finding is about other services that share the text: findings of one text are told once."""
    service = one.finding.launch.service if one.finding.launch is not None else None
    return service is not None and all(other.finding.launch is not None and other.finding.launch.service not in (None, service) for other in still)


def _failed(before: Report, after: Report, chosen: list[Reported], allowed: Callable[[Reported], bool]) -> dict[Key, tuple[Reported, str]]:
    """The chosen fixes that did not do what they should, each with why."""
    was = Counter(key_of(one) for one in before.findings)
    now = Counter(key_of(one) for one in after.findings)
    done = Counter(key_of(one) for one in chosen)
    failed: dict[Key, tuple[Reported, str]] = {}
    for one in chosen:
        key = key_of(one)
        if now[key] > was[key] - done[key] and not _moved_on(one, [other for other in after.findings if key_of(other) == key]):
            failed[key] = (one, "the finding would still be there")
    # A finding that names one of a launch's variables may name another one now.
    rules = {one.rule.code for one in chosen}
    were, are = (Counter(key_of(one)[:3] for one in report.findings) for report in (before, after))
    fresh = [
        one for one in after.findings
        if was[key_of(one)] < now[key_of(one)] and not allowed(one) and one.rule.code not in _LAID_OPEN
        and (one.rule.code in rules or are[key_of(one)[:3]] > were[key_of(one)[:3]])
    ]  # fmt: skip
    for new in fresh:
        # The variable tells whose it is, else the container.
        own = key_of(new)
        for one in next(some for size in (4, 3, 0) if (some := [one for one in chosen if key_of(one)[1:size] == own[1:size]])):
            failed.setdefault(key_of(one), (one, f"it would bring {new.rule.code} {new.rule.name}"))
    known = {(error.path, error.why) for error in before.errors}
    for error in after.errors:
        if (error.path, error.why) not in known:
            for one in chosen:
                if one.fix is not None and any(edit.span.path == error.path for edit in one.fix.edits):
                    failed.setdefault(key_of(one), (one, f"{error.path} could not be read any more"))
    return failed

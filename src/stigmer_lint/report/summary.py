"""The end of every report for people: what was not checked, and the one line that says how much was."""

from __future__ import annotations

from collections import Counter

from stigmer_lint.report.escape import paragraph, plain
from stigmer_lint.report.layout import Layout
from stigmer_lint.report.types import Report
from stigmer_lint.report.view import View

UNREADABLE = "STG904"
STALE = 10
"""Entries of the baseline that are named where they match nothing any more; all of them with -v."""


def plural(count: int, noun: str) -> str:
    """"1 file", "2 files", "2 launches"."""
    return f"{count:,} {noun}{'' if count == 1 else 'es' if noun.endswith('ch') else 's'}"


def failures(report: Report) -> list[str]:
    """One line for everything that should have been checked and was not, unless a finding says so already."""
    said = {one.finding.span.path for one in report.findings if one.rule.code == UNREADABLE}
    return [f"{plain(failure.path)}: not checked: {paragraph(failure.why)}" for failure in report.errors if failure.path not in said]


def gaps(report: Report, view: View, layout: Layout) -> list[str]:
    """The launches that were not understood, where they were asked for."""
    if not layout.show_gaps:
        return []
    places = [(view.place(gap.span), gap.why) for gap in report.gaps]
    return [f"{plain(p.path)}:{p.line}:{p.column}: gap: {paragraph(view.hide(why))}" for p, why in places]


def statistics(report: Report, layout: Layout) -> list[str]:
    """How often each rule reported something, most often first."""
    if not layout.statistics:
        return []
    names = {one.rule.code: one.rule.name for one in report.findings}
    counts = Counter(one.rule.code for one in report.findings)
    width = max((len(str(count)) for count in counts.values()), default=1)
    return [f"{str(counts[code]).rjust(width)}  {code} {plain(names[code])}" for code in sorted(names, key=lambda code: (-counts[code], code))]


def tail(report: Report, layout: Layout) -> list[str]:
    """The last lines: which policy spoke, and the coverage."""
    lines = [f"policy: {plain(report.policy)}"] if report.policy and not layout.quiet else []
    lines += repairs(report, layout) if not layout.quiet else []
    if report.stale and not layout.quiet:
        lines += [f"baseline: {plain(entry)} is found no more" for entry in (report.stale if layout.verbose else report.stale[:STALE])]
        lines.append(f"baseline: {plural(len(report.stale), 'finding')} of it gone; --write-baseline takes {'it' if len(report.stale) == 1 else 'them'} out")
    if layout.verbose:
        lines = [f"{plain(path)}: left out: {paragraph(why)}" for path, why in sorted(report.left_out.items())] + lines
        lines.append(f"platforms: {', '.join(report.platforms)}; {plural(len(report.rules), 'rule')}; {report.seconds:.2f} s")
    return [*lines, coverage(report, layout)]


def repairs(report: Report, layout: Layout) -> list[str]:
    """How many findings were mended, and how many can be."""
    safe, unsafe = report.fixable("safe"), report.fixable("unsafe")
    lines: list[str] = []
    if report.mended is not None:
        lines.append(f"fixes: {plural(report.mended.fixed, 'finding')} fixed{taken_back(report, layout)}")
        safe = 0
    if safe:
        lines.append(f"fixes: {plural(safe, 'finding')} fixable with --fix")
    if unsafe:
        lines.append(f"fixes: {f'{unsafe} more findings' if safe and unsafe != 1 else '1 more finding' if safe else plural(unsafe, 'finding')} fixable with --fix --unsafe-fixes")
    return lines


def taken_back(report: Report, layout: Layout) -> str:
    """", 2 fixes taken back (-v says why)"; empty where none was."""
    count = len(report.mended.refused) if report.mended is not None else 0
    return f", {count} {'fix' if count == 1 else 'fixes'} taken back{'' if layout.verbose else ' (-v says why)'}" if count else ""


def coverage(report: Report, layout: Layout) -> str:
    """"2 errors, 1 warning in 41 files; 7 launches read, 2 not understood (--show-gaps)"."""
    counted = [plural(count, noun) for noun in ("error", "warning", "note") if (count := report.count(noun))]
    line = f"{', '.join(counted) or 'no findings'} in {plural(report.counts.files, 'file')}; {plural(report.counts.launches, 'launch')} read"
    if report.gaps:
        line += f", {len(report.gaps)} not understood{'' if layout.show_gaps else ' (--show-gaps)'}"
    if report.suppressed:
        line += f"; {len(report.suppressed)} suppressed"
    if report.older:
        line += f"; {report.older} not of this change"
    if report.left_out:
        line += f"; {plural(len(report.left_out), 'named file')} left out{'' if layout.verbose else ' (-v)'}"
    if report.errors:
        line += f"; {plural(len(report.errors), 'input')} not checked"
    return line

"""The map for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.mapping.types import Map, MapLaunch, MapReach
from stigmer_lint.report.escape import joined, paragraph, plain


def render(chart: Map) -> str:
    """A block of lines for each launch, and the counts at the end."""
    titles = {one.id: one.title for one in chart.launches} | {one.id: one.label for one in chart.targets}
    lines: list[str] = []
    for one in chart.launches:
        lines += [*_launch(one, titles), ""]
    for finding in chart.findings:
        lines.append(f"{plain(finding.path)}:{finding.line}: {finding.severity} {finding.rule} {paragraph(finding.message)}")
    if chart.findings:
        lines.append("")
    found = len(chart.findings) + sum(len(one.findings) for one in chart.launches)
    tail = f"{_count(len(chart.launches), 'launch')} in {_count(chart.files, 'file')}, {_count(found, 'finding')}"
    lines.append(f"{tail}, {len(chart.gaps)} not understood" if chart.gaps else tail)
    return joined(lines)


def _launch(one: MapLaunch, titles: dict[str, str]) -> Iterator[str]:
    yield f"{plain(one.path)}:{one.line}: {plain(one.title)} ({plain(one.kind)})"
    what = [f"image {one.image}" if one.image else "", f"network {one.network}" if one.network else "", f"publishes {', '.join(one.publishes)}" if one.publishes else ""]
    if any(what):
        yield "  " + plain(", ".join(word for word in what if word))
    if one.code is not None:
        yield f"  code: {plain(', '.join(one.code.sources[:6]))}; {paragraph(one.code.join)}{'' if one.code.certain else ' (not certain)'}"
    width = min(max((len(setting.name) for setting in one.env), default=0), 40)
    for setting in one.env:
        value = "(passed on)" if setting.value is None else setting.value
        reader = f"  read at {setting.read[0]}" if setting.read else ""
        yield plain(f"  {setting.name.ljust(width)} = {value}{' (on some paths)' if setting.maybe else ''}{reader}")
    for why in one.open:
        yield f"  may set more: {paragraph(why)}"
    unset = [read for read in one.reads if not read.set]
    for read in unset:
        if read.required or read.loopback:
            how = "must be set" if read.required else f"falls back to {read.default}"
            yield plain(f"  not set: {read.name}, {how}, read at {read.path}:{read.line}")
    harmless = sum(1 for read in unset if not read.required and not read.loopback)
    if harmless:
        yield f"  reads {_count(harmless, 'other variable')} that it is not given"
    for reach in one.reaches:
        yield plain(f"  -> {titles.get(reach.to, reach.to) if reach.kind != 'self' else 'itself'} by {reach.name} ({reach.address}){failing(reach)}")
    for finding in one.findings:
        yield plain(f"  {finding.severity} {finding.rule}: {' '.join(finding.message.split())}")


def failing(reach: MapReach) -> str:
    """Where an address is not reached, in words."""
    platforms = [platform for platform, answer in reach.answers.items() if answer == "unreachable"]
    return f", not reached on {', '.join(platforms)}" if platforms else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 'es' if noun.endswith('ch') else 's'}"

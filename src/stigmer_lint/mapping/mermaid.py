"""The map as a Mermaid flowchart: launches in the folder of their group, an arrow for what each hands over an address of."""

from __future__ import annotations

from collections.abc import Iterable

from stigmer_lint.mapping.types import Map, MapLaunch, MapReach
from stigmer_lint.report.escape import plain

MAX_EDGES = 480
"""Mermaid draws at most 500 unless its page is configured otherwise (https://mermaid.js.org/config/schema-docs/config.html: maxEdges)."""
_LABEL = 60
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ./:_-,()@")


def render(chart: Map) -> str:
    """A chart that any Mermaid reads: nothing of the tree but encoded text in quotes, nodes have names of ours."""
    ids = {one.id: f"l{index}" for index, one in enumerate(chart.launches)} | {one.id: f"t{index}" for index, one in enumerate(chart.targets)}
    lines = ["flowchart LR"]
    groups: dict[str, list[MapLaunch]] = {}
    for one in chart.launches:
        groups.setdefault(one.group or one.path, []).append(one)
    for index, (name, launches) in enumerate(groups.items()):
        lines.append(f'  subgraph g{index}["{label(name)}"]')
        lines += [f'    {ids[one.id]}["{_node(one)}"]' for one in launches]
        lines.append("  end")
    lines += [f'  {ids[one.id]}(["{label(one.label)}"])' for one in chart.targets if one.kind != "unknown"]
    # What is broken is not what is left out.
    edges = sorted(_edges(chart), key=lambda one: not _broken(one[2]))
    broken: list[int] = []
    for index, (start, end, reaches) in enumerate(edges[:MAX_EDGES]):
        bad = _broken(reaches)
        names = list(dict.fromkeys(one.name for one in reaches))
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        lines.append(f'  {ids[start]} {"-.->" if bad else "-->"}|"{label(shown)}"| {ids[end]}')
        if bad:
            broken.append(index)
    if len(edges) > MAX_EDGES:
        lines.append(f"  %% {len(edges) - MAX_EDGES} more arrows are left out; the JSON has them")
    wrong = [ids[one.id] for one in chart.launches if any(finding.severity == "error" for finding in one.findings)]
    doubtful = [ids[one.id] for one in chart.launches if one.findings and ids[one.id] not in wrong]
    lines.append("  classDef error stroke:#c00,stroke-width:3px")
    lines.append("  classDef warning stroke:#b60,stroke-width:2px")
    if wrong:
        lines.append(f"  class {','.join(wrong)} error")
    if doubtful:
        lines.append(f"  class {','.join(doubtful)} warning")
    if broken:
        lines.append(f"  linkStyle {','.join(map(str, broken))} stroke:#c00")
    return "\n".join(lines) + "\n"


def _edges(chart: Map) -> Iterable[tuple[str, str, list[MapReach]]]:
    found: dict[tuple[str, str], list[MapReach]] = {}
    for one in chart.launches:
        for reach in one.reaches:
            if reach.kind != "unknown":
                found.setdefault((one.id, reach.to), []).append(reach)
    used = {one.id for one in chart.launches} | {one.id for one in chart.targets}
    return [(start, end, reaches) for (start, end), reaches in found.items() if end in used]


def _broken(reaches: Iterable[MapReach]) -> bool:
    return any(answer == "unreachable" for one in reaches for answer in one.answers.values())


def _node(one: MapLaunch) -> str:
    codes = sorted({finding.rule for finding in one.findings})
    rows = [label(one.title), label(f"{one.path}:{one.line}"), label(", ".join(codes[:4]))]
    return "<br/>".join(row for row in rows if row)


def label(text: str) -> str:
    """Text for a quoted label: everything but plain characters as Mermaid's entity codes (`#35;`)."""
    shown = plain(text)
    shown = shown if len(shown) <= _LABEL else f"{shown[: _LABEL - 3]}..."
    return "".join(char if char in _PLAIN else f"#{ord(char)};" for char in shown)

"""The map as one HTML page that needs nothing else: no script, no network, no font."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from stigmer_lint.mapping.text import failing
from stigmer_lint.mapping.types import Map, MapFinding, MapLaunch, MapReach
from stigmer_lint.report.escape import plain

MAX_FOUND = 30
"""Findings at the top of the page; each stands at its launch as well."""
MAX_USERS = 20
"""Launches that are named as users of one thing; the JSON has them all."""
_STYLE = """
:root{color-scheme:light dark;--line:#8884;--dim:#777;--bad:#c0182b;--warn:#a65a00;--note:#2a6db0;--box:#8881}
*{box-sizing:border-box}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:75rem;padding:1rem 1.25rem 4rem}
h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1.05rem;margin:2rem 0 .4rem;word-break:break-all}h3{font-size:1rem;margin:0}
code,td,.place{font-family:ui-monospace,monospace;font-size:.86em;overflow-wrap:anywhere}
.dim,.place{color:var(--dim)}
.launch{border:1px solid var(--line);border-left:5px solid var(--line);border-radius:6px;padding:.6rem .9rem;margin:.7rem 0;background:var(--box)}
.launch.error{border-left-color:var(--bad)}.launch.warning{border-left-color:var(--warn)}.launch.note{border-left-color:var(--note)}
table{border-collapse:collapse;width:100%;margin:.4rem 0}
th{text-align:left;font-weight:600;font-size:.8rem;color:var(--dim)}
th,td{padding:.15rem .7rem .15rem 0;vertical-align:top;border-bottom:1px solid var(--line)}
.bad{color:var(--bad)}.error>b{color:var(--bad)}.warning>b{color:var(--warn)}.note>b{color:var(--note)}
ul{margin:.3rem 0;padding-left:1.1rem}summary{cursor:pointer}
nav ol{columns:20rem;padding-left:2.6rem;margin:.3rem 0}
a{color:inherit}
"""


def render(chart: Map) -> str:
    """The page. Every text of the tree is escaped; there is no address in it but its own anchors."""
    anchors = {one.id: f"l{index}" for index, one in enumerate(chart.launches)}
    names = {one.id: one.title for one in chart.launches} | {one.id: one.label for one in chart.targets}
    groups: dict[str, list[MapLaunch]] = {}
    for one in chart.launches:
        groups.setdefault(one.group or one.path, []).append(one)
    users: dict[str, list[tuple[MapLaunch, MapReach]]] = {}
    for one in chart.launches:
        for reach in one.reaches:
            users.setdefault(reach.to, []).append((one, reach))
    found = [*chart.findings, *(finding for one in chart.launches for finding in one.findings)]
    out = [
        "<!doctype html>", '<html lang="en">', '<meta charset="utf-8">', '<meta name="viewport" content="width=device-width">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">',
        "<title>What is launched, and what it reaches</title>", f"<style>{_STYLE}</style>", "<h1>What is launched, and what it reaches</h1>",
        f"<p>{_count(len(chart.launches), 'launch')} in {_count(chart.files, 'file')}, {_count(len(found), 'finding')}"
        f"{f', {len(chart.gaps)} not understood' if chart.gaps else ''}.</p>",
        *(["<h2>Found</h2>", "<ul>", *map(_finding, sorted(found, key=_weight)[:MAX_FOUND]), *_rest(len(found) - MAX_FOUND), "</ul>"] if found else ()),
        "<h2>Launches</h2>", *_index(groups, anchors), *_targets(chart, users, anchors),
    ]
    for name, launches in groups.items():
        out.append(f"<h2>{_text(name)}</h2>")
        for one in launches:
            out += _launch(one, anchors, names, [(user, reach) for user, reach in users.get(one.id, ()) if reach.kind == "launch"])
    if chart.findings:
        out += ["<h2>Elsewhere</h2>", "<ul>", *map(_finding, chart.findings), "</ul>"]
    if chart.gaps:
        out += ["<h2>Not understood</h2>", "<ul>"]
        out += [f'<li><span class="place">{_text(gap.path)}:{gap.line}</span> {_text(gap.why)}</li>' for gap in chart.gaps]
        out.append("</ul>")
    return "\n".join([*out, "</html>"]) + "\n"


def _index(groups: dict[str, list[MapLaunch]], anchors: dict[str, str]) -> Iterator[str]:
    yield "<nav><ol>"
    for launches in groups.values():
        for one in launches:
            worst = _worst(one)
            count = f' <b>{len(one.findings)}</b>' if one.findings else ""
            yield f'<li class="{worst}"><a href="#{anchors[one.id]}">{_text(one.title)}</a>{count}</li>'
    yield "</ol></nav>"


def _targets(chart: Map, users: dict[str, list[tuple[MapLaunch, MapReach]]], anchors: dict[str, str]) -> Iterator[str]:
    """What is outside the tree's launches, with who reaches for it."""
    shown = [target for target in chart.targets if target.kind in ("host", "external") and target.id in users]
    if shown:
        yield "<h2>Outside</h2><table><tr><th>what</th><th>reached for by</th></tr>"
        yield from (f"<tr><td>{_text(target.label)}</td><td>{_users(users[target.id], anchors)}</td></tr>" for target in shown)
        yield "</table>"


def _users(some: list[tuple[MapLaunch, MapReach]], anchors: dict[str, str]) -> str:
    names: dict[str, list[str]] = {}
    titles = {one.id: one.title for one, _ in some}
    for one, reach in some:
        names.setdefault(one.id, []).append(reach.name)
    shown = [
        f'<a href="#{anchors[key]}">{_text(titles[key])}</a> <span class="dim">{_text(", ".join(by))}</span>' for key, by in list(names.items())[:MAX_USERS]
    ]
    return ", ".join(shown) + (f" and {len(names) - MAX_USERS} more" if len(names) > MAX_USERS else "")


def _rest(count: int) -> list[str]:
    return [f'<li class="dim">and {count} more, each at its launch</li>'] if count > 0 else []


def _weight(finding: MapFinding) -> int:
    return ("error", "warning", "note").index(finding.severity) if finding.severity in ("error", "warning", "note") else 3


def _launch(one: MapLaunch, anchors: dict[str, str], names: dict[str, str], users: list[tuple[MapLaunch, MapReach]]) -> Iterator[str]:
    yield f'<section class="launch {_worst(one)}" id="{anchors[one.id]}">'
    yield f'<h3>{_text(one.title)}</h3><div class="place">{_text(one.path)}:{one.line}, {_text(one.kind)}, {_text(", ".join(one.platforms))}</div>'
    facts = [("image", one.image), ("network", one.network), ("networks", ", ".join(one.networks)), ("publishes", ", ".join(one.publishes))]
    if one.code is not None:
        facts.append(("code", f"{', '.join(one.code.sources[:8])} ({one.code.join}{'' if one.code.certain else ', not certain'})"))
    yield "<div>" + "; ".join(f'<span class="dim">{name}</span> <code>{_text(text)}</code>' for name, text in facts if text) + "</div>"
    if one.findings:
        yield "<ul>"
        yield from map(_finding, one.findings)
        yield "</ul>"
    if one.reaches:
        yield "<table><tr><th>reaches</th><th>by</th><th>address</th></tr>"
        for reach in one.reaches:
            what = "itself" if reach.kind == "self" else names.get(reach.to, reach.to)
            link = f'<a href="#{anchors[reach.to]}">{_text(what)}</a>' if reach.to in anchors else _text(what)
            bad = failing(reach)
            yield f'<tr><td>{link}</td><td>{_text(reach.name)}</td><td{_class(bad)}>{_text(reach.address)}{_text(bad)}</td></tr>'
        yield "</table>"
    if users:
        yield f'<div><span class="dim">reached by</span> {_users(users, anchors)}</div>'
    if one.env:
        wrong = {finding.env for finding in one.findings}
        yield f"<details{' open' if len(one.env) <= 12 else ''}><summary>sets {_count(len(one.env), 'variable')}</summary>"
        yield "<table><tr><th>name</th><th>value</th><th>read at</th></tr>"
        for setting in one.env:
            value = '<span class="dim">passed on</span>' if setting.value is None else _text(setting.value)
            readers = ", ".join(setting.read[:2]) + (" and more" if len(setting.read) > 2 else "")
            yield f"<tr><td{_class(setting.name in wrong)}>{_text(setting.name)}</td><td>{value}</td><td>{_text(readers)}</td></tr>"
        yield "</table></details>"
    for why in one.open:
        yield f'<div class="dim">may set more: {_text(why)}</div>'
    unset = [read for read in one.reads if not read.set]
    if unset:
        yield f"<details><summary>reads {_count(len(unset), 'variable')} that it is not given</summary><table><tr><th>name</th><th>without it</th><th>read at</th></tr>"
        for read in unset:
            how = "fails" if read.required else read.default if read.default is not None else "nothing"
            yield f"<tr><td>{_text(read.name)}</td><td{_class(read.required)}>{_text(how)}</td><td>{_text(read.path)}:{read.line}</td></tr>"
        yield "</table></details>"
    yield "</section>"


def _finding(finding: MapFinding) -> str:
    place = f'<span class="place">{_text(finding.path)}:{finding.line}</span>'
    return f'<li class="{_text(finding.severity)}"><b>{_text(finding.rule)}</b> {_text(finding.message)} {place}</li>'


def _worst(one: MapLaunch) -> str:
    found: Iterable[str] = {finding.severity for finding in one.findings}
    return next((severity for severity in ("error", "warning", "note") if severity in found), "fine")


def _class(bad: object) -> str:
    return ' class="bad"' if bad else ""


def _text(text: str) -> str:
    return escape(plain(text))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 'es' if noun.endswith('ch') else 's'}"

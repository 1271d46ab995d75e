"""From a world and its report to the map."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stigmer_lint.addresses import addresses_of
from stigmer_lint.contract import Sides, open_because, title
from stigmer_lint.dialled import Dialled, dialled, neighbours_of
from stigmer_lint.knowledge.roles import role_of
from stigmer_lint.knowledge.secrets import is_secret
from stigmer_lint.listening import literal
from stigmer_lint.mapping.types import (
    Answer,
    Map,
    MapCode,
    MapFinding,
    MapGap,
    MapLaunch,
    MapReach,
    MapRead,
    MapSetting,
    MapTarget,
    TargetKind,
)
from stigmer_lint.model.launch import Launch, Platform, Publish
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Choice, Resolved, Template, Unknown, Value, render
from stigmer_lint.model.world import Component, World
from stigmer_lint.policy.types import Policy
from stigmer_lint.reachability import network_of, query_of, reach
from stigmer_lint.report.masking import Secrets
from stigmer_lint.report.types import Report
from stigmer_lint.report.view import Shown, View

MAX_VALUE = 200
"""Characters of a value; longer ones are programs or documents."""


def drawn(world: World, report: Report, policy: Policy, read: Callable[[str], SourceFile | None]) -> Map:
    """The map of a world; `read` gives the files that places point into."""
    maker = _Maker(world, report, policy, read)
    launches = tuple(maker.launch(launch) for launch in world.launches if launch.facts)
    gaps = tuple(MapGap(path=gap.span.path, line=maker.line(gap.span), why=Secrets({}).hide(gap.why)) for gap in world.gaps)
    targets = tuple(sorted(maker.targets.values(), key=lambda one: (one.kind, one.label)))
    return Map(launches=launches, targets=targets, findings=maker.rest(), gaps=gaps, files=report.counts.files)


class _Maker:
    """Keeps what is asked for again and again while launches are described."""

    def __init__(self, world: World, report: Report, policy: Policy, read: Callable[[str], SourceFile | None]) -> None:
        self.world = world
        self.policy = policy
        self.read = read
        self.neighbours = neighbours_of(world)
        self.ids = _ids(world)
        self.targets: dict[str, MapTarget] = {}
        self.sides: dict[int, tuple[Sides, int]] = {}
        for component in world.components:
            sides = Sides(component, policy, world)
            for index, launch in enumerate(component.launches):
                self.sides.setdefault(id(launch), (sides, index))
        self.found: dict[int, list[Shown]] = {}
        self.alone: list[Shown] = []
        for shown in View(report).findings():
            about = shown.reported.finding.launch
            if about is not None and id(about) in self.ids:
                self.found.setdefault(id(about), []).append(shown)
            else:
                self.alone.append(shown)

    def line(self, span: Span) -> int:
        source = self.read(span.path)
        return source.line_of(span.start) if source is not None else 1

    def rest(self) -> tuple[MapFinding, ...]:
        """The findings that belong to no launch."""
        return tuple(_finding(one) for one in self.alone)

    def launch(self, launch: Launch) -> MapLaunch:
        facts = launch.any
        secrets = Secrets.of_launch(launch)
        sides = self.sides.get(id(launch))

        def text(value: Value | None) -> str | None:
            return None if value is None else _short(secrets.hide(render(value)))

        return MapLaunch(
            id=self.ids[id(launch)],
            title=secrets.hide(title(launch)),
            path=launch.span.path,
            line=self.line(launch.span),
            kind=launch.kind,
            engine=launch.engine,
            platforms=tuple(launch.facts),
            image=text(facts.image),
            container=text(facts.name),
            service=launch.service,
            group=launch.group,
            network=text(facts.network),
            networks=facts.networks,
            publishes=tuple(_published(one) for one in facts.publishes),
            env=tuple(self._settings(launch, secrets, sides[0] if sides else None)),
            open=tuple(secrets.hide(why) for why in open_because(launch)),
            code=_code(sides[0].component) if sides else None,
            reads=tuple(self._reads(*sides)) if sides else (),
            reaches=tuple(self._reaches(launch, secrets)),
            findings=tuple(_finding(shown) for shown in self.found.get(id(launch), ())),
        )

    def _settings(self, launch: Launch, secrets: Secrets, sides: Sides | None) -> Iterator[MapSetting]:
        seen: set[str] = set()
        for facts in launch.facts.values():
            for setting in facts.env:
                if setting.name in seen:
                    continue
                seen.add(setting.name)
                value = render(setting.value)
                reads = sides.reads.get(setting.name, []) if sides is not None else []
                yield MapSetting(
                    name=setting.name,
                    value=None if setting.passed else _short(secrets.hide_value(setting.name, value)),
                    secret=is_secret(setting.name, value),
                    path=setting.span.path,
                    line=self.line(setting.span),
                    role=role_of(setting.name, literal(setting.value), None, self.policy.env_roles).role,
                    maybe=setting.maybe,
                    origin=setting.origin,
                    read=tuple(dict.fromkeys(f"{one.span.path}:{self.line(one.span)}" for one in reads)),
                )

    def _reads(self, sides: Sides, index: int) -> Iterator[MapRead]:
        for name, reads in sides.reads.items():
            read = next((one for one in reads if one.required), reads[0])
            default = None if read.default is None else _short(Secrets({}).hide_value(name, render(read.default)))
            yield MapRead(
                name=name, path=read.span.path, line=self.line(read.span), default=default, required=read.required,
                loopback=read.default is not None and any(one.address.is_loopback for one in addresses_of(read.default)), set=sides.supplied(index, read)
            )

    def _reaches(self, launch: Launch, secrets: Secrets) -> Iterator[MapReach]:
        services = {name: key for key, service in self.policy.services.items() for name in service.env}
        found: dict[tuple[str, str], list[tuple[Dialled, TargetKind]]] = {}
        answers: dict[tuple[str, str], dict[Platform, Answer]] = {}
        carried: set[str] = set()
        for platform, facts in launch.facts.items():
            for one in dialled(launch, platform, self.neighbours, self.policy.env_roles, services):
                carried.add(one.name)
                if not self._counts(launch, one):
                    continue
                kind, to = self._target(launch, one)
                found.setdefault((one.name, to), []).append((one, kind))
                if one.address.kind in ("loopback", "wildcard", "host-alias", "gateway-ip") and (one.owner != "own" or network_of(facts.network, facts.pod) == "host"):
                    verdict = reach(query_of(facts, launch.engine, platform, one.address)).verdict
                    told = answers.setdefault((one.name, to), {})
                    told[platform] = verdict if told.get(platform, verdict) == verdict else "depends"
        for (name, to), several in found.items():
            first, kind = several[0]
            addresses = dict.fromkeys(_address(one) for one, _ in several)
            yield MapReach(
                name=name, address=_short(secrets.hide(" | ".join(addresses))), kind=kind, to=to, role=first.role.role, path=first.span.path,
                line=self.line(first.span), answers=answers.get((name, to), {}),
            )
        for setting in launch.any.env:
            if setting.name not in carried and isinstance(setting.value, Unknown | Template | Resolved | Choice):
                role = role_of(setting.name, literal(setting.value), None, self.policy.env_roles).role
                if role == "dial" or setting.name in services:
                    yield MapReach(
                        name=setting.name, address=_short(secrets.hide_value(setting.name, render(setting.value))), kind="unknown",
                        to=self._beyond("unknown", "not known"), role="dial", path=setting.span.path, line=self.line(setting.span), answers={},
                    )

    def _counts(self, launch: Launch, one: Dialled) -> bool:
        """Whether what looks like an address is one: a bare word (`MODE=local`) is, where its variable is known to be dialled or a sibling has the name."""
        if one.role.role == "dial":
            return True
        if one.role.role != "unknown":
            return False
        if one.address.kind in ("name", "ip", "unknown"):
            return one.address.port is not None or one.address.scheme is not None or bool(self.neighbours.named(launch, one.address.host))
        return True

    def _target(self, launch: Launch, one: Dialled) -> tuple[TargetKind, str]:
        """What the address is meant to be, whether it gets there or not."""
        if one.address.kind == "name":
            named = self.neighbours.named(launch, one.address.host)
            if named:
                return "launch", self.ids[id(named[0])]
            return "external", self._beyond("external", one.address.host)
        if one.address.kind == "ip":
            return "external", self._beyond("external", one.address.host)
        if one.address.kind not in ("loopback", "wildcard", "host-alias", "gateway-ip", "misspelt-alias"):
            return "unknown", self._beyond("unknown", "not known")
        if one.owner in ("own", "pod") and one.address.is_loopback:
            return "self", self.ids[id(launch)]
        if one.owner == "sibling" and one.siblings and id(one.siblings[0]) in self.ids:
            return "launch", self.ids[id(one.siblings[0])]
        return "host", self._beyond("host", f"host:{one.port}" if one.port else "host")

    def _beyond(self, kind: TargetKind, label: str) -> str:
        found = self.targets.setdefault(f"{kind}:{label}", MapTarget(id=f"{kind}:{label}", kind=kind, label=label))
        return found.id


def _ids(world: World) -> dict[int, str]:
    counts: dict[str, int] = {}
    found: dict[int, str] = {}
    for launch in world.launches:
        counts[launch.span.path] = counts.get(launch.span.path, 0) + 1
        found[id(launch)] = f"{launch.span.path}#{counts[launch.span.path]}"
    return found


def _address(one: Dialled) -> str:
    host = f"[{one.address.host}]" if ":" in one.address.host else one.address.host
    return f"{host}:{one.port}" if one.port else host


def _published(one: Publish) -> str:
    inside = render(one.container_port)
    if one.host_port is None:
        return inside
    outside = render(one.host_port)
    return f"{render(one.host_ip)}:{outside}:{inside}" if one.host_ip is not None else f"{outside}:{inside}"


def _code(component: Component) -> MapCode:
    return MapCode(sources=tuple(one or "." for one in component.sources), join=component.join, certain=component.certain)


def _finding(shown: Shown) -> MapFinding:
    return MapFinding(
        rule=shown.code, name=shown.reported.rule.name, severity=shown.reported.severity, confidence=shown.reported.confidence, message=shown.message,
        path=shown.place.path, line=shown.place.line, env=shown.reported.finding.env, fingerprint=shown.reported.fingerprint,
    )


def _short(text: str) -> str:
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 3] + "..."

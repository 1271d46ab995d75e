"""A service dials another service of its project by loopback, which is the service itself."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stigmer_lint.addresses import addresses_of
from stigmer_lint.dialled import (
    Dialled,
    Neighbours,
    aware,
    dialled,
    foreign_image,
    forwards,
    is_backend,
    meet,
    neighbours_of,
    remembered,
    texts,
)
from stigmer_lint.knowledge.names import tokens
from stigmer_lint.model.launch import EnvSetting, Launch, LaunchFacts
from stigmer_lint.model.value import Known, Step, Template, Value, render, text_of
from stigmer_lint.reachability import network_of
from stigmer_lint.rule import Confidence, Finding, Policy, ReplaceHost, Rule, World

RULE = Rule(
    code="STG106",
    name="sibling-by-loopback",
    summary="a service addresses another service of its project by loopback, where it means itself",
    severity="error",
    phases=("lint", "plan", "verify"),
    policy_keys=("platforms", "services", "env_roles"),
)


class _Target(msgspec.Struct, frozen=True):
    """The sibling that is meant, and the port on which it listens."""

    launch: Launch
    port: str | None


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding for each variable or argument that names, by loopback, a port that another service of the group has."""
    neighbours = neighbours_of(world)
    services = {name: key for key, service in policy.services.items() for name in service.env}
    advertised = {
        launch.group for launch in world.launches if launch.group is not None and any(_advertises(setting) for setting in launch.any.env)
    }
    for launch in world.launches:
        if launch.group is None or len(neighbours.groups.get(launch.group, ())) < 2 or forwards(neighbours, launch):
            continue
        for platform, facts in launch.facts.items():
            if network_of(facts.network) in ("host", "none") or (launch.engine == "kubernetes"):
                continue
            seen: set[str] = set()
            for one in dialled(launch, platform, neighbours, policy.env_roles, services):
                if one.name in seen:
                    continue
                if not one.address.is_loopback:
                    misled = _kafka(one, neighbours) if launch.group in advertised else None
                    if misled is not None:
                        seen.add(one.name)
                        yield misled
                    continue
                target = target_of(one, neighbours)
                if target is not None:
                    seen.add(one.name)
                    yield _finding(one, target, neighbours)


def target_of(one: Dialled, neighbours: Neighbours) -> _Target | None:
    """The sibling that a loopback address is meant for, None where it is for nobody of the group."""
    if one.role.role not in ("dial", "unknown") or (one.role.role == "unknown" and one.address.kind == "wildcard"):
        return None
    if one.owner == "sibling" and one.port is not None:
        chosen = _best(one, neighbours)
        ports = neighbours.ports(chosen)
        return _Target(chosen, one.port if ports.listens(one.port) else ports.target_of(one.port))
    if one.owner == "unknown" and one.role.role == "dial" and one.address.scheme is None:
        return _database(one, neighbours)
    return None


def _best(one: Dialled, neighbours: Neighbours) -> Launch:
    """Of several siblings with the port: one that the service waits for, one whose name is in the variable's name, the first."""
    wanted = one.name.upper().replace("_", "").replace("-", "")

    def rank(launch: Launch) -> tuple[bool, bool, bool]:
        name = (launch.service or "").upper().replace("_", "").replace("-", "")
        return (not (name and name in wanted), launch.service not in (*one.facts.depends_on, *one.facts.links), not is_backend(neighbours, launch))

    return min(one.siblings, key=rank)


_ANY_DATABASE = frozenset({"db", "database", "sql"})


def _database(one: Dialled, neighbours: Neighbours) -> _Target | None:
    """DB_HOST=localhost without a port, in a group with one database."""
    if one.role.product not in _ANY_DATABASE:
        return None
    found = [
        launch for launch in neighbours.view(one.launch).launches
        if launch.service != one.launch.service and (fact := neighbours.ports(launch).fact) is not None and fact.kind == "database" and meet(one.facts, launch.any)
        and launch.any.pod != (one.facts.pod or object())
    ]
    return _Target(found[0], None) if len(found) == 1 else None


def _finding(one: Dialled, target: _Target, neighbours: Neighbours) -> Finding:
    launch, facts = one.launch, one.facts
    sibling = target.launch
    name = sibling.service or text_of(sibling.any.name) or "the other service"
    shown = render(one.value)
    written = rewritten(one.value, one.address.start, one.address.end, name, one.address.port, target.port)
    certain = one.setting is None or one.value is one.setting.value or one.default
    where = f"; {name} listens on {name}:{target.port}" if target.port is not None else f"; that is {name}"
    return Finding(
        rule=RULE.code,
        message=f"{one.name} {'is' if certain else 'may be'} {shown}, which is {launch.service or 'the container'} itself{where}",
        span=one.place,
        severity="error" if one.role.role == "dial" else "warning",
        confidence=_confidence(one, sibling, neighbours),
        container=text_of(facts.name) or launch.service,
        image=text_of(facts.image),
        env=one.variable,
        value=shown,
        platforms=(one.platform,),
        trail=tuple(step for step in (*one.trail, *launch.route) if step.span != one.place),
        related=(*_setting_step(one), Step(sibling.span, f"{name} is this service")),
        notes=("what the variable is used for is not known; the policy's env_roles can say",) if one.role.role == "unknown" else (),
        help=f"write {written}" if written is not None else f"use {name} for the host",
        remedy=_remedy(one, name, target),
        launch=launch,
        safety="safe" if one.role.role == "dial" else "unsafe",
    )


def _remedy(one: Dialled, name: str, target: _Target) -> ReplaceHost:
    """The sibling's name, and its port wherever the one that is dialled is written."""
    moved = target.port if target.port is not None and target.port != one.port else None
    beside = one.port_setting.span if one.port_setting is not None and one.address.port is None else None
    return ReplaceHost(name, moved, one.address.host, one.address.port, beside if moved is not None else None)


def _setting_step(one: Dialled) -> tuple[Step, ...]:
    """Where the launch takes a value that an env file says."""
    return (Step(one.span, f"{one.name} of {one.launch.service} is set from it here"),) if one.place != one.span else ()


def rewritten(value: Value, start: int, end: int, host: str, old: str | None, port: str | None) -> str | None:
    """The value with another host, and port where that differs, as people would write it; None where its text is not known."""
    if not isinstance(value, Known | Template):
        return None
    text = value.text if isinstance(value, Known) else "".join(part.text if isinstance(part, Known) else "\ue000" for part in value.parts)
    tail = text[end:].removeprefix("]")
    if old is not None and port is not None and tail.startswith(f":{old}"):
        tail = f":{port}{tail[len(old) + 1:]}"
    written = text[:start].removesuffix("[") + host + tail
    for part in value.parts if isinstance(value, Template) else ():
        if not isinstance(part, Known):
            written = written.replace("\ue000", "{" + render(part).strip("{}") + "}", 1)
    return written


def _confidence(one: Dialled, sibling: Launch, neighbours: Neighbours) -> Confidence:
    if one.handled or aware(one.facts) or foreign_image(one, neighbours):
        return "low"
    web = one.address.scheme in ("http", "https", "ws", "wss")
    if web and one.role.source not in ("policy", "code") and _for_browsers(one, sibling, neighbours):
        return "low"
    certain = (one.setting is None or one.value is one.setting.value or one.default) and not (one.setting is not None and one.setting.maybe)
    backend = is_backend(neighbours, sibling)
    waits = sibling.service in (*one.facts.depends_on, *one.facts.links)
    if one.role.role == "dial":
        sure = one.role.source in ("policy", "code", "table", "scheme") or backend or waits
        return "high" if sure and certain else "medium"
    return "medium" if backend or (not web and (waits or _named(one, sibling))) else "low"


_PAGES = frozenset({"UI", "FRONT", "FRONTEND", "DASHBOARD", "SPA", "WEBSPA", "WEBUI", "CLIENT", "PORTAL", "STOREFRONT", "WEBAPP", "WEBSITE", "CONSOLE"})


def _for_browsers(one: Dialled, sibling: Launch, neighbours: Neighbours) -> bool:
    """Whether an HTTP address at a published port is rather handed on to a browser: the service that gets it is a frontend, already
    dials the sibling by its name, or shares the variable with the sibling itself."""
    if one.port is None or one.port not in neighbours.ports(sibling).outside or one.name.upper().endswith("_PASS_URL"):
        return False
    if any(setting.name == one.name and any(located.address == one.address for located in addresses_of(setting.value)) for setting in sibling.any.env):
        # The sibling is told the same, where it is its own address: what it shows of itself.
        return True
    if _PAGES & set(tokens(one.launch.service or "")):
        return True
    names = {(sibling.service or "").lower(), *(alias.lower() for alias in sibling.any.aliases), *(text.lower() for text in texts(sibling.any.name))}
    dialling = _by_name(one.facts)
    return any(setting is not one.setting for name in names for setting in dialling.get(name, ()))


@remembered
def _by_name(facts: LaunchFacts) -> dict[str, list[EnvSetting]]:
    """Host names in the variables of a launch, each with the first two variables that hold it."""
    found: dict[str, list[EnvSetting]] = {}
    for setting in facts.env:
        for located in addresses_of(setting.value):
            if located.address.kind == "name":
                having = found.setdefault(located.address.host.lower(), [])
                if len(having) < 2 and not any(one is setting for one in having):
                    having.append(setting)
    return found


def _named(one: Dialled, sibling: Launch) -> bool:
    """Whether the variable's name says the service: APP_AI_SERVER_HOST of service ai."""
    wanted, words = tokens(sibling.service or ""), tokens(one.name)
    return bool(wanted) and any(words[at : at + len(wanted)] == wanted for at in range(len(words)))


def _advertises(setting: EnvSetting) -> bool:
    return setting.name.endswith(("ADVERTISED_LISTENERS", "advertised.listeners")) and "REST" not in tokens(setting.name)


def _kafka(one: Dialled, neighbours: Neighbours) -> Finding | None:
    """`kafka:9092` whose listener at that port is advertised as localhost: the client is sent to itself after the first answer."""
    if one.address.kind != "name" or one.address.port is None or "QUORUM" in tokens(one.name):
        # Controllers dial one another at what they are told, and are advertised nothing.
        return None
    for sibling in neighbours.named(one.launch, one.address.host):
        for setting in sibling.any.env:
            if not _advertises(setting):
                continue
            listeners = [located.address for located in addresses_of(setting.value)]
            if not any(listener.is_loopback and listener.port == one.address.port for listener in listeners):
                continue
            other = next((listener for listener in listeners if not listener.is_loopback and listener.port), None)
            return Finding(
                rule=RULE.code,
                message=f"{one.name} names {one.address.host}:{one.address.port}, a listener that {sibling.service} advertises on loopback, so the client is sent to itself",
                span=one.place,
                severity="error",
                container=text_of(one.facts.name) or one.launch.service,
                image=text_of(one.facts.image),
                env=one.variable,
                value=render(one.value),
                platforms=(one.platform,),
                related=(Step(setting.span, f"{setting.name} of {sibling.service}"),),
                help=f"write {other.host}:{other.port}" if other is not None else f"advertise {one.address.host}:{one.address.port}",
                remedy=ReplaceHost(other.host, other.port, one.address.host, one.address.port) if other is not None else None,
                launch=one.launch,
            )
    return None

"""A container is dialled by a name that does not resolve on the network of whoever dials it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from stigmer_lint.addresses import addresses_of
from stigmer_lint.contract import role
from stigmer_lint.dialled import Dialled, Neighbours, dialled, filled_in, foreign_image, is_backend, meet, neighbours_of, texts
from stigmer_lint.model.launch import EnvSetting, Launch, LaunchFacts
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Known, Step, Template, Unknown, alternatives, render, text_of
from stigmer_lint.reachability import mapping_of, network_of
from stigmer_lint.rule import Finding, Policy, ReplaceHost, Rule, World

RULE = Rule(
    code="STG112",
    name="sibling-out-of-reach",
    summary="a container is dialled by a name that does not resolve on the network of the one that dials it",
    severity="error",
    phases=("lint", "plan"),
    policy_keys=("env_roles",),
)

_STARTS = ("docker run", "podman run")
"""Commands whose containers are, unless told otherwise, on a network without names: https://docs.docker.com/engine/network/drivers/bridge/ and,
for Podman's default network, podman-network(1). A container that is only created may join another network before it starts."""


class _Apart(msgspec.Struct, frozen=True):
    """A container that has the name, on a network where whoever dials it does not see it. `why` completes "..., but "; `change` says what to write."""

    other: Launch
    why: str
    change: str


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding for each address that names a container of the same project, job or script which its network does not resolve."""
    neighbours = neighbours_of(world)
    services = {name: key for key, service in policy.services.items() for name in service.env}
    jobs = _jobs(world)
    named = _named(world)
    beside: dict[str, set[str]] = {}
    for launch in world.launches:
        if launch.group is not None:
            # A stack may be split over the files of a folder.
            beside.setdefault(launch.group.rpartition("/")[0], set()).update(_names(launch))
    seen: set[tuple[Span, str]] = set()
    yield from _misspelt(world, policy, neighbours, beside, seen)
    yield from _in_cluster(world, policy, neighbours, services)
    for launch in world.launches:
        grouped = launch.kind == "compose" and launch.group is not None
        if (not grouped and launch.kind not in _STARTS) or is_backend(neighbours, launch):
            # A store does not dial what a variable of the application's names.
            continue
        for platform, facts in launch.facts.items():
            if facts.hosts_open or facts.links:
                continue
            if not grouped and (facts.networks or facts.pod is not None or network_of(facts.network) != "bridge" or text_of(facts.network) not in (None, "bridge")):
                continue
            for one in dialled(launch, platform, neighbours, policy.env_roles, services):
                if one.address.kind != "name" or mapping_of(facts.hosts, one.address.host) != "none" or not _is_meant(one) or foreign_image(one, neighbours):
                    continue
                apart = (_in_group(one, neighbours) if launch.any.image is not None or launch.build is not None else None) if grouped else _in_job(one, jobs) or _in_script(one, named)
                if apart is not None:
                    yield _finding(one, apart)
                elif grouped and one.setting is not None and (one.setting.span, one.address.host) not in seen and (meant := _called_otherwise(one, neighbours, beside)) is not None:
                    yield _nobody(one, meant)


def _is_meant(one: Dialled) -> bool:
    """Whether the address is one that the container connects to: by its role, or because it is written as one."""
    return one.role.role == "dial" or (one.role.role == "unknown" and one.address.port is not None and one.address.scheme is not None)


def _jobs(world: World) -> dict[str, dict[str, Launch]]:
    """The service containers of each job of a workflow, by label."""
    found: dict[str, dict[str, Launch]] = {}
    for launch in world.launches:
        if launch.kind == "actions" and launch.group is not None and launch.service is not None:
            found.setdefault(launch.group, {})[launch.service.lower()] = launch
    return found


def _named(world: World) -> dict[tuple[str, str], list[Launch]]:
    """The containers that a script starts, by its path and their name."""
    found: dict[tuple[str, str], list[Launch]] = {}
    for launch in world.launches:
        if launch.kind in _STARTS and isinstance(name := launch.any.name, Known):
            found.setdefault((launch.span.path, name.text.lower()), []).append(launch)
    return found


def _in_job(one: Dialled, jobs: dict[str, dict[str, Launch]]) -> _Apart | None:
    """A service of the job in whose step the container is started: the runner gives the services a network of their own."""
    job, slash, _ = one.launch.function.partition("/")
    other = jobs.get(f"{one.launch.span.path}#{job}", {}).get(one.address.host.lower()) if slash else None
    if other is None or other.service == job:
        return None
    return _Apart(
        other, f"a container that a step starts is not on the network of the job's services, where {other.service} is found",
        f"add --network ${{{{ job.services.{other.service}.network }}}} to the command",
    )  # fmt: skip


def _in_script(one: Dialled, named: dict[tuple[str, str], list[Launch]]) -> _Apart | None:
    """A container that the same script starts: the default network of an engine knows no names."""
    others = [other for other in named.get((one.launch.span.path, one.address.host.lower()), ()) if other is not one.launch and other.function == one.launch.function]
    if not others or any(network_of(other.any.network) not in ("bridge", "host") for other in others):
        return None
    other = others[-1]
    joined = text_of(other.any.network)
    on = f"{joined}" if joined not in (None, "bridge") else None
    if on == "host":
        return _Apart(other, f"{one.address.host} is on the host's network, where Docker gives no names", "dial the host by its alias")
    if on is not None:
        return _Apart(other, f"{one.address.host} is on the network {on} and this container is not", f"add --network {on}")
    return _Apart(other, "containers on the engine's default network do not find one another by name", "create a network and give both --network")


def _in_group(one: Dialled, neighbours: Neighbours) -> _Apart | None:
    """A service of the same project that is on none of the networks of this one."""
    launch, facts, host = one.launch, one.facts, one.address.host.lower()
    having = [other for other in neighbours.groups.get(launch.group or "", ()) if other.service != launch.service and _answers(other, host)]
    variants = [mine for mine in neighbours.groups.get(launch.group or "", ()) if mine.service == launch.service]
    if not having or any(meet(mine.any, other.any) or not _told(other.any) for mine in variants for other in having) or not _told(facts):
        return None
    other = next((other for other in having if other.span.path == launch.span.path), None)
    if other is None:
        return None
    if network_of(facts.network) == "host":
        ports = [port for publish in other.any.publishes if publish.host_port is not None for port in texts(publish.host_port)[-1:]]
        change = f"dial localhost:{ports[0]}, where {other.service} is published" if len(ports) == 1 else f"publish the port of {other.service} and dial it at localhost"
        return _Apart(other, "on the host's network the names of a project do not resolve", change)
    if network_of(other.any.network) == "host":
        return _Apart(other, f"{other.service} is on the host's network, where it has no name", "dial the host by its alias, host.docker.internal with extra_hosts")
    mine, theirs = (", ".join(sorted(names)) for names in (facts.networks, other.any.networks))
    return _Apart(other, f"this service is on {mine}, and {other.service} on {theirs}", f"put both on one network: add {min(other.any.networks)} here")


def _answers(launch: Launch, host: str) -> bool:
    return host in _names(launch)


def _names(launch: Launch) -> set[str]:
    return {(launch.service or "").lower(), *(name.lower() for name in (*launch.any.aliases, *texts(launch.any.name)))} - {""}


_LABEL = re.compile(r"[a-z][a-z0-9_-]*\Z", re.IGNORECASE)


def _called_otherwise(one: Dialled, neighbours: Neighbours, beside: dict[str, set[str]]) -> Launch | None:
    """The only service of the project that listens on the port in question, where nothing in the files beside it is called by the name that is dialled. The name
    must stand in the service's own lines, in a value that is one address, and no network of it may have others on it."""
    launch, facts, host = one.launch, one.facts, one.address.host
    setting = one.setting
    if (
        setting is None or setting.origin != "launch" or not isinstance(setting.value, Known) or one.role.role != "dial" or launch.fragment or facts.outer
        or not _told(facts) or network_of(facts.network) == "host" or _LABEL.match(host) is None or any(char.isspace() for char in setting.value.text) or host.lower() in beside.get((launch.group or "").rpartition("/")[0], ())
    ):
        return None
    port = one.address.port or one.port or one.role.default_port
    if port is None or neighbours.ports(launch, facts).listens(port):
        return None
    group = [other for other in neighbours.groups.get(launch.group or "", ()) if other.service != launch.service]
    having = [other for other in group if neighbours.ports(other).listens(port) and meet(facts, other.any)]
    return having[0] if len({other.service for other in having}) == 1 and having[0].service else None


def _nobody(one: Dialled, meant: Launch) -> Finding:
    return Finding(
        rule=RULE.code,
        message=f"{one.name} names {one.address.host}, which no service of this project is called; {meant.service} is what listens there",
        span=one.place,
        confidence="high",
        container=text_of(one.facts.name) or one.launch.service,
        image=text_of(one.facts.image),
        env=one.variable,
        value=render(one.value),
        platforms=(one.platform,),
        related=(Step(meant.span, f"service {meant.service}"),),
        help=f"write {meant.service}",
        remedy=ReplaceHost(meant.service or "", of=one.address.host),
        launch=one.launch,
    )


def _in_cluster(world: World, policy: Policy, neighbours: Neighbours, services: dict[str, str]) -> Iterator[Finding]:
    """Hosts of pods that no Service is called, where one is called nearly so and its pod listens on the port: `wren-ai` for `wren-ai-svc`."""
    pods: dict[str, list[Launch]] = {}
    for launch in world.launches:
        if launch.kind == "kubernetes" and launch.any.aliases:
            pods.setdefault(launch.span.path.rpartition("/")[0], []).append(launch)
    known = {name.lower() for name in world.cluster_services}
    seen: set[tuple[Span, str]] = set()
    for launch in world.launches:
        beside = pods.get(launch.span.path.rpartition("/")[0]) if launch.kind == "kubernetes" else None
        if beside is None or launch.any.hosts_open or any("chart" in why for why in launch.any.env_open):
            continue
        platform, facts = next(iter(launch.facts.items()))
        for one in dialled(launch, platform, neighbours, policy.env_roles, services):
            host = one.address.host.lower()
            if one.address.kind != "name" or one.setting is None or _LABEL.match(host) is None or host in known or (one.span, host) in seen or one.role.role != "dial":
                continue
            port = one.address.port or one.port
            if port is None:
                continue
            meant = {
                alias: other for other in beside for alias in other.any.aliases
                if other is not launch and _nearly(host, alias.lower()) and neighbours.ports(other).listens(port)
            }
            if len(meant) == 1:
                seen.add((one.span, host))
                [(alias, other)] = meant.items()
                yield Finding(
                    rule=RULE.code,
                    message=f"{one.name} names {one.address.host}, which no Service of this tree is called; {alias} is",
                    span=one.span,
                    severity="warning",
                    confidence="medium",
                    container=text_of(facts.name) or launch.service,
                    image=text_of(facts.image),
                    env=one.name,
                    value=render(one.value),
                    platforms=tuple(launch.facts),
                    related=(Step(other.span, f"the pod behind {alias}"),),
                    help=f"write {alias}",
                    remedy=ReplaceHost(alias, of=one.address.host),
                    launch=launch,
                )


def _nearly(host: str, alias: str) -> bool:
    """Whether a Service is called as a host says with words before or after it, or with the other of hyphen and underscore. Not the other way round:
    Kustomize adds to the names of Services (`nameSuffix`)."""
    return len(host) >= 4 and (alias.startswith(f"{host}-") or alias.endswith(f"-{host}") or (host != alias and _folded(host) == _folded(alias)))


def _misspelt(world: World, policy: Policy, neighbours: Neighbours, beside: dict[str, set[str]], seen: set[tuple[Span, str]]) -> Iterator[Finding]:
    """Hosts that are no names of anything as they are written: a variable's name without the sign that makes it one, and a service's with the other of
    hyphen and underscore. Whoever dials them, nobody answers. Once for each line, however many services have it:
    `seen` takes the places and hosts that are told."""
    variables = _variables(world)
    for launch in world.launches:
        if launch.kind != "compose" or launch.group is None or not launch.facts:
            continue
        group = [other for other in neighbours.groups.get(launch.group, ()) if other.any.image is not None or other.build is not None]
        around = beside.get(launch.group.rpartition("/")[0], set())
        for setting in launch.any.env:
            for name, written in _bare(setting):
                variable, span = written or (setting.name, setting.span)
                if (span, name) not in seen and name in variables:
                    seen.add((span, name))
                    yield _unfilled(launch, setting, variable, span, name)
            for one in addresses_of(setting.value) if setting.origin == "launch" else ():
                host = one.address.host
                key = setting.span, host
                # A word alone is a name of whatever, unless the variable is that of a host.
                shaped = one.address.scheme is not None or one.address.port is not None or role(setting.name, None, policy).role == "dial"
                if one.address.kind != "name" or not shaped or key in seen or _LABEL.match(host) is None or host.lower() in around or any(entry.host and host in texts(entry.host) for entry in launch.any.hosts):
                    continue
                meant = {name for other in group for name in _names(other) if _folded(name) == _folded(host)} if _folded(host) != host.lower() else set()
                if len(meant) == 1:
                    seen.add(key)
                    yield _almost(launch, setting, host, meant.pop(), group)


_UNFILLED = re.compile(r"(?:://|@)(?:\{([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\}|([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?=[:/]|\Z))")


def _bare(setting: EnvSetting) -> Iterator[tuple[str, tuple[str, Span] | None]]:
    """The names in capitals that stand where an address has its host, in a value of Compose, with the variable of the env file that it comes from."""
    for value in alternatives(setting.value) if setting.origin == "launch" else ():
        for part in value.parts if isinstance(value, Template) else (value,):
            for hit in _UNFILLED.finditer(part.text[:2000]) if isinstance(part, Known) else ():
                # What stands in a variable of the env file as a whole has that one's place.
                yield hit[1] or hit[2], next((one for one in filled_in(value) if one[1] == value.span), None)


def _variables(world: World) -> set[str]:
    """The variables that the tree's Compose files set or refer to."""
    found: set[str] = set()
    for launch in world.launches:
        for setting in launch.any.env if launch.kind == "compose" and launch.facts else ():
            found.add(setting.name)
            for value in alternatives(setting.value):
                found.update(name for name, _ in filled_in(value))
                found.update(part.name for part in (value.parts if isinstance(value, Template) else (value,)) if isinstance(part, Unknown) and part.kind == "env" and part.name)
    return found


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _unfilled(launch: Launch, setting: EnvSetting, variable: str, span: Span, name: str) -> Finding:
    return Finding(
        rule=RULE.code,
        message=f"{variable} has the name {name} for a host, which is a variable's: without the sign before it nothing fills it in",
        span=span,
        confidence="high",
        container=text_of(launch.any.name) or launch.service,
        image=text_of(launch.any.image),
        env=variable,
        value=render(setting.value),
        platforms=tuple(launch.facts),
        related=(Step(setting.span, f"{setting.name} is made of it here"),) if span != setting.span else (),
        help=f"write ${{{name}}}",
        launch=launch,
    )


def _almost(launch: Launch, setting: EnvSetting, host: str, meant: str, group: list[Launch]) -> Finding:
    other = next(one for one in group if meant in _names(one))
    return Finding(
        rule=RULE.code,
        message=f"{setting.name} names {host}, which no service of this project is called; {meant} is",
        span=setting.span,
        confidence="high",
        container=text_of(launch.any.name) or launch.service,
        image=text_of(launch.any.image),
        env=setting.name,
        value=render(setting.value),
        platforms=tuple(launch.facts),
        related=(Step(other.span, f"service {other.service}"),),
        help=f"write {meant}",
        remedy=ReplaceHost(meant, of=host),
        launch=launch,
    )


def _told(facts: LaunchFacts) -> bool:
    """Whether it is known on which networks a service is: a mode that shares another container's, or that could not be told, says nothing."""
    mode = network_of(facts.network)
    return (mode == "bridge" and facts.network is None and bool(facts.networks)) or (mode == "host" and isinstance(facts.network, Known))


def _finding(one: Dialled, apart: _Apart) -> Finding:
    setting = one.setting
    certain = setting is None or not isinstance(setting.value, Choice) or one.default
    return Finding(
        rule=RULE.code,
        message=f"{one.name} names {one.address.host}, but {apart.why}",
        span=one.place,
        confidence="high" if certain and one.role.role == "dial" and one.launch.kind == "compose" else "medium",
        container=text_of(one.facts.name) or one.launch.service,
        image=text_of(one.facts.image),
        env=one.variable,
        value=render(one.value),
        platforms=(one.platform,),
        trail=tuple(step for step in one.trail if step.span != one.place),
        related=(Step(apart.other.span, f"{one.address.host} is started here"),),
        help=apart.change,
        launch=one.launch,
    )

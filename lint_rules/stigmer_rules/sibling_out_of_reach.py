"""A container is dialled by a name that does not resolve on the network of whoever dials it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from stigmer_lint.dialled import Dialled, Neighbours, dialled, foreign_image, is_backend, meet, neighbours_of, texts
from stigmer_lint.model.launch import Launch, LaunchFacts
from stigmer_lint.model.value import Choice, Known, Step, render, text_of
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
                elif grouped and (meant := _called_otherwise(one, neighbours, beside)) is not None:
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

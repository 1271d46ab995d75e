"""The gateway address of a bridge is written down where an alias exists."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.dialled import dialled, neighbours_of
from stigmer_lint.model.value import Known, Step, Unknown, alternatives, render, text_of
from stigmer_lint.model.world import Bind
from stigmer_lint.reachability import classify_address, mapping_of, network_of
from stigmer_lint.rule import Finding, Policy, ReplaceHost, Rule, World

RULE = Rule(
    code="STG110",
    name="hard-coded-gateway-ip",
    summary="the gateway address of a bridge network is written down where a host alias exists",
    severity="warning",
    phases=("lint", "plan", "verify"),
)

ALIAS = "host.docker.internal"


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding for each dialled value that is the default address of an engine's bridge, and for each server of the host that listens on it."""
    if "linux" in world.platforms:
        yield from _listening(world)
    neighbours = neighbours_of(world)
    services = {name: key for key, service in policy.services.items() for name in service.env}
    for launch in world.launches:
        for platform, facts in launch.facts.items():
            if network_of(facts.network, facts.pod) in ("none", "host"):
                continue
            for one in dialled(launch, platform, neighbours, policy.env_roles, services):
                if one.address.kind != "gateway-ip" or one.role.role in ("allowlist", "bind", "public"):
                    continue
                yield Finding(
                    rule=RULE.code,
                    message=f"{one.name} names {one.address.host}, an address that the engine gives its bridge on one machine and not on the next",
                    span=one.span,
                    confidence="medium" if one.role.role == "dial" else "low",
                    container=text_of(facts.name) or launch.service,
                    image=text_of(facts.image),
                    env=one.name if one.setting is not None else None,
                    value=render(one.value),
                    platforms=(platform,),
                    trail=one.trail,
                    help="use host.docker.internal with host-gateway",
                    remedy=ReplaceHost(ALIAS, of=one.address.host, gateway=mapping_of(facts.hosts, ALIAS, facts.hosts_open) == "none"),
                    launch=launch,
                )


def _listening(world: World) -> Iterator[Finding]:
    """Servers of the tree's own code that listen on such an address where it was not found on the machine: it is written as what to do then. Told
    where it is written. Off Linux the bridge is not on the host at all."""
    seen: set[object] = set()
    for bind in world.binds:
        host = bind.hosts.get("linux")
        options = list(alternatives(host, 8)) if host is not None else []
        if not any(isinstance(option, Unknown) and option.kind == "call" for option in options):
            # Written down with nothing beside it: who has a server for the bridge, and says so, has the bridge.
            continue
        for option in options:
            address = classify_address(option.text) if isinstance(option, Known) else None
            if not isinstance(option, Known) or address is None or address.kind != "gateway-ip" or (option.span or bind.span) in seen:
                continue
            seen.add(option.span or bind.span)
            yield _bound(bind, option)


def _bound(bind: Bind, host: Known) -> Finding:
    written = host.span or bind.span
    return Finding(
        rule=RULE.code,
        message=f"a server of this code listens on {host.text} where the bridge's address was not found: then the host may have no such address",
        span=written,
        confidence="medium",
        value=host.text,
        platforms=("linux",),
        related=(Step(bind.span, "listens here"),) if written != bind.span else (),
        help="ask the system for the address of the bridge, and listen on every interface where there is none",
    )

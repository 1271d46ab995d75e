"""The gateway address of a bridge is written down where an alias exists."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.dialled import dialled, neighbours_of
from stigmer_lint.model.value import render, text_of
from stigmer_lint.reachability import mapping_of, network_of
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
    """A finding for each dialled value that is the default address of an engine's bridge."""
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

"""A host alias is misspelt, or mapped to loopback."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stigmer_lint.addresses import classify_address
from stigmer_lint.dialled import dialled, neighbours_of, texts
from stigmer_lint.model.value import render, text_of
from stigmer_lint.reachability import host_aliases, network_of
from stigmer_lint.rule import Finding, Policy, Rename, Rule, World

RULE = Rule(
    code="STG111",
    name="misspelt-host-alias",
    summary="a host alias is misspelt, or mapped to loopback, so that it names the container itself",
    severity="error",
    phases=("lint", "plan", "verify"),
)


_GLUED = re.compile(r"(localhost)(\d{2,5})\Z", re.IGNORECASE)
"""A port that has run into the host."""


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """Findings for misspelt aliases in values, and for host entries that map an alias to loopback."""
    neighbours = neighbours_of(world)
    services = {name: key for key, service in policy.services.items() for name in service.env}
    for launch in world.launches:
        for platform, facts in launch.facts.items():
            container, image = text_of(facts.name) or launch.service, text_of(facts.image)
            for one in dialled(launch, platform, neighbours, policy.env_roles, services):
                mapped = any(one.address.host in texts(entry.host) for entry in facts.hosts)
                if one.address.kind == "misspelt-alias" and not mapped and not facts.hosts_open:
                    meant = one.address.alias or "host.docker.internal"
                    yield Finding(
                        rule=RULE.code, message=f"{one.name} names {one.address.host}; no engine knows it", span=one.span, env=one.name,
                        value=render(one.value), platforms=(platform,), trail=one.trail, help=f"did you mean {meant}?",
                        remedy=Rename(one.address.host, meant), safety="safe", launch=launch, container=container, image=image,
                    )
                elif one.address.kind == "name" and (glued := _GLUED.match(one.address.host)) is not None and not mapped and not facts.hosts_open:
                    yield Finding(
                        rule=RULE.code, message=f"{one.name} names {one.address.host}, a host that is nowhere: the colon before the port is missing", span=one.span,
                        env=one.name, value=render(one.value), platforms=(platform,), trail=one.trail, help=f"did you mean {glued[1]}:{glued[2]}?",
                        launch=launch, container=container, image=image,
                    )
            if network_of(facts.network, facts.pod) == "host" and platform == "linux":
                continue
            for entry in facts.hosts:
                for host in texts(entry.host):
                    for target in texts(entry.address):
                        address = classify_address(target)
                        # 0.0.0.0 is how hosts files say that a name is blocked.
                        if host.lower() in host_aliases() and address is not None and address.kind == "loopback":
                            yield Finding(
                                rule=RULE.code, message=f"{host} is mapped to {target}, which is the container itself", span=entry.span,
                                value=f"{host}:{target}", platforms=(platform,), trail=launch.route, help=f"map it to host-gateway: {host}:host-gateway",
                                remedy=Rename(target, "host-gateway"), safety="safe", launch=launch, container=container, image=image,
                            )

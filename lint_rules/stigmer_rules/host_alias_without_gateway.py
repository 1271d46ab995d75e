"""A host alias is dialled where the engine does not provide it and the launch does not map it."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.addresses import addresses_of, gateway_ips
from stigmer_lint.contract import Unread, title
from stigmer_lint.dialled import Dialled, dialled, foreign_image, neighbours_of
from stigmer_lint.model.value import Choice, Known, Step, Template, Value, alternatives, render, text_of
from stigmer_lint.reachability import engine_kind, mapping_of, network_of, provided_by, provides_alias
from stigmer_lint.rule import AddHostGateway, Confidence, Finding, Policy, Rule, World
from stigmer_lint.unmapped import Unmapped, unmapped

RULE = Rule(
    code="STG103",
    name="host-alias-without-gateway",
    summary="a host alias is used where the engine does not provide it and nothing maps it",
    severity="error",
    phases=("lint", "plan", "verify"),
    policy_keys=("platforms",),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding per launch, platform and alias, at the first value that uses it."""
    neighbours = neighbours_of(world)
    services = {name: key for key, service in policy.services.items() for name in service.env}
    unread = Unread(world, policy)
    for launch in world.launches:
        for platform, facts in launch.facts.items():
            network = network_of(facts.network, facts.pod)
            if network == "unknown" and not _may_share(facts.network):
                # A setting names it: the name is given on none of them.
                network = "bridge"
            if network in ("none", "shared", "unknown") or facts.hosts_open:
                continue
            kind = engine_kind(launch.engine, platform)
            for one in dialled(launch, platform, neighbours, policy.env_roles, services):
                if one.address.kind != "host-alias" or one.role.role in ("allowlist", "bind") or foreign_image(one, neighbours):
                    continue
                if one.resolved and one.setting is not None and any(located.address.is_loopback for located in addresses_of(one.setting.value)):
                    # A resolver that gives either, by something that could not be told: the platform, as a rule.
                    continue
                alias = one.address.alias or one.address.host
                if provides_alias(kind, platform, alias, network, mapping_of(facts.hosts, alias, facts.hosts_open)) == "missing" and not unread(launch, one.setting):
                    yield _finding(one, alias)
    for lacking in unmapped(world):
        yield _unnamed(lacking)


def _may_share(network: Value | None) -> bool:
    """Whether a network that could not be told may be that of another container, which brings its host entries along."""
    for option in alternatives(network, 8) if network is not None else ():
        lead = option.parts[0] if isinstance(option, Template) else option
        if isinstance(lead, Known) and any(word.startswith(lead.text[: len(word)]) for word in ("container:", "service:", "pod:", "ns:")):
            return True
    return False


def _unnamed(one: Unmapped) -> Finding:
    """What a launch hands on may name the alias, though no value that is written in it does."""
    facts = one.launch.any
    match one.witness:
        case "resolver":
            message = f"{one.by} turns what this launch hands on into {one.alias}, a name that Docker Engine does not give by itself and this launch does not add"
            shown = Step(one.other, f"answers {one.alias}")
        case "launcher":
            message = f"this launch hands on variables that it does not know, as another does that maps {one.alias} for them; this one maps no such name"
            shown = Step(one.other, f"maps {one.alias}")
        case "address":
            message = f"{one.alias} is {f'the address of {one.name}' if one.name else 'an address'} here, and no launch that is at hand adds the name, which Docker Engine does not give by itself"
            shown = Step(one.other, "a launch, which adds no host")
        case "default":
            message = f"{one.name} is not set for {title(one.launch)}, so the code inside dials {one.alias}, a name that Docker Engine does not give by itself and this launch does not add"
            shown = Step(one.other, "read here")
        case "inside":
            message = f"the code inside {title(one.launch)} dials {one.alias} where it runs in a container, a name that Docker Engine does not give by itself and this launch does not add"
            shown = Step(one.other, "dialled here")
        case "told":
            product = (one.name or "it").capitalize()
            message = f"people are told to enter {one.alias} for {product} in the settings of {title(one.launch)}, a name that Docker Engine does not give by itself and this launch does not add"
            shown = Step(one.other, "told here")
    return Finding(
        rule=RULE.code,
        message=message,
        span=one.span,
        severity="warning" if one.witness == "told" else None,
        confidence="medium",
        container=text_of(facts.name) or one.launch.service,
        image=text_of(facts.image),
        env=one.name if one.witness != "told" else None,
        platforms=("linux",),
        related=(shown,),
        help=f'add extra_hosts: ["{one.alias}:host-gateway"] to the service' if one.launch.kind in ("compose", "compose service") else f"add --add-host {one.alias}:host-gateway to the launch",
        remedy=AddHostGateway(one.alias),
        launch=one.launch,
        safety="unsafe",
    )


def _finding(one: Dialled, alias: str) -> Finding:
    launch, facts = one.launch, one.facts
    others = list(dict.fromkeys(_ENGINES[engine] for row in provided_by(alias) for engine in row.engines if engine in _ENGINES))
    # No option of Apple's command gives a container a name for the host.
    remote = launch.engine in ("kubernetes", "apple")
    if launch.engine == "apple":
        usual = next(ip for ip, (kinds, _) in gateway_ips().items() if engine_kind(launch.engine, one.platform) in kinds)
        advice = f"dial the gateway of the container's network ({usual} on the default one), with the service listening there"
    elif remote:
        advice = f"use the address of the service, or add hostAliases for {alias}"
    elif launch.group is not None or launch.kind == "compose service":
        advice = f'add extra_hosts: ["{alias}:host-gateway"] to the service'
    else:
        advice = f"add --add-host {alias}:host-gateway to the launch"
    return Finding(
        rule=RULE.code,
        message=f"{one.name} uses {alias}, a name that {_engine_name(one)} does not give by itself and this launch does not add",
        span=one.place,
        confidence=_confidence(one),
        container=text_of(facts.name) or launch.service,
        image=text_of(facts.image),
        env=one.variable,
        value=render(one.value),
        platforms=(one.platform,),
        trail=tuple(step for step in one.trail if step.span != one.place),
        related=(Step(launch.span, "the launch, which adds no host"),) if launch.span.path != one.place.path else (),
        notes=(f"{_listed(others)} would give it",) if others else (),
        help=advice,
        remedy=None if remote else AddHostGateway(alias),
        launch=launch,
        safety="safe",
    )


_ENGINES = {
    "docker-desktop": "Docker Desktop", "orbstack": "OrbStack", "colima": "Colima", "lima": "Lima", "rancher-desktop": "Rancher Desktop",
    "podman": "Podman", "podman-rootless": "Podman", "podman-machine": "Podman", "minikube": "minikube", "k3d": "k3d",
}  # fmt: skip
"""The kinds of engine as their makers write them."""


def _listed(names: list[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _engine_name(one: Dialled) -> str:
    names = {"docker": "Docker Engine", "podman": "Podman", "nerdctl": "nerdctl", "apple": "Apple's container", "kubernetes": "Kubernetes"}
    return names.get(one.launch.engine, "the engine")


def _confidence(one: Dialled) -> Confidence:
    if one.role.role in ("public", "advertise", "self", "other"):
        return "low"
    if one.launch.engine != "kubernetes" and one.address.host in ("host.minikube.internal", "host.k3d.internal"):
        # Rather handed on to what is started in that cluster, where the name is given.
        return "low"
    if network_of(one.facts.network, one.facts.pod) == "unknown":
        return "medium"
    if one.setting is not None and (one.setting.maybe or (isinstance(one.setting.value, Choice) and not one.default)):
        return "medium"
    return "high"

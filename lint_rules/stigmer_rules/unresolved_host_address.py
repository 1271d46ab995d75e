"""An address of a host service reaches a container as it is on the host, though nothing shows that it is loopback."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from stigmer_lint.addresses import addresses_of
from stigmer_lint.dialled import unknown_parts
from stigmer_lint.knowledge.roles import role_of
from stigmer_lint.listening import texts
from stigmer_lint.model.launch import EnvSetting, Launch, LaunchFacts, Platform
from stigmer_lint.model.value import Resolved, Step, Template, Unknown, Value, render, text_of
from stigmer_lint.reachability import network_of
from stigmer_lint.rule import Confidence, Finding, Policy, Rule, World, WrapInResolver

RULE = Rule(
    code="STG102",
    name="unresolved-host-address",
    summary="an address that the host uses for itself is handed to a container without passing a resolver",
    severity="error",
    confidence="medium",
    phases=("lint", "plan"),
    policy_keys=("resolvers", "services", "env_roles"),
)

MAX_SIBLINGS = 20
"""Resolved variables of the same launch that a finding points to."""


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """Certain where the policy names the variable's service, likely where other addresses of the launch are resolved."""
    for launch in world.launches:
        named = _named_by_platform(launch)
        for platform, facts in launch.facts.items():
            network = network_of(facts.network, facts.pod)
            if launch.language in ("compose", "yaml") or network not in ("bridge", "unknown"):
                continue
            siblings = list(islice((setting for setting in facts.env if _resolution(setting.value) is not None or setting.name in named), MAX_SIBLINGS))
            for setting in facts.env:
                hole = _host_hole(setting.value)
                if hole is None:
                    continue
                service = policy.service_for(setting.name)
                if network == "unknown" and (not siblings or "host" in texts(facts.network)):
                    # Whose other addresses are resolved is not meant for the host's network.
                    continue
                if service is None and not _of_engine(hole) and not (siblings and _is_dialled(setting, hole, facts, policy)):
                    continue
                yield _finding(launch, facts, platform, setting, hole, siblings, service[0] if service else None)


_ADDRESSED = ("_URL", "_ENDPOINT", "_ADDR", "_ADDRESS", "_URI")


def _is_dialled(setting: EnvSetting, hole: Unknown, facts: LaunchFacts, policy: Policy) -> bool:
    """Whether a variable is dialled by its name. One that is just called an address is taken for dialled where all of it is a variable of the
    launching program: what programs are told is seldom for browsers, unless the name says so."""
    role = role_of(setting.name, None, text_of(facts.image), policy.env_roles).role
    return role == "dial" or (role == "unknown" and hole.kind == "env" and setting.value is hole and setting.name.upper().endswith(_ADDRESSED))


def _resolution(value: Value) -> Resolved | None:
    if isinstance(value, Resolved):
        return value
    if isinstance(value, Template):
        return next((part for part in value.parts if isinstance(part, Resolved)), None)
    return None


def _named_by_platform(launch: Launch) -> frozenset[str]:
    """The variables in which the launch hands over a host alias on one platform and loopback on another: it knows how to name the host."""
    versions = {id(facts): facts for facts in launch.facts.values()}
    if len(versions) < 2:
        return frozenset()
    kinds: dict[str, set[str]] = {}
    for facts in versions.values():
        for setting in facts.env:
            kinds.setdefault(setting.name, set()).update(located.address.kind for located in addresses_of(setting.value))
    return frozenset(name for name, found in kinds.items() if {"host-alias", "loopback"} <= found)


def _host_hole(value: Value) -> Unknown | None:
    """The part of a value that holds the host and could not be told; None where the host is known, or was resolved."""
    if _resolution(value) is not None or any(one.address.kind != "unknown" for one in addresses_of(value)):
        return None
    holes = unknown_parts(value)
    if isinstance(value, Unknown) and value.kind in ("bound", "cycle", "syntax"):
        return None
    return next((hole for hole in holes if hole.kind in ("parameter", "field", "env", "input") or _of_engine(hole)), None)


def _of_engine(hole: Unknown) -> bool:
    """Whether it is what the client of an engine answers to where its daemon is: a socket or `tcp://localhost:2375` of the host.
    https://pkg.go.dev/github.com/docker/docker/client#Client.DaemonHost"""
    return hole.kind == "call" and (hole.name or "").endswith(".DaemonHost")


def _finding(
    launch: Launch, facts: LaunchFacts, platform: Platform, setting: EnvSetting, hole: Unknown, siblings: list[EnvSetting], service: str | None
) -> Finding:
    marks = tuple(
        Step(one.span, f"resolved by {resolved.by}" if resolved is not None else "names the host by platform")
        for one in siblings
        for resolved in (_resolution(one.value),)
    )
    by = next((resolved.by for one in siblings if (resolved := _resolution(one.value)) is not None), None)
    confidence: Confidence = "high" if service is not None and siblings else "medium"
    what = f"the address of service {service}" if service else "the engine's address" if _of_engine(hole) else "an address"
    return Finding(
        rule=RULE.code,
        message=f"{setting.name} carries {what} as the host uses it: {hole.why} is handed over unresolved",
        span=setting.span,
        confidence=confidence,
        container=text_of(facts.name) or launch.service,
        image=text_of(facts.image),
        env=setting.name,
        value=render(setting.value),
        platforms=(platform,),
        trail=((Step(hole.span, hole.why),) if hole.span is not None else ()) + launch.route,
        marks=marks,
        help=f"pass it through {by}, as the other addresses of this launch are" if by else "turn loopback into the platform's host alias before it is handed over",
        remedy=WrapInResolver(by) if by else None,
        launch=launch,
        safety="safe" if service is not None else "unsafe",
    )

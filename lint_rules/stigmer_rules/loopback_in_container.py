"""A loopback address reaches a container that does not share the host's network namespace."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.knowledge.roles import role_of
from stigmer_lint.model.launch import EnvSetting, Launch, LaunchFacts, Platform
from stigmer_lint.reachability import network_of
from stigmer_lint.addresses import Located, addresses_of
from stigmer_lint.model.value import Choice, Known, Value, render, text_of
from stigmer_lint.rule import Confidence, Finding, Policy, Rule, World

RULE = Rule(
    code="STG101",
    name="loopback-in-container",
    summary="A loopback address is handed to a container, where it means the container itself.",
    severity="error",
    phases=("lint", "plan", "verify"),
    policy_keys=("services", "env_roles", "platforms"),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """One finding per variable whose value may be a loopback address that the container dials."""
    for launch in world.launches:
        for platform, facts in launch.facts.items():
            if network_of(facts.network, facts.pod) != "bridge":
                continue
            for setting in facts.env:
                found = [one for one in addresses_of(setting.value) if one.address.is_loopback]
                if found:
                    yield from _finding(launch, facts, platform, setting, found[0], policy)


def _finding(
    launch: Launch, facts: LaunchFacts, platform: Platform, setting: EnvSetting, located: Located, policy: Policy
) -> Iterator[Finding]:
    role = role_of(setting.name, located_text(located.value), text_of(facts.image), dict(policy.env_roles))
    if role.role not in ("dial", "unknown"):
        return
    confidence: Confidence = "high" if role.role == "dial" else "medium"
    yield Finding(
        rule=RULE.code, message=f"{setting.name} is handed to the container as {render(located.value)}, which is the container itself there.",
        span=setting.span, confidence=confidence, container=text_of(facts.name), image=text_of(facts.image), env=setting.name,
        value=render(located.value), platforms=(platform,), trail=located.value.trail, launch=launch,
    )


def located_text(value: Value) -> str:
    return value.text if isinstance(value, Known) else "".join(p.text for p in getattr(value, "parts", ()) if isinstance(p, Known))


__all__ = ["RULE", "Choice", "check"]

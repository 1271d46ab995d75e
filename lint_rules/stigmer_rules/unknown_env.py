"""A launch sets a variable that the policy's container does not declare."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.contract import given, in_policy, title
from stigmer_lint.knowledge.likeness import nearest
from stigmer_lint.model.value import text_of
from stigmer_lint.rule import Finding, Policy, Rename, Rule, Unset, World

RULE = Rule(
    code="STG207",
    name="unknown-env",
    summary="a launch sets a variable that the policy does not declare for the container",
    severity="warning",
    phases=("lint", "plan", "verify"),
    policy_keys=("containers", "services"),
    default=False,
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding at each variable of a launch that its container's policy does not know."""
    for launch in world.launches:
        found = in_policy(launch, policy)
        if found is None:
            continue
        key, container = found
        addresses = {name for service in container.uses if service in policy.services for name in policy.services[service].env}
        declared = [*container.env.required_names, *container.env.set, *addresses]
        for name, setting in given(launch).items():
            if setting.origin == "image" or name in addresses or container.env.declares(name):
                continue
            meant = nearest(name, declared)
            yield Finding(
                rule=RULE.code,
                message=f"{name} is set for {title(launch)}, and the policy's {key} does not declare it" + (f"; did you mean {meant}?" if meant else ""),
                span=setting.name_span or setting.span,
                container=text_of(launch.any.name) or key,
                image=text_of(launch.any.image),
                env=name,
                platforms=tuple(launch.facts),
                help=f"set {meant} instead" if meant else f"add {name} to env.optional of {key}, or take it out of the launch",
                remedy=Rename(name, meant) if meant and setting.name_span is not None else Unset(name),
                launch=launch,
            )

"""A launch of one of the policy's containers lacks a variable that the policy requires of it."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.contract import confidence_of_launch, given, in_policy, open_because, place, required, title
from stigmer_lint.model.value import text_of
from stigmer_lint.rule import Finding, PassOn, Policy, Rule, World

RULE = Rule(
    code="STG201",
    name="required-env-missing",
    summary="a launch of a container of the policy lacks a variable that the policy requires",
    severity="error",
    phases=("lint", "plan", "verify"),
    policy_keys=("containers",),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding for each required variable that a launch does not set."""
    for launch in world.launches:
        found = in_policy(launch, policy)
        if found is None:
            continue
        key, container = found
        names = given(launch)
        wanted = required(container)
        groups = [(service, policy.services[service]) for service in container.uses if service in policy.services]
        # A service whose address has one name is required under it; of several names, those that are missing beside others are STG202's.
        for name, service in groups:
            if service.env and not any(one in names for one in service.env):
                wanted.extend((one, service.because or f"it carries the address of {name}") for one in service.env)
        for name, because in wanted:
            if name in names:
                continue
            yield Finding(
                rule=RULE.code,
                message=f"{name} is not set for {title(launch)}, and the policy requires it of {key}",
                span=place(launch),
                confidence=confidence_of_launch(launch),
                container=text_of(launch.any.name) or key,
                image=text_of(launch.any.image),
                env=name,
                platforms=tuple(launch.facts),
                notes=(*((f"because {because}",) if because else ()), *(f"more may be set: {why}" for why in open_because(launch))),
                help=f"set {name} in this launch",
                remedy=PassOn((name,)),
                launch=launch,
            )

"""A launcher tells people what it starts, and not an address that it hands over."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.addresses import addresses_of
from stigmer_lint.contract import given, role, text_of_default, title
from stigmer_lint.dialled import unknown_parts
from stigmer_lint.model.launch import EnvSetting
from stigmer_lint.model.value import Resolved, Step, render, text_of
from stigmer_lint.rule import Finding, Policy, Rule, World

RULE = Rule(
    code="STG401",
    name="address-not-logged",
    summary="a launcher logs what it starts, but not an address that it hands over",
    severity="note",
    confidence="medium",
    policy_keys=("services", "env_roles"),
    default=False,
    conduct=True,
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding at each address of a launch that no message of its function tells."""
    for launch in world.launches:
        conduct = launch.conduct
        if conduct is None or conduct.log is None:
            continue
        for name, setting in given(launch).items():
            if name in conduct.untold and _is_address(setting, policy):
                yield Finding(
                    rule=RULE.code,
                    message=f"{name} carries an address into {title(launch)}, and what is logged about the start does not tell it",
                    span=setting.name_span or setting.span,
                    container=text_of(launch.any.name),
                    image=text_of(launch.any.image),
                    env=name,
                    value=render(setting.value),
                    platforms=tuple(launch.facts),
                    related=(Step(conduct.log, "the start is logged here"),),
                    help="log the address as the container gets it, after it was resolved",
                    launch=launch,
                )


def _is_address(setting: EnvSetting, policy: Policy) -> bool:
    """Whether a variable carries an address that the container dials, as far as its name and its value tell."""
    if any(setting.name in service.env for service in policy.services.values()):
        return True
    value = setting.value
    there = bool(addresses_of(value)) or bool(unknown_parts(value)) or isinstance(value, Resolved)
    return there and role(setting.name, text_of_default(value), policy).role == "dial"

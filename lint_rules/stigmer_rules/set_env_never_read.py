"""A launch sets a variable that nothing in the container reads."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.contract import Sides, confidence_of, demanded, nearest, program_of, read_elsewhere, read_step, title, used_by_launch
from stigmer_lint.model.launch import EnvSetting, Launch
from stigmer_lint.model.value import text_of
from stigmer_lint.rule import Finding, Policy, Rename, Rule, World

RULE = Rule(
    code="STG204",
    name="set-env-never-read",
    summary="a launch sets a variable that neither the code in the container nor its image or frameworks read",
    severity="warning",
    policy_keys=("containers",),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding at each variable that a launch sets in vain."""
    for component in world.components:
        # Without a single read there is nothing to tell a dead name by: the program may be in a language that is not read.
        if not component.whole or not component.reads or not program_of(component):
            continue
        sides = Sides(component, policy)
        for index, launch in enumerate(component.launches):
            # What the policy demands is set for a reason that this code need not show, such as older images.
            wanted = demanded(launch, policy)
            for name, setting in sides.given[index].items():
                if name not in wanted and setting.origin == "launch" and not setting.maybe and not sides.is_read(name) and not read_elsewhere(sides, launch, name):
                    if not used_by_launch(launch, name):
                        yield _finding(sides, launch, setting)


def _finding(sides: Sides, launch: Launch, setting: EnvSetting) -> Finding:
    meant = nearest(setting.name, [name for name in sides.reads if name not in sides.anywhere])
    return Finding(
        rule=RULE.code,
        message=f"nothing in {title(launch)} reads {setting.name}" + (f"; did you mean {meant}?" if meant else ""),
        span=setting.name_span or setting.span,
        confidence=confidence_of(sides.component, launch, sure=meant is not None) if sides.component.certain else "low",
        container=text_of(launch.any.name) or launch.service,
        image=text_of(launch.any.image),
        env=setting.name,
        platforms=tuple(launch.facts),
        related=(read_step(sides.reads[meant][0]),) if meant else (),
        help=f"set {meant} instead, or as well where older images read the old name" if meant else "remove it, or give it the name that the code reads",
        remedy=Rename(setting.name, meant) if meant and setting.name_span is not None else None,
        launch=launch,
    )

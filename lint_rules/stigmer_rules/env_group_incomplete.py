"""Of the names that carry one service's address into a container, some are missing, or they do not carry the same address."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.contract import confidence_of_launch, in_policy, open_because, same_source, title
from stigmer_lint.model.launch import EnvSetting, Launch
from stigmer_lint.model.value import Step, render, text_of
from stigmer_lint.rule import AlsoSet, Finding, Policy, Rule, World

RULE = Rule(
    code="STG202",
    name="env-group-incomplete",
    summary="of names that must carry the same address, some are missing or have another value",
    severity="error",
    phases=("lint", "plan", "verify"),
    policy_keys=("services", "containers"),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding at the name that is there for each one that is missing, and at each one that differs from the first."""
    for launch in world.launches:
        found = in_policy(launch, policy)
        if found is None:
            continue
        for key in found[1].uses:
            service = policy.services.get(key)
            if service is not None and len(service.env) > 1:
                yield from _of_group(launch, key, service.env, service.because)


def _of_group(launch: Launch, key: str, names: tuple[str, ...], because: str | None) -> Iterator[Finding]:
    told: set[str] = set()
    for facts in launch.facts.values():
        settings = {setting.name: setting for setting in facts.env if setting.name in names}
        if not settings:
            continue
        first = next(settings[name] for name in names if name in settings)
        for name in names:
            setting = settings.get(name)
            if name in told or setting is first:
                continue
            if setting is None:
                told.add(name)
                yield _finding(launch, first, name, key, because, f"{first.name} is set for {title(launch)} and {name} is not; both carry the address of {key}")
            elif not same_source(first.value, setting.value):
                told.add(name)
                yield _finding(
                    launch, setting, name, key, because,
                    f"{name} is {render(setting.value)} and {first.name} is {render(first.value)}; both carry the address of {key}", first,
                )


def _finding(
    launch: Launch, at: EnvSetting, name: str, key: str, because: str | None, message: str, other: EnvSetting | None = None
) -> Finding:
    return Finding(
        rule=RULE.code,
        message=message,
        span=at.span,
        confidence=confidence_of_launch(launch),
        container=text_of(launch.any.name) or launch.service,
        image=text_of(launch.any.image),
        env=name,
        value=render(at.value),
        platforms=tuple(launch.facts),
        related=(Step(other.span, f"{other.name} is set here"),) if other is not None else (),
        notes=(*((f"because {because}",) if because else ()), *(f"more may be set: {why}" for why in open_because(launch))),
        help=f"set {name} to the same address" if other is None else f"give both names the address of {key}",
        remedy=AlsoSet(name, at.name) if other is None else None,
        launch=launch,
        safety="safe",
    )

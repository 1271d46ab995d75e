"""A container is started and nobody waits until it is ready, or asks whether it is."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.contract import title
from stigmer_lint.model.launch import Launch, image_of
from stigmer_lint.model.value import Step, text_of
from stigmer_lint.rule import Finding, Policy, Rule, World

RULE = Rule(
    code="STG402",
    name="launch-without-readiness",
    summary="a launch is followed by no health check or wait",
    severity="note",
    confidence="medium",
    default=False,
    conduct=True,
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding at each launch in code that nobody waits for, at each Compose service that others only see started, and at each container of a pod that
    listens and has no probe."""
    by_group: dict[str, dict[str, Launch]] = {}
    for launch in world.launches:
        if launch.language == "compose" and launch.group is not None and launch.service is not None:
            by_group.setdefault(launch.group, {}).setdefault(launch.service, launch)
    for launch in world.launches:
        facts = launch.any
        if launch.conduct is not None:
            # The steps of a job that come later use what an earlier one has started.
            if launch.span.path.endswith((".yml", ".yaml")):
                continue
            if facts.detached and launch.conduct.starts and launch.conduct.wait is None and not _checked(world, launch):
                yield _finding(launch, f"{title(launch)} is started, and nothing waits until it is ready", "wait until it answers, or give it a health check and ask for its state")
        elif launch.kind == "kubernetes":
            if (facts.exposes or facts.publishes) and facts.health is None and not facts.env_open and not facts.unread:
                yield _finding(launch, f"{title(launch)} listens, and no probe tells when it is ready", "give it a readinessProbe")
    for services in by_group.values():
        yield from _compose(world, services)


def _compose(world: World, services: dict[str, Launch]) -> Iterator[Finding]:
    waiting: dict[str, list[Launch]] = {}
    for launch in services.values():
        for name in launch.any.depends_on:
            if name in services and name not in launch.any.waits_for:
                waiting.setdefault(name, []).append(launch)
    for name, dependants in waiting.items():
        launch = services[name]
        if _checked(world, launch):
            for other in dependants:
                yield _finding(
                    other, f"{title(other)} waits until {title(launch)} has been started, not until it is healthy", f"depend on {name} with condition: service_healthy", launch
                )
        else:
            yield _finding(
                launch, f"{title(dependants[0])} starts after {title(launch)}, which has no healthcheck that tells when it is ready",
                "give it a healthcheck, and depend on it with condition: service_healthy", dependants[0],
            )


def _checked(world: World, launch: Launch) -> bool:
    """Whether the engine is told how to check the container's health, by the launch or by its image."""
    if launch.any.health is not None:
        return True
    component = world.component_of(launch)
    if component is not None and any(image.health is not None for image in component.images):
        return True
    image = image_of(launch, world.images)
    return image is not None and image.health is not None


def _finding(launch: Launch, message: str, advice: str, other: Launch | None = None) -> Finding:
    return Finding(
        rule=RULE.code,
        message=message,
        span=launch.span,
        container=text_of(launch.any.name) or launch.service,
        image=text_of(launch.any.image),
        platforms=tuple(launch.facts),
        related=(Step(other.span, f"{title(other)} is here"),) if other is not None else (),
        help=advice,
        launch=launch,
    )

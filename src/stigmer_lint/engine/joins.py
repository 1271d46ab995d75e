"""Which code runs in which image: launches, builds and sources put together as components."""

from __future__ import annotations

from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.project import Project
from stigmer_lint.flow.reads import reads_below
from stigmer_lint.engine.discover import Files
from stigmer_lint.model.launch import Launch, Platform
from stigmer_lint.model.value import Choice, Known, Template, Value, alternatives
from stigmer_lint.model.world import Component, World
from stigmer_lint.policy.types import Policy


def components(
    world: World, files: Files, project: Project, evaluators: dict[Platform, Evaluator], policy: Policy
) -> None:
    """Fill `world.components` and `world.reads`."""
    groups: dict[str, list[Launch]] = {}
    sources: dict[str, tuple[str, ...]] = {}
    certain: dict[str, str] = {}
    for key, container in policy.containers.items():
        source = container.source
        if source is not None:
            sources[f"policy:{key}"] = (source,) if isinstance(source, str) else tuple(source)
            certain[f"policy:{key}"] = "the policy names its source"
            groups[f"policy:{key}"] = []
    builds: dict[str, tuple[str, ...]] = {}
    names: dict[str, str] = {}
    for launch in world.launches:
        if launch.build is not None:
            folder = launch.build.context.strip("/")
            image = texts(launch.any.image)
            name = texts(launch.any.name)
            label = f"build:{folder}:{launch.build.dockerfile or ''}"
            builds[label] = (folder,)
            for text in (*(repository(one) for one in image), *name):
                names.setdefault(text, label)
    for build in world.builds:
        if build.image:
            label = f"build:{build.context.strip('/')}:{build.dockerfile or ''}"
            builds.setdefault(label, (build.context.strip("/"),))
            names.setdefault(repository(build.image), label)
    for launch in world.launches:
        image, name = texts(launch.any.image), texts(launch.any.name)
        found = None
        for one in image or (None,):
            for other in name or (None,):
                found = found or policy.container_for(one, other)
        if found is not None and f"policy:{found[0]}" in groups:
            groups[f"policy:{found[0]}"].append(launch)
            continue
        if launch.build is not None:
            label = f"build:{launch.build.context.strip('/')}:{launch.build.dockerfile or ''}"
            groups.setdefault(label, []).append(launch)
            continue
        for text in (*(repository(one) for one in image), *name):
            if text in names:
                groups.setdefault(names[text], []).append(launch)
                break
    first = next(iter(evaluators.values()))
    made: list[Component] = []
    for label, launches in groups.items():
        if not launches:
            continue
        folders = sources.get(label) or builds[label]
        reads = reads_below(first, files, folders)
        made.append(Component(label, tuple(launches), folders, reads, join=certain.get(label, "it is built from this folder")))
    world.components = tuple(made)
    world.reads = tuple(sorted({read for component in made for read in component.reads}, key=lambda one: one.span))


def texts(value: Value | None) -> tuple[str, ...]:
    """The texts that a value may be."""
    if value is None or not isinstance(value, Known | Choice | Template):
        return ()
    return tuple(option.text for option in alternatives(value, 8) if isinstance(option, Known))


def repository(image: str) -> str:
    """An image reference without tag and digest."""
    image = image.partition("@")[0]
    head, _, tail = image.rpartition("/")
    return f"{head}/{tail.partition(':')[0]}" if head else tail.partition(":")[0]

"""From a world to a draft of its policy."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from stigmer_lint.drafting.contracts import container, dead_names
from stigmer_lint.drafting.programs import programs
from stigmer_lint.drafting.services import services
from stigmer_lint.drafting.types import Draft, DraftContainer, Said
from stigmer_lint.model.world import World
from stigmer_lint.report.places import Places
from stigmer_lint.rule import Finding

_NAME = re.compile(r"[A-Za-z_$][\w$]*\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")


def draft(world: World, places: Places, found: Sequence[Finding]) -> Draft:
    """A policy for what is in the tree; `found`: what `check` finds without one. The same tree gives the same draft; nothing of a secret's value is in it."""
    some, left_out = programs(world)
    known = services(world, some, places)
    dead = dead_names(found)
    containers: list[DraftContainer] = []
    paired: dict[str, list[Said]] = {}
    for program in some:
        made, added = container(program, known, places, dead)
        # Without a word on its environment an entry would say nothing that a launch does not.
        if made.uses or made.required or (made.sources and (made.optional or made.secret)):
            containers.append(_loadable(made))
            for key, names in added.items():
                paired.setdefault(key, []).extend(names)
    used = {said.text for one in containers for said in one.uses}
    return Draft(
        resolvers=_resolvers(world, places),
        services=tuple(replace(one.service, env=(*one.service.env, *paired.get(one.service.key, ()))) for one in known if one.service.key in used),
        containers=tuple(containers),
        left_out=(f"{left_out} launches of tests, examples and jobs",) if left_out else (),
    )


def without_sources(made: Draft, world: World, places: set[tuple[str, int]]) -> Draft:
    """The draft without the `source` of containers that have a launch at one of the places: there it says less than the tree does by itself."""
    keys = {program.key for program in programs(world)[0] if any((launch.span.path, launch.span.start) in places for launch in program.launches)}
    return replace(made, containers=tuple(replace(one, sources=()) if one.key in keys else one for one in made.containers))


def _resolvers(world: World, places: Places) -> tuple[Said, ...]:
    found: dict[str, list[str]] = {}
    for one in world.resolvers:
        if _NAME.match(one.name) and not one.by_policy:
            found.setdefault(one.name, []).append(places.of(one.span))
    return tuple(Said(name, f"turns loopback into a host alias: {', '.join(where[:3])}{' and more' if len(where) > 3 else ''}") for name, where in found.items())


def _loadable(one: DraftContainer) -> DraftContainer:
    """Without names that no policy can hold."""
    return replace(
        one,
        required=tuple(said for said in one.required if _VARIABLE.match(said.text)),
        optional=tuple(said for said in one.optional if _VARIABLE.match(said.text.replace("*", "x"))),
        secret=tuple(said for said in one.secret if _VARIABLE.match(said.text.replace("*", "x"))),
    )

"""From a world to a draft of its policy."""

from __future__ import annotations

import re

from msgspec.structs import replace

from stigmer_lint.drafting.contracts import container
from stigmer_lint.drafting.programs import programs
from stigmer_lint.drafting.services import services
from stigmer_lint.drafting.types import Draft, DraftContainer, Said
from stigmer_lint.model.world import World
from stigmer_lint.report.places import Places

_NAME = re.compile(r"[A-Za-z_$][\w$]*\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")


def draft(world: World, places: Places) -> Draft:
    """A policy for what is in the tree. The same tree gives the same draft; nothing of a secret's value is in it."""
    some, left_out = programs(world)
    known = services(world, some, places)
    containers: list[DraftContainer] = []
    paired: dict[str, list[Said]] = {}
    for program in some:
        made, added = container(program, known, places)
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

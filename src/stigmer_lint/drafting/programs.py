"""Which launches start the same container, and which containers are worth a contract."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from stigmer_lint.contract import given
from stigmer_lint.dialled import texts
from stigmer_lint.knowledge.image_ports import image_fact
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.model.launch import Launch
from stigmer_lint.model.world import Component, World

_TRIAL = re.compile(r"(?:^|/)(?:tests?|testdata|__tests__|fixtures|examples?|samples?|demos?|e2e|\.devcontainer|\.github)(?:/|$)", re.IGNORECASE)
_IMAGE = re.compile(r"[A-Za-z0-9][\w./:@-]{0,150}\Z")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,100}\Z")


class Program(msgspec.Struct, frozen=True):
    """One container: its launches, the code inside where that is known, and what identifies it. `images` and `names` are as launches write them;
    an image that a launch of another program has as well is none of them."""

    key: str
    launches: tuple[Launch, ...]
    component: Component | None
    images: tuple[str, ...]
    names: tuple[str, ...]


def programs(world: World) -> tuple[tuple[Program, ...], int]:
    """The containers that a policy is for, and how many launches of tests, examples and jobs were left out.

    A container is one whose code is in the tree, or one that code or a script starts with an environment of its own. What a Compose file or a manifest
    takes ready made (a database) is a service of the others, not a container with a contract.
    """
    where: dict[int, Component] = {}
    for component in world.components:
        if component.whole:
            where.update((id(launch), component) for launch in component.launches)
    serious = [launch for launch in world.launches if launch.facts and not _trial(launch)]
    left_out = len(world.launches) - len(serious)
    if not any(id(launch) in where for launch in serious) and any(id(launch) in where for launch in world.launches):
        # A tree of examples is about them.
        serious, left_out = [launch for launch in world.launches if launch.facts], 0
    groups: list[list[Launch]] = []
    known: dict[tuple[object, ...], list[Launch]] = {}
    for launch in serious:
        mine = where.get(id(launch))
        if mine is None and not _own(launch):
            continue
        marks = [(id(mine) if mine is not None else 0, kind, text) for kind, text in _marks(launch)]
        group = next((known[mark] for mark in marks if mark in known), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(launch)
        for mark in marks:
            known.setdefault(mark, group)
    counts: Counter[str] = Counter()
    for group in groups:
        counts.update({text for launch in group for text in _images(launch)})
    taken: set[str] = set()
    found: list[Program] = []
    for group in groups:
        images = tuple(dict.fromkeys(text for launch in group for text in _images(launch) if counts[text] == 1))
        names = tuple(dict.fromkeys(text for launch in group for text in _names(launch)))
        if images or names:
            key = _key(names, images, taken)
            taken.add(key)
            found.append(Program(key, tuple(group), where.get(id(group[0])), images, names))
    return tuple(found), left_out


def _trial(launch: Launch) -> bool:
    return launch.kind in ("actions", "gitlab ci", "testcontainers", "devcontainer") or is_test(launch.span.path) or _TRIAL.search(launch.span.path) is not None


def _own(launch: Launch) -> bool:
    """Whether a launch of which no code is known is one with a contract: code or a script gives it variables, and it is no well-known product."""
    if launch.group is not None or launch.language in ("compose", "yaml") or not given(launch):
        return False
    return not any(image_fact(text) is not None for text in texts(launch.any.image))


def _images(launch: Launch) -> tuple[str, ...]:
    return tuple(text for facts in launch.facts.values() for text in texts(facts.image) if _IMAGE.match(text))


def _names(launch: Launch) -> tuple[str, ...]:
    own = tuple(text for facts in launch.facts.values() for text in texts(facts.name) if _NAME.match(text))
    return own or ((launch.service,) if launch.service is not None and _NAME.match(launch.service) else ())


def _marks(launch: Launch) -> list[tuple[str, str]]:
    """What makes two launches one container: a name, the service's name, the image where no service tells its users apart."""
    marks = [("name", text) for text in _names(launch)]
    if launch.service is not None:
        marks.append(("name", launch.service))
    else:
        marks += [("image", text) for text in _images(launch)]
    return marks


def _key(names: Sequence[str], images: Sequence[str], taken: set[str]) -> str:
    text = names[0] if names else images[0].partition("@")[0].rpartition("/")[2].partition(":")[0]
    key = slug(text) or "container"
    count = 2
    while key in taken:
        key, count = f"{slug(text) or 'container'}-{count}", count + 1
    return key


def slug(text: str) -> str:
    """A key of the policy made of any text."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]

"""Every configuration file that starts containers or builds images, behind one call.

A reader is imported when a file of its kind is met: a tree of code alone pays for none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Sequence as Several
from typing import Final

import msgspec

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.config_paths import base_name
from stigmer_lint.model.launch import Image, ImageBuild, Launch
from stigmer_lint.model.span import Span
from stigmer_lint.model.world import Gap, HostService

_DOCKERFILE: Final = re.compile(r"(?:Dockerfile|Containerfile)(?:[.\-_].+)?$|.+\.(?:Dockerfile|Containerfile)$", re.IGNORECASE)
_NO_DOCKERFILE: Final = re.compile(
    r"\.(?:md|py|go|js|ts|tsx|sh|ya?ml|json|txt|html|rs|rb|java|dockerignore|swp|bak|orig)$", re.IGNORECASE
)
_COMPOSE: Final = re.compile(r"(?:(?:docker-|podman-)?compose.*|.*[.\-_](?:docker-)?compose|.*docker-compose.*)\.ya?ml$", re.IGNORECASE)

_COMPOSE_WORD: Final = re.compile(rb"services|include|\A(?:\xff\xfe|\xfe\xff)")
"""What a Compose file has to hold. UTF-16 has its letters apart, and is to be reported, not passed over."""

_WORKLOAD: Final = re.compile(rb"[cC]ontainers[\"']?:")


def is_dockerfile(path: str) -> bool:
    """Whether a file is a Dockerfile by its name."""
    name = base_name(path)
    return _DOCKERFILE.match(name) is not None and _NO_DOCKERFILE.search(name) is None


def is_compose(path: str) -> bool:
    """Whether a file is by its name one that Compose may be given."""
    return _COMPOSE.match(base_name(path)) is not None


def is_yaml(path: str) -> bool:
    """Whether a file is YAML by its name."""
    return path.endswith((".yml", ".yaml", ".YML", ".YAML"))


def is_devcontainer(path: str) -> bool:
    """Whether a path is one of the places of a devcontainer.json."""
    return base_name(path) in ("devcontainer.json", ".devcontainer.json")


KINDS: Final[dict[str, Callable[[str], bool]]] = {
    "dockerfile": is_dockerfile,
    "compose": is_compose,
    "devcontainer": is_devcontainer,
    "yaml": is_yaml,
}
"""Kind of configuration file -> whether a path is by its name one of that kind. Cheap: the file is not opened."""


class ConfigFacts(msgspec.Struct, frozen=True):
    """What the configuration files say. `images`: Dockerfile path -> what it says. `unreadable`: (path, why, byte offset)."""

    launches: tuple[Launch, ...] = ()
    builds: tuple[ImageBuild, ...] = ()
    images: dict[str, Image] = {}
    host_services: tuple[HostService, ...] = ()
    gaps: tuple[Gap, ...] = ()
    unreadable: tuple[tuple[str, str, int], ...] = ()


def is_config(path: str) -> bool:
    """Whether `read_config` may have something to read in a file of this name."""
    return any(named(path) for named in KINDS.values())


class _Collected:
    def __init__(self) -> None:
        self.launches: list[Launch] = []
        self.builds: list[ImageBuild] = []
        self.images: dict[str, Image] = {}
        self.host_services: list[HostService] = []
        self.gaps: list[Gap] = []
        self.unreadable: dict[str, tuple[str, str, int]] = {}

    def refuse(self, error: UnreadableError) -> None:
        self.unreadable.setdefault(error.path, (error.path, error.why, error.offset))


def read_config(tree: Tree, paths: Several[str]) -> ConfigFacts:
    """The launches, builds, images and host services of the configuration files among `paths`. A file that cannot be read costs
    only itself: it is in `unreadable`."""
    found = _Collected()
    dockerfiles = [path for path in paths if is_dockerfile(path)]
    compose = [path for path in paths if is_compose(path)]
    if compose:
        _read_compose(tree, compose, found)
    for path in paths:
        if is_devcontainer(path):
            _read_devcontainer(tree, path, found)
    _read_kubernetes(tree, [path for path in paths if is_yaml(path) and not is_compose(path)], found)
    for build in found.builds:
        if build.dockerfile is not None and build.dockerfile not in dockerfiles:
            dockerfiles.append(build.dockerfile)
    for path in dockerfiles:
        _read_dockerfile(tree, path, found)
    return ConfigFacts(
        tuple(sorted(found.launches, key=lambda launch: launch.span)),
        tuple(found.builds),
        found.images,
        tuple(found.host_services),
        tuple(sorted(found.gaps, key=lambda gap: gap.span)),
        tuple(found.unreadable[path] for path in sorted(found.unreadable)),
    )


def _read_compose(tree: Tree, paths: Several[str], found: _Collected) -> None:
    candidates = [
        path
        for path in paths
        if (source := tree.source(path)) is not None and _COMPOSE_WORD.search(source.data)
    ]
    if not candidates:
        return
    from stigmer_lint.frontends.compose import read_compose_tree

    project = read_compose_tree(tree, candidates)
    found.launches.extend(project.launches)
    found.builds.extend(project.builds)
    found.gaps.extend(project.gaps)
    for entry in project.unreadable:
        found.unreadable.setdefault(entry[0], entry)


def _read_devcontainer(tree: Tree, path: str, found: _Collected) -> None:
    source = tree.source(path)
    if source is None:
        return
    from stigmer_lint.frontends.compose_files import ComposeFiles
    from stigmer_lint.frontends.devcontainer import read_devcontainer

    try:
        result = read_devcontainer(tree, source, ComposeFiles(tree))
    except UnreadableError as error:
        found.refuse(error)
        return
    found.launches.extend(result.launches)
    found.builds.extend(launch.build for launch in result.launches if launch.build is not None)
    found.gaps.extend(result.gaps)


def _read_kubernetes(tree: Tree, paths: list[str], found: _Collected) -> None:
    if not any((source := tree.source(path)) is not None and _WORKLOAD.search(source.data) for path in paths):
        return
    from stigmer_lint.frontends.kubernetes import read_kubernetes

    facts = read_kubernetes(tree, paths)
    found.launches.extend(facts.launches)
    found.gaps.extend(facts.gaps)
    for entry in facts.unreadable:
        found.unreadable.setdefault(entry[0], entry)


def _read_dockerfile(tree: Tree, path: str, found: _Collected) -> None:
    source = tree.source(path)
    if source is None or path in found.images:
        return
    from stigmer_lint.frontends.dockerfile import read_dockerfile

    try:
        found.images[path] = read_dockerfile(source)
    except UnreadableError as error:
        found.refuse(error)
        return
    if not any(build.dockerfile == path for build in found.builds):
        # Without a statement of its own, a Dockerfile is built in its folder.
        found.builds.append(ImageBuild(None, path.rpartition("/")[0], path, Span(path, 0, 0)))

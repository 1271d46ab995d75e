"""Compose projects of a tree, as the Compose Specification (https://github.com/compose-spec/compose-spec) says.

Which files belong together: `compose.yaml` and its kin take the override file beside them, as `docker compose up` does. Another file is
a project of its own, unless a service in it has neither `image` nor `build`: then it is an overlay, read on top of the main file
of its folder. A file that another one includes is read there, and a service that a file of another name only offers for `extends` is no launch.
"""

from __future__ import annotations

from collections.abc import Sequence as Several
from typing import Final

import msgspec

from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.compose_files import ComposeFiles, Project, assemble
from stigmer_lint.frontends.compose_service import launches, merged_platforms
from stigmer_lint.frontends.config_paths import base_name, folder_of, inside
from stigmer_lint.frontends.yaml_nodes import Mapping, Scalar, Sequence, fields
from stigmer_lint.model.launch import ImageBuild, Launch
from stigmer_lint.model.world import Gap

MAIN_NAMES: Final = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", "podman-compose.yml", "podman-compose.yaml")
OVERRIDE_NAMES: Final = (
    "compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml",
)  # fmt: skip


class ComposeProject(msgspec.Struct, frozen=True):
    """What one or several Compose projects say. `unreadable`: (path, why, byte offset)."""

    launches: tuple[Launch, ...]
    builds: tuple[ImageBuild, ...]
    gaps: tuple[Gap, ...]
    unreadable: tuple[tuple[str, str, int], ...]
    projects: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The folder of each project, with its files."""


def read_compose(tree: Tree, path: str) -> ComposeProject:
    """The project whose main file is `path`, with the override file beside it where the name is a default one."""
    files = ComposeFiles(tree)
    project = assemble(files, (path, *_overrides(tree, path)))
    return _result(files, [(project, launches(files, project))])


def read_compose_tree(tree: Tree, paths: Several[str]) -> ComposeProject:
    """All projects that the files `paths` make up. Files with neither `services:` nor `include:` are passed over."""
    files = ComposeFiles(tree)
    included, offered = _used_elsewhere(files, paths)
    readable = [path for path in paths if path not in included and files.is_project(path)]
    found = _projects(files, readable, offered)
    seen = {path for project, _ in found for path in project.files}
    for path in paths:
        # Files that include each other in a ring, or that only a file of no project includes.
        if path in included and path not in seen and files.is_project(path):
            more = _projects(files, [path], offered)
            found += more
            seen |= {one for project, _ in more for one in project.files}
    return _result(files, found)


def _projects(
    files: ComposeFiles, paths: Several[str], offered: dict[str, frozenset[str]]
) -> list[tuple[Project, list[Launch]]]:
    by_folder: dict[str, list[str]] = {}
    for path in paths:
        by_folder.setdefault(folder_of(path), []).append(path)
    found: list[tuple[Project, list[Launch]]] = []
    for folder, members in by_folder.items():
        main = next((path for name in MAIN_NAMES for path in members if base_name(path) == name), None)
        overrides = _overrides(files.tree, main) if main else ()
        for path in members:
            if path == main:
                project = assemble(files, (path, *overrides))
                found.append((project, launches(files, project)))
            elif path not in overrides:
                found.append(_other(files, path, _bases(files, path, main, folder, members), offered.get(path, frozenset())))
    return found


def _result(files: ComposeFiles, found: list[tuple[Project, list[Launch]]]) -> ComposeProject:
    gaps: dict[tuple[object, str], Gap] = {}
    for project, _ in found:
        for gap in project.gaps:
            gaps[(gap.span, gap.why)] = gap
    for path, error in files.env_files.unreadable.items():
        files.unreadable.setdefault(path, error)
    every = tuple(launch for _, some in found for launch in some)
    builds = {build: None for launch in every if (build := launch.build) is not None}
    return ComposeProject(
        every, tuple(builds), tuple(gaps.values()), tuple((e.path, e.why, e.offset) for e in files.unreadable.values()),
        tuple((folder_of(project.path), tuple(sorted(project.files))) for project, _ in found),
    )


def _overrides(tree: Tree, path: str) -> tuple[str, ...]:
    """The override file that Compose takes by itself."""
    if base_name(path) not in MAIN_NAMES:
        return ()
    lead = path[: len(path) - len(base_name(path))]
    return tuple(lead + name for name in OVERRIDE_NAMES if tree.has(lead + name))[:1]


def _is_whole(node: object) -> bool:
    entry = fields(node) if isinstance(node, Mapping) else {}
    return any(name in entry for name in ("image", "build", "extends", "provider"))


def _bases(files: ComposeFiles, path: str, main: str | None, folder: str, members: list[str]) -> tuple[str, ...]:
    """The file that an overlay lies on; () for a file that stands alone."""
    partial = {name for name, field in files.services(path).items() if not _is_whole(field.value)}
    if not partial:
        return ()
    outer = folder_of(folder) if folder else None
    lead = f"{outer}/" if outer else ""
    above = [lead + name for name in MAIN_NAMES if files.tree.has(lead + name)][:1] if outer is not None else []
    others = sorted((m for m in members if m not in (path, main)), key=len)
    for base in [*([main] if main else []), *above, *others]:
        if partial & {name for name, field in files.services(base).items() if _is_whole(field.value)}:
            return (base,)
    return ()


def _other(files: ComposeFiles, path: str, bases: tuple[str, ...], offered: frozenset[str]) -> tuple[Project, list[Launch]]:
    project = assemble(files, (*bases, path))
    own = frozenset(files.services(path)) - (offered if not bases else frozenset())
    some = launches(files, project, own if bases or offered else None)
    return project, [merged_platforms(launch, path) for launch in some] if bases else some


def _used_elsewhere(files: ComposeFiles, paths: Several[str]) -> tuple[set[str], dict[str, frozenset[str]]]:
    """Files that others include, and for each file the services that other files extend."""
    included: set[str] = set()
    offered: dict[str, set[str]] = {}
    for path in paths:
        base = folder_of(path)
        for root in files.roots(path):
            node = root.get("include")
            for item in node.items if isinstance(node, Sequence) else ():
                part = fields(item).get("path")
                target = part.value if part else item
                several = isinstance(target, Sequence) and len(target.items) > 1
                for one in target.items if isinstance(target, Sequence) else (target,):
                    there = inside(base, one.text) if isinstance(one, Scalar) else None
                    # Changed by the files beside it in the list, a file of a default name is still what `docker compose up` starts as it is.
                    if there is not None and there != path and not (several and base_name(there) in MAIN_NAMES):
                        included.add(there)
        for field in files.services(path).values():
            extends = fields(fields(field.value)["extends"].value) if "extends" in fields(field.value) else {}
            if "file" in extends and "service" in extends:
                file, name = extends["file"].value, extends["service"].value
                if isinstance(file, Scalar) and isinstance(name, Scalar):
                    there = inside(base, file.text)
                    if there is not None and there != path and base_name(there) not in MAIN_NAMES:
                        offered.setdefault(there, set()).add(name.text)
    return included, {path: frozenset(names) for path, names in offered.items()}

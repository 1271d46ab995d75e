"""References of a Compose project that its env file answers under another name: `${DATABASE_PASSWORD}` where `.env` has DATABASE_PASS.

Compose fills such a reference with nothing and says so in a warning; the line of the env file has no effect. Told where the two are the only ones that are
left over on either side, or are called nearly the same, and where nothing else of the tree gives the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Several
from typing import Final

import msgspec

from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.compose_environment import sample_names
from stigmer_lint.frontends.config_paths import inside
from stigmer_lint.knowledge.likeness import is_slip, nearest
from stigmer_lint.knowledge.names import tokens
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.world import Misnamed

_REFERENCE: Final = re.compile(rb"(?<!\$)(?:\$\$)*\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)((?::?[-?+=])[^}\n]*)?\})")
_LINE: Final = re.compile(rb"^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=", re.MULTILINE)
_ENV_FILE: Final = re.compile(rb"^[ \t]+(?:-[ \t]+)?(?:env_file:|path:)?[ \t]*(?:-[ \t]*)?[\"']?(?:\./)?(\S*env\S*?)[\"']?[ \t]*\r?$", re.MULTILINE)

MAX_NAMES: Final = 400


class _Reference(msgspec.Struct, frozen=True):
    name: str
    span: Span
    answered: bool
    """It has a default, an alternative or an error of its own."""


def misnamed(tree: Tree, projects: Iterable[tuple[str, Several[str]]]) -> Iterator[Misnamed]:
    """What is called one thing in a project's files and another in its env file. `projects`: folder and files of each."""
    done: set[tuple[str, ...]] = set()
    by_folder: dict[str, dict[str, None]] = {}
    for folder, paths in projects:
        by_folder.setdefault(folder, {}).update(dict.fromkeys(paths))
    for folder, members in by_folder.items():
        sources = [source for path in members if (source := tree.source(path)) is not None]
        env = _env_file(tree, folder)
        key = (folder, *members)
        if env is None or key in done or not sources:
            continue
        done.add(key)
        yield from _in_project(env, sources)


def _env_file(tree: Tree, folder: str) -> SourceFile | None:
    for name in (".env", *sample_names(".env")):
        path = inside(folder, name)
        if path is not None and tree.has(path):
            return tree.source(path)
    return None


def _in_project(env: SourceFile, sources: list[SourceFile]) -> Iterator[Misnamed]:
    given = {hit[1].decode(): Span(env.path, *hit.span(1)) for hit in _LINE.finditer(env.data)}
    if not given or len(given) > MAX_NAMES:
        return
    references = [one for source in (*sources, env) for one in _references(source)]
    taken = {one.name for one in references}
    if len(taken & given.keys()) < 2 and len(given) > 3:
        # It is no file that these are filled in from.
        return
    text = b"\n".join(source.data for source in sources)
    handed = any(hit[1].rpartition(b"/")[2].decode("utf-8", "replace") == env.path.rpartition("/")[2] for hit in _ENV_FILE.finditer(text))
    # A name that stands somewhere in the files is used: handed on by itself, or set to another.
    idle = [name for name in given if name not in taken and re.search(rb"\b" + name.encode() + rb"\b", text) is None]
    lost: dict[str, _Reference] = {}
    for one in references:
        if one.name not in given:
            lost.setdefault(one.name, one)
    bare = [name for name, one in lost.items() if not one.answered]
    for name, one in lost.items():
        meant = next((other for other in idle if is_slip(name, other)), None)
        if meant is None and not handed and not one.answered:
            # What is given whole to a container may be read there.
            # A single word (ENVIRONMENT) is rather a setting of its own than what one of a family (SENTRY_ENVIRONMENT) was to be.
            of_family = [other for other in idle if "_" in other.strip("_")]
            meant = nearest(name, of_family)
            if meant is None and len(idle) == 1 and bare == [name] and of_family and _alike(name, idle[0]):
                meant = idle[0]
        if meant is not None:
            yield Misnamed(name, one.span, meant, given[meant])
    for source in sources:
        # `NAME: ${OTHER}` where the env file has NAME.
        for hit in _OTHERWISE.finditer(source.data):
            group = 2 if hit[2] else 3
            outer, inner = hit[1].decode(), hit[group].decode()
            # One word in common, or a word in front, is a name of the project's own for what one service gets (HOST: ${GATEWAY_HOST}).
            if inner.endswith(outer):
                continue
            if outer in given and outer not in taken and inner not in given and len(set(tokens(outer)) & set(tokens(inner))) > 1:
                yield Misnamed(inner, Span(source.path, *hit.span(group)), outer, given[outer])


_OTHERWISE: Final = re.compile(
    rb"^[ \t]+(?:-[ \t]+)?[\"']?([A-Za-z_][A-Za-z0-9_]*)[ \t]*(?:=|:[ \t]+)[ \t]*[\"']?\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)[^}\n]*\})[\"']?[ \t]*\r?$", re.MULTILINE
)


def _references(source: SourceFile) -> list[_Reference]:
    found: list[_Reference] = []
    data = source.data
    for hit in _REFERENCE.finditer(data):
        line = data.rfind(b"\n", 0, hit.start()) + 1
        if data[line : hit.start()].lstrip().startswith(b"#") or b" #" in data[line : hit.start()]:
            continue
        group = 1 if hit[1] else 2
        found.append(_Reference(hit[group].decode(), Span(source.path, *hit.span(group)), bool(hit[3])))
    return found


def _alike(one: str, other: str) -> bool:
    """Whether two names have a word that begins alike (PASS and PASSWORD)."""
    return any(left[:4] == right[:4] and min(len(left), len(right)) >= 4 for left in tokens(one) for right in tokens(other))


__all__ = ["misnamed"]

"""Variables that the files of an image speak of without a read that is known: placeholders, configuration, names that are put together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from stigmer_lint.dialled import texts
from stigmer_lint.engine.discover import Files
from stigmer_lint.flow.reads_text import assigned_names, is_script
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.model.world import Component


class Inside(Protocol):
    """Which files are in an image, and what is mounted into it."""

    @property
    def mounted(self) -> frozenset[str]: ...

    def holds(self, path: str) -> bool: ...


_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{2,}")
_NO_READERS = re.compile(
    r"(?:^|/)(?:docs?|examples?|\.github)/|\.(?:md|mdx|rst|adoc|txt|lock|svg|css|scss)$|(?:^|/)(?:[^/]*compose[^/]*\.ya?ml|\.?env(?:[._-][^/]*)?|[^/]*\.env(?:[._-][^/]*)?|LICENSE|CHANGELOG[^/]*"
    r"|[^/]*Dockerfile[^/]*|Makefile|Taskfile[^/]*|package-lock\.json)$"
    r"|(?:^|/)(?:_?kustomize|k8s|kubernetes|charts?|helm|deploy(?:ments?)?|manifests|terraform|infra)/.*\.(?:ya?ml|tf|tpl|json)$", re.IGNORECASE
)
"""Files that name variables and read none: launchers, samples, documentation."""


_TESTING = re.compile(r"\b(?:py)?tests?\b|playwright|cypress|\b(?:jest|vitest|tox|rspec|e2e)\b", re.IGNORECASE)


def _runs_tests(component: Component) -> bool:
    """Whether some container is started to run tests, whose code then reads the environment as any program does."""
    return any(
        _TESTING.search(text) for launch in component.launches
        for text in (launch.service or "", *(text for word in (*(launch.any.entrypoint or ()), *(launch.any.command or ())) for text in texts(word)))
    )


_PLACED = re.compile(rb"\$\{([A-Za-z_][A-Za-z0-9_]*)")


def mentions(made: Sequence[Component], insides: Sequence[Inside], files: Files) -> list[frozenset[str]]:
    """Per component, the names that its launches set, that none of its known reads has, and that some file inside says, whole or as a beginning that it puts
    together with something."""
    wanted: list[set[bytes]] = []
    for component in made:
        read = {one.name for one in component.reads}
        names = {setting.name for launch in component.launches for setting in launch.any.env}
        wanted.append({name.encode("utf-8", "replace") for name in names - read if len(name) >= 3})
    every = set().union(*wanted)
    found = _begun(made, insides, files, wanted)
    if every:
        launching = {launch.span.path for component in made for launch in component.launches}
        alternatives_of = re.compile(rb"|".join(re.escape(name) for name in sorted(every, key=len, reverse=True)))
        for path, data in files.grep(alternatives_of):
            if path in launching and b"ConfigMap" in data:
                # Configuration that stands beside the container and is filled in from its variables.
                placed = {hit for hit in _PLACED.findall(data) if hit in every}
                for index, component in enumerate(made):
                    if placed and any(launch.span.path == path for launch in component.launches):
                        found[index].update(word.decode() for word in placed & wanted[index])
            chart = path.partition("/files/")[0] if "/files/" in path else None
            for index, component in enumerate(made) if chart is not None else ():
                # What a chart puts into a ConfigMap with .Files.Get is a script or a configuration of what it starts.
                if any(launch.span.path.startswith(f"{chart}/templates/") for launch in component.launches):
                    found[index].update(word.decode() for word in set(_WORD.findall(data)) & wanted[index])
            if path in launching or (_NO_READERS.search(path) and not any(inside.holds(path) and any(path.startswith(f"{one}/") for one in inside.mounted if one) for inside in insides)):
                continue
            tests = is_test(path)
            holders = [
                index for index, inside in enumerate(insides)
                # Whoever mounts the tests runs them inside.
                if wanted[index] and inside.holds(path) and (not tests or any(path.startswith(f"{one}/") for one in inside.mounted if one and is_test(f"{one}/")) or _runs_tests(made[index]))
            ]
            if not holders:
                continue
            words = {hit for hit in _WORD.findall(data) if hit in every}
            if is_script(path):
                words -= assigned_names(data)
            for index in holders:
                found[index].update(word.decode() for word in words & wanted[index])
    for component, names in zip(made, found, strict=True):
        names.update(name for image in component.images for name in image.uses)
    return [frozenset(names) for names in found]


MIN_BEGINNING = 6
_FOLLOWED = rb"(?=[\"'`$\{%#])"
_INNER = re.compile(rb"[A-Za-z0-9_]")
_NUMBERED = re.compile(r"(?<=[A-Za-z_])\d+$")


def _begun(made: Sequence[Component], insides: Sequence[Inside], files: Files, wanted: Sequence[set[bytes]]) -> list[set[str]]:
    """Per component the wanted names of which code inside has a beginning as a text of its own: `"ACME_PLUGIN_" + name`, `` `ACME_${x}` ``,
    `"ACME_KEY" + i` for a number. A family of which names are known to be read is left out, numbers apart."""
    found: list[set[str]] = [set() for _ in made]
    beginnings: dict[bytes, list[tuple[int, str]]] = {}
    for index, (component, names) in enumerate(zip(made, wanted, strict=True)):
        read = {one.name for one in component.reads}
        for encoded in names:
            name = encoded.decode("utf-8", "replace")
            ends = {at for at in range(MIN_BEGINNING, len(name)) if name[at - 1] == "_" and name[at] != "_"}
            starts = {name[:at] for at in ends} | {start for at in ends if "__" in name[at - 2 : at] and "_" in (start := name[:at].rstrip("_"))}
            number = _NUMBERED.search(name)
            # Where names of a family are known to be read it is understood how its beginning is used.
            families = [start for start in starts if not any(one.startswith(start) for one in read)]
            if number is not None and number.start() >= MIN_BEGINNING:
                families.append(name[: number.start()])
            for start in families:
                beginnings.setdefault(start.encode(), []).append((index, name))
    if not beginnings:
        return found
    # What stands before is looked at afterwards: a pattern that begins with letters is searched for several times faster.
    begins = re.compile(rb"(?:" + b"|".join(re.escape(one) for one in sorted(beginnings, key=len, reverse=True)) + rb")" + _FOLLOWED)
    for path, data in files.grep(begins):
        if _NO_READERS.search(path) or is_test(path) or is_script(path):
            # Of a script it is known which names it puts together.
            continue
        for said in {hit[0] for hit in begins.finditer(data) if not hit.start() or _INNER.match(data, hit.start() - 1) is None}:
            for index, name in beginnings[said]:
                if insides[index].holds(path):
                    found[index].add(name)
    return found

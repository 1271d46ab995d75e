"""Host aliases that a project's documents tell people to enter in the settings of a program that runs in a container.

No value of the tree has the alias then, and yet the container must know it: "set the server to http://host.docker.internal:11434, as it runs in a
container".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from stigmer_lint.engine.discover import Files
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.knowledge.roles import products
from stigmer_lint.model.span import Span
from stigmer_lint.model.world import Component, ToldAlias, World

_TOLD = re.compile(rb"https?://(host\.docker\.internal|host\.containers\.internal):(\d{2,5})\b")
_MAPPED = re.compile(rb"host-gateway|--add-host|extra_?hosts", re.IGNORECASE)
_MAPPED_NEAR = (b"host-gateway", b"add-host", b"xtra_hosts", b"xtraHosts", b"xtrahosts", b"EXTRA_HOSTS")
_DOCUMENTS = (".md", ".mdx", ".rst", ".adoc")
_ASIDE = re.compile(r"(?:^|/)(?:changelog|changes|history|news|releases?|blog|versioned_docs|node_modules|vendor|\.github|\.claude|skills|tests?|examples?)(?:[./]|$)", re.IGNORECASE)
MAX_DOCUMENTS = 400


def told_aliases(files: Files, world: World) -> Iterator[ToldAlias]:
    """Where a document first names a product by a host alias and the product's usual port, for the component of each compose project whose code speaks
    most of the product. Nothing where something of the tree says how a container gets such a name: whoever reads that knows."""
    built: dict[str, list[Component]] = {}
    for component in world.components:
        services = Counter(launch.group for launch in component.launches if launch.kind == "compose" and ".devcontainer/" not in launch.span.path)
        for group, number in services.items() if component.whole and component.certain else ():
            if group is not None and number == 1:
                built.setdefault(group, []).append(component)
    found = dict(_told(files)) if built else {}
    if not found or any(True for wanted in (None, _DOCUMENTS) for _ in files.grep(_MAPPED, wanted, _MAPPED_NEAR)):
        return
    for product, (alias, span) in found.items():
        word = re.compile(rb"(?i:" + re.escape(product.lower().encode()) + rb")")
        speaking = [path for path, _ in files.grep(word) if not is_test(path)]
        for group, components in built.items():
            said, component = max(((sum(map(one.holds, speaking)), one) for one in components), key=lambda pair: pair[0])
            if said:
                yield ToldAlias(alias, span, product, component.name, group)


def _told(files: Files) -> Iterator[tuple[str, tuple[str, Span]]]:
    """Product -> the alias and the place, latest first, so that the first place of a product stays in a dictionary."""
    usual: dict[str, list[str]] = {}
    for name, port in products().items():
        if port is not None and "_" not in name:
            usual.setdefault(port, []).append(name)
    every = [path for path in files.paths(_DOCUMENTS) if not _ASIDE.search(path)]
    for path in reversed(sorted(every, key=lambda path: (path.count("/"), path))[:MAX_DOCUMENTS]):
        source = files.source(path)
        if source is None:
            continue
        for hit in reversed(list(_TOLD.finditer(source.data))):
            before = source.data[max(0, hit.start() - NEAR) : hit.start()].lower()
            for name in usual.get(hit[2].decode(), ()):
                if name.lower().encode() in before:
                    yield name, (hit[1].decode(), Span(path, *hit.span()))


NEAR = 400
"""Bytes before an address in which its product is named."""

"""What many fixes ask of one file, worked out once: its YAML documents, the keys of its services, the layout of its lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from stigmer_lint.frontends.yaml_nodes import Document, Mapping, Node, Scalar, load
from stigmer_lint.model.span import SourceFile, Span

T = TypeVar("T")


class OncePerFile(Generic[T]):
    """A function of a file that remembers its answers for the files asked for last. A file that is changed has other bytes."""

    def __init__(self, make: Callable[[SourceFile], T], most: int = 16) -> None:
        self._make = make
        self._most = most
        self._known: dict[str, tuple[bytes, T]] = {}

    def __call__(self, source: SourceFile) -> T:
        known = self._known.get(source.path)
        if known is None or known[0] is not source.data:
            answer = self._make(source)
            if len(self._known) >= self._most:
                self._known.clear()
            known = self._known[source.path] = source.data, answer
        return known[1]


documents: OncePerFile[tuple[Document, ...]] = OncePerFile(load)
"""The documents of a YAML file. Raises UnreadableError."""


def _keys(source: SourceFile) -> dict[Span, tuple[Scalar, Node]]:
    found: dict[Span, tuple[Scalar, Node]] = {}
    for document in documents(source):
        services = document.root.get("services") if isinstance(document.root, Mapping) else None
        for holder in (services, document.root):
            for key, value in holder.pairs if isinstance(holder, Mapping) else ():
                if isinstance(key, Scalar):
                    found.setdefault(key.span, (key, value))
    return found


service_keys: OncePerFile[dict[Span, tuple[Scalar, Node]]] = OncePerFile(_keys)
"""The keys below `services`, and those at the top of each document, by their place and with their values. Raises UnreadableError."""


def _services(source: SourceFile) -> tuple[Mapping, ...]:
    roots = [document.root for document in documents(source) if isinstance(document.root, Mapping)]
    held = [root.get("services") for root in roots]
    return tuple(value for services in held if isinstance(services, Mapping) for _, value in services.pairs if isinstance(value, Mapping))


services: OncePerFile[tuple[Mapping, ...]] = OncePerFile(_services)
"""What the entries of `services` of each document are. Raises UnreadableError."""

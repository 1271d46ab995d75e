"""Compose services that code writes as literals, to be marshalled into the file that Compose reads: compose-go's records, structs with YAML tags, maps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from stigmer_lint.dialects.base import Recognised, Unread
from stigmer_lint.dialects.compose_service import GO_FIELDS, KEYS, TELLING, is_service, service
from stigmer_lint.flow.anchors import Literals, spans
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.frame import Frame
from stigmer_lint.flow.ir import DictOf, Expr, Name, Record, Str, Unit
from stigmer_lint.flow.project import ClassHandle
from stigmer_lint.flow.walk import Place, places
from stigmer_lint.model.launch import Launch
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import MapValue, ObjectValue
from stigmer_lint.model.world import Gap

WORDS = re.compile(rb"\bServiceConfig\{|\bEnvironment:|\bContainerName:|\bcontainer_name\b|\bdepends_on\b|\bextra_hosts\b|\bnetwork_mode\b|[\"']?\benvironment[\"']?\s*:")
"""What a file holds that writes one."""
NEAR = (b"ServiceConfig{", b"Environment:", b"ContainerName:", b"container_name", b"depends_on", b"extra_hosts", b"network_mode", b"environment")

_COMPOSE = re.compile(rb"compose", re.IGNORECASE)
_TAG = re.compile(r"""(?:yaml|json):"([\w-]+)""")
_LIBRARY = "github.com/compose-spec/compose-go"

MAX_IN_FILE = 40


class ServiceFinder(Literals):
    """Finds the services that the literals of a file describe."""

    def services(self, path: str, known: Sequence[Launch]) -> tuple[list[Launch], list[Gap]]:
        """The services of a file, save literals of which a known launch is made."""
        launches: list[Launch] = []
        unit, source = self.project.unit(path), self.project.source(path)
        if unit is None or source is None:
            return [], []
        if unit.language != "go" and _COMPOSE.search(source.data) is None:
            return [], []
        taken = [span for launch in known for span in spans(launch) if span is not None and span.path == path]
        found = 0
        for decl in self.project.holding(unit, WORDS.finditer(source.data)):
            for place in places(decl):
                start, end = place.expr.span
                if self._names(place.expr, unit) is None or any(start <= span.start and span.end <= end for span in taken):
                    continue
                found += 1
                if found > MAX_IN_FILE:
                    return launches, []
                self.at_place(place, launches, [])
        return launches, []

    def _names(self, expr: Expr, unit: Unit) -> Mapping[str, str] | None:
        """Field -> key of the literal that is a service; None for any other expression."""
        if isinstance(expr, DictOf):
            keys = {pair.key.text for pair in expr.pairs if isinstance(pair.key, Str)}
            return _SAME if is_service(keys) else None
        if not isinstance(expr, Record) or unit.language != "go":
            return None
        written = {pair.key.id if isinstance(pair.key, Name) else pair.key.text for pair in expr.pairs if isinstance(pair.key, Name | Str)}
        package, _, name = expr.type.lstrip("&*").rpartition(".")
        if name == "ServiceConfig" and package in unit.imports and unit.imports[package].module.startswith(_LIBRARY):
            return GO_FIELDS if written & GO_FIELDS.keys() else None
        if not written & GO_FIELDS.keys():
            return None
        handle = self.project.class_named(unit, expr.type.lstrip("&*"))
        names = _tagged(handle) if handle is not None else None
        return names if names is not None and {"image", "build"} & {names[one] for one in written if one in names} else None

    def recognise(self, ev: Evaluator, place: Place, frame: Frame) -> Iterator[tuple[Recognised | Unread, Span]]:
        """The service as it is at the end of its function."""
        value = self.final(ev, place, frame)
        names = self._names(place.expr, place.decl.unit)
        if names is None or not isinstance(value, MapValue | ObjectValue):
            return
        span = Span(place.decl.unit.path, *place.expr.span)
        found = service(value, None if names is _SAME else names, span)
        if found is not None:
            yield self._completed(ev, found, place, frame), span


_SAME: Mapping[str, str] = {}


def _tagged(handle: ClassHandle) -> Mapping[str, str] | None:
    """The keys by field of a struct that is a Compose service by its tags; None for any other."""
    names: dict[str, str] = {}
    for name, one in handle.decl.fields.items():
        tag = _TAG.search(one.tag)
        if tag is not None:
            names[name] = tag[1]
    keys = set(names.values())
    return names if len(keys & KEYS) >= 5 and len(keys & TELLING) >= 2 and is_service(keys) else None


__all__ = ["NEAR", "WORDS", "ServiceFinder"]

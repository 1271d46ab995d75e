"""Kubernetes manifests of a tree: pods wherever a workload holds them, ConfigMaps and Services by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.chart_text import Holes
from stigmer_lint.frontends.config_paths import folder_of, inside
from stigmer_lint.frontends.dotenv import read_dotenv
from stigmer_lint.frontends.yaml_nodes import Field, Node, Scalar, Sequence, fields, load
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Value

if TYPE_CHECKING:
    from stigmer_lint.frontends.chart_values import ChartValues

WORKLOAD: Final = re.compile(
    rb"""kind["']?:[ \t]*["']?(?:Deployment|StatefulSet|DaemonSet|ReplicaSet|ReplicationController|Job|CronJob|Pod|PodTemplate|List|Rollout)\b"""
)
_DATA: Final = re.compile(rb"""kind["']?:[ \t]*["']?(?:ConfigMap|Service|List)\b|configMapGenerator:""")


class ClusterService(msgspec.Struct, frozen=True):
    """A Service: its name, the pods that it stands for, and its ports as (port, target port) texts."""

    name: str
    selector: tuple[tuple[str, str], ...]
    ports: tuple[tuple[str, str], ...]
    span: Span


class ConfigEntry(msgspec.Struct, frozen=True, eq=False):
    """One entry of a ConfigMap. `span`: the value; `name_span`: the key. `maybe`: the chart has it under a condition."""

    value: Value
    span: Span
    name_span: Span
    maybe: bool = False


class Manifest(msgspec.Struct, frozen=True, eq=False):
    """One file of manifests, its template actions taken out. `chart`: it had some."""

    source: SourceFile
    holes: Holes
    objects: tuple[dict[str, Field], ...]
    chart: bool


class PodSpec(msgspec.Struct, frozen=True, eq=False):
    """A pod as a workload's template gives it."""

    kind: str
    name: str
    labels: dict[str, str]
    spec: dict[str, Field]
    manifest: Manifest


class Cluster:
    """The manifests of a tree. ConfigMaps and Services are read when they are first asked for."""

    def __init__(self, tree: Tree, paths: list[str]) -> None:
        self.tree = tree
        self.unreadable: dict[str, UnreadableError] = {}
        self.unparsed: dict[str, Span] = {}
        self._paths = paths
        self._manifests: dict[str, Manifest | None] = {}
        self._maps: dict[str, list[tuple[str, dict[str, ConfigEntry]]]] | None = None
        self._services: list[ClusterService] = []
        self._charts: dict[str, ChartValues | None] = {}

    def manifest(self, path: str) -> Manifest | None:
        """A file's objects; None where it is no YAML even without its template actions."""
        if path not in self._manifests:
            self._manifests[path] = self._read(path)
        return self._manifests[path]

    def _read(self, path: str) -> Manifest | None:
        source = self.tree.source(path)
        if source is None:
            return None
        chart = b"{{" in source.data
        holes = Holes(source, self._meaning(path) if chart else lambda _: None)
        try:
            readable = holes.readable()
            documents = load(readable)
        except UnreadableError as error:
            if chart:
                self.unparsed[path] = Span(path, source.data.find(b"{{"), source.data.find(b"{{") + 2)
            else:
                self.unreadable[path] = error
            return None
        objects: list[dict[str, Field]] = []
        for document in documents:
            for node in _unlisted(document.root):
                objects.append(fields(node))
        return Manifest(readable, holes, tuple(objects), chart)

    def _meaning(self, path: str) -> Callable[[str], Value | None]:
        folder = path.rpartition("/")[0]
        if folder not in self._charts:
            from stigmer_lint.frontends.chart_values import chart_values

            self._charts[folder] = chart_values(self.tree, path)
        values = self._charts[folder]
        return values.of_action if values is not None else lambda _: None

    def pods(self, path: str) -> Iterator[PodSpec]:
        """The pods of a file, one for each workload."""
        manifest = self.manifest(path)
        for entry in manifest.objects if manifest else ():
            kind = text(entry.get("kind"))
            name = text(fields(value(entry, "metadata")).get("name"))
            spec = fields(value(entry, "spec"))
            labels = fields(value(entry, "metadata")).get("labels")
            if "jobTemplate" in spec:
                spec = fields(value(fields(spec["jobTemplate"].value), "spec"))
            if "template" in spec:
                template = fields(spec["template"].value)
                labels = fields(value(template, "metadata")).get("labels")
                spec = fields(value(template, "spec"))
            if isinstance(value(spec, "containers"), Sequence) and manifest is not None:
                marks = {key: text(field) for key, field in fields(labels.value if labels else None).items()}
                yield PodSpec(kind, name, marks, spec, manifest)

    def config_map(self, name: str, asking: str) -> dict[str, ConfigEntry] | None:
        """The entries of the ConfigMap that is nearest to the file `asking` in the folders of the tree."""
        found = self._indexed().get(name)
        if not found:
            return None
        return max(found, key=lambda one: _nearness(one[0], asking))[1]

    def services(self) -> list[ClusterService]:
        """Every Service of the tree."""
        self._indexed()
        return self._services

    def _indexed(self) -> dict[str, list[tuple[str, dict[str, ConfigEntry]]]]:
        if self._maps is not None:
            return self._maps
        self._maps = {}
        for path in self._paths:
            source = self.tree.source(path)
            if source is None or not _DATA.search(source.data):
                continue
            manifest = self.manifest(path)
            for entry in manifest.objects if manifest else ():
                kind = text(entry.get("kind"))
                name = text(fields(value(entry, "metadata")).get("name"))
                if kind == "ConfigMap" and name and manifest is not None:
                    self._maps.setdefault(name, []).append((path, _entries(entry.get("data"), manifest)))
                elif kind == "Service" and name:
                    self._services.append(_service(name, entry))
                elif "configMapGenerator" in entry and manifest is not None:
                    self._generated(path, entry["configMapGenerator"].value, manifest)
        return self._maps

    def _generated(self, path: str, node: Node, manifest: Manifest) -> None:
        """ConfigMaps that kustomize makes from literals and env files."""
        for item in node.items if isinstance(node, Sequence) else ():
            entry = fields(item)
            found: dict[str, ConfigEntry] = {}
            literals = value(entry, "literals")
            for literal in literals.items if isinstance(literals, Sequence) else ():
                if isinstance(literal, Scalar) and "=" in literal.text:
                    key, _, said = literal.text.partition("=")
                    found[key] = ConfigEntry(Known(said.strip("\"'"), literal.span), literal.span, literal.span)
            listed = value(entry, "envs")
            for file in (*(listed.items if isinstance(listed, Sequence) else ()), value(entry, "env")):
                target = inside(folder_of(path), file.text) if isinstance(file, Scalar) else None
                source = self.tree.source(target) if target is not None and self.tree.has(target) else None
                if source is None:
                    continue
                try:
                    lines = read_dotenv(source, form="raw")
                except UnreadableError as error:
                    self.unreadable[error.path] = error
                    continue
                for line in lines:
                    if line.value is not None:
                        found[line.name] = ConfigEntry(line.value, line.span, line.name_span)
            name = text(entry.get("name"))
            if name and self._maps is not None:
                self._maps.setdefault(name, []).append((path, found))


def _unlisted(root: Node | None) -> list[Node]:
    """The objects of a document: the items of a List, or the object itself."""
    entry = fields(root)
    items = value(entry, "items")
    if text(entry.get("kind")).endswith("List") and isinstance(items, Sequence):
        return list(items.items)
    return [root] if root is not None else []


def _entries(data: Field | None, manifest: Manifest) -> dict[str, ConfigEntry]:
    return {
        key: ConfigEntry(
            manifest.holes.value(field.value, manifest.source), field.value.span, field.key.span,
            manifest.chart and data is not None and manifest.holes.optional(field.key.span.start, data.key.span.start),
        )
        for key, field in fields(data.value if data is not None else None).items()
        if isinstance(field.value, Scalar)
    }  # fmt: skip


def _service(name: str, entry: dict[str, Field]) -> ClusterService:
    spec = fields(value(entry, "spec"))
    ports = value(spec, "ports")
    found: list[tuple[str, str]] = []
    for item in ports.items if isinstance(ports, Sequence) else ():
        port = fields(item)
        number = text(port.get("port"))
        found.append((number, text(port.get("targetPort")) or number))
    selector = tuple((key, text(field)) for key, field in fields(value(spec, "selector")).items())
    span = next((field.value.span for key, field in fields(value(entry, "metadata")).items() if key == "name"), entry["kind"].key.span)
    return ClusterService(name, selector, tuple(found), span)


def _nearness(path: str, asking: str) -> tuple[int, int]:
    """How many folders two files share, then how short the rest is."""
    ours, theirs = folder_of(asking).split("/"), folder_of(path).split("/")
    shared = 0
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other:
            break
        shared += 1
    return (shared + (path == asking), -len(theirs))


def text(field: Field | None) -> str:
    """The text of an entry, "" where it is not there or no scalar."""
    return field.value.text if field is not None and isinstance(field.value, Scalar) else ""


def value(entry: dict[str, Field], name: str) -> Node | None:
    """The node of an entry."""
    field = entry.get(name)
    return field.value if field is not None else None


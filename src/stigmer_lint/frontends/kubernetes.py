"""Containers of Kubernetes pods as launches.

Containers of one pod share its network namespace (https://kubernetes.io/docs/concepts/workloads/pods/), so they have one `pod`.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.decoded import Located
from stigmer_lint.frontends.interpolation import joined
from stigmer_lint.frontends.kubernetes_objects import WORKLOAD, Cluster, ClusterService, Manifest, PodSpec, text, value
from stigmer_lint.frontends.yaml_nodes import Field, Mapping, Node, Scalar, Sequence, Text, fields
from stigmer_lint.model.launch import PLATFORMS, EnvSetting, Health, HostEntry, Launch, LaunchFacts, Publish
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Step, Unknown, Value, with_step
from stigmer_lint.model.world import Gap

_REFERENCE: Final = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_.\-]*)\)|\$\$")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


_HELPER = re.compile(rb"\{\{-?[ \t]*(?:include|template)\b")
"""An action that puts in what another file of the chart defines (helm.sh/docs, "Named Templates")."""


class ClusterFacts(msgspec.Struct, frozen=True):
    """What the manifests of a tree say. `unreadable`: (path, why, byte offset)."""

    launches: tuple[Launch, ...] = ()
    services: tuple[ClusterService, ...] = ()
    gaps: tuple[Gap, ...] = ()
    unreadable: tuple[tuple[str, str, int], ...] = ()


def read_kubernetes(tree: Tree, paths: list[str]) -> ClusterFacts:
    """The pods of the manifests among `paths`."""
    workloads = [p for p in paths if (s := tree.source(p)) is not None and WORKLOAD.search(s.data) and b"containers" in s.data]
    if not workloads:
        return ClusterFacts()
    cluster = Cluster(tree, paths)
    found: list[Launch] = []
    for path in workloads:
        for pod in cluster.pods(path):
            found.extend(_Pod(cluster, pod, path).launches())
    gaps = tuple(Gap(span, "a chart's template that is no YAML without its actions") for span in cluster.unparsed.values())
    errors = tuple((error.path, error.why, error.offset) for error in cluster.unreadable.values() if error.path in workloads)
    return ClusterFacts(tuple(found), tuple(cluster.services()), gaps, errors)


class _Pod:
    def __init__(self, cluster: Cluster, pod: PodSpec, path: str) -> None:
        self.cluster = cluster
        self.pod = pod
        self.path = path
        self.manifest: Manifest = pod.manifest
        self.id = f"{path}#{pod.kind}/{pod.name}"

    def value(self, node: Node | None) -> Value | None:
        if not isinstance(node, Scalar) or node.is_null:
            return None
        return self.manifest.holes.value(node, self.manifest.source)

    def place(self, node: Scalar) -> Located:
        return Text(node, self.manifest.source)

    def values(self, node: Node | None) -> tuple[Value, ...] | None:
        if not isinstance(node, Sequence):
            return None
        return tuple(found for item in node.items if (found := self.value(item)) is not None)

    def launches(self) -> list[Launch]:
        spec = self.pod.spec
        host = spec.get("hostNetwork")
        on_host = text(host) == "true"
        aliases = tuple(
            service.name
            for service in self.cluster.services()
            if service.selector and all(self.pod.labels.get(key) == said for key, said in service.selector)
        )
        found: list[Launch] = []
        for name in ("containers", "initContainers"):
            node = value(spec, name)
            for item in node.items if isinstance(node, Sequence) else ():
                if isinstance(item, Mapping):
                    found.append(self.launch(item, host.value.span if on_host and host else None, aliases))
        return found

    def launch(self, item: Mapping, host_network: Span | None, aliases: tuple[str, ...]) -> Launch:
        entry = fields(item)
        env, env_open = self.environment(entry)
        unread: list[str] = []
        image = self.value(value(entry, "image"))
        if image is None:
            unread.append("no image: a patch of a manifest elsewhere")
            env_open = (*env_open, "the manifest that this patches sets further variables")
        if self.manifest.chart:
            env_open = (*env_open, "the chart may set further variables")
        exposes, publishes = self.ports(entry)
        hosts, hosts_open = self.hosts()
        name = entry.get("name")
        called = self.value(name.value) if name else None
        facts = LaunchFacts(
            image=image,
            name=called,
            network=Known("host", host_network) if host_network else None,
            network_span=host_network,
            aliases=aliases,
            env=env,
            env_open=env_open,
            hosts=hosts,
            hosts_open=hosts_open or self.manifest.chart,
            publishes=publishes,
            exposes=exposes,
            entrypoint=self.values(value(entry, "command")),
            command=self.values(value(entry, "args")),
            health=self.health(entry),
            pod=self.id,
            unread=tuple(unread),
        )
        span = name.value.span if name else item.span
        return Launch(
            "kubernetes", "kubernetes", span, dict.fromkeys(PLATFORMS, facts), service=(called.text or None) if isinstance(called, Known) else None, group=self.id, language="kubernetes"
        )

    def environment(self, entry: dict[str, Field]) -> tuple[tuple[EnvSetting, ...], tuple[str, ...]]:
        found: dict[str, EnvSetting] = {}
        open_why: list[str] = []
        sources = value(entry, "envFrom")
        for item in sources.items if isinstance(sources, Sequence) else ():
            part = fields(item)
            self.env_from(part, item.span, found, open_why)
        listed = value(entry, "env")
        begin = min(field.key.span.start for field in entry.values()) if entry else 0
        for item in listed.items if isinstance(listed, Sequence) else ():
            part = fields(item)
            name = part.get("name")
            if name is None or not isinstance(name.value, Scalar):
                open_why.append("an entry of `env` has no name")
                continue
            if self.manifest.holes.within(name.value.span.start, name.value.span.end):
                open_why.append("the name of an entry of `env` is filled in by the chart")
                continue
            setting = self.setting(name.value, part, item.span, found)
            if self.manifest.chart and self.manifest.holes.optional(name.value.span.start, begin):
                setting = msgspec.structs.replace(setting, maybe=True)
            found[setting.name] = setting
        if "env" in entry and self.manifest.chart:
            start = entry["env"].key.span.end
            after = min((field.key.span.start for field in entry.values() if field.key.span.start > start), default=len(self.manifest.holes.source.data))
            if any(_HELPER.match(self.manifest.holes.source.data, first, last) for first, last in self.manifest.holes.within(start, after)):
                open_why.append("a helper of the chart gives further variables")
        if "env" in entry and not isinstance(listed, Sequence) and not entry["env"].value.span.end <= entry["env"].key.span.end + 2:
            open_why.append("`env` is no list")
        return tuple(found.values()), tuple(dict.fromkeys(open_why))

    def env_from(self, part: dict[str, Field], span: Span, found: dict[str, EnvSetting], open_why: list[str]) -> None:
        prefix = text(part.get("prefix"))
        if "configMapRef" not in part:
            open_why.append("a Secret sets further variables" if "secretRef" in part else "`envFrom` names neither a ConfigMap nor a Secret")
            return
        name = text(fields(part["configMapRef"].value).get("name"))
        entries = self.cluster.config_map(name, self.path)
        if entries is None:
            open_why.append(f"ConfigMap {name} is not in the tree")
            return
        for key, one in entries.items():
            taken = with_step(one.value, Step(span, f"all of ConfigMap {name} is taken here"))
            found[prefix + key] = EnvSetting(prefix + key, taken, one.span, one.name_span, one.maybe, origin="env-file")

    def setting(self, name: Scalar, part: dict[str, Field], span: Span, found: dict[str, EnvSetting]) -> EnvSetting:
        node = value(part, "value")
        if isinstance(node, Scalar):
            said = self.expand(node, found)
            place = self.place(node).span(0, len(node.text))
            return EnvSetting(name.text, said, place, name.span)
        source = fields(value(part, "valueFrom"))
        if "configMapKeyRef" in source:
            reference = fields(source["configMapKeyRef"].value)
            map_name, key = text(reference.get("name")), text(reference.get("key"))
            entries = self.cluster.config_map(map_name, self.path)
            if entries is not None and key in entries:
                one = entries[key]
                taken = with_step(one.value, Step(span, f"{key} of ConfigMap {map_name} is taken here"))
                return EnvSetting(name.text, taken, one.span, name.span, one.maybe, origin="env-file")
            return EnvSetting(name.text, Unknown(f"{key} of ConfigMap {map_name}, which is not in the tree", "input", key, span), span, name.span)
        if "secretKeyRef" in source:
            key = text(fields(source["secretKeyRef"].value).get("key"))
            return EnvSetting(name.text, Unknown("a Secret holds it", "input", key or None, span), span, name.span)
        if "fieldRef" in source:
            path = text(fields(source["fieldRef"].value).get("fieldPath"))
            return EnvSetting(name.text, Unknown(f"{path} of the pod", "other", path or None, span), span, name.span)
        if source:
            return EnvSetting(name.text, Unknown("the cluster fills it in", "input", None, span), span, name.span)
        return EnvSetting(name.text, Known("", name.span), span, name.span)

    def expand(self, node: Scalar, found: dict[str, EnvSetting]) -> Value:
        """`$(NAME)` of an entry above; a reference to nothing stays as it is written."""
        if "$" not in node.text or self.manifest.holes.within(node.span.start, node.span.end):
            return self.manifest.holes.value(node, self.manifest.source)
        place = self.place(node)
        parts: list[Value] = []
        filled: list[Step] = []
        at = 0
        for mark in _REFERENCE.finditer(node.text):
            known = found.get(mark[1]) if mark[1] else None
            if mark[1] and known is None:
                continue
            if mark.start() > at:
                parts.append(Known(node.text[at : mark.start()], place.span(at, mark.start())))
            parts.append(known.value if known is not None else Known("$", place.span(mark.start(), mark.end())))
            if known is not None:
                filled.append(Step(place.span(mark.start(), mark.end()), f"{known.name} is filled in here"))
            at = mark.end()
        if at < len(node.text) or not parts:
            parts.append(Known(node.text[at:], place.span(at, len(node.text))))
        made = parts[0] if len(parts) == 1 else joined(tuple(parts), place.span(0, len(node.text)), len(node.text))
        for step in filled:
            made = with_step(made, step)
        return made

    def ports(self, entry: dict[str, Field]) -> tuple[tuple[str, ...], tuple[Publish, ...]]:
        exposes: list[str] = []
        publishes: list[Publish] = []
        node = value(entry, "ports")
        for item in node.items if isinstance(node, Sequence) else ():
            part = fields(item)
            port = self.value(value(part, "containerPort"))
            if port is None:
                continue
            if isinstance(port, Known):
                exposes.append(port.text)
            host = self.value(value(part, "hostPort"))
            if host is not None:
                publishes.append(Publish(port, host, self.value(value(part, "hostIP")), item.span, text(part.get("protocol")).lower() or "tcp"))
        return tuple(exposes), tuple(publishes)

    def hosts(self) -> tuple[tuple[HostEntry, ...], bool]:
        found: list[HostEntry] = []
        node = value(self.pod.spec, "hostAliases")
        for item in node.items if isinstance(node, Sequence) else ():
            part = fields(item)
            address = self.value(value(part, "ip"))
            names = value(part, "hostnames")
            for name in names.items if isinstance(names, Sequence) else ():
                said = self.value(name)
                if said is not None and address is not None:
                    found.append(HostEntry(said, address, name.span))
        return tuple(found), node is not None and not isinstance(node, Sequence)

    def health(self, entry: dict[str, Field]) -> Health | None:
        for name in _PROBES:
            probe = fields(value(entry, name))
            if "exec" in probe:
                command = self.values(value(fields(probe["exec"].value), "command"))
                if command is not None:
                    return Health(command, probe["exec"].value.span)
            for kind in ("httpGet", "tcpSocket", "grpc"):
                if kind in probe:
                    part = fields(probe[kind].value)
                    pieces = [self.value(value(part, key)) for key in ("host", "port", "path")]
                    command = tuple(piece for piece in pieces if piece is not None)
                    return Health((Known(kind, probe[kind].key.span), *command), probe[kind].value.span)
        return None

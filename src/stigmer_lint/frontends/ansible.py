"""Ansible tasks that start containers: `docker_container` and `podman_container`, whatever collection they are named with."""

from __future__ import annotations

import re
from typing import Final

from stigmer_lint.frontends.chart_text import Holes
from stigmer_lint.frontends.compose_network import host_entry, short_port
from stigmer_lint.frontends.interpolation import Reference
from stigmer_lint.frontends.unit_files import words
from stigmer_lint.frontends.yaml_nodes import Field, Mapping, Node, Scalar, Sequence, Text, fields, load
from stigmer_lint.model.launch import PLATFORMS, EnvSetting, Health, HostEntry, Launch, LaunchFacts
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.value import Known, Value

_MODULE: Final = re.compile(r"(?:[\w.]+\.)?(?P<engine>docker|podman)_container$")


def read_playbook(source: SourceFile) -> tuple[Launch, ...]:
    """The containers that the tasks of a file start. Raises UnreadableError for what is no YAML."""
    holes = Holes(source)
    found: list[Launch] = []
    waiting: list[Node] = [document.root for document in load(source) if document.root is not None]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Sequence):
            waiting.extend(reversed(node.items))
            continue
        for name, field in fields(node).items():
            module = _MODULE.match(name)
            if module is not None and isinstance(field.value, Mapping):
                task = _Task(source, holes, field)
                if task.starts:
                    found.append(task.launch(module["engine"]))
            elif not isinstance(field.value, Scalar):
                waiting.append(field.value)
    return tuple(found)


def _written(reference: Reference) -> Value:
    return Known(f"${{{reference.name}}}", reference.span)


class _Task:
    def __init__(self, source: SourceFile, holes: Holes, field: Field) -> None:
        self.source = source
        self.holes = holes
        self.key = field.key
        self.entry = fields(field.value)

    @property
    def starts(self) -> bool:
        """Whether the task leaves a container running."""
        state = self.entry.get("state")
        return "image" in self.entry and not (state and isinstance(state.value, Scalar) and state.value.text in ("absent", "stopped"))

    def value(self, *names: str) -> Value | None:
        for name in names:
            field = self.entry.get(name)
            if field is not None and isinstance(field.value, Scalar) and not field.value.is_null:
                return self.holes.value(field.value, self.source)
        return None

    def items(self, *names: str) -> list[Scalar]:
        for name in names:
            node = self.entry[name].value if name in self.entry else None
            if node is not None:
                listed = node.items if isinstance(node, Sequence) else (node,)
                return [item for item in listed if isinstance(item, Scalar) and not item.is_null]
        return []

    def command(self, name: str) -> tuple[Value, ...] | None:
        node = self.entry[name].value if name in self.entry else None
        if isinstance(node, Sequence):
            return tuple(self.holes.value(item, self.source) for item in node.items if isinstance(item, Scalar))
        if isinstance(node, Scalar) and not node.is_null:
            return words(Text(node, self.source))
        return None

    def launch(self, engine: str) -> Launch:
        env, env_open = self.environment()
        network = self.value("network_mode", "network") or None
        networks = self.entry["networks"].value if "networks" in self.entry else None
        joined = tuple(
            named.value.text
            for item in (networks.items if isinstance(networks, Sequence) else ())
            if (named := fields(item).get("name")) is not None and isinstance(named.value, Scalar)
        )
        health = fields(self.entry["healthcheck"].value).get("test") if "healthcheck" in self.entry else None
        hosts, hosts_open = self.hosts()
        facts = LaunchFacts(
            image=self.value("image"),
            name=self.value("name"),
            network=network,
            network_span=network.span if network else None,
            networks=joined,
            env=env,
            env_open=env_open,
            hosts=hosts,
            hosts_open=hosts_open,
            publishes=tuple(
                port
                for item in self.items("published_ports", "ports", "publish")
                if not self.holes.within(item.span.start, item.span.end) and (port := short_port(Text(item, self.source), _written)) is not None
            ),
            exposes=tuple(item.text for item in self.items("exposed_ports", "expose")),
            entrypoint=self.command("entrypoint"),
            command=self.command("command"),
            volumes=tuple(self.holes.value(item, self.source) for item in self.items("volumes", "volume")),
            links=tuple(item.text for item in self.items("links")),
            health=Health((Known("healthcheck", health.key.span),), health.value.span) if health else None,
        )
        return Launch(
            f"ansible {engine}_container", "podman" if engine == "podman" else "docker", self.key.span, dict.fromkeys(PLATFORMS, facts), language="ansible"
        )

    def environment(self) -> tuple[tuple[EnvSetting, ...], tuple[str, ...]]:
        open_why = ["an env file of the target machine sets further variables"] if "env_file" in self.entry else []
        found: list[EnvSetting] = []
        node = self.entry["env"].value if "env" in self.entry else None
        if isinstance(node, Scalar) and not node.is_null:
            open_why.append("`env` is filled in by the playbook")
        for name, field in fields(node).items():
            if isinstance(field.value, Scalar):
                place = Text(field.value, self.source)
                found.append(EnvSetting(name, self.holes.value(field.value, self.source), place.span(0, len(place.text)), field.key.span))
        return tuple(found), tuple(open_why)

    def hosts(self) -> tuple[tuple[HostEntry, ...], bool]:
        node = next((self.entry[name].value for name in ("etc_hosts", "add_hosts", "etc_host") if name in self.entry), None)
        found: list[HostEntry] = []
        for name, field in fields(node).items():
            if isinstance(field.value, Scalar):
                found.append(HostEntry(Known(name, field.key.span), self.holes.value(field.value, self.source), field.value.span))
        for item in node.items if isinstance(node, Sequence) else ():
            entry = host_entry(Text(item, self.source), _written) if isinstance(item, Scalar) else None
            if entry is not None:
                found.append(entry)
        return tuple(found), isinstance(node, Scalar)

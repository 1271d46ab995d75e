"""Podman quadlets: `.container` files and the `.pod` files that they join (podman-systemd.unit(5))."""

from __future__ import annotations

import msgspec

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.compose_network import host_entry, short_port
from stigmer_lint.frontends.config_paths import base_name, folder_of, inside
from stigmer_lint.frontends.env_files import env_file_settings
from stigmer_lint.frontends.interpolation import Reference
from stigmer_lint.frontends.unit_files import UnitEntry, assignments, read_unit, words
from stigmer_lint.model.launch import EnvSetting, Health, HostEntry, Launch, LaunchFacts, Publish
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Step, Unknown, Value


class _Unit:
    """The entries of one section, by key."""

    def __init__(self, entries: list[UnitEntry], section: str) -> None:
        self.entries: dict[str, list[UnitEntry]] = {}
        for entry in entries:
            if entry.section == section:
                # An empty assignment resets a list (systemd.syntax(7)).
                if entry.place.text:
                    self.entries.setdefault(entry.key, []).append(entry)
                else:
                    self.entries.pop(entry.key, None)

    def all(self, key: str) -> list[UnitEntry]:
        return self.entries.get(key, [])

    def text(self, key: str) -> str | None:
        found = self.entries.get(key)
        return found[-1].place.text if found else None

    def value(self, key: str) -> Value | None:
        found = self.entries.get(key)
        return Known(found[-1].place.text, _whole(found[-1])) if found else None


def _whole(entry: UnitEntry) -> Span:
    return entry.place.span(0, len(entry.place.text))


def _written(reference: Reference) -> Value:
    return Known(f"${{{reference.name}}}", reference.span)


def read_quadlet(tree: Tree, source: SourceFile) -> Launch | None:
    """The container of a `.container` file; None where it has no [Container] section. Raises UnreadableError for what is no text."""
    entries = read_unit(source)
    unit = _Unit(entries, "Container")
    if not unit.entries:
        return None
    path = source.path
    folder = folder_of(path)
    pod_name = unit.text("Pod")
    pod_path = inside(folder, pod_name) if pod_name else None
    pod = _pod(tree, pod_path)
    env, env_open = _environment(tree, unit, folder, path)
    joined = _networks(unit) or _networks(pod)
    mode = next((entry for entry in joined if _is_mode(entry.place.text)), None)
    hosts = _hosts(unit) + _hosts(pod)
    health = unit.all("HealthCmd")
    image = unit.value("Image")
    facts = LaunchFacts(
        image=image,
        name=unit.value("ContainerName") or Known(f"systemd-{base_name(path).removesuffix('.container')}"),
        network=Known(mode.place.text.partition(",")[0], _whole(mode)) if mode else None,
        network_span=_whole(mode) if mode else None,
        networks=() if mode else tuple(entry.place.text.partition(":")[0] for entry in joined),
        aliases=tuple(entry.place.text for entry in unit.all("NetworkAlias")),
        env=env,
        env_open=env_open,
        hosts=tuple(hosts),
        publishes=tuple(_ports(unit) + _ports(pod)),
        exposes=tuple(entry.place.text for entry in unit.all("ExposeHostPort")),
        entrypoint=words(unit.all("Entrypoint")[-1].place) if unit.all("Entrypoint") else None,
        command=words(unit.all("Exec")[-1].place) if unit.all("Exec") else None,
        volumes=tuple(Known(entry.place.text, _whole(entry)) for entry in unit.all("Volume")),
        health=Health((Known(health[-1].place.text, _whole(health[-1])),), _whole(health[-1])) if health else None,
        pod=pod_path if pod_path and pod_name and pod_name.endswith(".pod") else None,
        unread=() if image else ("no image",),
    )
    first = unit.all("Image")[-1] if image else next(iter(unit.entries.values()))[-1]
    return Launch(
        "quadlet", "podman", _whole(first), {"linux": facts}, service=base_name(path).removesuffix(".container"), group=folder or ".",
        language="quadlet",
    )  # fmt: skip


def _pod(tree: Tree, path: str | None) -> _Unit:
    source = tree.source(path) if path and tree.has(path) else None
    if source is None:
        return _Unit([], "Pod")
    try:
        return _Unit(read_unit(source), "Pod")
    except UnreadableError:
        return _Unit([], "Pod")


def _networks(unit: _Unit) -> list[UnitEntry]:
    return unit.all("Network")


def _is_mode(text: str) -> bool:
    return text.partition(":")[0] in ("host", "none", "bridge", "private", "slirp4netns", "pasta", "container", "ns")


def _ports(unit: _Unit) -> list[Publish]:
    return [port for entry in unit.all("PublishPort") if (port := short_port(entry.place, _written)) is not None]


def _hosts(unit: _Unit) -> list[HostEntry]:
    return [host for entry in unit.all("AddHost") if (host := host_entry(entry.place, _written)) is not None]


def _environment(tree: Tree, unit: _Unit, folder: str, path: str) -> tuple[tuple[EnvSetting, ...], tuple[str, ...]]:
    found: dict[str, EnvSetting] = {}
    open_why: list[str] = []
    for entry in unit.all("EnvironmentFile"):
        target = inside(folder, entry.place.text)
        taken = Step(_whole(entry), f"{base_name(path)} takes this env file")
        settings = env_file_settings(tree, target, taken) if target is not None else f"env file {entry.place.text} is not in the tree"
        if isinstance(settings, str):
            open_why.append(settings)
        else:
            found.update((setting.name, setting) for setting in settings)
    for entry in unit.all("Environment"):
        for setting in assignments(entry.place, lambda name, span: Unknown(f"{name} of the unit", "env", name, span)):
            found[setting.name] = setting
    if (unit.text("EnvironmentHost") or "").lower() in ("true", "yes", "on", "1"):
        open_why.append("the host's environment is passed on")
    return tuple(found.values()), tuple(open_why)


class UnitCommand(msgspec.Struct, frozen=True, eq=False):
    """A command line of a systemd unit, with the unit's variables."""

    words: tuple[Value, ...]
    span: Span
    env: tuple[EnvSetting, ...]


def unit_commands(source: SourceFile) -> list[UnitCommand]:
    """What a systemd service starts. Raises UnreadableError for what is no text."""
    service = _Unit(read_unit(source), "Service")
    env: dict[str, EnvSetting] = {}
    for entry in service.all("Environment"):
        env.update((setting.name, setting) for setting in assignments(entry.place))
    found: list[UnitCommand] = []
    for entry in service.all("ExecStart"):
        parts = list(words(entry.place))
        if parts and isinstance(parts[0], Known):
            # Prefixes `-`, `@`, `:`, `+`, `!` of the executable (systemd.service(5)).
            parts[0] = Known(parts[0].text.lstrip("-@:+!"), parts[0].span)
        if parts:
            found.append(UnitCommand(tuple(parts), _whole(entry), tuple(env.values())))
    if not found and env:
        # A drop-in sets variables of a unit elsewhere.
        found.append(UnitCommand((), next(iter(env.values())).span, tuple(env.values())))
    return found

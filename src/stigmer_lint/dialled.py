"""What a launch makes its container dial: the addresses in its variables and arguments, each with its role and whose port it is.

The one place where rules, launcher and verifier agree on which value of a launch is an address that the container connects to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import msgspec

from stigmer_lint.addresses import Address, addresses_of
from stigmer_lint.knowledge.roles import RoleVerdict, role_of
from stigmer_lint.model.launch import EnvSetting, Launch, LaunchFacts, Platform, Publish
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Known, Resolved, Step, Template, Trail, Unknown, Value, alternatives, render
from stigmer_lint.model.world import World

Owner: TypeAlias = Literal["own", "sibling", "pod", "foreign", "unknown"]
"""Whose port an address names: the container's own, that of another service of its group, of a container in the same network
namespace, nobody's of the group, or not known because the address has no port."""


class Dialled(msgspec.Struct, frozen=True):
    """One address that a launch hands over. `setting` None: it is an argument. `handled`: other alternatives of the same value are
    addresses that a container can reach, so that somebody has thought of it. `default`: it applies when nothing is configured."""

    launch: Launch
    facts: LaunchFacts
    platform: Platform
    address: Address
    value: Value
    span: Span
    name: str
    role: RoleVerdict
    owner: Owner
    siblings: tuple[Launch, ...] = ()
    setting: EnvSetting | None = None
    handled: bool = False
    default: bool = False
    resolved: bool = False
    """It came out of a resolver."""
    host_span: Span | None = None
    """Where the host is written, where that can be told."""

    @property
    def trail(self) -> Trail:
        """Where the value comes from, its origin first, as findings show it."""
        origin = self.value.span if isinstance(self.value, Known | Template) else None
        first = (Step(origin, "written here"),) if origin is not None and not _inside(origin, self.span) else ()
        rest = tuple(step for step in self.value.trail if not _inside(step.span, self.span))
        return (*first, *rest)


def _inside(inner: Span, outer: Span) -> bool:
    return inner.path == outer.path and outer.start <= inner.start and inner.end <= outer.end


class Neighbours:
    """The launches of a world by group, network namespace and name, made once per rule run."""

    def __init__(self, world: World) -> None:
        self.groups: dict[str, list[Launch]] = {}
        self.pods: dict[str, list[Launch]] = {}
        for launch in world.launches:
            if launch.group is not None:
                self.groups.setdefault(launch.group, []).append(launch)
            if launch.facts and launch.any.pod is not None:
                self.pods.setdefault(launch.any.pod, []).append(launch)

    def owner(self, launch: Launch, facts: LaunchFacts, port: str | None) -> tuple[Owner, tuple[Launch, ...]]:
        """Whose port it is, and the siblings that have it."""
        if port is None:
            return "unknown", ()
        if port in inside_ports(facts):
            return "own", ()
        if facts.pod is not None:
            mates = tuple(one for one in self.pods.get(facts.pod, ()) if one is not launch and port in inside_ports(one.any))
            if mates:
                return "pod", mates
        group = self.groups.get(launch.group or "", [])
        siblings = tuple(one for one in group if one is not launch and port in (inside_ports(one.any) | outside_ports(one.any)))
        return ("sibling", siblings) if siblings else ("foreign", ())


def texts(value: Value | None) -> tuple[str, ...]:
    """The texts that a value may be; () where none is known."""
    return tuple(one.text for one in alternatives(value, 8) if isinstance(one, Known)) if value is not None else ()


def inside_ports(facts: LaunchFacts) -> frozenset[str]:
    """Ports on which a container is said to listen: container sides of its published ports, EXPOSE, its own PORT-like variables."""
    found: set[str] = set()
    for publish in facts.publishes:
        found.update(_ports(publish.container_port))
    for text in facts.exposes:
        found.add(text.partition("/")[0])
    for setting in facts.env:
        if setting.name in ("PORT", "APP_PORT", "SERVER_PORT", "HTTP_PORT", "LISTEN_PORT", "API_PORT", "WEB_PORT"):
            found.update(text for text in texts(setting.value) if text.isdigit())
    return frozenset(found)


def outside_ports(facts: LaunchFacts) -> frozenset[str]:
    """Ports that a container publishes on the host."""
    found: set[str] = set()
    for publish in facts.publishes:
        if publish.host_port is not None:
            found.update(_ports(publish.host_port))
    return frozenset(found)


def published(facts: LaunchFacts, port: str) -> Publish | None:
    """The entry that publishes a host port."""
    return next((one for one in facts.publishes if one.host_port is not None and port in _ports(one.host_port)), None)


def _ports(value: Value) -> set[str]:
    found: set[str] = set()
    for text in texts(value):
        low, dash, high = text.partition("-")
        if dash and low.isdigit() and high.isdigit() and 0 <= int(high) - int(low) <= 200:
            found.update(str(port) for port in range(int(low), int(high) + 1))
        elif text:
            found.add(text.partition("/")[0])
    return found


def dialled(
    launch: Launch, platform: Platform, neighbours: Neighbours, roles: Mapping[str, str], services: Mapping[str, str]
) -> Iterator[Dialled]:
    """The addresses of one launch on one platform. `roles`: the policy's `env_roles`; `services`: variables that the policy says carry a
    service's address (then their role is dial)."""
    facts = launch.facts.get(platform)
    if facts is None:
        return
    images = texts(facts.image)
    image = images[0] if images else None
    for setting in facts.env:
        located = addresses_of(setting.value)
        if not located:
            continue
        sole = located[0].value
        text = sole.text if isinstance(sole, Known) else _literal(sole)
        role = RoleVerdict("dial", "policy") if setting.name in services else role_of(setting.name, text, image, roles)
        handled = any(one.address.kind in ("host-alias", "gateway-ip") for one in located) and isinstance(setting.value, Choice | Template | Resolved)
        fallback = setting.value.options[setting.value.fallback] if isinstance(setting.value, Choice) and setting.value.fallback is not None else None
        for one in located:
            port = one.address.port or _port_beside(facts, setting.name)
            owner, siblings = neighbours.owner(launch, facts, port)
            yield Dialled(
                launch, facts, platform, one.address, one.value, setting.span, setting.name, role, owner, siblings, setting, handled and one.address.is_loopback,
                fallback is not None and render(fallback) == render(one.value), _resolved(setting.value), one.span,
            )
    yield from _arguments(launch, facts, platform, neighbours, roles, image)


def _literal(value: Value) -> str | None:
    return "".join(part.text for part in value.parts if isinstance(part, Known)) if isinstance(value, Template) else None


def _resolved(value: Value) -> bool:
    options = value.options if isinstance(value, Choice) else (value,)
    return any(isinstance(one, Resolved) or (isinstance(one, Template) and any(isinstance(p, Resolved) for p in one.parts)) for one in options)


def _port_beside(facts: LaunchFacts, name: str) -> str | None:
    """X_PORT beside X_HOST."""
    for ending in ("_HOST", "_HOSTNAME", "_SERVER", "_ADDR", "_ADDRESS"):
        if name.endswith(ending):
            stem = name.removesuffix(ending)
            for setting in facts.env:
                if setting.name == f"{stem}_PORT":
                    known = texts(setting.value)
                    return known[-1] if known else None
    return None


_FLAG_NAMES = ("url", "host", "addr", "address", "endpoint", "server", "broker", "upstream", "base")


def _arguments(
    launch: Launch, facts: LaunchFacts, platform: Platform, neighbours: Neighbours, roles: Mapping[str, str], image: str | None
) -> Iterator[Dialled]:
    """Addresses that a command line hands to the program: the value of a flag whose name says that it is dialled."""
    words = facts.command or ()
    previous = ""
    for word in words:
        known = word.text if isinstance(word, Known) else _literal(word) or ""
        flag, equals, _ = known.partition("=")
        name = flag if flag.startswith("-") and equals else previous
        previous = known if known.startswith("-") and not equals else ""
        if not name.startswith("--") or not any(part in name.lower() for part in _FLAG_NAMES):
            continue
        shaped = name.lstrip("-").replace("-", "_").replace(".", "_").upper()
        for one in addresses_of(word):
            role = role_of(shaped, known, image, roles)
            span = word.span if isinstance(word, Known | Template) and word.span is not None else launch.span
            owner, siblings = neighbours.owner(launch, facts, one.address.port)
            yield Dialled(launch, facts, platform, one.address, one.value, span, name, role, owner, siblings, None, False, False, False, one.span)


def unknown_parts(value: Value) -> tuple[Unknown, ...]:
    """What of a value could not be told."""
    match value:
        case Unknown():
            return (value,)
        case Template():
            return tuple(one for part in value.parts for one in unknown_parts(part))
        case Choice():
            return tuple(one for option in value.options for one in unknown_parts(option))
        case _:
            return ()

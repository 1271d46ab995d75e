"""What was observed of an engine and its containers, what was probed, and what came of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from stigmer_lint.model.launch import Engine, Platform
from stigmer_lint.reachability import EngineKind

Way: TypeAlias = Literal["setns", "helper", "exec"]
"""How the prober gets into a container's network namespace."""
FLAPPING = 10.0
"""A container that was restarted and runs for fewer seconds than this is taken to be in a loop: engines wait longer each time."""
Outcome: TypeAlias = Literal["pass", "fail", "cannot-tell", "not-applicable"]


class Daemon(msgspec.Struct, frozen=True):
    """The engine that answers. `program` is its command line; `platform` what the host of its containers' "host" alias runs."""

    program: str
    engine: Engine
    kind: EngineKind
    version: str
    platform: Platform
    name: str = ""
    proxy: bool = True
    """Whether published ports are accepted by a process of the host (docker-proxy)."""


class State(msgspec.Struct, frozen=True):
    """A container's state as the engine says it."""

    status: str
    pid: int = 0
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    restarts: int = 0
    health: str | None = None
    health_log: str = ""
    uptime: float = float("inf")
    """Seconds since it was started, infinite where that cannot be told."""

    @property
    def running(self) -> bool:
        """Whether it has processes (a paused one has)."""
        return self.status in ("running", "paused") and self.pid > 0

    @property
    def flaps(self) -> bool:
        """Whether it is started again and again: one sample may find it running."""
        return self.status == "restarting" or (self.restarts > 0 and self.status == "running" and self.uptime < FLAPPING)


class Attachment(msgspec.Struct, frozen=True):
    """A container's place on one network; `address` "" while it does not run."""

    network: str
    address: str = ""
    gateway: str = ""
    names: tuple[str, ...] = ()


class Binding(msgspec.Struct, frozen=True):
    """One published port."""

    container_port: int
    host_port: int
    host_ip: str = ""
    protocol: str = "tcp"


class Process(msgspec.Struct, frozen=True):
    """One process of a container; `environ` is what it was started with."""

    pid: int
    name: str
    environ: dict[str, str]


class Listener(msgspec.Struct, frozen=True, order=True):
    """A TCP port that is listened on, with the address it is bound to."""

    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only its own network namespace reaches it."""
        return self.address == "::1" or self.address.startswith("127.")

    @property
    def is_any(self) -> bool:
        """Whether it is bound to every address."""
        return self.address in ("0.0.0.0", "::")  # noqa: S104


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """One container as `inspect` shows it. `owner`: the id of the container whose network namespace it uses."""

    id: str
    name: str
    image: str
    image_id: str = ""
    state: State
    mode: str = "default"
    owner: str | None = None
    attachments: tuple[Attachment, ...] = ()
    bindings: tuple[Binding, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    image_env: tuple[tuple[str, str], ...] = ()
    hosts: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    health: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    volumes: tuple[str, ...] = ()
    restart: str = ""
    user: str = ""
    hosts_path: str = ""

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the networks that it is attached to."""
        return tuple(one.network for one in self.attachments)

    @property
    def names(self) -> frozenset[str]:
        """Everything that it may be called by on some network."""
        return frozenset({self.name.lower(), *(name.lower() for one in self.attachments for name in one.names)})


class Network(msgspec.Struct, frozen=True):
    """One network of the engine."""

    name: str
    driver: str = "bridge"
    internal: bool = False
    gateways: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()


class Inside(msgspec.Struct, frozen=True):
    """What was seen inside a container's namespaces; `listeners` None where that could not be told."""

    processes: tuple[Process, ...] = ()
    listeners: tuple[Listener, ...] | None = None
    hosts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    servers: tuple[str, ...] = ()
    ca: bool = True
    local: bool = False
    """Whether its processes are on this machine's kernel."""


class Engineroom(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that diagnosis joins: the engine, all its containers (by id), its networks, and the host's own side.

    `host_listeners` None: the host's side cannot be read (the engine runs on another machine or in a virtual one).
    """

    daemon: Daemon
    containers: dict[str, Container]
    networks: dict[str, Network]
    host_listeners: tuple[Listener, ...] | None = None
    host_addresses: frozenset[str] = frozenset()

    def by_address(self, address: str) -> Container | None:
        """The running container that has an address."""
        for one in self.containers.values():
            if any(place.address == address for place in one.attachments if place.address):
                return one
        return None

    def by_name(self, name: str) -> Container | None:
        """The container that is called so on some network, a running one first."""
        found = [one for one in self.containers.values() if name.lower().rstrip(".") in one.names]
        return next((one for one in found if one.state.running), found[0] if found else None)

    def by_published(self, port: int) -> tuple[Container, Binding] | None:
        """The container that publishes a host port."""
        for one in self.containers.values():
            for binding in one.bindings:
                if binding.host_port == port and binding.protocol == "tcp":
                    return one, binding
        return None

    def owner_of(self, container: Container) -> Container:
        """The container whose network namespace this one uses: its own, or the one it joined, however many steps away."""
        seen = {container.id}
        while container.owner is not None and container.owner in self.containers and container.owner not in seen:
            seen.add(container.owner)
            container = self.containers[container.owner]
        return container


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to probe from inside a container. `names`: the variables that carry the address; `sure`: whether the protocol is
    said (by a scheme, the policy, a known product) or only guessed."""

    names: tuple[str, ...]
    value: str
    host: str
    port: int | None
    protocol: str = "tcp"
    tls: bool = False
    path: str = "/"
    sure: bool = False
    service: str | None = None
    grpc_service: str = ""
    status: int | None = None
    json: dict[str, str] = {}
    because: str | None = None
    proxy: str | None = None
    """URL of the HTTP proxy that clients in the container would use for it."""
    certain: bool = True
    """Whether the variable is known to be dialled."""

    @property
    def shown(self) -> str:
        """host:port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port is not None else host


class Cause(msgspec.Struct, frozen=True):
    """Why something fails. `key` is stable (`loopback-in-bridge`); `rule` the code of the rule that is about it."""

    key: str
    rule: str
    text: str
    fix: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict. `kind`: "state", "env", "service", "address", "smoke". `tried` says what was done; `error` is raw."""

    container: str
    kind: str
    subject: str
    outcome: Outcome
    names: tuple[str, ...] = ()
    value: str | None = None
    service: str | None = None
    tried: str = ""
    resolved: tuple[str, ...] = ()
    seconds: float | None = None
    error: str | None = None
    detail: str = ""
    cause: Cause | None = None
    notes: tuple[str, ...] = ()
    because: str | None = None
    way: Way | None = None
    fingerprint: str | None = None
    """That of the finding which the cause's rule makes of the same launch."""


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """One container with all its checks."""

    container: Container
    checks: tuple[Check, ...]
    way: Way | None = None
    why_not: str = ""
    """Why nothing could be probed from inside, "" where it could."""
    seconds: float = 0.0


__all__ = [
    "Attachment", "Binding", "Cause", "Check", "Container", "Daemon", "Engineroom", "Examined", "Inside", "Listener", "Network", "Outcome",
    "Process", "State", "Target", "Way",
]  # fmt: skip

"""The engine's command line: what answers, its containers and its networks. docker, podman and nerdctl speak nearly the same JSON."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from stigmer_lint.errors import EngineError
from stigmer_lint.model.launch import Engine, Platform
from stigmer_lint.reachability import Advice, EngineKind, advise, kind_of_daemon
from stigmer_lint.reachability import Network as Mode
from stigmer_lint.verifier.system import NOT_THERE, Output, System
from stigmer_lint.verifier.types import Attachment, Binding, Container, Daemon, Engineroom, Listener, Network, State

PROGRAMS: tuple[Engine, ...] = ("docker", "podman", "nerdctl")
"""Command lines that are tried, in this order, where none is named."""
_NATIVE = frozenset({"docker-engine", "docker-rootless", "docker-wsl", "podman", "podman-rootless", "nerdctl"})


def find_daemon(system: System, wanted: str | None = None) -> Daemon:
    """The engine that answers: `wanted` (a program's name), or the first of docker, podman and nerdctl.

    Raises EngineError with what each of them said.
    """
    said: list[str] = []
    for program in (wanted,) if wanted else PROGRAMS:
        output = system.run([program, "info", "--format", "{{json .}}"])
        if output.status == NOT_THERE:
            if wanted:
                said.append(f"{program} is not installed")
            continue
        info = _object(output)
        problem = _refusal(info, output)
        if problem is not None:
            said.append(f"{program}: {problem}")
            continue
        return _daemon(system, program, info)
    raise EngineError(f"No container engine answers: {'; '.join(said)}." if said else "No container engine: none of docker, podman and nerdctl is installed.")


def _refusal(info: dict[str, Any], output: Output) -> str | None:
    problems = info.get("ServerErrors")
    if isinstance(problems, list) and problems:
        return str(problems[0]).strip().rstrip(".")
    return output.complaint.rstrip(".") if output.status != 0 or not info else None


def _daemon(system: System, program: str, info: dict[str, Any]) -> Daemon:
    host = info.get("host")
    remote_client = system.platform != "linux"
    if isinstance(host, dict):
        # Podman's own form.
        security = host.get("security") if isinstance(host.get("security"), dict) else {}
        rootless = isinstance(security, dict) and bool(security.get("rootless"))
        version = info.get("version") if isinstance(info.get("version"), dict) else {}
        kind = kind_of_daemon(str(host.get("os", "")), str(host.get("hostname", "")), ("rootless",) if rootless else (), str(host.get("kernel", "")), True, remote_client)
        text = str(version.get("Version", "")) if isinstance(version, dict) else ""
        return Daemon(program, "podman", kind, text, system.platform, str(host.get("hostname", "")))
    # Podman behind docker's own command line gives itself away by this field of its compatible answer.
    podman = program.startswith("podman") or "BuildahVersion" in info
    kind = kind_of_daemon(
        str(info.get("OperatingSystem", "")), str(info.get("Name", "")), [str(one) for one in info.get("SecurityOptions") or []],
        str(info.get("KernelVersion", "")), podman, remote_client,
    )  # fmt: skip
    engine: Engine = "podman" if podman else "nerdctl" if program.startswith("nerdctl") else "docker"
    if engine == "nerdctl" and kind == "docker-engine":
        kind = "nerdctl"
    platform = system.platform if kind in _NATIVE or system.platform != "linux" else "macos"
    return Daemon(program, engine, kind, str(info.get("ServerVersion", "")), platform, str(info.get("Name", "")))


def host_advice(kind: EngineKind, platform: Platform, version: str = "", mode: Mode = "bridge") -> Advice:
    """How a container of this very engine reaches the host: what its kind does, less what its version does not do yet."""
    found = advise(kind, platform, mode)
    if kind in ("podman", "podman-rootless") and found.host == "host.docker.internal" and _before(version, (4, 7)):
        # containers/podman RELEASE_NOTES.md: the name of its own since 3.2.0, docker's since 4.7.0.
        return msgspec.structs.replace(found, host="host.containers.internal")
    return found


def _before(version: str, wanted: tuple[int, int]) -> bool:
    words = version.split(".")
    return len(words) > 1 and words[0].isdigit() and words[1].isdigit() and (int(words[0]), int(words[1])) < wanted


def observe(system: System, daemon: Daemon) -> Engineroom:
    """All containers and networks of the engine, and the host's side where it is this machine. Raises EngineError."""
    listed = system.run([daemon.program, "ps", "-aq", "--no-trunc"])
    if listed.status != 0:
        raise EngineError(f"{daemon.program} does not list its containers: {listed.complaint}.")
    names = listed.text.split()
    containers = {one.id: one for one in inspect(system, daemon, names)}
    networks = _networks(system, daemon)
    local = is_local(system, daemon, containers.values())
    return Engineroom(
        daemon=daemon, containers=containers, networks={one.name: one for one in networks},
        host_listeners=host_listeners(system) if local else None,
        host_addresses=_host_addresses(system) if local else frozenset(),
    )


def inspect(system: System, daemon: Daemon, names: Sequence[str]) -> tuple[Container, ...]:
    """The containers that are there; those that have gone meanwhile are left out."""
    if not names:
        return ()
    output = system.run([daemon.program, "inspect", "--type", "container", *names])
    found = _array(output)
    if output.status != 0 and not found and not any(word in output.complaint.lower() for word in ("no such", "not found", "no container")):
        raise EngineError(f"{daemon.program} does not describe its containers: {output.complaint}.")
    images = _image_env(system, daemon, found)
    return tuple(container_of(one, images) for one in found)


def _image_env(system: System, daemon: Daemon, found: Iterable[dict[str, Any]]) -> dict[str, tuple[tuple[str, str], ...]]:
    ids = sorted({_text(one.get("Image")) for one in found} - {""})
    if not ids:
        return {}
    described = _array(system.run([daemon.program, "image", "inspect", *ids]))
    return {_text(one.get("Id")).removeprefix("sha256:"): _pairs(_map(one.get("Config")).get("Env")) for one in described}


def container_of(one: dict[str, Any], images: dict[str, tuple[tuple[str, str], ...]]) -> Container:
    """A container from the engine's own description of it."""
    config, host, settings = _map(one.get("Config")), _map(one.get("HostConfig")), _map(one.get("NetworkSettings"))
    mode = _text(host.get("NetworkMode")) or "default"
    owner = mode.partition(":")[2] if mode.startswith("container:") else None
    image_id = _text(one.get("Image"))
    return Container(
        id=_text(one.get("Id")), name=_text(one.get("Name")).lstrip("/"), image=_text(config.get("Image")) or _text(one.get("ImageName")), image_id=image_id,
        state=_state(one), mode=mode, owner=owner, attachments=_attachments(settings, mode), bindings=_bindings(host, settings),
        env=_by_name(config.get("Env")), image_env=images.get(image_id.removeprefix("sha256:"), ()), hosts=_texts(host.get("ExtraHosts")),
        entrypoint=_words(config.get("Entrypoint")), command=_words(config.get("Cmd")), health=_texts(_map(config.get("Healthcheck")).get("Test")),
        labels={str(key): str(value) for key, value in _map(config.get("Labels")).items()}, volumes=_texts(host.get("Binds")),
        restart=_text(_map(host.get("RestartPolicy")).get("Name")), user=_text(config.get("User")), hosts_path=_text(one.get("HostsPath")),
    )  # fmt: skip


def _state(one: dict[str, Any]) -> State:
    state = _map(one.get("State"))
    health = _map(state.get("Health") or state.get("Healthcheck"))
    log = health.get("Log")
    last = _map(log[-1]) if isinstance(log, list) and log else {}
    status = _text(state.get("Status")) or ("running" if state.get("Running") else "exited")
    if state.get("Paused"):
        status = "paused"
    return State(
        status=status, pid=_number(state.get("Pid")), exit_code=_number(state.get("ExitCode")), oom_killed=bool(state.get("OOMKilled")),
        error=_text(state.get("Error")), restarts=_number(one.get("RestartCount")), health=_text(health.get("Status")) or None,
        health_log=_text(last.get("Output")).strip()[:300], uptime=_since(_text(state.get("StartedAt"))),
    )  # fmt: skip


def _since(started: str) -> float:
    """Seconds since a time as engines write it, with nine digits of fraction."""
    try:
        return time.time() - datetime.fromisoformat(started[:19] + "+00:00").timestamp() if started.endswith(("Z", "+00:00")) else float("inf")
    except ValueError:
        return float("inf")


def _attachments(settings: dict[str, Any], mode: str) -> tuple[Attachment, ...]:
    found = []
    for name, raw in _map(settings.get("Networks")).items():
        if name in ("host", "none"):
            continue
        place = _map(raw)
        found.append(Attachment(str(name), _text(place.get("IPAddress")), _text(place.get("Gateway")), (*_texts(place.get("Aliases")), *_texts(place.get("DNSNames")))))
    if not found and _text(settings.get("IPAddress")) and mode not in ("host", "none"):
        found.append(Attachment("bridge", _text(settings.get("IPAddress")), _text(settings.get("Gateway"))))
    return tuple(found)


def _bindings(host: dict[str, Any], settings: dict[str, Any]) -> tuple[Binding, ...]:
    """Ports in use where it runs, else those that were asked for."""
    ports = {**_map(host.get("PortBindings")), **{key: value for key, value in _map(settings.get("Ports")).items() if value}}
    found = []
    for key, places in ports.items():
        port, _, protocol = str(key).partition("/")
        for place in places if isinstance(places, list) else ():
            host_port = _number(_map(place).get("HostPort"))
            if port.isdigit() and host_port:
                found.append(Binding(int(port), host_port, _text(_map(place).get("HostIp")), protocol or "tcp"))
    return tuple(dict.fromkeys(found))


def _networks(system: System, daemon: Daemon) -> tuple[Network, ...]:
    listed = system.run([daemon.program, "network", "ls", "-q"])
    ids = listed.text.split()
    if listed.status != 0 or not ids:
        return ()
    return tuple(network_of(one) for one in _array(system.run([daemon.program, "network", "inspect", *ids])))


def network_of(one: dict[str, Any]) -> Network:
    """A network from the engine's own description of it, docker's form or podman's."""
    pools = _map(one.get("IPAM")).get("Config") or one.get("subnets") or []
    gateways, subnets = [], []
    for pool in pools if isinstance(pools, list) else ():
        subnet = _text(_map(pool).get("Subnet") or _map(pool).get("subnet"))
        gateway = _text(_map(pool).get("Gateway") or _map(pool).get("gateway"))
        if subnet:
            subnets.append(subnet)
            if not gateway:
                # Engine 20.10 leaves the gateway of its first network out: it is the first address.
                gateway = _first_address(subnet)
        if gateway:
            gateways.append(gateway)
    return Network(
        _text(one.get("Name") or one.get("name")), _text(one.get("Driver") or one.get("driver")) or "bridge", bool(one.get("Internal") or one.get("internal")),
        tuple(gateways), tuple(subnets),
    )  # fmt: skip


def _first_address(subnet: str) -> str:
    try:
        return str(next(ipaddress.ip_network(subnet, strict=False).hosts()))
    except (ValueError, StopIteration):
        return ""


def is_local(system: System, daemon: Daemon, containers: Iterable[Container]) -> bool:
    """Whether the engine's containers are processes of this machine's kernel.

    A remote engine's process numbers exist here as well, so a container's own identity is looked for in what the kernel says of one.
    """
    if system.platform != "linux":
        return False
    running = [one for one in containers if one.state.running]
    if running:
        return any(owns_process(system, one) for one in running[:3])
    return daemon.kind in _NATIVE and system.read("/proc/net/tcp") is not None


def owns_process(system: System, container: Container) -> bool:
    """Whether the process number that the engine gives is this container's on this machine."""
    seen = (system.read(f"/proc/{container.state.pid}/cgroup") or b"") + (system.read(f"/proc/{container.state.pid}/mountinfo") or b"")
    return container.id.encode() in seen or (container.owner is not None and container.owner.encode() in seen)


def host_listeners(system: System) -> tuple[Listener, ...] | None:
    """What listens on this host, None where that cannot be read."""
    return listeners(system.read("/proc/net/tcp"), system.read("/proc/net/tcp6"))


def listeners(tcp: bytes | None, tcp6: bytes | None) -> tuple[Listener, ...] | None:
    """Listening sockets from /proc/net/tcp and tcp6 (proc(5)): state 0A, addresses as words in the machine's byte order."""
    if tcp is None:
        return None
    found: set[Listener] = set()
    for line in (*tcp.splitlines()[1:], *(tcp6 or b"").splitlines()[1:]):
        words = line.split()
        if len(words) < 4 or words[3] != b"0A":
            continue
        address, _, port = words[1].partition(b":")
        try:
            raw = bytes.fromhex(address.decode())
            # Every 32-bit word is little-endian on the machines that engines run on.
            data = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
            ip = ipaddress.ip_address(data)
        except ValueError:
            continue
        mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
        text = str(mapped or ip)
        if text != "127.0.0.11":
            # The engine's own resolver, on a port of its choice.
            found.add(Listener(text, int(port, 16)))
    return tuple(sorted(found))


def _host_addresses(system: System) -> frozenset[str]:
    """This host's own IPv4 addresses, from the routing table's local part."""
    found = set()
    previous = ""
    for line in (system.read("/proc/net/fib_trie") or b"").decode("ascii", "replace").splitlines():
        words = line.split()
        if "/32" in words and "LOCAL" in words and previous:
            found.add(previous)
        previous = words[1] if len(words) == 2 and words[0] == "|--" else ""
    return frozenset(found)


def _object(output: Output) -> dict[str, Any]:
    try:
        found = json.loads(output.stdout)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _array(output: Output) -> list[dict[str, Any]]:
    try:
        found = json.loads(output.stdout)
    except ValueError:
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _words(value: object) -> tuple[str, ...] | None:
    return (value,) if isinstance(value, str) else _texts(value) if isinstance(value, list) else None


def _number(value: object) -> int:
    return value if isinstance(value, int) else int(value) if isinstance(value, str) and value.isdigit() else 0


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, _, text in (one.partition("=") for one in _texts(value)))


def _by_name(value: object) -> tuple[tuple[str, str], ...]:
    """Variables by their names: docker's command line hands them over in an order that differs from run to run (it merges them as a map)."""
    return tuple(sorted(_pairs(value), key=lambda pair: pair[0]))


__all__ = ["PROGRAMS", "container_of", "find_daemon", "host_advice", "host_listeners", "inspect", "is_local", "listeners", "network_of", "observe", "owns_process"]

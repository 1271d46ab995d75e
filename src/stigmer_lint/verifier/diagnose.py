"""From what a probe met to why: joins the probe, the listeners of both ends, the networks and the states of containers.

The order of the questions is the one in which a person would ask them: does the name exist, whose address is it, what listens there and
on which address, what stands between, and what speaks at the other end.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from stigmer_lint.addresses import classify_address
from stigmer_lint.model.value import Known
from stigmer_lint.reachability import network_of, provides_alias
from stigmer_lint.verifier.causes import cause
from stigmer_lint.verifier.engine import host_advice
from stigmer_lint.verifier.types import Binding, Cause, Container, Engineroom, Inside, Listener, State, Target

REFUSED, UNREACHABLE_HOST, UNREACHABLE_NET, NO_ADDRESS = 111, 113, 101, 99
ARP_SECONDS = 2.5
"""A reject comes at once (1.03 s was the longest seen); an address that nobody owns takes 3.06 s to be given up."""


class Scene(msgspec.Struct, frozen=True):
    """One probe's surroundings. `look`: what can be seen inside another container, None where nothing can."""

    room: Engineroom
    container: Container
    inside: Inside | None
    look: Callable[[Container], Inside | None]

    @property
    def owner(self) -> Container:
        """The container whose network this one has."""
        return self.room.owner_of(self.container)

    @property
    def mode(self) -> str:
        """bridge, host, none: the kind of its network namespace, that of the owner where it is shared."""
        return network_of(Known(self.owner.mode) if self.owner.mode not in ("default", "") else None)

    def listeners_of(self, container: Container) -> tuple[Listener, ...] | None:
        """What listens in another container's namespace, None where that cannot be seen."""
        if container.mode == "host":
            return self.room.host_listeners
        seen = self.look(self.room.owner_of(container))
        return seen.listeners if seen is not None else None

    def host_alias(self) -> tuple[str, bool, str]:
        """(what to write for the host, whether it must be mapped to host-gateway, what the host's service must do)."""
        daemon = self.room.daemon
        found = host_advice(daemon.kind, daemon.platform, daemon.version)
        mapped = f"{found.host}:host-gateway" in self.owner.hosts
        return found.host, found.add_host_gateway and not mapped, found.note


def of_state(container: Container, subject: str | None = None) -> Cause | None:
    """Why a container cannot serve or be probed, None where it runs."""
    who = subject or container.name
    state = container.state
    if state.status == "paused":
        return cause("paused", f"{who} is paused: its kernel accepts connections, and nothing answers them", f"unpause it: docker unpause {container.name}")
    if state.flaps:
        return cause("restarting", f"{who} restarts again and again (last exit status {state.exit_code}, {state.restarts} restarts so far)", f"look at its log: docker logs {container.name}")
    if state.running:
        return None
    if state.status == "created":
        why = f": {state.error}" if state.error else ""
        return cause("never-started", f"{who} was created and never started{why}", _start_fix(container))
    if state.oom_killed:
        return cause("out-of-memory", f"{who} was killed for want of memory (exit status {state.exit_code})", "raise its memory limit, or make it need less")
    return cause("exited", f"{who} is not running: {state.status}, {_exit_words(state)}", f"look at why it ended (docker logs {container.name}) and start it again")


def _start_fix(container: Container) -> str:
    error = container.state.error
    if "address already in use" in error or "port is already allocated" in error:
        return "free the port on the host, or publish another one"
    if container.state.exit_code == 127 or "executable file not found" in error:
        return "correct the command or the entrypoint: the program is not in the image"
    return f"start it: docker start {container.name}"


def _exit_words(state: State) -> str:
    known = {137: " (SIGKILL)", 143: " (SIGTERM)", 139: " (SIGSEGV)", 126: " (the command cannot be run)", 127: " (the command is not there)"}
    return f"exit status {state.exit_code}{known.get(state.exit_code, '')}" + (f": {state.error}" if state.error else "")


def of_name(scene: Scene, target: Target, resolve: dict[str, Any]) -> Cause:
    """Why a name did not resolve."""
    host = target.host
    address = classify_address(host)
    kind = address.kind if address is not None else "name"
    daemon = scene.room.daemon
    if scene.mode == "none":
        return cause("no-network", f"the container has no network (--network none), so {host} cannot be resolved", "give it a network")
    if kind == "host-alias":
        provision = provides_alias(daemon.kind, daemon.platform, host)
        if provision in ("missing", "unknown"):
            name, gateway, note = scene.host_alias()
            how = f"add --add-host {host}:host-gateway (compose: extra_hosts: [\"{host}:host-gateway\"])" if gateway else f"dial {name}"
            return cause("alias-without-gateway", f"{host} does not exist on this engine ({daemon.kind}) unless the launch adds it", how + (f"; {note}" if note else ""))
        return cause("resolver-silent", f"{host} is this engine's own name for the host, and its resolver does not answer ({resolve['error']})", "check the container's dns settings: an own list hides the engine's names")
    if kind == "misspelt-alias":
        meant = address.alias if address is not None else None
        return cause("misspelt-alias", f"no engine provides {host}", f"write {meant}")
    other = scene.room.by_name(host)
    owner = scene.owner
    if other is not None and other.id != scene.container.id:
        down = of_state(other)
        if down is not None and down.key != "paused":
            return down
        common = set(owner.networks) & set(other.networks)
        if not common:
            if set(owner.networks) <= {"bridge", "podman"} and owner.networks:
                return _default_bridge(host, owner, other)
            return _different(owner, other)
        if common <= {"bridge", "podman"}:
            return _default_bridge(host, owner, other)
        return cause(
            "name-on-other-network", f"{host} is a name of {other.name}, but not on the network that both are on ({', '.join(sorted(common))})",
            f"dial {other.name}, or give it the alias {host} on that network",
        )  # fmt: skip
    if not owner.attachments and scene.mode == "bridge":
        return cause("not-attached", "the container is attached to no network", f"attach it: docker network connect NETWORK {owner.name}")
    silent = str(resolve.get("error")) in ("timeout", "servfail", "refused", "no-server") or str(resolve.get("error")).startswith("unreachable")
    if silent and owner.attachments and all(scene.room.networks[one].internal for one in owner.networks if one in scene.room.networks):
        return _internal(owner, host)
    if silent:
        return cause(
            "resolver-silent", f"the resolver {resolve.get('server') or ''} does not answer ({resolve['error']})".replace("  ", " "),
            "check the container's nameserver (/etc/resolv.conf) and what lies between",
        )  # fmt: skip
    if "." not in host and set(owner.networks) <= {"bridge"} and owner.networks:
        return cause(
            "default-bridge-without-dns", f"{host} is unknown; the container is on the default bridge, which resolves no container names",
            "put both on a network of their own (docker network create) and dial the other by its name",
        )  # fmt: skip
    near = difflib.get_close_matches(host.lower(), sorted(_visible(scene)), n=1)
    return cause(
        "unknown-name", f"no resolver of the container knows {host} (NXDOMAIN)",
        f"did you mean {near[0]}?" if near else "correct the name, or start what it names on a network that both share",
    )  # fmt: skip


def _visible(scene: Scene) -> set[str]:
    mine = set(scene.owner.networks)
    return {name for one in scene.room.containers.values() if mine & set(one.networks) for name in one.names}


def _default_bridge(host: str, owner: Container, other: Container) -> Cause:
    return cause(
        "default-bridge-without-dns", f"{owner.name} is on the default bridge, which resolves no container names; {host} is one",
        f"put {owner.name} and {other.name} on a network of their own: docker network create NET, then --network NET for both",
    )  # fmt: skip


def _different(owner: Container, other: Container) -> Cause:
    ours, theirs = (", ".join(one.networks) or "none" for one in (owner, other))
    return cause(
        "different-networks", f"{owner.name} and {other.name} share no network ({ours} against {theirs})",
        f"attach both to one network: docker network connect {other.networks[0] if other.networks else 'NETWORK'} {owner.name}",
    )  # fmt: skip


def _internal(owner: Container, what: str) -> Cause:
    return cause(
        "internal-network", f"the network {', '.join(owner.networks)} is internal: it has no way out to {what}",
        "attach the container to a second network that is not internal, or dial a name on this one",
    )  # fmt: skip


def of_connect(scene: Scene, target: Target, attempts: Sequence[dict[str, Any]]) -> Cause:
    """Why no TCP connection came about."""
    first = attempts[0]
    # Where a name has two addresses, the one that somebody could listen on tells more.
    for one in attempts:
        if one["errno"] != NO_ADDRESS and ":" not in one["address"]:
            first = one
            break
    address, number, seconds = str(first["address"]), first["errno"], float(first["seconds"])
    if number in (REFUSED, NO_ADDRESS) and _is_loopback(address):
        return _at_loopback(scene, target, address, number)
    if scene.mode == "none" or (number == UNREACHABLE_NET and not scene.owner.attachments and scene.mode == "bridge"):
        if scene.mode == "none":
            return cause("no-network", "the container has no network (--network none)", "give it a network")
        return cause("not-attached", "the container is attached to no network", f"attach it: docker network connect NETWORK {scene.owner.name}")
    other = scene.room.by_address(address)
    if other is None:
        # A name that leads where no container is any more: it went away, or came back elsewhere, since the engine was asked.
        gone = scene.room.by_name(target.host)
        down = of_state(gone) if gone is not None else None
        if down is not None and down.key != "paused":
            return down
    if other is not None and other.id != scene.owner.id:
        return _at_container(scene, target, other, number)
    if _is_host(scene, target, address):
        return _at_host(scene, target, address, number, seconds)
    return _elsewhere(scene, target, address, number)


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address in ("::1", "0.0.0.0", "::", "::ffff:127.0.0.1")  # noqa: S104 - recognised, not bound


def _is_host(scene: Scene, target: Target, address: str) -> bool:
    found = classify_address(target.host)
    if found is not None and found.kind == "host-alias":
        return True
    return address in scene.room.host_addresses or any(address in network.gateways for network in scene.room.networks.values())


def _at_loopback(scene: Scene, target: Target, address: str, number: int) -> Cause:
    host, port = target.host, target.port
    name, gateway, note = scene.host_alias()
    written = classify_address(host)
    if written is not None and not written.is_loopback:
        if scene.mode != "host":
            fix = f"map it to host-gateway: --add-host {host}:host-gateway" if gateway else f"remove the entry: {name} works by itself"
            return cause("alias-maps-to-loopback", f"{host} is mapped to {address}, which is the container itself", fix)
    own = _ports(scene.inside.listeners if scene.inside else None, port)
    if own and number in (REFUSED, NO_ADDRESS) and ":" in address:
        return cause("ipv6-first", f"{host} is tried as {address}, and the server on port {port} listens on IPv4 only", "dial 127.0.0.1, or let the server listen on ::")
    if scene.mode == "host":
        return cause("nothing-listens", f"nothing listens on port {port} of the host, whose network the container shares", "start the service, or correct the port")
    if scene.container.owner is not None:
        return cause(
            "nothing-listens", f"nothing in the network namespace that {scene.container.name} shares with {scene.owner.name} listens on port {port}",
            "start the service there, or dial the address of where it runs",
        )  # fmt: skip
    if host.startswith("::") and number == NO_ADDRESS:
        suffix = " (and the container has no IPv6)"
    else:
        suffix = ""
    fix, extra = _where_instead(scene, port, name, gateway, note)
    text = f"{target.shown} points at the container itself, where nothing listens on port {port}{suffix}{extra}"
    return cause("loopback-in-bridge", text, fix)


def _where_instead(scene: Scene, port: int | None, name: str, gateway: bool, note: str) -> tuple[str, str]:
    """(fix, what is known of where the service really is)."""
    if port is not None:
        for one in scene.room.containers.values():
            if one.id == scene.container.id or of_state(one) is not None or one.mode == "host":
                continue
            inner = [binding.container_port for binding in one.bindings if binding.host_port == port]
            listens = _ports(scene.listeners_of(one), port)
            shared = [network for network in one.networks if network in scene.owner.networks and network != "bridge"]
            if shared and (inner or listens):
                return f"dial {one.name}:{inner[0] if inner else port}, on the network {shared[0]} that both are on", f"; {one.name} serves it"
    alias = f"dial {name}:{port}" + (f" and add --add-host {name}:host-gateway" if gateway else "")
    listening = _ports(scene.room.host_listeners, port)
    if listening and port is not None and scene.room.by_published(port) is None:
        if all(one.is_loopback for one in listening) and note:
            return f"{alias}; the host's service listens on {listening[0].address} only, so let it listen on the bridge's address or 0.0.0.0", "; the host serves it, on loopback"
        return alias, "; the host serves it"
    if listening:
        return alias, "; the host serves it"
    if scene.room.host_listeners is not None:
        return f"{alias}, and start the service: nothing listens on the host's port {port} either", ""
    return alias + (f"; {note}" if note else ""), ""


def _ports(listeners: Sequence[Listener] | None, port: int | None) -> tuple[Listener, ...]:
    return tuple(one for one in listeners or () if one.port == port)


def _near(listeners: Sequence[Listener] | None) -> str:
    ports = sorted({one.port for one in listeners or ()})
    return f" (it listens on {', '.join(str(port) for port in ports[:6])}{' and more' if len(ports) > 6 else ''})" if ports else ""


def _at_container(scene: Scene, target: Target, other: Container, number: int | None) -> Cause:
    port = target.port
    if not set(scene.owner.networks) & set(other.networks) and number != REFUSED:
        return _different(scene.owner, other)
    down = of_state(other)
    if down is not None and down.key != "paused":
        return down
    listeners = scene.listeners_of(other)
    found = _ports(listeners, port)
    if number == REFUSED and listeners is not None:
        if not found:
            return _not_listening(other, port, listeners)
        if all(one.is_loopback for one in found):
            return _server_on_loopback(other, port, found[0])
    if number == REFUSED and listeners is None:
        binding = next((one for one in other.bindings if one.host_port == port), None)
        if binding is not None:
            return _published_inside(other, port, binding)
        return cause("nothing-listens", f"{other.name} refuses connections to port {port}; what listens in it cannot be seen from here", "check that its server runs and listens on 0.0.0.0")
    if number == REFUSED:
        return cause("firewall-reject", f"{other.name} listens on port {port}, and a firewall refuses the connection", "allow traffic between containers on this network (iptables, chain DOCKER-USER)")
    if number in (UNREACHABLE_HOST, UNREACHABLE_NET):
        return cause("firewall-reject", f"a firewall between the containers refuses connections to {other.name}:{port}", "allow traffic between containers on this network (iptables, chain DOCKER-USER)")
    if found:
        return cause("firewall-drop", f"packets to {other.name}:{port} vanish though it listens there: a firewall drops them, or its backlog is full", "allow traffic between containers on this network (iptables, chain DOCKER-USER; enable_icc of the network)")
    return cause("firewall-drop", f"packets to {other.name}:{port} vanish: a firewall drops them", "allow traffic between containers on this network (iptables, chain DOCKER-USER; enable_icc of the network)")


def _published_inside(other: Container, port: int | None, binding: Binding) -> Cause:
    return cause(
        "published-port-inside", f"{port} is the port of {other.name} on the host; inside the network it listens on {binding.container_port}",
        f"dial {other.name}:{binding.container_port}",
    )  # fmt: skip


def _not_listening(other: Container, port: int | None, listeners: Sequence[Listener]) -> Cause:
    binding = next((one for one in other.bindings if one.host_port == port and one.container_port != port), None)
    if binding is not None:
        return _published_inside(other, port, binding)
    if not listeners:
        return cause("nothing-listens", f"{other.name} runs, and nothing in it listens on any port", f"wait until its server has started, or look at its log: docker logs {other.name}")
    ports = sorted({one.port for one in listeners if not one.is_loopback}) or sorted({one.port for one in listeners})
    return cause("wrong-port", f"nothing in {other.name} listens on port {port}{_near(listeners)}", f"dial {other.name}:{ports[0]}" if len(ports) == 1 else "correct the port")


def _server_on_loopback(other: Container, port: int | None, listener: Listener) -> Cause:
    return cause(
        "server-on-loopback", f"the server in {other.name} listens on {listener.address}:{port} only, so no other container reaches it",
        f"let it listen on 0.0.0.0:{port} inside {other.name}",
    )  # fmt: skip


def _at_host(scene: Scene, target: Target, address: str, number: int | None, seconds: float) -> Cause:
    port = target.port
    room = scene.room
    published = room.by_published(port) if port is not None else None
    if published is not None:
        found = _at_published(scene, address, number, *published)
        if found is not None:
            return found
    if room.host_listeners is None:
        if number == REFUSED:
            return cause(
                "refused-unknown", f"nothing answers on {target.shown}: the service does not run, or listens on the host's loopback only (the host's side cannot be seen from here)",
                f"start it, and let it listen on more than 127.0.0.1: check on the host with ss -ltn 'sport = :{port}'",
            )  # fmt: skip
        return cause("no-answer", f"{target.shown} does not answer, and the host's side cannot be seen from here", "check the host's firewall and whether the service runs")
    found_there = _ports(room.host_listeners, port)
    if number == REFUSED or (number is None and not found_there):
        if not found_there:
            return cause("nothing-listens", f"nothing listens on port {port} of the host", "start the service, or correct the port")
        if all(one.is_loopback for one in found_there):
            return cause(
                "host-service-on-loopback", f"the service runs on the host and listens on {found_there[0].address}:{port} only; the container arrives at {address}",
                f"let it listen on {address} or 0.0.0.0 (mind who else can then reach it; Ollama: OLLAMA_HOST=0.0.0.0), or run the container with --network host",
            )  # fmt: skip
        if not any(one.is_any or one.address == address for one in found_there):
            return cause(
                "host-service-on-loopback", f"the service on the host listens on {found_there[0].address}:{port}, not on {address} where the container arrives",
                f"let it listen on {address} or 0.0.0.0 as well",
            )  # fmt: skip
        return cause("firewall-reject", f"the service listens on the host's port {port}, and a firewall refuses the container's connection", _firewall_fix(scene, port))
    if number in (UNREACHABLE_HOST, UNREACHABLE_NET):
        if number == UNREACHABLE_HOST and seconds >= ARP_SECONDS:
            return cause("no-such-address", f"nobody on the container's network owns {address}", "correct the address: use the name that the engine gives the host")
        if room.daemon.kind.endswith("rootless"):
            return cause("rootless-loopback", f"{address} leads to the host's loopback, which this rootless engine keeps shut", "set DOCKERD_ROOTLESS_ROOTLESSKIT_DISABLE_HOST_LOOPBACK=false and the daemon's host-gateway-ip, or dial the host's own address")
        return cause("firewall-reject", f"the host refuses the connection to {target.shown} by policy (ICMP, {'prohibited' if number == UNREACHABLE_HOST else 'net unreachable'})", _firewall_fix(scene, port))
    if scene.owner.attachments and all(room.networks[one].internal for one in scene.owner.networks if one in room.networks) and published is not None:
        return _internal(scene.owner, target.shown)
    return cause("firewall-drop", f"packets to {target.shown} vanish: the service listens on the host, and a firewall drops what comes from the container's bridge", _firewall_fix(scene, port))


def _at_published(scene: Scene, address: str, number: int | None, other: Container, binding: Binding) -> Cause | None:
    down = of_state(other)
    if down is not None and down.key != "paused":
        return down
    if binding.host_ip.startswith("127.") or binding.host_ip == "::1":
        return cause(
            "published-on-loopback", f"{other.name} publishes port {binding.host_port} on the host's {binding.host_ip} only; the container arrives at {address}",
            f"dial {other.name}:{binding.container_port} on a network that both share, or publish it without {binding.host_ip}",
        )  # fmt: skip
    networks = scene.room.networks
    if number is None and scene.owner.attachments and all(networks[one].internal for one in scene.owner.networks if one in networks):
        return _internal(scene.owner, f"ports that the host publishes ({binding.host_port})")
    return None


def _firewall_fix(scene: Scene, port: int | None) -> str:
    network = scene.owner.networks[0] if scene.owner.networks else "bridge"
    device = "docker0" if network == "bridge" else f"the bridge of {network} (br-...)"
    return f"open the port for {device}: ufw allow in on docker0 to any port {port}, or the same in the zone of firewalld" if network == "bridge" else f"open port {port} for {device} in the host's firewall"


def _elsewhere(scene: Scene, target: Target, address: str, number: int | None) -> Cause:
    networks = [scene.room.networks[one] for one in scene.owner.networks if one in scene.room.networks]
    if networks and all(network.internal for network in networks) and number != REFUSED:
        return _internal(scene.owner, target.shown)
    if number == REFUSED:
        return cause("nothing-listens", f"{address} refuses connections to port {target.port}: nothing listens there, or a firewall says so", "check the port and whether the service runs there")
    if number == UNREACHABLE_HOST:
        # About 3 s the first time; at once while the kernel remembers it, so here the time does not tell the two apart.
        return cause(
            "no-such-address", f"nobody on the network owns {address}, or a router refuses the way there (EHOSTUNREACH)",
            "correct the address; a container that was started again may have another one, so dial its name",
        )  # fmt: skip
    if number == UNREACHABLE_NET:
        return cause("firewall-reject", f"there is no way from the container to {address} (ENETUNREACH)", "check the routes of the host and the networks of the container")
    return cause("no-answer", f"{address}:{target.port} does not answer: a firewall drops the packets, or nothing is there", "check the address and what lies between")


__all__ = ["ARP_SECONDS", "Scene", "of_connect", "of_name", "of_state"]

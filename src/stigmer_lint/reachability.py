"""The one place that knows what reaches what: from engine, platform, network mode, host entries, address and how the host
service is bound to reachable, unreachable or depends.

The answer is a row of knowledge/reachability.tsv with its reason and its source; rules, launcher and verifier all ask here.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Literal, TypeAlias, get_args

import msgspec

from stigmer_lint.addresses import (
    Address,
    AddressKind,
    Located,
    addresses,
    addresses_of,
    classify_address,
    gateway_ips,
    host_aliases,
)
from stigmer_lint.knowledge.tables import rows
from stigmer_lint.model.launch import Engine, HostEntry, LaunchFacts, Platform
from stigmer_lint.model.value import Choice, Known, Template, Value

EngineKind: TypeAlias = Literal[
    "docker-engine", "docker-rootless", "docker-wsl", "docker-desktop", "podman", "podman-rootless", "podman-machine", "nerdctl", "apple-container", "colima", "lima",
    "rancher-desktop", "orbstack", "kubernetes", "minikube", "kind", "k3d", "codespaces", "testcontainers", "other",
]
"""What answers behind `docker`: a Linux engine on the machine itself, one without root, one in somebody's virtual machine."""
Network: TypeAlias = Literal["bridge", "host", "none", "shared", "unknown"]
"""bridge: a network namespace of its own on whatever network; shared: that of another container or pod."""
Bound: TypeAlias = Literal["loopback", "all", "bridge", "namespace", "unknown"]
"""What the service listens on: 127.0.0.1 only, every address, the bridge's address alone; or it runs in the container's own namespace."""
Mapped: TypeAlias = Literal["none", "host-gateway", "loopback", "address", "unknown"]
"""What the launch's own host entries (`--add-host`, `extra_hosts`) say of a name."""
Provision: TypeAlias = Literal["builtin", "vm", "host-gateway", "loopback", "address", "missing", "unknown"]
"""How a host alias gets its meaning in the end; vm: the engine knows the name, but it is not the host's."""
Verdict: TypeAlias = Literal["reachable", "unreachable", "depends"]

ENGINE_KINDS: tuple[EngineKind, ...] = get_args(EngineKind)


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The question: does code in such a container reach the host's service at `address`?"""

    engine: EngineKind
    platform: Platform
    address: Address
    network: Network = "bridge"
    mapped: Mapped = "none"
    bound: Bound = "unknown"


class Reach(msgspec.Struct, frozen=True):
    """The answer; `why` completes "because ..."; `row_key` names the row, `source` where the fact is from ("run ..." was run)."""

    verdict: Verdict
    row_key: str
    why: str
    source: str


class Row(msgspec.Struct, frozen=True):
    """One row of the table; a column None fits everything."""

    key: str
    engine: frozenset[str] | None
    platform: frozenset[str] | None
    network: frozenset[str] | None
    address: frozenset[str] | None
    alias: frozenset[str] | None
    bound: frozenset[str] | None
    answer: Reach


class AliasRow(msgspec.Struct, frozen=True):
    """One row of knowledge/host_aliases.tsv: which engines give the host this name, since when, and what is at the other end."""

    alias: str
    engines: frozenset[str]
    platforms: frozenset[str] | None
    since: str
    reaches: str
    source: str


def _set(column: str) -> frozenset[str] | None:
    return None if column == "*" else frozenset(column.split("|"))


_VERDICTS: dict[str, Verdict] = {"reachable": "reachable", "unreachable": "unreachable", "depends": "depends"}


@cache
def table() -> tuple[Row, ...]:
    """The rows in order; the first that fits decides."""
    return tuple(
        Row(key, _set(engine), _set(platform), _set(network), _set(address), _set(alias), _set(bound), Reach(_VERDICTS[verdict], key, why, source))
        for key, engine, platform, network, address, alias, bound, verdict, why, source in rows("reachability", 10)
    )


@cache
def alias_rows() -> tuple[AliasRow, ...]:
    """The host aliases with the engines that provide them."""
    return tuple(
        AliasRow(alias, frozenset(engines.split(",")), None if platforms == "*" else frozenset(platforms.split(",")), since, reaches, source)
        for alias, engines, platforms, since, reaches, source in rows("host_aliases", 6)
    )


def engine_kind(engine: Engine, platform: Platform) -> EngineKind:
    """The kind of engine to expect where only the command and the platform are known: Docker Desktop and Podman machine off Linux."""
    if engine == "docker":
        return "docker-engine" if platform == "linux" else "docker-desktop"
    if engine == "podman":
        return "podman" if platform == "linux" else "podman-machine"
    if engine == "nerdctl":
        return "nerdctl" if platform == "linux" else "lima" if platform == "macos" else "rancher-desktop"
    return "kubernetes" if engine == "kubernetes" else "apple-container" if engine == "apple" else "other"


def kind_of_daemon(
    operating_system: str, name: str = "", security: Iterable[str] = (), kernel: str = "", podman: bool = False, remote_client: bool = False
) -> EngineKind:
    """The kind of a running engine from what it says of itself (`docker info`: OperatingSystem, Name, SecurityOptions, KernelVersion).

    `remote_client`: the client runs on macOS or Windows, so the engine is in a virtual machine.
    """
    system = operating_system.lower()
    label = name.lower()
    rootless = any("rootless" in option for option in security)
    if podman:
        return "podman-machine" if remote_client else "podman-rootless" if rootless else "podman"
    if "docker desktop" in system:
        return "docker-desktop"
    if "orbstack" in system or label == "orbstack":
        return "orbstack"
    if label.startswith("colima"):
        return "colima"
    if "rancher desktop" in system or label.startswith(("lima-rancher-desktop", "rancher-desktop")):
        return "rancher-desktop"
    if label.startswith("lima-"):
        return "lima"
    if rootless:
        return "docker-rootless"
    if "microsoft" in kernel.lower():
        return "docker-wsl"
    return "docker-desktop" if remote_client else "docker-engine"


def provides_alias(engine: EngineKind, platform: Platform, alias: str, network: Network = "bridge", mapped: Mapped = "none") -> Provision:
    """How `alias` gets its meaning in a container of this engine whose own host entries say `mapped` of it.

    An entry of the launch wins over what the engine provides, also where that would have worked.
    """
    if mapped != "none":
        return mapped
    name = alias.lower().rstrip(".")
    for row in alias_rows():
        if row.alias == name and engine in row.engines and (row.platforms is None or platform in row.platforms):
            return "builtin" if row.reaches in ("host", "forwarder") else "vm"
    return "unknown" if engine in ("other", "codespaces") else "missing"


def provided_by(alias: str) -> tuple[AliasRow, ...]:
    """The engines that provide a host alias by themselves; () for a name that is none."""
    name = alias.lower().rstrip(".")
    return tuple(row for row in alias_rows() if row.alias == name)


def reach(query: Query) -> Reach:
    """The first row of the table that fits."""
    kind: AddressKind = "loopback" if query.address.is_loopback else query.address.kind
    alias = "-"
    if kind == "host-alias":
        alias = provides_alias(query.engine, query.platform, query.address.alias or query.address.host, query.network, query.mapped)
    elif kind == "gateway-ip":
        engines, proxied = gateway_ips().get(query.address.host, ((), False))
        alias = "foreign" if query.engine not in engines and query.engine != "other" else "own-proxy" if proxied else "own"
    return _answer(kind, query.engine, query.network, alias, query.bound, query.platform)


@cache
def _answer(kind: AddressKind, engine: EngineKind, network: Network, alias: str, bound: Bound, platform: Platform) -> Reach:
    """The first row that fits these columns, each of which has few values; thousands of variables of one launch ask the same."""
    for row in table():
        if (
            (row.address is None or kind in row.address)
            and (row.engine is None or engine in row.engine)
            and (row.network is None or network in row.network)
            and (row.alias is None or alias in row.alias)
            and (row.bound is None or bound in row.bound)
            and (row.platform is None or platform in row.platform)
        ):
            return row.answer
    return Reach("depends", "none", "no row of the table fits", "-")


_SHARED = ("container:", "service:", "pod:", "ns:")
_NETWORK_WORDS: dict[str, Network] = {"host": "host", "none": "none"}


def network_of(value: Value | None, pod: str | None = None) -> Network:
    """The network mode that a launch's `network` value means; None is the engine's default bridge.

    Values that are not known, and choices between modes that differ, are "unknown".
    """
    if pod is not None:
        return "shared"
    if value is None:
        return "bridge"
    if isinstance(value, Known):
        return _mode(value.text)
    if isinstance(value, Template):
        lead = value.parts[0]
        if not isinstance(lead, Known) or not lead.text:
            return "unknown"
        if lead.text.startswith(_SHARED):
            return "shared"
        # `supabase_network_{project}`: a network whose name is computed, and no mode, unless a mode begins like it.
        return "unknown" if any(word.startswith(lead.text) for word in (*_SHARED, *_NETWORK_WORDS, "slirp4netns", "pasta:")) else "bridge"
    if isinstance(value, Choice):
        modes = {network_of(option) for option in value.options}
        if modes == {"bridge", "unknown"}:
            # A setting that names another network, or one of the program's own where there is none: the latter holds until somebody sets it.
            return "bridge"
        return modes.pop() if len(modes) == 1 else "unknown"
    return "unknown"


def _mode(text: str) -> Network:
    if text.startswith(_SHARED):
        return "shared"
    if text.startswith("pasta:") and "-T" in text:
        # `-T` forwards ports of the container's own loopback to the host.
        return "unknown"
    return _NETWORK_WORDS.get(text, "bridge")


def mapping_of(hosts: Iterable[HostEntry], alias: str, hosts_open: bool = False) -> Mapped:
    """What a launch's host entries say of a name. The last entry of the name decides; entries that may be missing give "unknown"."""
    name = alias.lower().rstrip(".")
    found: Mapped = "unknown" if hosts_open else "none"
    for entry in hosts:
        if not isinstance(entry.host, Known):
            found = "unknown"
            continue
        if entry.host.text.lower().rstrip(".") != name:
            continue
        found = "unknown" if entry.maybe else _target(entry.address)
    return found


def _target(address: Value) -> Mapped:
    if isinstance(address, Choice):
        targets = {_target(option) for option in address.options}
        return targets.pop() if len(targets) == 1 else "unknown"
    if not isinstance(address, Known):
        return "unknown"
    if address.text == "host-gateway":
        return "host-gateway"
    found = classify_address(address.text)
    return "loopback" if found is not None and found.is_loopback else "address"


def query_of(
    facts: LaunchFacts, engine: Engine, platform: Platform, address: Address, bound: Bound = "unknown", kind: EngineKind | None = None
) -> Query:
    """The question that a launch puts for one of its addresses on one platform.

    `kind`: the engine that really answers, where that is known (a running system); else the one to expect of `engine` on `platform`.
    """
    alias = address.alias or address.host
    return Query(
        engine=kind or engine_kind(engine, platform),
        platform=platform,
        address=address,
        network=network_of(facts.network, facts.pod),
        mapped=mapping_of(facts.hosts, alias, facts.hosts_open) if address.kind == "host-alias" else "none",
        bound=bound,
    )


@cache
def shares_host_loopback(network: Network, engine: EngineKind, platform: Platform) -> Verdict:
    """Whether loopback in the container is the host's: reachable, unreachable, or depends."""
    return reach(Query(engine=engine, platform=platform, address=LOOPBACK, network=network, bound="loopback")).verdict


LOOPBACK = Address("loopback", "localhost", 0, 9)


class Advice(msgspec.Struct, frozen=True):
    """How a container of this engine reaches the host: the host name to dial, and whether the launch must map it to host-gateway.

    `note` says what the service on the host must do for it ("" where nothing).
    """

    host: str
    add_host_gateway: bool
    note: str


DEFAULT_ALIAS = "host.docker.internal"


@cache
def advise(engine: EngineKind, platform: Platform, network: Network = "bridge") -> Advice:
    """What to write in place of loopback. With the host's own loopback (host network on a Linux engine) that is `localhost` itself."""
    if shares_host_loopback(network, engine, platform) == "reachable":
        return Advice("localhost", False, "")
    builtin = next(
        (row.alias for row in alias_rows() if engine in row.engines and row.reaches == "host" and (row.platforms is None or platform in row.platforms)), None
    )
    if builtin is not None:
        answer = reach(Query(engine=engine, platform=platform, address=_alias(builtin), network=network, bound="loopback"))
        return Advice(builtin, False, "" if answer.verdict == "reachable" else "the service must not listen on 127.0.0.1 only")
    answer = reach(Query(engine=engine, platform=platform, address=_alias(DEFAULT_ALIAS), network=network, mapped="host-gateway", bound="all"))
    if answer.verdict == "unreachable":
        return Advice(DEFAULT_ALIAS, False, answer.why)
    return Advice(DEFAULT_ALIAS, True, "the service must not listen on 127.0.0.1 only")


def _alias(name: str) -> Address:
    return Address("host-alias", name, 0, len(name), None, None, name)


__all__ = [
    "DEFAULT_ALIAS", "ENGINE_KINDS", "LOOPBACK", "Address", "AddressKind", "Advice", "AliasRow", "Bound", "EngineKind", "Located", "Mapped", "Network",
    "Provision", "Query", "Reach", "Verdict", "addresses", "addresses_of", "advise", "alias_rows", "classify_address", "engine_kind", "gateway_ips",
    "host_aliases", "kind_of_daemon", "mapping_of", "network_of", "provided_by", "provides_alias", "query_of", "reach", "shares_host_loopback", "table",
]

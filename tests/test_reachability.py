"""The reachability table: what was run and what the engines document."""

from __future__ import annotations

from itertools import product

import pytest

from stigmer_lint.model.launch import PLATFORMS, HostEntry, LaunchFacts
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Known, Template, Unknown
from stigmer_lint.reachability import (
    ENGINE_KINDS,
    Address,
    Query,
    advise,
    alias_rows,
    classify_address,
    engine_kind,
    kind_of_daemon,
    mapping_of,
    network_of,
    provides_alias,
    query_of,
    reach,
    table,
)

SPAN = Span("a", 0, 1)


def verdict(engine: str, platform: str, text: str, network: str = "bridge", mapped: str = "none", bound: str = "unknown") -> str:
    address = classify_address(text)
    assert address is not None
    return reach(Query(engine=engine, platform=platform, address=address, network=network, mapped=mapped, bound=bound)).verdict


@pytest.mark.parametrize(
    ("engine", "platform", "text", "network", "mapped", "bound", "want"),
    [
        # The seed's own case.
        ("docker-desktop", "macos", "http://localhost:1", "bridge", "none", "loopback", "unreachable"),
        ("docker-desktop", "windows", "http://host.docker.internal:1", "bridge", "none", "loopback", "reachable"),
        ("docker-engine", "linux", "http://localhost:1", "host", "none", "loopback", "reachable"),
        ("docker-engine", "linux", "http://localhost:1", "bridge", "none", "all", "unreachable"),
        ("docker-engine", "linux", "http://host.docker.internal:1", "bridge", "none", "all", "unreachable"),
        ("docker-engine", "linux", "http://host.docker.internal:1", "bridge", "host-gateway", "all", "reachable"),
        ("docker-engine", "linux", "http://host.docker.internal:1", "bridge", "host-gateway", "loopback", "unreachable"),
        ("docker-engine", "linux", "http://host.docker.internal:1", "bridge", "host-gateway", "unknown", "depends"),
        ("docker-engine", "linux", "http://host.docker.internal:1", "bridge", "host-gateway", "bridge", "reachable"),
        # The alias in host mode is the bridge's address, where a loopback service does not listen.
        ("docker-engine", "linux", "host.docker.internal", "host", "host-gateway", "loopback", "unreachable"),
        ("docker-engine", "linux", "host.docker.internal", "host", "none", "all", "unreachable"),
        ("docker-engine", "linux", "host.docker.internal", "none", "host-gateway", "all", "unreachable"),
        ("docker-engine", "linux", "localhost", "host", "none", "bridge", "unreachable"),
        ("docker-engine", "linux", "host.docker.internal", "bridge", "loopback", "all", "unreachable"),
        ("docker-engine", "linux", "host.docker.internal", "bridge", "unknown", "all", "depends"),
        ("docker-engine", "linux", "0.0.0.0:80", "bridge", "none", "all", "unreachable"),
        ("docker-engine", "linux", "localhost", "bridge", "none", "namespace", "reachable"),
        ("docker-engine", "linux", "localhost", "shared", "none", "unknown", "depends"),
        ("docker-engine", "linux", "localhost", "shared", "none", "loopback", "unreachable"),
        ("docker-engine", "linux", "localhost", "unknown", "none", "unknown", "depends"),
        ("docker-engine", "linux", "172.17.0.1", "bridge", "none", "loopback", "unreachable"),
        ("docker-engine", "linux", "172.17.0.1", "bridge", "none", "all", "depends"),
        ("docker-desktop", "macos", "172.17.0.1", "bridge", "none", "all", "unreachable"),
        ("docker-engine", "linux", "docker.host.internal", "bridge", "none", "all", "unreachable"),
        ("docker-desktop", "macos", "localhost", "host", "none", "loopback", "depends"),
        ("docker-desktop", "macos", "host.docker.internal", "bridge", "host-gateway", "loopback", "reachable"),
        ("docker-rootless", "linux", "host.docker.internal", "bridge", "host-gateway", "all", "unreachable"),
        ("docker-rootless", "linux", "localhost", "host", "none", "loopback", "unreachable"),
        ("rancher-desktop", "macos", "host.docker.internal", "bridge", "none", "loopback", "reachable"),
        ("rancher-desktop", "macos", "host.docker.internal", "bridge", "host-gateway", "loopback", "unreachable"),
        ("lima", "macos", "host.docker.internal", "bridge", "host-gateway", "all", "unreachable"),
        ("colima", "macos", "host.lima.internal", "bridge", "none", "loopback", "reachable"),
        ("orbstack", "macos", "localhost", "host", "none", "loopback", "reachable"),
        ("podman", "linux", "host.containers.internal", "bridge", "none", "all", "reachable"),
        ("podman", "linux", "host.containers.internal", "bridge", "none", "loopback", "unreachable"),
        ("podman-machine", "macos", "host.containers.internal", "bridge", "none", "loopback", "reachable"),
        ("docker-engine", "linux", "host.containers.internal", "bridge", "none", "all", "unreachable"),
        ("docker-desktop", "macos", "host.containers.internal", "bridge", "none", "all", "unreachable"),
        ("minikube", "linux", "host.minikube.internal", "bridge", "none", "loopback", "unreachable"),
        ("k3d", "linux", "host.k3d.internal", "bridge", "none", "all", "reachable"),
        ("kubernetes", "linux", "localhost", "bridge", "none", "unknown", "unreachable"),
        ("kubernetes", "linux", "localhost", "host", "none", "unknown", "reachable"),
        ("docker-wsl", "linux", "localhost", "host", "none", "loopback", "depends"),
        ("docker-engine", "linux", "db:5432", "bridge", "none", "unknown", "depends"),
    ],
)
def test_what_reaches_what(engine: str, platform: str, text: str, network: str, mapped: str, bound: str, want: str) -> None:
    assert verdict(engine, platform, text, network, mapped, bound) == want


def test_every_question_has_a_row_with_a_reason_and_every_row_is_met() -> None:
    texts = ["localhost", "0.0.0.0", "host.docker.internal", "host.containers.internal", "host.k3d.internal", "host.minikube.internal", "host.testcontainers.internal",
             "kubernetes.docker.internal", "docker.host.internal", "172.17.0.1", "192.168.65.254", "db", "192.0.2.1"]
    found = [*(classify_address(text) for text in texts), Address("unknown", "{}", 0, 1)]
    met = set()
    for engine, platform, address, network, mapped, bound in product(
        ENGINE_KINDS, PLATFORMS, found, ("bridge", "host", "none", "shared", "unknown"), ("none", "host-gateway", "loopback", "address", "unknown"),
        ("loopback", "all", "bridge", "namespace", "unknown"),
    ):
        assert address is not None
        answer = reach(Query(engine=engine, platform=platform, address=address, network=network, mapped=mapped, bound=bound))
        assert answer.why
        assert answer.row_key != "none", (engine, address, network, mapped, bound)
        met.add(answer.row_key)
    assert met == {row.key for row in table()}
    assert len({row.key for row in table()}) == len(table())


def test_alias_rows_name_known_engines() -> None:
    for row in alias_rows():
        assert row.engines <= set(ENGINE_KINDS), row


def test_an_entry_of_the_launch_hides_the_engines_own_name() -> None:
    assert provides_alias("docker-desktop", "macos", "Host.Docker.Internal.") == "builtin"
    assert provides_alias("docker-desktop", "macos", "host.docker.internal", mapped="loopback") == "loopback"
    assert provides_alias("docker-engine", "linux", "host.docker.internal") == "missing"
    assert provides_alias("docker-desktop", "macos", "kubernetes.docker.internal") == "vm"


@pytest.mark.parametrize(
    ("text", "want"),
    [("host", "host"), ("bridge", "bridge"), ("default", "bridge"), ("mynet", "bridge"), ("none", "none"), ("container:x", "shared"), ("service:x", "shared"),
     ("slirp4netns:allow_host_loopback=true", "bridge"), ("pasta:-T,8080", "unknown")],
)
def test_network_modes(text: str, want: str) -> None:
    assert network_of(Known(text)) == want


def test_network_that_is_not_given_or_not_known() -> None:
    assert network_of(None) == "bridge"
    assert network_of(None, "pod") == "shared"
    assert network_of(Unknown("x")) == "unknown"
    assert network_of(Choice((Known("host"), Known("default")))) == "unknown"
    assert network_of(Choice((Known("a"), Known("b")))) == "bridge"
    assert network_of(Template((Known("container:"), Unknown("x")))) == "shared"


def test_host_entries_of_a_launch() -> None:
    def entry(address: str, maybe: bool = False) -> HostEntry:
        return HostEntry(Known("host.docker.internal"), Known(address), SPAN, maybe)

    assert mapping_of((), "host.docker.internal") == "none"
    assert mapping_of((), "host.docker.internal", True) == "unknown"
    assert mapping_of((entry("host-gateway"),), "HOST.docker.internal") == "host-gateway"
    assert mapping_of((entry("127.0.0.1"),), "host.docker.internal") == "loopback"
    assert mapping_of((entry("172.17.0.1"),), "host.docker.internal") == "address"
    assert mapping_of((entry("host-gateway", True),), "host.docker.internal") == "unknown"
    assert mapping_of((entry("host-gateway"),), "other") == "none"


def test_a_launch_asks_its_own_question() -> None:
    facts = LaunchFacts(network=Known("host"))
    address = classify_address("http://localhost:1")
    assert address is not None
    assert reach(query_of(facts, "docker", "linux", address)).verdict == "reachable"
    assert reach(query_of(facts, "docker", "macos", address)).verdict == "depends"


@pytest.mark.parametrize(
    ("info", "want"),
    [
        ({"operating_system": "Docker Desktop"}, "docker-desktop"),
        ({"operating_system": "Ubuntu 24.04"}, "docker-engine"),
        ({"operating_system": "Ubuntu 24.04", "security": ["name=seccomp", "name=rootless"]}, "docker-rootless"),
        ({"operating_system": "Ubuntu 24.04", "kernel": "5.15.1-microsoft-standard-WSL2"}, "docker-wsl"),
        ({"operating_system": "Ubuntu 24.04", "name": "colima"}, "colima"),
        ({"operating_system": "OrbStack"}, "orbstack"),
        ({"operating_system": "Fedora", "podman": True, "security": ["name=rootless"]}, "podman-rootless"),
    ],
)
def test_the_daemon_says_what_it_is(info: dict[str, str], want: str) -> None:
    assert kind_of_daemon(**info) == want


def test_engine_kinds_by_platform() -> None:
    assert [engine_kind("docker", platform) for platform in PLATFORMS] == ["docker-engine", "docker-desktop", "docker-desktop"]


def test_advice_is_reachable_where_it_promises_to_be() -> None:
    assert advise("docker-engine", "linux", "host").host == "localhost"
    linux = advise("docker-engine", "linux")
    assert (linux.host, linux.add_host_gateway) == ("host.docker.internal", True)
    assert linux.note
    mac = advise("docker-desktop", "macos")
    assert (mac.host, mac.add_host_gateway, mac.note) == ("host.docker.internal", False, "")
    assert not advise("rancher-desktop", "macos").add_host_gateway
    assert not advise("docker-rootless", "linux").add_host_gateway

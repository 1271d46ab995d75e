"""The prober gets into every kind of container, by every way, and says by which; healthy ones are quick."""

from __future__ import annotations

import time
from typing import Any

import pytest

from stigmer_lint.policy.types import NO_POLICY
from stigmer_lint.verifier.types import Way
from stigmer_lint.verifier.verify import Request, Verification, verify
from stigmer_rules import RULES

from .conftest import LABEL, Lab, docker

WAYS: tuple[Way, ...] = ("setns", "helper", "exec")


def run(*names: str, **more: Any) -> Verification:
    return verify(Request(names=names, **more), NO_POLICY, RULES)


def outcomes(result: Verification, name: str) -> list[str]:
    return [check.outcome for one in result.examined for check in one.checks if name in check.names and check.kind == "address"]


@pytest.fixture(scope="module")
def peer(lab: Lab) -> str:
    return lab.run("--network", lab.net, "--network-alias", "peer", command=("http:8080", "redis:6379", "grpc:7001:0.0.0.0:serving", "http:9000:127.0.0.1"))


DIALS = ("-e", "API_URL=http://peer:8080/", "-e", "REDIS_URL=redis://peer:6379/0", "-e", "BACKEND_ENDPOINT=grpc://peer:7001", "-e", "WRONG_URL=http://localhost:9")


@pytest.mark.parametrize("way", WAYS)
def test_each_way_tells_the_same(way: Way, lab: Lab, peer: str) -> None:
    name = lab.run("--network", lab.net, *DIALS, ready=False)
    time.sleep(0.3)
    result = run(name, way=way)
    assert result.examined[0].way == way, result.examined[0]
    for good in ("API_URL", "REDIS_URL", "BACKEND_ENDPOINT"):
        assert outcomes(result, good) == ["pass"], result.examined[0]
    wrong = next(check for check in result.examined[0].checks if "WRONG_URL" in check.names)
    assert wrong.cause is not None
    assert wrong.cause.key == "loopback-in-bridge"


@pytest.mark.parametrize("way", WAYS)
def test_what_the_entrypoint_changed_is_seen_by_every_way(way: Way, lab: Lab, peer: str) -> None:
    name = lab.name("export")
    lab.run("--network", lab.net, "-e", "API_URL=http://localhost:9/", name=name, image=lab.images["python"], command=("sh", "-c", "export API_URL=http://peer:8080/; exec sleep 600"))
    time.sleep(0.5)
    assert outcomes(run(name, way=way), "API_URL") == ["pass"]


BARE = ("/sleep", "600")


def test_an_image_without_shell_and_library(lab: Lab, peer: str) -> None:
    name = lab.run("--network", lab.net, "--user", "65532", *DIALS, image=lab.images["bare"], command=BARE)
    for way in ("setns", "helper"):
        result = run(name, way=way)
        assert outcomes(result, "API_URL") == ["pass"], result.examined[0]
    assert run(name).examined[0].way == "setns"


def test_exec_cannot_enter_an_image_without_python_and_says_so(lab: Lab, peer: str) -> None:
    name = lab.run("--network", lab.net, *DIALS[:6], image=lab.images["bare"], command=BARE)
    result = run(name, way="exec")
    assert outcomes(result, "API_URL") == ["cannot-tell"]
    assert result.examined[0].why_not.startswith("exec: ")
    assert result.status == 3


def test_a_read_only_container(lab: Lab, peer: str) -> None:
    assert outcomes(run(lab.run("--network", lab.net, "--read-only", *DIALS, ready=False)), "API_URL") == ["pass"]


def test_a_paused_container_is_probed_all_the_same(lab: Lab, peer: str) -> None:
    name = lab.run("--network", lab.net, *DIALS, ready=False)
    docker("pause", name)
    try:
        for way in ("setns", "helper"):
            result = run(name, way=way)
            assert outcomes(result, "API_URL") == ["pass"], result.examined[0]
            assert result.status == 1, "it is paused, which is a fault"
    finally:
        docker("unpause", name)


def test_a_container_in_the_network_of_another(lab: Lab, peer: str) -> None:
    name = lab.run("--network", f"container:{peer}", "-e", "OWN_URL=http://localhost:9000/", "-e", "API_URL=http://peer:8080/", "-e", "NONE_URL=http://localhost:9/", ready=False)
    result = run(name)
    assert outcomes(result, "OWN_URL") == ["pass"], "loopback is right where the service shares the namespace"
    assert outcomes(result, "API_URL") == ["pass"]
    none = next(check for check in result.examined[0].checks if "NONE_URL" in check.names)
    assert none.cause is not None
    assert none.cause.key == "nothing-listens"
    assert not [one for one in result.report.findings if one.finding.env == "OWN_URL"]


def test_loopback_that_the_container_serves_itself_is_no_finding(lab: Lab) -> None:
    result = run(lab.run("-e", "SIDECAR_REDIS_URL=redis://localhost:6379", command=("redis:6379",)))
    assert outcomes(result, "SIDECAR_REDIS_URL") == ["pass"]
    assert result.report.findings == ()
    assert result.status == 0


def test_a_container_on_the_host_s_network(lab: Lab) -> None:
    port = lab.host("http", "127.0.0.1")
    result = run(lab.run("--network", "host", "-e", f"API_URL=http://localhost:{port}/", "-e", "GONE_URL=http://localhost:9/", ready=False))
    assert outcomes(result, "API_URL") == ["pass"]
    gone = next(check for check in result.examined[0].checks if "GONE_URL" in check.names)
    assert gone.cause is not None
    assert gone.cause.key == "nothing-listens"


def test_one_healthy_container_with_three_services_takes_less_than_three_seconds(lab: Lab, peer: str) -> None:
    name = lab.run("--network", lab.net, *DIALS[:6], ready=False)
    began = time.monotonic()
    result = run(name)
    assert time.monotonic() - began < 3
    assert result.status == 0
    assert result.count("pass") == 4


def test_twenty_containers_take_less_than_fifteen_seconds(lab: Lab, peer: str) -> None:
    names = [lab.run("--network", lab.net, *DIALS[:6], ready=False, image=lab.images["bare"], command=BARE) for _ in range(20)]
    began = time.monotonic()
    result = run(*names)
    assert time.monotonic() - began < 15
    assert result.status == 0
    assert len(result.examined) == 20
    docker("rm", "-f", *names)


def test_without_a_name_every_running_container_is_looked_at(lab: Lab, peer: str) -> None:
    found = run().examined
    assert {one.container.name for one in found} >= {peer}
    assert all(one.container.state.status != "exited" for one in found)
    assert LABEL

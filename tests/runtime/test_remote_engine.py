"""An engine on another machine: nothing of its kernel is seen from here, so helpers look, and what cannot be known is said to be unknown."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stigmer_lint.model.launch import Platform
from stigmer_lint.policy.load import load_policy
from stigmer_lint.policy.types import NO_POLICY
from stigmer_lint.verifier.system import Machine
from stigmer_lint.verifier.types import Check
from stigmer_lint.verifier.verify import Request, Verification, verify
from stigmer_rules import RULES

from .conftest import Lab, docker


class Elsewhere(Machine):
    """This machine without its kernel's files and rights, as the client of a remote engine has it."""

    @property
    def is_root(self) -> bool:
        return False

    def read(self, path: str) -> bytes | None:
        return None if path.startswith(("/proc/", "/var/lib/")) else super().read(path)

    def processes(self, pid: int) -> tuple[int, ...]:
        return ()


@pytest.fixture(scope="module")
def result(lab: Lab) -> Verification:
    lab.run("--network", lab.net, "--network-alias", "peer", command=("http:8080", "http:9000:127.0.0.1"))
    name = lab.run(
        "--network", lab.net, "--add-host", "host.docker.internal:host-gateway", "-e", "API_URL=http://peer:8080/", "-e", "SHY_API_URL=http://peer:9000/",
        "-e", "WRONG_API_URL=http://peer:8081/", "-e", f"HOST_API_URL=http://host.docker.internal:{lab.host('http', '127.0.0.1')}/", "-e", "OLLAMA_HOST=http://peer:11434",
        image=lab.images["python"], command=("sh", "-c", "export OLLAMA_HOST=http://localhost:11434; exec sleep 600"),
    )  # fmt: skip
    return verify(Request(names=(name,)), NO_POLICY, RULES, system=Elsewhere())


def check_of(result: Verification, name: str, kind: str = "address") -> Check:
    return next(check for check in result.examined[0].checks if name in check.names and check.kind == kind)


def test_a_helper_probes(result: Verification) -> None:
    assert result.examined[0].way == "helper"
    assert check_of(result, "API_URL").outcome == "pass"


@pytest.mark.parametrize(("name", "key"), [("SHY_API_URL", "server-on-loopback"), ("WRONG_API_URL", "wrong-port"), ("OLLAMA_HOST", "loopback-in-bridge")])
def test_the_other_end_is_looked_at_by_a_helper_as_well(name: str, key: str, result: Verification) -> None:
    found = check_of(result, name).cause
    assert found is not None
    assert found.key == key


def test_what_listens_on_the_host_is_said_to_be_unknown(result: Verification) -> None:
    found = check_of(result, "HOST_API_URL").cause
    assert found is not None
    assert found.key == "refused-unknown"
    assert "cannot be seen from here" in found.text


def test_the_environment_is_that_of_the_processes(result: Verification) -> None:
    found = check_of(result, "OLLAMA_HOST", "env").cause
    assert found is not None
    assert found.key == "env-overridden"


def test_what_the_policy_calls_secret_is_not_shown(lab: Lab, tmp_path: Path) -> None:
    from stigmer_lint.report.layout import Layout
    from stigmer_lint.verifier.present import Format, present

    name = lab.run("-e", "LICENCE_URL=http://localhost:9/hush-hush", ready=False)
    (tmp_path / "stigmer-lint.yaml").write_text(f'version: 1\ncontainers:\n  a:\n    match: {{name: "{name}"}}\n    env: {{secret: [LICENCE_URL]}}\n')
    policy = load_policy(str(tmp_path / "stigmer-lint.yaml"), tmp_path)
    told = verify(Request(names=(name,)), policy, RULES)
    forms: tuple[Format, ...] = ("text", "json", "junit", "sarif")
    for form in forms:
        assert "hush-hush" not in present(told, form, Layout(verbose=True))
    assert "LICENCE_URL=***" in present(told, "text", Layout())


class Mac(Elsewhere):
    """A client on which no helper image can be made."""

    @property
    def platform(self) -> Platform:
        return "macos"


def test_without_an_image_of_its_own_a_helper_uses_one_that_holds_python(lab: Lab) -> None:
    """The container's image has no Python; the tests' own image is at hand and is called so."""
    lab.run("--network", lab.net, "--network-alias", "other", command=("http:8080",))
    name = lab.run("--network", lab.net, "-e", "API_URL=http://other:8080/", image=lab.images["bare"], command=("/sleep", "600"))
    told = verify(Request(names=(name,), way="helper"), NO_POLICY, RULES, system=Mac())
    assert told.daemon.kind == "docker-desktop", "a client elsewhere, so the engine is in a virtual machine"
    assert [check.outcome for check in told.examined[0].checks] == ["pass", "pass"], told.examined[0].why_not


def left_behind() -> str:
    mine = ("--filter", "label=stigmer-lint.verify")
    return docker("images", "--format", "{{.Repository}}:{{.Tag}} {{.CreatedAt}}", *mine) + docker("ps", "-aq", *mine)


def test_the_helper_s_image_is_gone_each_time(lab: Lab) -> None:
    """The engine may still be removing the helper when its image is to go."""
    # What a killed run left on this engine before is not this run's.
    before = set(left_behind().splitlines())
    name = lab.run("--network", lab.net, "-e", "API_URL=http://localhost:8089/", image=lab.images["bare"], command=("/sleep", "600"))
    for _ in range(3):
        verify(Request(names=(name,), way="helper"), NO_POLICY, RULES)
        # Others may be verifying on the same engine; what they make goes away in a moment, what is left behind does not.
        ends = time.monotonic() + 10
        while (left := set(left_behind().splitlines()) - before) and time.monotonic() < ends:
            time.sleep(0.5)
        assert left == set()

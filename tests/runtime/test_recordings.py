"""Runs on record, for machines without an engine: the same observations give the same verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from stigmer_lint.errors import EngineError
from stigmer_lint.model.launch import Platform
from stigmer_lint.policy.types import NO_POLICY
from stigmer_lint.report.layout import Layout
from stigmer_lint.verifier.engine import find_daemon
from stigmer_lint.verifier.present import present
from stigmer_lint.verifier.recording import Recording
from stigmer_lint.verifier.system import Output
from stigmer_lint.verifier.verify import Request, verify
from stigmer_rules import RULES

FOLDER = Path(__file__).parent / "recordings"
FILES = sorted(FOLDER.glob("*.json"))


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_there_are_recordings() -> None:
    assert len(FILES) >= 7


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_recording_gives_the_verdict_that_the_real_run_gave(path: Path) -> None:
    document = load(path)
    way = "helper" if document["way"] == "helper" else None
    result = verify(Request(names=(document["subject"],), engine="docker", way=way), NO_POLICY, RULES, system=Recording(document))
    told = [[check.kind, ",".join(check.names), check.outcome, check.cause.key if check.cause else ""] for one in result.examined for check in one.checks]
    assert told == document["told"]
    assert result.examined[0].way == document["way"]


def test_an_observation_that_differs_gives_another_verdict() -> None:
    """The server of the recording listens on 127.0.0.1:9000 (2328 in hexadecimal); listening everywhere, only a firewall is left."""
    document = load(FOLDER / "server-on-loopback-setns.json")
    text = json.dumps(document["answers"])
    assert "0100007F:2328" in text
    answers = json.loads(text.replace("0100007F:2328", "00000000:2328"))
    result = verify(Request(names=(document["subject"],), engine="docker"), NO_POLICY, RULES, system=Recording({**document, "answers": answers}))
    assert [check.cause.key for one in result.examined for check in one.checks if check.cause] == ["firewall-reject"]


@pytest.mark.parametrize("form", ["text", "json", "junit", "sarif"])
def test_every_format_tells_of_the_failure(form: Any) -> None:
    document = load(FOLDER / "loopback-setns.json")
    result = verify(Request(names=(document["subject"],), engine="docker"), NO_POLICY, RULES, system=Recording(document))
    text = present(result, form, Layout())
    assert "STG101" in text
    assert "OLLAMA_HOST" in text or form == "sarif"
    if form == "json":
        check = json.loads(text)["containers"][0]["checks"][1]
        assert check["cause"]["key"] == "loopback-in-bridge"
        assert check["fingerprint"] in {one["fingerprint"] for one in json.loads(text)["findings"] if one["rule"] == "STG101"}
    if form == "junit":
        import xml.etree.ElementTree as ElementTree

        suite = ElementTree.fromstring(text)[0]
        assert suite.attrib["failures"] == "1"


class _Info:
    """A machine on which one program answers `info`."""

    def __init__(self, platform: Platform, program: str, info: object) -> None:
        self._platform: Platform = platform
        self._program = program
        self._info = info

    @property
    def platform(self) -> Platform:
        return self._platform

    @property
    def is_root(self) -> bool:
        return False

    def run(self, argv: Sequence[str], *, timeout: float = 20.0, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Output:
        if argv[0] != self._program:
            return Output(127)
        return Output(0, json.dumps(self._info).encode())

    def read(self, path: str) -> bytes | None:
        return None

    def processes(self, pid: int) -> tuple[int, ...]:
        return ()


@pytest.mark.parametrize(
    ("platform", "program", "info", "kind", "engine"),
    [
        ("linux", "docker", {"OperatingSystem": "Debian GNU/Linux 12", "ServerVersion": "20.10.24"}, "docker-engine", "docker"),
        ("linux", "docker", {"OperatingSystem": "Ubuntu 24.04", "SecurityOptions": ["name=seccomp", "name=rootless"], "ServerVersion": "28"}, "docker-rootless", "docker"),
        ("linux", "docker", {"OperatingSystem": "Ubuntu", "KernelVersion": "5.15.0-microsoft-standard-WSL2", "ServerVersion": "28"}, "docker-wsl", "docker"),
        ("linux", "docker", {"OperatingSystem": "Docker Desktop", "ServerVersion": "28"}, "docker-desktop", "docker"),
        ("macos", "docker", {"OperatingSystem": "Docker Desktop", "ServerVersion": "28"}, "docker-desktop", "docker"),
        ("macos", "docker", {"OperatingSystem": "Ubuntu 24.04", "Name": "colima", "ServerVersion": "28"}, "colima", "docker"),
        ("macos", "docker", {"OperatingSystem": "OrbStack", "ServerVersion": "28"}, "orbstack", "docker"),
        ("macos", "docker", {"OperatingSystem": "Rancher Desktop WSL Distribution", "ServerVersion": "28"}, "rancher-desktop", "docker"),
        ("macos", "docker", {"OperatingSystem": "Ubuntu", "Name": "lima-docker", "ServerVersion": "28"}, "lima", "docker"),
        ("linux", "docker", {"OperatingSystem": "fedora", "BuildahVersion": "1.40", "ServerVersion": "5.5"}, "podman", "podman"),
        ("linux", "podman", {"host": {"os": "linux", "security": {"rootless": True}}, "version": {"Version": "5.5.0"}}, "podman-rootless", "podman"),
        ("linux", "podman", {"host": {"os": "linux", "security": {"rootless": False}}, "version": {"Version": "5.5.0"}}, "podman", "podman"),
        ("macos", "podman", {"host": {"os": "linux", "security": {"rootless": True}}, "version": {"Version": "5.5.0"}}, "podman-machine", "podman"),
    ],
)  # fmt: skip
def test_the_engine_is_told_by_what_it_says_of_itself(platform: Any, program: str, info: object, kind: str, engine: str) -> None:
    daemon = find_daemon(_Info(platform, program, info))
    assert (daemon.kind, daemon.engine, daemon.program) == (kind, engine, program)


def test_an_engine_that_refuses_is_quoted() -> None:
    machine = _Info("linux", "docker", {"ServerErrors": ["Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"]})
    with pytest.raises(EngineError, match="Cannot connect to the Docker daemon"):
        find_daemon(machine)


def test_no_engine_at_all() -> None:
    with pytest.raises(EngineError, match="none of docker, podman and nerdctl"):
        find_daemon(_Info("linux", "nothing", {}))

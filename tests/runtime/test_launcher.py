"""The launcher: what it plans on each platform, and that a real engine runs it, replaces it, and takes it back."""

from __future__ import annotations

import os
import shlex
import signal
import string
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stigmer_lint.dialects.base import Command, Recognised
from stigmer_lint.dialects.docker_cli import recognise_argv
from stigmer_lint.errors import UsageError
from stigmer_lint.launcher import Caller, Ground, ground_of, plan, render
from stigmer_lint.model.launch import EnvSetting, Health, HostEntry, LaunchFacts, Publish
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Item, Known, ListValue, Value, text_of
from stigmer_lint.policy.load import load_policy, parse_policy
from stigmer_lint.policy.types import LoadedPolicy
from stigmer_lint.reachability import EngineKind
from stigmer_rules import RULES

from .conftest import Lab, docker

SPAN = Span("x", 0, 0)
LAUNCH = [sys.executable, "-m", "stigmer_lint", "launch"]


def known(text: str) -> Known:
    return Known(text, SPAN)


# A word that is neither an option nor something that a shell or the engine would take apart; `\ue000` and surrogates cannot be arguments.
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ue000"), max_size=20)
_NAME = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=12).filter(lambda text: not text[0].isdigit())
_HOST = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z][a-z0-9]{0,5})?", fullmatch=True)
_IP = st.one_of(st.ip_addresses().map(str), st.just("host-gateway"))
_PORT = st.integers(1, 65535).map(str)
_WORDS = st.lists(_TEXT, min_size=1, max_size=4)


@st.composite
def launches(draw: st.DrawFn) -> LaunchFacts:
    names = draw(st.lists(_NAME, unique=True, max_size=5))
    network = draw(st.one_of(st.none(), st.sampled_from(["host", "none", "bridge", "container:abc"]), _HOST))
    user_defined = (network,) if network is not None and network.partition(":")[0] not in ("host", "none", "bridge", "container", "default", "nat", "private", "pasta", "service", "pod", "ns") else ()
    return LaunchFacts(
        image=known(draw(_HOST) + "/" + draw(_HOST) + ":" + draw(_PORT)),
        name=draw(st.one_of(st.none(), _HOST.map(known))),
        network=known(network) if network is not None else None,
        networks=user_defined,
        aliases=tuple(draw(st.lists(_HOST, max_size=2))),
        env=tuple(EnvSetting(name, known(draw(_TEXT)), SPAN) for name in names),
        hosts=tuple(HostEntry(known(draw(_HOST)), known(draw(_IP)), SPAN) for _ in range(draw(st.integers(0, 2)))),
        publishes=tuple(draw(publishes()) for _ in range(draw(st.integers(0, 2)))),
        exposes=tuple(draw(st.lists(_PORT, max_size=2))),
        volumes=tuple(known(f"/{draw(_HOST)}:/{draw(_HOST)}") for _ in range(draw(st.integers(0, 2)))),
        links=tuple(draw(st.lists(_HOST, max_size=1))),
        entrypoint=draw(st.one_of(st.none(), st.just(()), _HOST.map(lambda word: (known(word),)))),
        command=draw(st.one_of(st.none(), _WORDS.map(lambda words: tuple(known(word) for word in words)))),
        health=draw(st.one_of(st.none(), _HOST.map(lambda word: Health((known(f"curl {word}"),), SPAN)))),
    )


@st.composite
def publishes(draw: st.DrawFn) -> Publish:
    host_port = draw(st.one_of(st.none(), _PORT.map(known)))
    host_ip = draw(st.one_of(st.none(), st.ip_addresses().map(str).map(known)))
    return Publish(known(draw(_PORT)), host_port, host_ip, SPAN, draw(st.sampled_from(["tcp", "udp"])))


def plain(facts: LaunchFacts) -> object:
    """The facts without their places."""

    def text(value: Value | None) -> str | None:
        return text_of(value)

    return (
        text(facts.image), text(facts.name), text(facts.network), facts.networks, facts.aliases, [(one.name, text(one.value), one.passed) for one in facts.env],
        [(text(one.host), text(one.address)) for one in facts.hosts], [(text(p.container_port), text(p.host_port), text(p.host_ip), p.protocol) for p in facts.publishes],
        facts.exposes, [text(one) for one in facts.volumes], facts.links, None if facts.entrypoint is None else [text(one) for one in facts.entrypoint],
        None if facts.command is None else [text(one) for one in facts.command], None if facts.health is None else [text(one) for one in facts.health.command], facts.unread,
    )  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(launches(), st.sampled_from(["docker", "podman", "nerdctl"]))
def test_what_is_rendered_is_recognised_as_the_same_launch(facts: LaunchFacts, program: str) -> None:
    argv = render(facts, program, ("-d", "--label", "a=b", "--restart", "no"))
    command = Command(ListValue(tuple(Item(known(word)) for word in argv)), None, SPAN, "linux")
    found = recognise_argv(command)
    assert isinstance(found, Recognised)
    assert plain(found.facts) == plain(facts)


def test_a_launch_with_a_hole_is_not_rendered() -> None:
    from stigmer_lint.model.value import Unknown

    with pytest.raises(UsageError, match="not known"):
        render(LaunchFacts(image=known("a:1"), env=(EnvSetting("A", Unknown("b"), SPAN),)))


STIGMER = load_policy("builtin:stigmer", Path("/"))


@pytest.mark.parametrize(
    ("kind", "network", "host", "mapped"),
    [
        ("docker-engine", "host", "localhost", False), ("docker-desktop", None, "host.docker.internal", False), ("podman", "host", "localhost", False),
        ("podman-machine", None, "host.docker.internal", False), ("colima", None, "host.docker.internal", False), ("lima", None, "host.docker.internal", False),
        ("rancher-desktop", None, "host.docker.internal", False), ("orbstack", None, "host.docker.internal", False),
    ],
)  # fmt: skip
def test_network_alias_and_addresses_follow_the_engine(kind: EngineKind, network: str | None, host: str, mapped: bool) -> None:
    native = kind in ("docker-engine", "podman")
    ground = Ground("docker", "docker", kind, "linux" if native else "macos")
    made = plan(STIGMER, "agent-runner", ground, Caller(), RULES)
    values = {one.name: text_of(one.value) for one in made.launch.any.env}
    assert text_of(made.launch.any.network) == network
    assert values["OLLAMA_BASE_URL"] == f"http://{host}:11434"
    assert values["TEMPORAL_SERVICE_ADDRESS"] == f"{host}:7233"
    assert bool(made.launch.any.hosts) is mapped
    assert values["OLLAMA_BASE_URL"] == values["STIGMER_LLM_BASE_URL"], "every name of a service's group has the same value"
    assert not made.refused, made.report.findings


POLICY = """
version: 1
services:
  api:
    address: "localhost:%d"
    env: [API_URL, OTHER_API_URL]
    url: "http://{address}"
    health: {http: /, status: 200}
containers:
  worker:
    match: {name: "%s"}
    uses: [api]
    env:
      required: [MODE]
      set: {MODE: local}
      secret: ["*_API_KEY"]
    launch: {image: "%s", network: %s, command: [%s]}
"""


def policy_of(text: str) -> LoadedPolicy:
    def none(name: str) -> SourceFile:
        raise AssertionError(name)

    return parse_policy(SourceFile("stigmer-lint.yaml", text.encode()), none)


def test_on_a_bridge_of_a_linux_engine_the_alias_is_added() -> None:
    made = plan(policy_of(POLICY % (8080, "worker", "a:1", "bridge", "x")), "worker", ground_of("linux"), Caller(), RULES)
    assert "--add-host host.docker.internal:host-gateway" in shlex.join(made.argv)
    assert "API_URL=http://host.docker.internal:8080" in made.argv
    assert "127.0.0.1" in made.notes[0]


def test_what_the_rules_reject_is_refused() -> None:
    loaded = policy_of(POLICY % (8080, "worker", "a:1", "bridge", "x"))
    made = plan(loaded, "worker", ground_of("linux"), Caller(env={"API_URL": "http://localhost:8080"}), RULES)
    assert made.refused
    assert "STG101" in {one.rule.code for one in made.report.findings}
    assert plan(loaded, "worker", ground_of("linux"), Caller(options=("-e", "REDIS_URL=redis://127.0.0.1:6379")), RULES).refused


def test_a_secret_is_never_on_the_command_line() -> None:
    made = plan(policy_of(POLICY % (8080, "worker", "a:1", "bridge", "x")), "worker", ground_of("linux"), Caller(env={"OPENAI_API_KEY": "sk-verysecret1234567"}, environ={"OTHER_API_KEY": "alsosecret"}), RULES)
    line = shlex.join(made.argv)
    assert "verysecret" not in line
    assert "alsosecret" not in line
    assert "-e OPENAI_API_KEY" in line
    assert made.secrets == {"OPENAI_API_KEY": "sk-verysecret1234567", "OTHER_API_KEY": "alsosecret"}


def test_dry_run_needs_no_engine_for_a_platform(tmp_path: Path) -> None:
    command = [*LAUNCH, "agent-runner", "--policy", "builtin:stigmer", "--dry-run", "--platform", "linux", "--platform", "macos"]
    output = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env={**os.environ, "PATH": "/nowhere"})
    assert output.returncode == 0, output.stderr
    lines = output.stdout.splitlines()
    assert lines[0] == "# linux (docker-engine)"
    assert "--network host" in lines[1]
    assert "OLLAMA_BASE_URL=http://host.docker.internal:11434" in lines[3]


@pytest.fixture
def worker(lab: Lab, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The name of a container that a policy in the folder describes; it dials a server of this host."""
    name = lab.name("worker")
    yield name, tmp_path
    docker("rm", "-f", name, check=False)


def write(lab: Lab, worker: tuple[str, Path], *, port: int | None = None, network: str = "bridge", command: str = "python3, -S, -B, /srv.py, sleep") -> None:
    name, folder = worker
    number = port if port is not None else lab.host("http")
    (folder / "stigmer-lint.yaml").write_text(POLICY % (number, name, lab.images["python"], network, command))


def launch(worker: tuple[str, Path], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*LAUNCH, "worker", *options], capture_output=True, text=True, check=False, cwd=worker[1], timeout=120)


@pytest.mark.parametrize("network", ["auto", "bridge"])
def test_it_starts_verifies_and_says_what_it_configured(lab: Lab, worker: tuple[str, Path], network: str) -> None:
    write(lab, worker, network=network)
    output = launch(worker, "-e", "OPENAI_API_KEY=sk-verysecret1234567")
    assert output.returncode == 0, output.stdout + output.stderr
    assert "is ready" in output.stdout
    assert "API_URL=http://" in output.stdout
    assert "OPENAI_API_KEY=***" in output.stdout
    assert "verysecret" not in output.stdout + output.stderr
    environ = docker("exec", worker[0], "env")
    assert "OPENAI_API_KEY=sk-verysecret1234567" in environ
    assert docker("inspect", "-f", '{{index .Config.Labels "stigmer-lint.launch"}}', worker[0]) == "worker"


def test_its_own_container_is_replaced_and_nobody_else_s(lab: Lab, worker: tuple[str, Path]) -> None:
    write(lab, worker)
    assert launch(worker).returncode == 0
    first = docker("inspect", "-f", "{{.Id}}", worker[0])
    assert launch(worker).returncode == 0
    assert docker("inspect", "-f", "{{.Id}}", worker[0]) != first
    docker("rm", "-f", worker[0])
    lab.run(name=worker[0], ready=False)
    foreign = docker("inspect", "-f", "{{.Id}}", worker[0])
    output = launch(worker)
    assert output.returncode == 2
    assert "--replace" in output.stderr
    assert docker("inspect", "-f", "{{.Id}}", worker[0]) == foreign
    assert launch(worker, "--replace").returncode == 0


def test_what_does_not_come_up_is_shown_with_its_log_and_removed(lab: Lab, worker: tuple[str, Path]) -> None:
    write(lab, worker, command="sh, -c, 'echo cannot open the model; exit 3'")
    output = launch(worker)
    assert output.returncode == 1
    assert "| cannot open the model" in output.stderr
    assert "exit status 3" in output.stderr
    assert docker("ps", "-aq", "--filter", f"name={worker[0]}") == ""


def test_what_reaches_nothing_is_told_by_the_verdict_and_removed(lab: Lab, worker: tuple[str, Path]) -> None:
    write(lab, worker, port=lab.host("http", "127.0.0.1"))
    output = launch(worker, "--within", "3")
    assert output.returncode == 1
    assert "host-service-on-loopback" in output.stderr
    assert "waiting for api" in output.stderr
    assert docker("ps", "-aq", "--filter", f"name={worker[0]}") == ""


def test_a_refused_launch_starts_nothing(lab: Lab, worker: tuple[str, Path]) -> None:
    write(lab, worker)
    output = launch(worker, "-e", "API_URL=http://localhost:8089")
    assert output.returncode == 1
    assert "refused" in output.stderr
    assert "STG101" in output.stderr
    assert docker("ps", "-aq", "--filter", f"name={worker[0]}") == ""


@pytest.mark.parametrize("after", [0.4, 0.9, 2.5])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_takes_back_what_was_started(lab: Lab, worker: tuple[str, Path], after: float, number: int) -> None:
    write(lab, worker, port=1)
    process = subprocess.Popen([*LAUNCH, "worker"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=worker[1])
    time.sleep(after)
    process.send_signal(number)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == 130, complaint.decode()
    assert b"Traceback" not in complaint
    ends = time.monotonic() + 3
    while docker("ps", "-aq", "--filter", f"name={worker[0]}") and time.monotonic() < ends:
        time.sleep(0.1)
    assert docker("ps", "-aq", "--filter", f"name={worker[0]}") == ""


def test_an_image_that_is_not_there_is_the_engine_s_own_message(lab: Lab, worker: tuple[str, Path]) -> None:
    write(lab, worker)
    output = launch(worker, "--image", "localhost:1/no/such:1")
    assert output.returncode == 2
    assert "does not start" in output.stderr
    assert docker("ps", "-aq", "--filter", f"name={worker[0]}") == ""

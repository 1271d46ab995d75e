"""`up` and `down` with a real engine: services of the host and containers together, and that nothing of either is left over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Lab, docker

POLICY = """
version: 1
services:
  web:
    address: "localhost:{port}"
    env: [WEB_URL]
    url: "http://{{address}}"
    health: {{http: /, status: 200}}
    start: ["{python}", -m, http.server, "{port}", --bind, {bind}]
containers:
  worker:
    match: {{name: "{name}"}}
    uses: [web]
    env: {{set: {{MODE: local}}, optional: ["*_URL"]}}
    launch: {{image: "{image}", network: bridge, command: [{command}]}}
    smoke: {{exec: [sh, -c, "sleep 0.5; echo all $MODE"], expect: {{output: "{expected}"}}}}
rules: {{STG207: warning}}
"""
RUNS = "python3, -S, -B, /srv.py, sleep"


class Up:
    """One folder with its policy."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder, self.name = lab, folder, lab.name("up")
        (self.port,) = lab.free_ports(1)
        self.write()

    def write(self, *, bind: str = "0.0.0.0", command: str = RUNS, expected: str = "all local", image: str | None = None) -> None:
        words = {"port": self.port, "python": sys.executable, "bind": bind, "name": self.name, "image": image or self.lab.images["python"], "command": command, "expected": expected}
        (self.folder / "stigmer-lint.yaml").write_text(POLICY.format(**words))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-P", "-m", "stigmer_lint", *words], cwd=self.folder, capture_output=True, text=True, check=False, timeout=120)

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", "stigmer_lint", *words]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})

    def left(self) -> list[str]:
        """What there is of containers and of the service's processes."""
        listed = subprocess.run(["ps", "-A", "-o", "stat=,args="], capture_output=True, text=True, check=True).stdout
        processes = [line for line in listed.splitlines() if f"http.server {self.port} " in line and not line.startswith("Z")]
        return [*docker("ps", "-aq", "--filter", f"name={self.name}").split(), *processes]


@pytest.fixture
def up(lab: Lab, tmp_path: Path) -> Iterator[Up]:
    found = Up(lab, tmp_path)
    yield found
    found.run("down")
    docker("rm", "-f", found.name, check=False)
    assert found.left() == []


def test_all_of_it_comes_up_once_and_goes_down(up: Up) -> None:
    output = up.run("up")
    assert output.returncode == 0, output.stdout + output.stderr
    assert "smoke: it said: all local" in output.stdout
    assert "everything is up (" in output.stdout
    assert len(up.left()) == 2
    number = docker("inspect", "-f", "{{.Id}}", up.name)
    again = up.run("up")
    assert again.returncode == 0
    assert "everything is up already; nothing was started" in again.stdout
    assert docker("inspect", "-f", "{{.Id}}", up.name) == number
    assert "ready" in up.run("up", "--logs", "worker").stdout
    assert "GET / HTTP" in up.run("up", "--logs", "web").stdout
    down = up.run("down")
    assert down.returncode == 0
    assert [line.split()[2] for line in down.stdout.splitlines()[:-1]] == [up.name, "web"]
    assert up.left() == []


def test_a_changed_policy_starts_the_container_again_and_it_alone(up: Up) -> None:
    assert up.run("up").returncode == 0
    number, state = docker("inspect", "-f", "{{.Id}}", up.name), json.loads((up.folder / ".stigmer-lint/state.json").read_text())
    output = up.run("up", "-e", "MODE=local2")
    assert "the policy has changed" in output.stdout
    assert docker("inspect", "-f", "{{.Id}}", up.name) != number
    after = json.loads((up.folder / ".stigmer-lint/state.json").read_text())
    assert after["services"] == state["services"]


def test_a_crashed_container_is_started_again_and_down_leaves_nothing(up: Up) -> None:
    assert up.run("up").returncode == 0
    docker("kill", up.name)
    output = up.run("up")
    assert output.returncode == 0, output.stdout + output.stderr
    assert "has ended, or the policy has changed" in output.stdout
    docker("rm", "-f", up.name)
    down = up.run("down")
    assert down.returncode == 0
    assert "is gone already" in down.stdout
    assert up.left() == []


def test_what_cannot_be_reached_is_told_by_its_cause_and_all_is_taken_back(up: Up) -> None:
    up.write(bind="127.0.0.1")
    output = up.run("up", "--within", "3")
    assert output.returncode == 1
    assert "[STG109 host-service-on-loopback]" in output.stderr
    assert "what was started is stopped again" in output.stderr
    assert up.left() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [({"command": "sh, -c, 'echo no model; exit 3'"}, "| no model"), ({"expected": "something else"}, "does not hold 'something else'"), ({"image": "localhost:1/no:1"}, "does not start")],
    ids=["container", "smoke", "image"],
)
def test_what_fails_is_shown_and_all_is_taken_back(up: Up, change: dict[str, str], said: str) -> None:
    up.write(**change)
    output = up.run("up", "--within", "10")
    assert output.returncode == (2 if "image" in change else 1), output.stdout + output.stderr
    assert said in output.stderr
    assert up.left() == []


def test_a_refused_launch_starts_not_even_a_service(up: Up) -> None:
    output = up.run("up", "-e", "OTHER_URL=http://localhost:8089")
    assert output.returncode == 1
    assert "STG101" in output.stderr
    assert up.left() == []


def test_what_works_stays_though_the_rules_have_a_finding(up: Up) -> None:
    output = up.run("up", "-e", "STRANGE=1")
    assert output.returncode == 1, output.stdout + output.stderr
    assert "STG207" in output.stdout
    assert "everything is up (" in output.stdout
    assert len(up.left()) == 2


def test_somebody_else_s_container_of_that_name_is_left_alone(up: Up) -> None:
    up.lab.run(name=up.name, ready=False)
    theirs = docker("inspect", "-f", "{{.Id}}", up.name)
    output = up.run("up")
    assert output.returncode == 2
    assert "not started by this program" in output.stderr
    assert up.run("down").returncode == 0
    assert docker("inspect", "-f", "{{.Id}}", up.name) == theirs


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("point", ["web           nothing", "web           is well", "starting", "is ready", "and the smoke"], ids=["service", "healthy", "container", "ready", "smoke"])
def test_an_interrupt_at_five_points_leaves_nothing(up: Up, number: signal.Signals, point: str) -> None:
    process = up.start("up")
    assert process.stdout is not None
    wanted = point.split("           ")
    for line in process.stdout:
        if all(word in line for word in wanted) and (point != "starting" or "web" not in line):
            break
    else:
        pytest.fail(f"{point} was never said")
    process.send_signal(number)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130, complaint
    assert "Traceback" not in complaint
    ends = time.monotonic() + 3
    while up.left() and time.monotonic() < ends:
        time.sleep(0.1)
    assert up.left() == []
    assert not (up.folder / ".stigmer-lint/state.json").exists()


def test_what_a_killed_up_had_started_is_stopped_by_down(up: Up) -> None:
    process = up.start("up")
    assert process.stdout is not None
    for line in process.stdout:
        if "is ready" in line:
            break
    process.kill()
    process.communicate()
    assert len(up.left()) == 2
    assert up.run("down").returncode == 0
    assert up.left() == []

"""The example's whole stack: with stand-ins for its servers, and, where the real ones are found, after a crash of each part.

Needs what examples/stigmer/prepare.py makes (`.ci/run` calls it); where that is missing these tests skip and say what is.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from stigmer_lint.stack.standin import WITHOUT_EXTRA, runs_workflows

from .conftest import docker

ROOT = Path(os.environ.get("STIGMER_LINT_CHECKOUT") or Path(__file__).parents[2])
CONTAINER = "stigmer-agent-runner"
COMPLETED = "EXECUTION_PENDING -> EXECUTION_IN_PROGRESS -> EXECUTION_COMPLETED"
FAILED = "EXECUTION_PENDING -> EXECUTION_IN_PROGRESS -> EXECUTION_FAILED"
FROM_BACKEND = "embedded: this Temporal runs no workflows, so work is taken from the backend"
PARTS = {"temporal": 7233, "backend": 7234, "ollama": 11434}


def prepare() -> ModuleType:
    spec = importlib.util.spec_from_file_location("stigmer_example_prepare", ROOT / "examples/stigmer/prepare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_use() -> list[str]:
    """Parts of the stack whose port is taken."""
    found = []
    for name, port in PARTS.items():
        with socket.socket() as channel:
            if channel.connect_ex(("127.0.0.1", port)) == 0:
                found.append(name)
    return found


class Example:
    """A copy of the example, with the environment that it needs."""

    def __init__(self, folder: Path, made: dict[str, str]) -> None:
        self.folder = folder / "stigmer"
        shutil.copytree(ROOT / "examples/stigmer", self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        self.env = {**os.environ, **made}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "stigmer_lint", *words]
        return subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False, timeout=180)

    def without_extra(self) -> None:
        """For the stand-ins it is as if the extra `embedded` were not installed; what the backend runs on stays."""
        folder = self.folder / "hidden"
        folder.mkdir()
        code = "import sys\nif any('stigmer_lint' in word for word in sys.orig_argv):\n    sys.modules['temporalio'] = None\n"
        (folder / "sitecustomize.py").write_text(code)
        self.env["PYTHONPATH"] = os.pathsep.join([str(folder), *filter(None, [self.env.get("PYTHONPATH", "")])])

    def log(self, name: str) -> str:
        return self.run("up", "--logs", name).stdout

    def without_servers(self) -> None:
        """A PATH on which neither server is."""
        kept = [one for one in self.env["PATH"].split(os.pathsep) if not any((Path(one) / name).exists() for name in ("temporal", "ollama"))]
        self.env["PATH"] = os.pathsep.join(kept)


@pytest.fixture
def example(engine: str, tmp_path: Path) -> Iterator[Example]:
    made = prepare()
    if not docker("images", "-q", made.IMAGE, check=False) or not (made.CACHE / "venv/.ready").exists():
        pytest.skip("examples/stigmer/prepare.py has not been run")
    if in_use() or docker("ps", "-aq", "--filter", f"name=^{CONTAINER}$"):
        pytest.skip(f"something of the example's runs already: {', '.join(in_use()) or CONTAINER}")
    found = Example(tmp_path, made.environment())
    yield found
    found.run("down")
    assert in_use() == []
    assert docker("ps", "-aq", "--filter", f"name=^{CONTAINER}$") == ""


def workflows() -> None:
    if not runs_workflows():
        pytest.skip("the embedded Temporal needs the extra `embedded`: grpcio and temporalio are not installed")


@pytest.mark.parametrize("network", ["auto", "bridge"])
def test_without_its_servers_the_stack_is_embedded_and_says_so_in_every_line(example: Example, network: str) -> None:
    workflows()
    example.without_servers()
    output = example.run("up", "--embedded", "--network", network)
    assert output.returncode == 0, output.stdout + output.stderr
    assert all(line.startswith("embedded") for line in output.stdout.splitlines())
    assert f"smoke: it said: {COMPLETED}" in output.stdout
    # The runner's own worker had its work from the stand-in, not from the backend.
    assert FROM_BACKEND not in example.log("agent-runner")
    log = example.log("temporal").splitlines()
    assert all(line.startswith("embedded") for line in log)
    assert [line.rsplit(": ", 1)[1] for line in log if " execution-" in line] == ["ExecutionWorkflow started", "COMPLETED"]


def test_without_the_extra_too_the_runner_takes_its_work_from_the_backend_and_says_so(example: Example) -> None:
    example.without_servers()
    example.without_extra()
    output = example.run("up", "--embedded")
    assert output.returncode == 0, output.stdout + output.stderr
    assert all(line.startswith("embedded") for line in output.stdout.splitlines())
    assert f"starting a small server of ours; {WITHOUT_EXTRA}" in output.stdout
    assert f"smoke: it said: {COMPLETED}" in output.stdout
    assert FROM_BACKEND in example.log("agent-runner")
    assert WITHOUT_EXTRA in example.log("temporal")


@pytest.mark.parametrize(
    ("addresses", "rule"),
    [
        ({"STIGMER_LLM_BASE_URL": "http://localhost:11434", "OLLAMA_BASE_URL": "http://localhost:11434"}, "STG101 loopback-in-bridge"),
        ({"STIGMER_LLM_BASE_URL": "http://host.docker.internal:11434"}, "STG202 env-wrong-name"),
    ],
    ids=["first", "second"],
)
def test_both_outages_on_embedded_servers_fail_and_are_named_as_on_real_ones(example: Example, addresses: dict[str, str], rule: str) -> None:
    workflows()
    example.without_servers()
    output = example.run("up", "--embedded", "--services")
    assert output.returncode == 0, output.stdout + output.stderr
    shared = {
        "MODE": "local", "STIGMER_BACKEND_ENDPOINT": "host.docker.internal:7234", "TEMPORAL_SERVICE_ADDRESS": "host.docker.internal:7233",
        "TEMPORAL_NAMESPACE": "default", "TASK_QUEUE": "agent_execution_runner", "WORKSPACE_ROOT": "/workspace", "STIGMER_LLM_PROVIDER": "ollama",
        "STIGMER_LLM_MODEL": "stigmer-tiny",
    }  # fmt: skip
    # As the launchers in broken/ start it where the engine is not Linux's own.
    words = [word for name, value in {**shared, **addresses}.items() for word in ("-e", f"{name}={value}")]
    docker("run", "-d", "--name", CONTAINER, "--add-host", "host.docker.internal:host-gateway", *words, prepare().IMAGE)
    try:
        found = example.run("verify")
        assert found.returncode == 1, found.stdout + found.stderr
        assert rule in found.stdout
        assert FAILED in found.stdout
        assert "All connection attempts failed" in found.stdout
        log = example.log("temporal")
        assert "activity ExecuteGraphton failed: All connection attempts failed" in log
        assert log.splitlines()[-1].endswith(": FAILED")
    finally:
        docker("rm", "-f", CONTAINER)


def test_up_with_the_broken_image_fails_on_embedded_servers_and_is_taken_back(example: Example) -> None:
    workflows()
    example.without_servers()
    policy = example.folder / "stigmer-lint.yaml"
    policy.write_text(policy.read_text().replace("    smoke:\n", f"    launch:\n      image: {prepare().BROKEN_IMAGE}\n    smoke:\n"))
    output = example.run("up", "--embedded", "--network", "bridge")
    assert output.returncode == 1, output.stdout + output.stderr
    assert FAILED in output.stdout + output.stderr
    assert "what was started is stopped again" in output.stderr
    assert all(line.startswith("embedded") for line in (output.stdout + output.stderr).splitlines())


def test_a_crash_of_each_part_is_mended_by_up_and_down_leaves_nothing(example: Example) -> None:
    missing = [name for name in ("temporal", "ollama") if shutil.which(name, path=example.env["PATH"]) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} could not be had; prepare.py says why")
    first = example.run("up")
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"smoke: it said: {COMPLETED}" in first.stdout
    for name in (*PARTS, CONTAINER):
        if name == CONTAINER:
            docker("kill", CONTAINER)
        else:
            state = json.loads((example.folder / ".stigmer-lint/state.json").read_text())
            (pid,) = [one["pid"] for one in state["services"] if one["name"] == name]
            os.kill(pid, signal.SIGKILL)
        again = example.run("up")
        assert again.returncode == 0, f"{name}: {again.stdout}{again.stderr}"
        assert f"smoke: it said: {COMPLETED}" in again.stdout, name
    for name in PARTS:
        state = json.loads((example.folder / ".stigmer-lint/state.json").read_text())
        (pid,) = [one["pid"] for one in state["services"] if one["name"] == name]
        os.kill(pid, signal.SIGKILL)
    assert example.run("down").returncode == 0

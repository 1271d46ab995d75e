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

from .conftest import docker

ROOT = Path(os.environ.get("STIGMER_LINT_CHECKOUT") or Path(__file__).parents[2])
CONTAINER = "stigmer-agent-runner"
COMPLETED = "EXECUTION_PENDING -> EXECUTION_IN_PROGRESS -> EXECUTION_COMPLETED"
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


@pytest.mark.parametrize("network", ["auto", "bridge"])
def test_without_its_servers_the_stack_is_embedded_and_says_so_in_every_line(example: Example, network: str) -> None:
    example.without_servers()
    output = example.run("up", "--embedded", "--network", network)
    assert output.returncode == 0, output.stdout + output.stderr
    assert all(line.startswith("embedded") for line in output.stdout.splitlines())
    assert f"smoke: it said: {COMPLETED}" in output.stdout
    assert "embedded: Temporal is a stand-in, so work is taken from the backend" in docker("logs", CONTAINER, check=False) + example.run("up", "--logs", "agent-runner").stdout


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

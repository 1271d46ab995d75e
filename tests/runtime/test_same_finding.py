"""A finding about a launch in the tree and the verdict on the container that it started are the same finding."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Lab, docker

POLICY = """version: 1
containers:
  worker:
    match: {name: "slt-linted-*"}
"""

PYTHON = """import subprocess


def start() -> None:
    url = "http://localhost:11434"
    subprocess.run(
        ["docker", "run", "-d", "--name", "%s", "--label", "%s", "-e", f"OLLAMA_HOST={url}", "-e", "REDIS_URL=redis://redis:6379", "%s", "sleep", "600"],
        check=True,
    )


if __name__ == "__main__":
    start()
"""

SHELL = """#!/bin/sh
docker run -d --name %s --label %s \\
  -e OLLAMA_HOST="http://localhost:${OLLAMA_PORT:-11434}" \\
  %s sleep 600
"""

COMPOSE = """services:
  worker:
    image: %s
    environment:
      OLLAMA_HOST: http://localhost:11434
"""


def run(folder: Path, *words: str) -> dict[str, Any]:
    output = subprocess.run([sys.executable, "-m", "stigmer_lint", *words, "--format", "json"], capture_output=True, text=True, check=False, cwd=folder, timeout=120)
    assert output.stdout, output.stderr
    found: dict[str, Any] = json.loads(output.stdout)
    return found


def by_rule(document: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    return [one for one in document["findings"] if one["rule"] == rule]


def compare(folder: Path, name: str) -> None:
    static = by_rule(run(folder, "check"), "STG101")
    assert len(static) == 1, static
    verified = run(folder, "verify", name)
    live = by_rule(verified, "STG101")
    assert [one["fingerprint"] for one in live] == [static[0]["fingerprint"]]
    assert live[0]["path"] == static[0]["path"]
    assert live[0]["line"] == static[0]["line"]
    checks = verified["containers"][0]["checks"]
    failed = [check for check in checks if check["env"] == ["OLLAMA_HOST"]]
    assert [(check["cause"]["rule"], check["fingerprint"]) for check in failed] == [("STG101", static[0]["fingerprint"])]


@pytest.mark.parametrize(("file", "text"), [("start.py", PYTHON), ("start.sh", SHELL)])
def test_a_program_that_is_linted_and_then_run(file: str, text: str, lab: Lab, tmp_path: Path) -> None:
    name = lab.name("linted")
    (tmp_path / "stigmer-lint.yaml").write_text(POLICY)
    (tmp_path / file).write_text(text % (name, lab.mark, lab.images["python"]))
    subprocess.run([sys.executable if file.endswith(".py") else "sh", file], cwd=tmp_path, check=True, capture_output=True)
    compare(tmp_path, name)


def test_a_compose_service(lab: Lab, tmp_path: Path) -> None:
    """The engine's compose plug-in marks its containers with these labels."""
    name = lab.name("linted")
    file = tmp_path / "compose.yaml"
    file.write_text(COMPOSE % lab.images["python"])
    (tmp_path / "stigmer-lint.yaml").write_text(POLICY)
    docker(
        "run", "-d", "--name", name, "--label", lab.mark, "--label", "com.docker.compose.service=worker", "--label", f"com.docker.compose.project.config_files={file}",
        "-e", "OLLAMA_HOST=http://localhost:11434", lab.images["python"], "sleep", "600",
    )  # fmt: skip
    compare(tmp_path, name)


def test_a_container_without_a_launch_in_the_tree_is_its_own_place(lab: Lab, tmp_path: Path) -> None:
    name = lab.run("-e", "OLLAMA_HOST=http://localhost:11434", ready=False)
    found = by_rule(run(tmp_path, "verify", name), "STG101")
    assert [one["path"] for one in found] == [f"container:{name}"]


SMOKE = """version: 1
containers:
  worker:
    match: {name: "%s"}
    smoke: {exec: [%s], expect: {exit: 0, output: "works"}, within: 5s}
"""


@pytest.mark.parametrize(("command", "status"), [("echo, works", 0), ("echo, broken", 1), ("sh, -c, exit 3", 1), ("sleep, '30'", 1)])
def test_the_smoke_command_of_the_policy_is_run(command: str, status: int, lab: Lab, tmp_path: Path) -> None:
    name = lab.name("smoke")
    lab.run(name=name, image=lab.images["python"], command=("sleep", "600"))
    words = command.replace("echo", "/bin/busybox, echo")
    (tmp_path / "stigmer-lint.yaml").write_text(SMOKE % (name, words))
    document = run(tmp_path, "verify")
    assert document["summary"]["status"] == status, document
    kinds = [check["kind"] for check in document["containers"][0]["checks"]]
    assert "smoke" in kinds

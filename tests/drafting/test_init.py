"""`init`: what it drafts for a tree with both ends of an environment contract, and how it treats files that are there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stigmer_lint.model.span import SourceFile
from stigmer_lint.policy.load import parse_policy
from stigmer_lint.policy.types import Policy

LAUNCHER = """
package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"
)

func reachable(address string) string {
	if runtime.GOOS == "linux" {
		return address
	}
	address = strings.Replace(address, "localhost", "host.docker.internal", 1)
	return strings.Replace(address, "127.0.0.1", "host.docker.internal", 1)
}

func start(secret string) error {
	args := []string{
		"run", "-d", "--name", "acme-worker",
		"-e", "MODE=local",
		"-e", fmt.Sprintf("ACME_MODEL_URL=%s", reachable("http://localhost:11434")),
		"-e", fmt.Sprintf("QUEUE_ADDRESS=%s", reachable("localhost:7299")),
		"-e", "ACME_API_KEY=sk-live-0123456789abcdef0123",
	}
	if runtime.GOOS == "linux" {
		args = append(args, "--network", "host")
	}
	return exec.Command("docker", append(args, "ghcr.io/acme/worker:1.2")...).Run()
}
"""
READER = """
import os

MODE = os.environ["MODE"]
MODEL = os.environ.get("OLLAMA_BASE_URL", "http://localhost:11434")
QUEUE = os.environ.get("QUEUE_ADDRESS", "localhost:7299")
KEY = os.environ["ACME_API_KEY"]
LEVEL = os.environ.get("LOG_LEVEL", "INFO")
"""
COMPOSE = """
services:
  worker:
    build: ./worker
    image: ghcr.io/acme/worker:1.2
"""


def init(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "stigmer_lint", "init", *arguments], cwd=folder, capture_output=True, check=False, timeout=120, text=True, env=os.environ
    )


def loaded(text: str) -> Policy:
    def none(name: str) -> SourceFile:
        raise AssertionError(name)

    return parse_policy(SourceFile("stigmer-lint.yaml", text.encode()), none).policy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    for name, text in {
        "cmd/start.go": LAUNCHER, "worker/main.py": READER, "worker/Dockerfile": "FROM python:3.12-slim\nCOPY . /app\nCMD [\"python\", \"/app/main.py\"]\n",
        "Makefile": "image:\n\tdocker build -t ghcr.io/acme/worker:1.2 worker\n", "go.mod": "module example.org/acme\n",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_draft_holds_what_both_ends_say(project: Path) -> None:
    done = init(project, "--output", "-")
    policy = loaded(done.stdout)
    assert policy.resolvers == ("reachable",)
    assert {key: (one.address, one.env, one.url) for key, one in policy.services.items()} == {
        # Nothing reads the name that is set; what is read falls back to loopback at the same port.
        "ollama": ("localhost:11434", ("ACME_MODEL_URL", "OLLAMA_BASE_URL"), "http://{address}"),
        "queue": ("localhost:7299", ("QUEUE_ADDRESS",), "{address}"),
    }
    worker = policy.containers["acme-worker"]
    assert (worker.match.image, worker.match.name, worker.source) == ("ghcr.io/acme/worker:*", "acme-worker", "worker")
    assert set(worker.uses) == {"ollama", "queue"}
    assert worker.env.required_names == ("MODE", "ACME_API_KEY")
    assert worker.env.secret == ("ACME_API_KEY",)


def test_every_entry_says_where_it_came_from_and_no_secret_is_shown(project: Path) -> None:
    text = init(project, "--output", "-").stdout
    assert "sk-live" not in text
    entries = [line for line in text.partition("\nversion: 1\n")[2].splitlines() if line.lstrip().startswith(("- ", "address:", "image:", "name:", "source:"))]
    bare = [line for line in entries if "  # " not in line]
    # What a container uses is said at the service, what it is started from at its match.
    assert [line.strip() for line in bare] == ["- ollama", "- queue", "image: ghcr.io/acme/worker:1.2"]
    assert "- MODE  # read without a default at worker/main.py:4, set by the launch" in text


def test_what_check_still_finds_is_told_in_the_file_and_on_the_screen(project: Path) -> None:
    done = init(project)
    text = (project / "stigmer-lint.yaml").read_text(encoding="utf-8")
    assert done.returncode == 0
    assert "STG202 ACME_MODEL_URL is set for container acme-worker and OLLAMA_BASE_URL is not" in done.stdout
    assert "#   cmd/start.go:23: STG202 ACME_MODEL_URL" in text
    checked = subprocess.run([sys.executable, "-P", "-m", "stigmer_lint", "check", "--format", "concise"], cwd=project, capture_output=True, check=False, timeout=120, text=True)
    found = [line for line in checked.stdout.splitlines() if "[STG" in line]
    assert len(found) == text.partition("\nversion: 1\n")[0].count(": STG")


def test_the_same_tree_gives_the_same_draft(project: Path) -> None:
    assert init(project, "--output", "-").stdout == init(project, "--output", "-").stdout


@pytest.mark.parametrize("name", ["stigmer-lint.yaml", ".stigmer-lint.yaml"])
def test_a_policy_that_is_there_is_never_overwritten(project: Path, name: str) -> None:
    (project / name).write_text("version: 1\n", encoding="utf-8")
    done = init(project)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{name} is there already" in done.stderr
    assert (project / name).read_text(encoding="utf-8") == "version: 1\n"


def test_a_link_is_not_followed_to_another_file(project: Path) -> None:
    (project / "stigmer-lint.yaml").symlink_to(project / "elsewhere.yaml")
    assert init(project).returncode == 2
    assert not (project / "elsewhere.yaml").exists()


def test_a_tree_that_launches_nothing_gives_a_policy_that_loads(tmp_path: Path) -> None:
    done = init(tmp_path, "--output", "-")
    assert (done.returncode, loaded(done.stdout).containers) == (0, {})


PAIR = """
services:
  api:
    build: ./api
    environment:
      DATABASE_URL: postgres://app:hunter2@db:5432/app
      CACHE_URL: redis://cache:${CACHE_PORT:-6379}
  cache:
    image: redis:7
  db:
    image: postgres:16
    ports: ["127.0.0.1:5433:5432"]
"""


def test_compose_siblings_are_services_as_the_host_sees_them(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api/main.py").write_text("import os\nD = os.environ['DATABASE_URL']\nC = os.environ['CACHE_URL']\n", encoding="utf-8")
    (tmp_path / "api/Dockerfile").write_text("FROM python:3.12-slim\nCOPY . /app\n", encoding="utf-8")
    (tmp_path / "compose.yaml").write_text(PAIR, encoding="utf-8")
    # The same services in a second file are the same services.
    (tmp_path / "compose.prod.yaml").write_text(PAIR.replace('    ports: ["127.0.0.1:5433:5432"]\n', ""), encoding="utf-8")
    done = init(tmp_path, "--output", "-")
    policy = loaded(done.stdout)
    assert "hunter2" not in done.stdout + done.stderr
    assert {key: (one.address, one.env, one.url) for key, one in policy.services.items()} == {
        # A value with a password in it is no shape that could be written down, so the variable is the container's own.
        "db": ("localhost:5433", (), "{address}"),
        "cache": ("cache:6379", ("CACHE_URL",), "redis://{address}"),
    }
    assert (policy.services["db"].health is not None and policy.services["db"].health.postgres) is True
    api = policy.containers["api"]
    assert (set(api.uses), api.env.required_names, api.source) == ({"db", "cache"}, ("DATABASE_URL",), "api")
    assert "`stigmer-lint check` finds nothing with it" in done.stderr


def test_names_that_no_policy_can_hold_do_not_break_the_draft(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b/main.py").write_text("import os\nD = os.environ['QUEUE']\n", encoding="utf-8")
    (tmp_path / "a b/Dockerfile").write_text("FROM python:3.12-slim\nCOPY . /app\n", encoding="utf-8")
    text = 'services:\n  "yes":\n    build: "./a b"\n    environment:\n      "X: y # z": "1"\n      "no": "2"\n      QUEUE: "http://on:80/{a}"\n  "on":\n    image: "x:1"\n    ports: ["80"]\n'
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    policy = loaded(init(tmp_path, "--output", "-").stdout)
    assert policy.containers["yes"].source == "a b"
    assert policy.containers["yes"].env.required_names == ("QUEUE",)

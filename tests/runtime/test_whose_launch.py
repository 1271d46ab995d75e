"""Several programs start a container of one name, each in its way: the one that fits the container is the one that is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stigmer_lint.engine.judge import Options
from stigmer_lint.policy.load import load_policy
from stigmer_lint.verifier.types import Container, State
from stigmer_lint.verifier.verify import _Written
from stigmer_rules import RULES

ROOT = Path(os.environ.get("STIGMER_LINT_CHECKOUT") or Path(__file__).parents[2])
COMMON = (
    "MODE", "STIGMER_BACKEND_ENDPOINT", "TEMPORAL_SERVICE_ADDRESS", "TEMPORAL_NAMESPACE", "TASK_QUEUE", "WORKSPACE_ROOT", "STIGMER_LLM_PROVIDER", "STIGMER_LLM_MODEL",
    "STIGMER_LLM_BASE_URL",
)  # fmt: skip


@pytest.mark.parametrize(
    ("more", "labels", "path"),
    [
        (("OLLAMA_BASE_URL",), {}, "cli/internal/daemon/daemon.go"),
        ((), {}, "server/internal/supervisor/supervisor.go"),
        (("OLLAMA_BASE_URL",), {"com.docker.compose.service": "agent-runner"}, "agent-runner/docker-compose.yml"),
    ],
)
def test_the_launch_is_told_by_what_it_gives(more: tuple[str, ...], labels: dict[str, str], path: str) -> None:
    written = _Written(ROOT / "examples/stigmer/broken", load_policy("builtin:stigmer", Path("/")), RULES, Options())
    env = (*((name, "x") for name in (*COMMON, *more)), ("PATH", "/bin"))
    container = Container(
        id="0" * 64, name="stigmer-agent-runner", image="ghcr.io/stigmer/agent-runner:latest", state=State("running"), env=env, image_env=(("PATH", "/bin"),), labels=labels
    )
    launch = written.launch_of(container)
    assert launch is not None
    assert launch.span.path == path

"""The shipped example: broken, it shows exactly the faults that its README lists; repaired, nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stigmer_lint.cli import run
from stigmer_lint.engine.run import check
from stigmer_lint.policy.load import NO_POLICY, load_policy
from stigmer_lint.policy.types import LoadedPolicy
from stigmer_lint.report.types import Report, Reported
from stigmer_rules import RULES

ROOT = Path(os.environ.get("STIGMER_LINT_CHECKOUT") or Path(__file__).parents[2])
EXAMPLE = ROOT / "examples/stigmer"

COMPOSE = "agent-runner/docker-compose.yml"
DAEMON = "cli/internal/daemon/daemon.go"
ADDRESS = "server/internal/supervisor/address.go"
SUPERVISOR = "server/internal/supervisor/supervisor.go"

# Rule, path, a text of the line, variable.
ALWAYS = [
    ("STG103", COMPOSE, "STIGMER_BACKEND_ENDPOINT:", "STIGMER_BACKEND_ENDPOINT"),
    ("STG103", COMPOSE, "TEMPORAL_SERVICE_ADDRESS:", "TEMPORAL_SERVICE_ADDRESS"),
    ("STG103", COMPOSE, "STIGMER_LLM_BASE_URL:", "STIGMER_LLM_BASE_URL"),
    ("STG103", COMPOSE, "OLLAMA_BASE_URL:", "OLLAMA_BASE_URL"),
    ("STG101", DAEMON, '"STIGMER_LLM_BASE_URL=%s"', "STIGMER_LLM_BASE_URL"),
    ("STG101", DAEMON, '"OLLAMA_BASE_URL=%s"', "OLLAMA_BASE_URL"),
    ("STG104", ADDRESS, "strings.ReplaceAll", None),
    ("STG301", "agent-runner/worker/activities/execute_graphton.py", "ChatOllama(", "OLLAMA_HOST"),
]
WITH_POLICY = [("STG202", SUPERVISOR, '"STIGMER_LLM_BASE_URL=%s"', "OLLAMA_BASE_URL")]
WITHOUT = [
    ("STG205", SUPERVISOR, '"STIGMER_LLM_BASE_URL=%s"', "OLLAMA_BASE_URL"),
    # The policy knows of older images that read it; the code alone does not.
    ("STG204", COMPOSE, "STIGMER_LLM_BASE_URL:", "STIGMER_LLM_BASE_URL"),
    ("STG204", DAEMON, '"STIGMER_LLM_BASE_URL=%s"', "STIGMER_LLM_BASE_URL"),
    ("STG204", SUPERVISOR, '"STIGMER_LLM_BASE_URL=%s"', "STIGMER_LLM_BASE_URL"),
]

Row = tuple[str, str, int, str | None]


def checked(state: str, tmp_path: Path, policy: bool) -> Report:
    """The report on a copy of one state, which is then a project of its own."""
    project = tmp_path / state
    shutil.copytree(EXAMPLE / state, project)
    loaded: LoadedPolicy = NO_POLICY
    if policy:
        shutil.copy(EXAMPLE / "stigmer-lint.yaml", project)
        loaded = load_policy(str(project / "stigmer-lint.yaml"), project)
    report = check(project, policy=loaded, rules=RULES, cwd=project)
    assert not report.errors
    assert not report.gaps
    assert report.counts.launches == 3
    return report


def place(path: str, text: str) -> int:
    """The number of the one line of the broken state that holds `text`."""
    (number,) = [n for n, line in enumerate((EXAMPLE / "broken" / path).read_text(encoding="utf-8").splitlines(), 1) if text in line]
    return number


def row(one: Reported, report: Report) -> Row:
    source = report.sources[one.finding.span.path]
    return one.finding.rule, one.finding.span.path, source.data.count(b"\n", 0, one.finding.span.start) + 1, one.finding.env


@pytest.mark.parametrize(("policy", "more"), [(True, WITH_POLICY), (False, WITHOUT)], ids=["policy", "no-policy"])
def test_broken_shows_exactly_the_faults(tmp_path: Path, policy: bool, more: list[tuple[str, str, str, str | None]]) -> None:
    report = checked("broken", tmp_path, policy)
    expected = {(rule, path, place(path, text), env) for rule, path, text, env in [*ALWAYS, *more]}
    assert {row(one, report) for one in report.findings} == expected
    assert report.status == 1


@pytest.mark.parametrize("policy", [True, False], ids=["policy", "no-policy"])
def test_repaired_shows_nothing(tmp_path: Path, policy: bool) -> None:
    report = checked("repaired", tmp_path, policy)
    assert [row(one, report) for one in report.findings] == []
    assert report.status == 0


def test_the_first_outage_is_followed_to_where_the_default_is_written(tmp_path: Path) -> None:
    report = checked("broken", tmp_path, policy=False)
    (one,) = [one.finding for one in report.findings if one.finding.rule == "STG101" and one.finding.env == "STIGMER_LLM_BASE_URL"]
    origin = one.trail[-1].span
    assert origin.path == "cli/internal/config/config.go"
    assert report.sources[origin.path].data[origin.start : origin.end] == b'"http://localhost:11434"'
    assert one.platforms == ("macos", "windows")
    marked = [report.sources[step.span.path].data[step.span.start : step.span.end] for step in one.marks]
    assert [re.findall(rb"[A-Z_]{4,}", text)[0] for text in marked] == [b"STIGMER_BACKEND_ENDPOINT", b"TEMPORAL_SERVICE_ADDRESS"]


def test_the_second_outage_shows_the_read_and_the_launcher_that_sets_it(tmp_path: Path) -> None:
    report = checked("broken", tmp_path, policy=False)
    (one,) = [one.finding for one in report.findings if one.finding.rule == "STG205"]
    paths = [step.span.path for step in one.related]
    assert paths[0] == "agent-runner/worker/config.py"
    assert paths[1] in (DAEMON, COMPOSE)


def test_the_checkout_itself_is_not_stopped_by_its_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the example alone, and along with others, as the hook gives them."""
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout here: the example's policy names its place in one")
    monkeypatch.chdir(ROOT)
    broken = [f"examples/stigmer/broken/{path}" for path in (DAEMON, SUPERVISOR, COMPOSE)]
    assert run(["check", *broken]) == 0
    assert run(["check", *broken, "tools/demo"]) == 0


def test_the_demo_holds_both_states_to_their_verdicts(tmp_path: Path) -> None:
    """It ends well on the example, and badly where the repaired state is as broken as the other."""
    command = tmp_path / "stigmer-lint"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m stigmer_lint "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/demo", tmp_path / "tools/demo")
    shutil.copytree(EXAMPLE, tmp_path / "examples/stigmer")
    good = subprocess.run([tmp_path / "tools/demo", command], capture_output=True, text=True, check=False, timeout=120)
    assert good.returncode == 0, good.stdout + good.stderr
    assert good.stdout.index("STG101") < good.stdout.index("STG202") < good.stdout.index("no findings")
    for name, said in (("repaired", "exit status 1 where 0"), ("broken", "exit status 0 where 1")):
        other = "broken" if name == "repaired" else "repaired"
        shutil.rmtree(tmp_path / "examples/stigmer" / name)
        shutil.copytree(EXAMPLE / other, tmp_path / "examples/stigmer" / name)
        bad = subprocess.run([tmp_path / "tools/demo", command], capture_output=True, text=True, check=False, timeout=120)
        assert bad.returncode == 1
        assert said in bad.stderr
        shutil.rmtree(tmp_path / "examples/stigmer" / name)
        shutil.copytree(EXAMPLE / name, tmp_path / "examples/stigmer" / name)


@pytest.mark.parametrize("module", ["cli", "server"])
@pytest.mark.parametrize("state", ["broken", "repaired"])
def test_the_go_code_compiles(state: str, module: str, tmp_path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not installed")
    env = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    done = subprocess.run([go, "vet", "./..."], cwd=EXAMPLE / state / module, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("state", ["broken", "repaired"])
def test_the_python_code_compiles(state: str) -> None:
    found = sorted((EXAMPLE / state / "agent-runner").rglob("*.py"))
    assert len(found) == 8
    for path in found:
        compile(path.read_bytes(), str(path), "exec")

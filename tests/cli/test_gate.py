"""The review gate: what is new in a change, what a project lives with, and whose policy judges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

OLD = "services:\n" + "".join(f"  old{i}:\n    image: example/old{i}:1\n    environment:\n      OLLAMA_BASE_URL: http://localhost:11434\n" for i in range(12))
NEW = "  new:\n    image: example/new:1\n    environment:\n      OLLAMA_BASE_URL: http://localhost:11434\n"


def git(folder: Path, *arguments: str) -> None:
    env = {**os.environ, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=folder, env=env, check=True, capture_output=True, timeout=60)


def run(folder: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run([sys.executable, "-P", "-m", "stigmer_lint", "check", "--format", "json", *arguments], cwd=folder, capture_output=True, check=False, timeout=60, text=True)
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}, done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with twelve old findings, on a branch of its own."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "compose.yaml").write_text(OLD, encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "old")
    git(tmp_path, "checkout", "-qb", "change")
    return tmp_path


def test_of_twelve_old_findings_and_a_new_one_the_gate_shows_one(project: Path) -> None:
    (project / "compose.yaml").write_text(OLD + NEW, encoding="utf-8")
    status, report, _ = run(project, "--diff-base", "main")
    assert (status, len(report["findings"]), report["summary"]["older"]) == (1, 1, 12)
    assert report["findings"][0]["container"] == "new"
    git(project, "commit", "-qam", "new")
    assert len(run(project, "--diff-base", "main")[1]["findings"]) == 1
    assert run(project, "--diff-base", "HEAD")[0] == 0


def test_lines_that_only_move_are_not_new(project: Path) -> None:
    (project / "compose.yaml").write_text("# a word\n\n" + OLD, encoding="utf-8")
    assert run(project, "--diff-base", "main")[0] == 0


def test_a_line_that_is_taken_away_from_a_launch_makes_what_it_held_off_new(project: Path) -> None:
    good = "services:\n  app:\n    image: example/app:1\n    extra_hosts: ['host.docker.internal:host-gateway']\n    environment:\n      API_URL: http://host.docker.internal:80\n"
    (project / "compose.yaml").write_text(good, encoding="utf-8")
    git(project, "commit", "-qam", "good")
    (project / "compose.yaml").write_text("".join(line for line in good.splitlines(True) if "extra_hosts" not in line), encoding="utf-8")
    status, report, _ = run(project, "--diff-base", "HEAD")
    assert (status, [one["rule"] for one in report["findings"]]) == (1, ["STG103"])


def test_the_far_end_of_a_finding_counts_as_well(project: Path) -> None:
    (project / "compose.yaml").write_text("services:\n  app:\n    image: example/app:1\n    env_file: app.env\n", encoding="utf-8")
    (project / "run.sh").write_text("#!/bin/sh\n. ./lib.sh\ndocker run -e DB_URL=$DB_URL example/app:1\n", encoding="utf-8")
    (project / "lib.sh").write_text('DB_URL="postgresql://db:5432/app"\n', encoding="utf-8")
    git(project, "add", ".")
    git(project, "commit", "-qm", "good")
    (project / "lib.sh").write_text('DB_URL="postgresql://localhost:5432/app"\n', encoding="utf-8")
    status, report, _ = run(project, "--diff-base", "HEAD")
    assert (status, [(one["rule"], one["path"]) for one in report["findings"]]) == (1, [("STG101", "run.sh")])


@pytest.mark.parametrize("revision", ["nowhere", "--output=x"])
def test_a_revision_that_is_none_is_a_usage_error(project: Path, revision: str) -> None:
    status, _, told = run(project, f"--diff-base={revision}")
    assert status == 2
    assert revision in told
    assert not (project / "x").exists()


def test_nothing_that_the_repository_configures_is_started(project: Path) -> None:
    mark = project / "ran"
    for key in ("core.fsmonitor", "diff.external", "core.pager", "core.sshCommand", "filter.x.clean", "filter.x.smudge", "diff.x.textconv", "diff.x.command"):
        git(project, "config", key, f"touch {mark} #")
    hook = project / ".git" / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="utf-8")
    hook.chmod(0o755)
    (project / ".gitattributes").write_text("* filter=x diff=x\n", encoding="utf-8")
    (project / "compose.yaml").write_text(OLD + NEW, encoding="utf-8")
    status, report, _ = run(project, "--diff-base", "main", "--policy-rev", "main")
    assert (status, len(report["findings"])) == (1, 1)
    assert not mark.exists()


def test_a_baseline_leaves_out_what_it_holds_and_names_what_is_gone(project: Path) -> None:
    status, report, told = run(project, "--write-baseline", "--baseline", "known.json")
    assert (status, report["findings"], report["summary"]["suppressed"]) == (0, [], 12)
    assert "baseline: known.json holds 12 findings" in told
    held = json.loads((project / "known.json").read_text(encoding="utf-8"))
    assert {(one["rule"], one["env"]) for one in held["findings"]} == {("STG101", "OLLAMA_BASE_URL")}
    assert "line" not in held["findings"][0]
    (project / "compose.yaml").write_text("# moved\n" + OLD.replace("  old3:\n    image: example/old3:1\n    environment:\n      OLLAMA_BASE_URL: http://localhost:11434\n", "") + NEW, encoding="utf-8")
    status, report, _ = run(project, "--baseline", "known.json")
    assert (status, [one["container"] for one in report["findings"]]) == (1, ["new"])
    assert report["summary"]["stale"] == ["compose.yaml: STG101 OLLAMA_BASE_URL"]
    run(project, "--write-baseline", "--baseline", "known.json")
    assert run(project, "--baseline", "known.json")[1]["summary"]["stale"] == []


def test_a_run_over_one_file_says_nothing_of_the_baseline_s_others(project: Path) -> None:
    run(project, "--write-baseline", "--baseline", "known.json")
    (project / "run.sh").write_text("#!/bin/sh\ndocker run -e OLLAMA_HOST=http://localhost:11434 example/app:1\n", encoding="utf-8")
    status, report, _ = run(project, "--baseline", "known.json", "run.sh")
    assert (status, len(report["findings"]), report["summary"]["stale"]) == (1, 1, [])


def test_no_secret_gets_into_a_baseline(project: Path) -> None:
    (project / "compose.yaml").write_text("services:\n  app:\n    image: example/app:1\n    environment:\n      DB_URL: postgres://u:hunter2@localhost:5432/x\n", encoding="utf-8")
    run(project, "--write-baseline")
    text = (project / "stigmer-lint-baseline.json").read_text(encoding="utf-8")
    assert "DB_URL" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(("text", "said"), [("{", "known.json:1: not a baseline"), ('{\n "version": 9}', "version 9"), ('{"version": 1,\n "findings": [{"x": 1}]}', "not a baseline")])
def test_a_broken_baseline_is_a_usage_error_with_its_place(project: Path, text: str, said: str) -> None:
    (project / "known.json").write_text(text, encoding="utf-8")
    status, _, told = run(project, "--baseline", "known.json")
    assert status == 2
    assert said in told


def test_a_change_cannot_switch_off_its_own_judge(project: Path) -> None:
    (project / "stigmer-lint.yaml").write_text("version: 1\nplatforms: [linux]\n", encoding="utf-8")
    git(project, "add", ".")
    git(project, "commit", "-qm", "policy")
    (project / "stigmer-lint.yaml").write_text("version: 1\nrules: {STG101: off}\n", encoding="utf-8")
    assert run(project)[0] == 0
    status, report, _ = run(project, "--policy-rev", "HEAD")
    assert (status, len(report["findings"]), report["summary"]["policy"]) == (1, 12, "HEAD:stigmer-lint.yaml")
    assert report["findings"][0]["platforms"] == ["linux"]
    assert run(project, "--policy-rev", "HEAD~1")[0] == 1
    assert run(project, "--policy-rev", "HEAD~1", "--policy", "stigmer-lint.yaml")[0] == 2

"""The descriptor for MegaLinter: what can be seen from here always, and MegaLinter itself where there is one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

ROOT = Path(os.environ.get("STIGMER_LINT_CHECKOUT") or Path(__file__).parents[2])
(DESCRIPTOR,) = (ROOT / "docs").glob("**/*.megalinter-descriptor.yml")
COMMAND = [sys.executable, "-P", "-m", "stigmer_lint"]
TREE = {
    "compose.yaml": (
        "services:\n  app:\n    image: example/app:1\n    environment:\n      OLLAMA_BASE_URL: http://localhost:11434\n"
        "      REDIS_URL: redis://localhost:6379/0\n  cache:\n    image: redis:7\n    ports: ['6379:6379']\n"
    ),
    "Dockerfile": "FROM python:3.12\nENV DATABASE_URL=postgres://localhost/17 errors, 18 warnings in 19 files;\n",
}
MEGALINTER = os.environ.get("STIGMER_LINT_MEGALINTER")
"""A Python that has MegaLinter, which is on no registry: `tools/megalinter` makes one of a checkout."""


@pytest.fixture
def linter() -> dict[str, Any]:
    descriptor = yaml.safe_load(DESCRIPTOR.read_text(encoding="utf-8"))
    (only,) = descriptor["linters"]
    return descriptor | only


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with two errors and a warning, whose fixes are one safe and two that are not."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in TREE.items():
        (folder / name).write_text(text, encoding="utf-8")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=folder, check=True, timeout=60)
    return folder


def test_megalinter_takes_the_file_from_where_it_lies(linter: dict[str, Any]) -> None:
    assert DESCRIPTOR.parent.name.startswith("mega-linter-plugin-")
    assert linter["lint_all_files"] is True, "without patterns of files a linter never starts"
    assert all(line.startswith("RUN ") for line in linter["install"]["dockerfile"])


def test_the_descriptor_names_options_that_there_are(linter: dict[str, Any]) -> None:
    shown = subprocess.run([*COMMAND, *linter["cli_lint_extra_args"], "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
    for option in (linter["cli_config_arg_name"], linter["cli_lint_fix_arg_name"], *linter["cli_sarif_args"][::2]):
        assert re.search(rf"(?m)^\s+{option}\b", shown), option
    assert subprocess.run([*COMMAND, linter["cli_version_arg_name"]], capture_output=True, check=True, timeout=60).stdout


def test_the_numbers_are_those_of_the_last_line(linter: dict[str, Any], tree: Path) -> None:
    """`regex_number` takes the first match; neither a finding's text nor one with none of the kind is to answer."""

    def numbers() -> tuple[str | None, ...]:
        done = subprocess.run([*COMMAND, *linter["cli_lint_extra_args"]], cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
        assert all(linter[f"cli_lint_{kind}_count"] == "regex_number" for kind in ("errors", "warnings"))
        found = (re.search(linter[f"cli_lint_{kind}_regex"], done.stdout) for kind in ("errors", "warnings"))
        return tuple(match and match[1] for match in found)

    assert numbers() == ("2", "1")
    (tree / "compose.yaml").unlink()
    assert numbers() == (None, "1")
    (tree / "Dockerfile").unlink()
    assert numbers() == (None, None)


class Ran(NamedTuple):
    """What MegaLinter said of us: its own words, how it called us, its counts."""

    text: str
    command: str
    errors: int
    warnings: int
    status: int


@pytest.mark.skipif(not MEGALINTER, reason="MegaLinter is not here; tools/megalinter installs it from a checkout, and STIGMER_LINT_MEGALINTER may name its Python")
def test_megalinter_runs_counts_fixes_and_configures(tmp_path: Path, tree: Path) -> None:
    ran = megalinter(tmp_path, tree)
    assert (ran.command, ran.errors, ran.warnings, ran.status) == ("stigmer-lint check", 2, 1, 1), ran.text
    assert (tmp_path / "asked").read_text(encoding="utf-8") == "install --no-cache-dir stigmer-lint\n"
    (tree / "stigmer-lint.yaml").write_text("version: 1\nexclude: [Dockerfile]\n", encoding="utf-8")
    ran = megalinter(tmp_path, tree, SARIF_REPORTER="true", APPLY_FIXES="all")
    # It cuts the command after 250 characters.
    assert ran.command.startswith(f"stigmer-lint check --fix --policy {tree / 'stigmer-lint.yaml'} --format sarif"[:250]), ran.text
    assert (ran.errors, ran.warnings) == (1, 0), "the sibling's address is mended, the Dockerfile is left out"
    assert "redis://cache:6379" in (tree / "compose.yaml").read_text(encoding="utf-8")
    (run,) = json.loads((tree / "megalinter-reports" / "megalinter-report.sarif").read_text(encoding="utf-8"))["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["STG101"]
    assert (tree / "megalinter-reports" / "updated_sources" / "compose.yaml").is_file()
    assert megalinter(tmp_path, tree).errors == 1, "what it has left in its reports is not checked"
    subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qam", "mended"], cwd=tree, check=True, timeout=60)
    (tree / ".mega-linter.yml").write_text("STIGMER_LINT_ARGUMENTS: [--diff-base, HEAD]\n", encoding="utf-8")
    ran = megalinter(tmp_path, tree)
    assert ran.command.startswith("stigmer-lint check --diff-base HEAD --policy"), ran.text
    assert (ran.errors, ran.warnings, ran.status) == (0, 0, 0), ran.text


def megalinter(tmp_path: Path, tree: Path, **variables: str) -> Ran:
    """Run MegaLinter with our descriptor alone, on a copy of it: it writes its plugins into its own package."""
    assert MEGALINTER
    copy = tmp_path / "copy" / "megalinter"
    if not copy.exists():
        where = "import importlib.util; print(*importlib.util.find_spec('megalinter').submodule_search_locations)"
        found = subprocess.run([MEGALINTER, "-c", where], capture_output=True, text=True, check=True, timeout=60).stdout.strip()
        shutil.copytree(found, copy)
        programs = {"stigmer-lint": f'exec {sys.executable} -P -m stigmer_lint "$@"', "pip": f'echo "$@" > {tmp_path}/asked'}
        for name, line in programs.items():
            program = tmp_path / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(f"#!/bin/sh\nPYTHONPATH={os.environ.get('PYTHONPATH', '')} {line}\n".replace("PYTHONPATH= ", ""), encoding="utf-8")
            program.chmod(0o755)
    env = {
        "HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(copy.parent), "DEFAULT_WORKSPACE": str(tree),
        "PLUGINS": f"file://{DESCRIPTOR}", "ENABLE": "STIGMER", "LOG_LEVEL": "INFO", "FLAVOR_SUGGESTIONS": "false", **variables,
    }  # fmt: skip
    done = subprocess.run([MEGALINTER, "-m", "megalinter.run"], env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=300)
    counted = re.search(r"(?m)Found (\d+) error\(s\) and (\d+) warning\(s\)", done.stdout)
    called = re.search(r"(?m)^- Command: \[(.*)\]$", done.stdout)
    return Ran(done.stdout, called[1] if called else "", int(counted[1]) if counted else 0, int(counted[2]) if counted else 0, done.returncode)

"""The flake8 plugin: the same findings for what one file says by itself, and nothing that flake8 does itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from stigmer_lint.adapters.flake8 import Plugin

BAD = 'import subprocess\n\n\nsubprocess.run(["docker", "run", "-e", "A_URL=http://localhost:1", "x/y"], check=True)\n'


def found(text: str, path: Path) -> list[tuple[int, int, str]]:
    return [(line, column, message.split()[0]) for line, column, message, _ in Plugin(ast.parse(text), str(path), text.splitlines(keepends=True)).run()]


def test_a_finding_has_flake8s_line_and_column(tmp_path: Path) -> None:
    (line, column, code), *more = found(BAD, tmp_path / "a.py")
    assert (line, code, more) == (4, "STG101", [])
    assert BAD.splitlines()[line - 1][column:].startswith("http://localhost:1")


def test_a_file_that_starts_nothing_is_silent(tmp_path: Path) -> None:
    assert found('url = "http://localhost:1"\n', tmp_path / "a.py") == []


def test_our_own_comment_counts_and_its_faults_are_left_to_the_command(tmp_path: Path) -> None:
    lines = BAD.splitlines(keepends=True)
    assert found("".join([*lines[:3], "# stigmer: ignore[STG101] the proxy is in there\n", lines[3]]), tmp_path / "a.py") == []
    assert [code for _, _, code in found("".join([*lines[:3], "# stigmer: ignore\n", lines[3]]), tmp_path / "a.py")] == ["STG101"]


def test_flake8_finds_the_plugin_and_its_noqa_holds(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BAD, encoding="utf-8")
    (tmp_path / "b.py").write_text(BAD.replace("check=True)\n", "check=True)  # noqa: STG101\n"), encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "flake8", "--isolated", "--select", "STG", "."], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert [line.split(": ", 1)[1].split()[0] for line in done.stdout.splitlines()] == ["STG101"]
    assert done.stdout.startswith("./a.py:4:")


def flake8(folder: Path, *options: str) -> tuple[list[str], str]:
    """Codes that flake8 reports in a folder, and what it says besides."""
    command = [sys.executable, "-m", "flake8", "--select", "STG", *options, "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return [line.split(": ", 1)[1].split()[0] for line in done.stdout.splitlines()], done.stderr


HOST = 'import subprocess\n\n\nsubprocess.run(["docker", "run", "--network=host", "-e", "LLM_URL=http://localhost:1", "x/y"], check=True)\n'


def test_its_options_are_flake8s_own_on_the_command_line_and_in_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HOST, encoding="utf-8")
    assert flake8(tmp_path)[0] == ["STG105"]
    assert flake8(tmp_path, "--stigmer-platforms=linux")[0] == []
    (tmp_path / "own.yaml").write_text("version: 1\nrules: {STG105: off}\n", encoding="utf-8")
    assert flake8(tmp_path, "--stigmer-policy=own.yaml")[0] == []
    (tmp_path / ".flake8").write_text("[flake8]\nstigmer-policy = own.yaml\n", encoding="utf-8")
    assert flake8(tmp_path)[0] == []
    assert flake8(tmp_path, "--stigmer-policy=none")[0] == ["STG105"]
    (tmp_path / ".flake8").write_text("[flake8]\nstigmer-platforms = linux\n", encoding="utf-8")
    assert flake8(tmp_path)[0] == []


def test_an_option_that_means_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HOST, encoding="utf-8")
    for option in ("--stigmer-platforms=beos", "--stigmer-min-confidence=none", "--stigmer-policy=absent.yaml"):
        done = subprocess.run([sys.executable, "-m", "flake8", "--select", "STG", option, "."], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1
        assert option.partition("=")[2] in done.stdout
        assert (len(done.stdout.splitlines()), done.stderr) == (2, ""), "flake8's own line and ours"

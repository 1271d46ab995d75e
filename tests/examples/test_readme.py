"""What README and walk-through show of `check` is what the program prints."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(os.environ.get("STIGMER_LINT_CHECKOUT", Path(__file__).parents[2]))


def test_the_sample_in_the_readme_is_printed_for_the_example(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples/stigmer/broken", tmp_path / "broken")
    command = [sys.executable, "-P", "-m", "stigmer_lint", "check", "--no-policy", "--color", "never", "."]
    printed = subprocess.run(command, cwd=tmp_path / "broken", capture_output=True, text=True, check=False).stdout
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    sample = next(block for block in readme.split("```\n") if block.startswith("cli/internal/daemon"))
    assert sample.rstrip() in printed


def test_what_the_walk_through_shows_of_check_is_printed_for_the_example(tmp_path: Path) -> None:
    """The part of docs/walk-through.md that needs no servers; `tools/walk_through.py` holds all of it to what is printed."""
    page = (ROOT / "docs/walk-through.md").read_text(encoding="utf-8")
    for state in ("broken", "repaired"):
        shutil.copytree(ROOT / "examples/stigmer" / state, tmp_path / state)
        shutil.copy(ROOT / "examples/stigmer/stigmer-lint.yaml", tmp_path / state)
        subprocess.run(["git", "init", "--quiet"], cwd=tmp_path / state, check=True)
    shown = re.findall(r"^```console in=(\w+)[^\n]*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    checks = [(state, line, said) for state, body in shown for line, said in re.findall(r"^\$ stigmer-lint (check\b[^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", body, re.MULTILINE)]
    plain = [one for one in checks if "--output" not in one[1]]
    assert len(plain) >= 4
    for state, line, said in plain:
        command = [sys.executable, "-P", "-m", "stigmer_lint", *line.split()]
        done = subprocess.run(command, cwd=tmp_path / state, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.stdout == said, f"{state}: {line}; tools/walk_through.py writes the page again"

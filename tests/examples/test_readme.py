"""The finding that the README shows is the one that the program prints."""

from __future__ import annotations

import os
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

"""Path patterns mean what git says they mean, and cannot be made to hang."""

from __future__ import annotations

import itertools
import subprocess
import time
from pathlib import Path

import pytest

from stigmer_lint.engine.globs import Patterns

FILES = (
    ["*.log", "!keep.log", "/build", "docs/*.txt"],
    ["**/foo", "a/**/b", "abc/**"],
    ["foo*bar*", "[ab]x", "[!a]y", "x?z"],
    ["\\#c", "dir/", "/a/b/", "!/a"],
    ["**/c/d", "d/**/e/*.py", "*a*a*b"],
    ["q\\ ", "[]z]w", "he[l]lo.[ch]", "[a-", "\\*star"],
    ["foo/*", "!foo/x", "*/mid/*", "a**b"],
    ["# comment", "", "   ", "/", "y "],
)
NAMES = (
    "a", "b", "c", "d", "e", "foo", "foobar", "x", "y", "ax", "ay", "keep.log", "z.log", "build", "docs", "q.txt", "xyz", "dir", "m.py",
    "aab", "caab", "]w", "zw", "hello.c", "abc", "#c", "*star", "mid", "[a-",
)  # fmt: skip


@pytest.mark.parametrize("lines", FILES, ids=lambda lines: "_".join(lines).replace("/", ""))
def test_as_git_reads_them(lines: list[str], tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("\n".join(lines) + "\n", encoding="utf-8")
    paths = ["/".join(parts) for size in (1, 2) for parts in itertools.product(NAMES, repeat=size)]
    paths += [f"{one}/x/{two}" for one, two in itertools.product(NAMES, repeat=2)] + ["a/q/r/b", "d/e/m.py", "d/1/2/e/m.py", "x/c/d/e"]
    told = subprocess.run(
        ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "--stdin", "-z"], input="\0".join(paths).encode(), capture_output=True, check=False
    ).stdout
    ignored = set(told.decode().split("\0")) - {""}
    patterns = Patterns(lines)
    assert {path for path in paths if patterns.covers(path)} == ignored


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("*a*a*a*a*a*a*a*a*a*b", "a" * 255), ("**/a*a/**/a*a/**/a*a/**/*a*b", "/".join(["a" * 60] * 60)), ("[a-z]*[a-z]*[a-z]*[a-z]*1", "a" * 255)],
)
def test_a_pattern_made_to_backtrack_is_answered_at_once(pattern: str, path: str) -> None:
    began = time.process_time()
    assert not Patterns([pattern]).covers(path)
    assert time.process_time() - began < 0.5

"""What a `.dockerignore` keeps out, by Docker's own rules."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from stigmer_lint.engine.dockerignore import Ignored
from stigmer_lint.model.world import World

CASES = [
    ("*\n!app/\n", ["README.md", "tools/a.py"], ["app/a.py", "app/b/c.py"]),
    ("# note\n\n.env\n", [".env"], ["app/.env", ".env.example"]),
    ("**/.env\n", [".env", "app/.env"], ["app/.envrc"]),
    ("/docs\n", ["docs/a.py", "docs"], ["app/docs/a.py", "docs2/a.py"]),
    ("*.md\n!README.md\n", ["NOTES.md"], ["README.md", "a/NOTES.md"]),
    ("*/temp*\n", ["a/temporary.txt", "a/temp/b.py"], ["temp/b.py", "a/b/temp"]),
    ("app/**/test_?.py\n", ["app/test_a.py", "app/x/y/test_b.py"], ["app/test_ab.py"]),
    ("logs[0-9]\n", ["logs1/a"], ["logs/a", "logsx"]),
    ("app\n!app/keep.py\n", ["app/a.py"], ["app/keep.py"]),
    ("!app\napp\n", ["app/a.py"], []),
    (".\n!a\n", ["b"], ["a"]),
    ("**.log\n", ["a.log", "x/y/b.log"], ["a.logs"]),
    ("logs[^0-9]\n\\!a\n", ["logsx", "!a"], ["logs1"]),
]


@pytest.mark.parametrize(("text", "out", "kept"), CASES)
def test_the_last_pattern_that_fits_decides(text: str, out: list[str], kept: list[str]) -> None:
    ignored = Ignored(text)
    assert [one for one in out if not ignored.leaves_out(one)] == []
    assert [one for one in kept if ignored.leaves_out(one)] == []


@pytest.mark.parametrize("pattern", ["**/" * 90 + "x", "*a" * 140 + "b", "a*/**/" * 40 + "b"])
def test_no_pattern_takes_long(pattern: str) -> None:
    ignored = Ignored(pattern)
    began = time.process_time()
    assert not any(ignored.leaves_out("/".join(["a" * 200] * 20) + str(number)) for number in range(50))
    assert time.process_time() - began < 2


def test_what_is_left_out_is_not_inside_unless_it_is_mounted(world: Callable[[dict[str, str]], World]) -> None:
    tree = {
        "compose.yaml": "services:\n  a:\n    build: .\n", "Dockerfile": "FROM python\nCOPY . .\n", ".dockerignore": "*\n!app\n",
        "app/a.py": 'import os\nx = os.getenv("AA")\n', "other/b.py": 'import os\nx = os.environ["BB"]\n',
    }  # fmt: skip
    [component] = world(tree).components
    assert {read.name for read in component.reads} == {"AA"}
    [component] = world({**tree, "compose.yaml": "services:\n  a:\n    build: .\n    volumes: ['./other:/other']\n"}).components
    assert {read.name for read in component.reads} == {"AA", "BB"}


def test_a_range_that_is_none_keeps_nothing_out(world: Callable[[dict[str, str]], World]) -> None:
    [component] = world({
        "compose.yaml": "services:\n  a:\n    build: .\n", "Dockerfile": "FROM python\nCOPY . .\n", ".dockerignore": "a[9-0]\n",
        "app/a.py": 'import os\nx = os.getenv("AA")\n',
    }).components  # fmt: skip
    assert {read.name for read in component.reads} == {"AA"}

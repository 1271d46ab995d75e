"""A tree with one hostile thing in it beside one launcher that is plainly wrong, checked by the real program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def _slowness() -> float:
    """How much slower this machine is now than the one that the limit was set for, 1 for one as fast or faster."""

    def loop() -> float:
        start = time.process_time()
        held: list[Any] = []
        for number in range(150_000):
            held.append((str(number), {number: "x"}))
        return time.process_time() - start

    return max(1.0, min(loop() for _ in range(5)) / 0.085)


SECONDS = 5.0 * _slowness()
"""Processor time of a whole run; wall time would measure what else the machine does."""
MEGABYTES = 512
HANGS = 60.0
"""Wall time after which a run is held to wait for something that never comes."""

_MEASURE = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(child.pid, 0)
with open(sys.argv[1], "w") as told:
    told.write(f"{os.waitstatus_to_exitcode(status)} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024}")
"""
"""Runs a command and writes its status, its processor time and its peak memory to a file: in a process of its own, because the peak of
a child begins at the size of the process that it was forked from, and a test run is large."""

WITNESS = "cmd/witness.go"
_LAUNCHER = """package cmd

import "os/exec"

func Start() error {
	return exec.Command("docker", "run", "-d", "-e", "OLLAMA_BASE_URL=http://localhost:11434", "example/app:1").Run()
}
"""
_WITNESSED = ("STG101", WITNESS, 6)


class Outcome:
    """How a run went. `findings`: (rule, path, line); `failures`: path -> why."""

    def __init__(self, status: int, out: bytes, err: bytes, seconds: float, megabytes: float) -> None:
        self.status = status
        self.out = out
        self.err = err
        self.seconds = seconds
        self.megabytes = megabytes

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report."""
        told: dict[str, Any] = json.loads(self.out)
        return told

    @property
    def findings(self) -> list[tuple[str, str, int]]:
        return [(one["rule"], one["path"], one["line"]) for one in self.report["findings"]]

    @property
    def others(self) -> list[tuple[str, str, int]]:
        """The findings outside the witness, those that say that a file could not be read left out."""
        return [one for one in self.findings if one[1] != WITNESS and one[0] != "STG904"]

    @property
    def failures(self) -> dict[str, str]:
        return {one["path"]: one["why"] for one in self.report["errors"]}


class Hostile:
    """The folder that is checked. `root` is the repository's root; `outside` is next to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.outside = root.parent / "outside"
        self.outside.mkdir()
        (root / ".git").mkdir(parents=True)
        self.write(WITNESS, _LAUNCHER)

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def run(self, *arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None, command: tuple[str, ...] = ()) -> Outcome:
        """Run `stigmer-lint` with these arguments and measure it."""
        command = command or (sys.executable, "-P", "-m", "stigmer_lint")
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.NamedTemporaryFile("r") as told:
            measured = [sys.executable, "-S", "-I", "-c", _MEASURE, told.name, *command, *arguments]
            child = subprocess.Popen(measured, cwd=cwd or self.root, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, start_new_session=True)
            try:
                child.wait(HANGS)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
                pytest.fail(f"the run hangs: it did not end within {HANGS:.0f} s")
            status, seconds, megabytes = told.read().split()
            out.seek(0)
            err.seek(0)
            return Outcome(int(status), out.read(), err.read(), float(seconds), float(megabytes))

    def check(self, *arguments: str, form: str = "json", status: int | None = None) -> Outcome:
        """Check the whole tree, within the limits, with the finding of the witness there."""
        done = self.run("check", "--format", form, *arguments)
        sys.stdout.write(f"{done.seconds:.2f} s, {done.megabytes:.0f} MB, status {done.status}\n")
        assert b"Traceback" not in done.err, done.err.decode(errors="replace")[-2000:]
        if form == "json":
            assert _WITNESSED in done.findings
        else:
            assert b"STG101" in done.out
        assert done.seconds < SECONDS
        assert done.megabytes < MEGABYTES
        if status is not None:
            assert done.status == status, done.out.decode(errors="replace")[-2000:]
        return done


@pytest.fixture
def tree(tmp_path: Path) -> Hostile:
    return Hostile(tmp_path / "project")


@pytest.fixture
def unreadable(tree: Hostile) -> Callable[[str, str | bytes, str], Outcome]:
    """Check that a file is refused by path and reason, and everything else is reported."""

    def check(path: str, content: str | bytes, why: str) -> Outcome:
        tree.write(path, content)
        done = tree.check(status=3)
        assert why in done.failures.get(path, "nothing"), done.failures
        assert set(done.failures) == {path}
        return done

    return check

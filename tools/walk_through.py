"""Run the commands of docs/walk-through.md for real, and write what they print into the page.

`tools/walk_through.py STIGMER_LINT` writes; with `--check` it writes nothing and exits with 1 where the page is out of date (times, numbers of
containers, addresses of the bridge and the like may differ). Needs Linux, Docker, Go and what examples/stigmer/prepare.py gets; where one of
them is missing it says which and why, and exits with 0 having run nothing, or with 2 where `--must` is given.

A block to run is fenced as ```console in=FOLDER [exit=N,N...], FOLDER being one of example, broken, repaired: copies of examples/stigmer outside
this checkout; one exit status for all commands of the block or one for each, else 0. A command that ends in ` &` goes on in the background until `kill %1`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/walk-through.md"
EXAMPLE = ROOT / "examples/stigmer"
CONTAINER = "stigmer-agent-runner"
PORTS = (7233, 7234, 11434)
_FENCE = re.compile(r"^```console in=(?P<folder>\w+)(?: exit=(?P<status>[\d,]+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
# How often something is waited for differs, and what becomes of ::1 in a container, which not every engine gives.
_VARYING = (
    (re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d"), "DATE"), (re.compile(r" *\b\d+\.\d+ (s|ms)\b"), " N s"), (re.compile(r"\b\d+ ms\b"), "N ms"),
    (re.compile(r"^.*\bwaiting\b.*\n", re.MULTILINE), ""), (re.compile(r"; ::1: [^\n]*"), ""),
     (re.compile(r"starting \S*/"), "starting "), (re.compile(r"\b[0-9a-f]{12}\b"), "ID"), (re.compile(r"\b172\.\d+\.\d+\.\d+\b"), "GATEWAY"), (re.compile(r"\(process \d+\)"), "(process N)"),
)  # fmt: skip


class FaultError(Exception):
    """The page cannot be run, or did not go as it says."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lint", help="the stigmer-lint command to show")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is out of date")
    parser.add_argument("--must", action="store_true", help="fail where it cannot be run here")
    options = parser.parse_args()
    began = time.monotonic()
    prepare = _prepare()
    missing = _missing(prepare)
    if missing is not None:
        sys.stdout.write(f"walk-through not run: {missing}\n")
        return 2 if options.must else 0
    sys.stdout.write(f"walk-through: prepared ({time.monotonic() - began:.1f} s)\n")
    sys.stdout.flush()
    began = time.monotonic()
    text = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        try:
            fresh = _Tour(Path(folder), Path(options.lint).resolve(), prepare).over(text)
        except FaultError as fault:
            sys.stdout.write(f"walk-through: {fault}\n")
            return 1
    sys.stdout.write(f"walk-through: {len(_FENCE.findall(text))} blocks ran as the page says ({time.monotonic() - began:.1f} s)\n")
    if not options.check:
        PAGE.write_text(fresh, encoding="utf-8")
        return 0
    if settled(fresh) == settled(text):
        return 0
    import difflib

    lines = difflib.unified_diff(settled(text).splitlines(), settled(fresh).splitlines(), "docs/walk-through.md", "what is printed", lineterm="", n=1)
    sys.stdout.write("\n".join(lines) + "\nwalk-through: the page is out of date; tools/walk_through.py writes it again\n")
    return 1


def settled(text: str) -> str:
    """A text without what differs from run to run."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


def _prepare() -> ModuleType:
    spec = importlib.util.spec_from_file_location("stigmer_example_prepare", EXAMPLE / "prepare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _missing(prepare: ModuleType) -> str | None:
    """Why it cannot be run here; makes what can be made."""
    if sys.platform != "linux":
        return "it needs Linux"
    if shutil.which("go") is None:
        return "Go is not installed"
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0:
        return "no Docker engine answers"
    for port in PORTS:
        with socket.socket() as channel:
            if channel.connect_ex(("127.0.0.1", port)) == 0:
                return f"port {port} of this host is in use"
    if subprocess.run(["docker", "inspect", CONTAINER], capture_output=True, check=False).returncode == 0:
        return f"there is a container {CONTAINER} already"
    lines: list[str] = []
    done = subprocess.run([sys.executable, str(EXAMPLE / "prepare.py")], capture_output=True, text=True, check=False)
    sys.stdout.write(done.stdout)
    lines = [line for line in done.stdout.splitlines() if "could not be had" in line]
    return "; ".join(lines) if lines or done.returncode != 0 else None


class _Tour:
    """The commands of the page, in its order, in copies of the example."""

    def __init__(self, folder: Path, lint: Path, prepare: ModuleType) -> None:
        self._folders = {"example": folder / "stigmer", "broken": folder / "stigmer/broken", "repaired": folder / "stigmer/repaired"}
        shutil.copytree(EXAMPLE, folder / "stigmer", ignore=shutil.ignore_patterns("__pycache__", ".stigmer-lint"))
        for name in ("broken", "repaired"):
            shutil.copy(EXAMPLE / "stigmer-lint.yaml", self._folders[name])
            subprocess.run(["git", "init", "--quiet"], cwd=self._folders[name], check=True)
        subprocess.run(["git", "init", "--quiet"], cwd=self._folders["example"], check=True)
        programs = folder / "bin"
        programs.mkdir()
        (programs / "stigmer-lint").write_text(f'#!/bin/sh\nexec "{lint}" "$@"\n', encoding="utf-8")
        (programs / "stigmer-lint").chmod(0o755)
        home = folder / "home"
        home.mkdir()
        # The launchers keep their workspace below HOME; Go's own folders stay where they are.
        go = subprocess.run(["go", "env", "GOCACHE", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout.split()
        made: dict[str, str] = prepare.environment()
        self._env = {**os.environ, **made, "HOME": str(home), "GOCACHE": go[0], "GOMODCACHE": go[1], "GOFLAGS": "", "NO_COLOR": "1", "COLUMNS": "200"}
        self._env["PATH"] = f"{programs}{os.pathsep}{made['PATH']}"
        self._hidden = {str(folder / "stigmer"): "", str(prepare.CACHE): "~/.cache/stigmer-lint/example", str(folder): "~"}
        self._behind: subprocess.Popen[bytes] | None = None

    def over(self, text: str) -> str:
        """The page with what its commands print now. Raises FaultError where one ends as it should not."""
        with self._tidy():
            return _FENCE.sub(self._block, text)

    def _block(self, match: re.Match[str]) -> str:
        folder = self._folders[match["folder"]]
        head = match[0].partition("\n")[0]
        lines = [line for line in match["body"].splitlines() if line.startswith("$ ")]
        wanted = [int(word) for word in (match["status"] or "0").split(",")]
        out = []
        for line, expected in zip(lines, wanted if len(wanted) > 1 else wanted * len(lines), strict=True):
            began = time.monotonic()
            status, said = self._command(line[2:], folder)
            sys.stdout.write(f"  {time.monotonic() - began:5.1f} s  {line}\n")
            sys.stdout.flush()
            if status != expected:
                raise FaultError(f"{line}: exit status {status}, {expected} was expected\n{said}")
            out.append(f"{line}\n{said}")
        return f"{head}\n{''.join(out)}```"

    def _command(self, line: str, folder: Path) -> tuple[int, str]:
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self._env[name] = value
            return 0, ""
        if line == "kill %1":
            self._end()
            return 0, ""
        if line.endswith(" &"):
            self._behind = subprocess.Popen(
                ["bash", "-c", f"exec env {line.removesuffix(' &')}"], cwd=folder, env=self._env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
            self._settle(line)
            return 0, ""
        # Standard error beside standard output, as a terminal shows them.
        done = subprocess.run(["bash", "-c", line], cwd=folder, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=180)
        said = done.stdout.decode("utf-8", "replace")
        for path, word in self._hidden.items():
            said = said.replace(f"{path}/", word + "/" if word else "").replace(path, word or ".")
        return done.returncode, said

    def _settle(self, line: str) -> None:
        """Until what was started in the background is there: a container, or a port."""
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            if "ollama" in line:
                with socket.socket() as channel:
                    if channel.connect_ex(("127.0.0.1", 11434)) == 0:
                        return
            else:
                found = subprocess.run(["docker", "inspect", "-f", "{{.State.Running}}", CONTAINER], capture_output=True, text=True, check=False)
                if found.stdout.strip() == "true":
                    return
            time.sleep(0.1)
        raise FaultError(f"{line}: nothing came of it within 20 s")

    def _end(self) -> None:
        if self._behind is not None:
            self._behind.send_signal(signal.SIGINT)
            try:
                self._behind.wait(20)
            except subprocess.TimeoutExpired:
                self._behind.kill()
                self._behind.wait()
            self._behind = None

    @contextlib.contextmanager
    def _tidy(self) -> Iterator[None]:
        """Nothing of it stays, however it ends."""
        try:
            yield
        finally:
            self._end()
            subprocess.run(["docker", "rm", "-f", CONTAINER], capture_output=True, check=False)
            subprocess.run(["stigmer-lint", "down"], cwd=self._folders["example"], env=self._env, capture_output=True, check=False)


if __name__ == "__main__":
    sys.exit(main())

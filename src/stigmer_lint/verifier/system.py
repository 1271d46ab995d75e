"""The one way to the machine: running programs and reading files of /proc.

The verifier and the launcher know no other, so that a recording can stand in for the machine (`recording.py`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from stigmer_lint.model.launch import Platform


class Output(msgspec.Struct, frozen=True):
    """What a program gave back. `status` is its exit status; 127 where it is not there, 124 where it took too long."""

    status: int
    stdout: bytes = b""
    stderr: bytes = b""

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def complaint(self) -> str:
        """The last line of standard error, where programs say what was wrong."""
        # `docker exec` writes what the runtime says to standard output.
        said = self.stderr if self.stderr.strip() or self.status == 0 else self.stdout[-2000:]
        lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1] if lines else f"exit status {self.status}"


NOT_THERE = 127
TOO_LONG = 124


class System(Protocol):
    """A machine with a container engine's command line on it."""

    @property
    def platform(self) -> Platform:
        """What this machine runs."""
        ...

    @property
    def is_root(self) -> bool:
        """Whether this process may enter other network namespaces."""
        ...

    def run(self, argv: Sequence[str], *, timeout: float = 20.0, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Output:
        """Run a program to its end; `env` is added to the environment. Never raises for what the program does."""
        ...

    def read(self, path: str) -> bytes | None:
        """A file's bytes (at most 4 MiB), None where it cannot be read."""
        ...

    def processes(self, pid: int) -> tuple[int, ...]:
        """The processes that share the PID namespace of `pid`, itself included; () where that cannot be told."""
        ...


def _link(path: str) -> str | None:
    try:
        return str(Path(path).readlink())
    except OSError:
        return None


class Machine:
    """This machine. Programs run in sessions of their own, so that an interrupt reaches them through `close` and not halfway."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def platform(self) -> Platform:
        return "macos" if sys.platform == "darwin" else "windows" if sys.platform == "win32" else "linux"

    @property
    def is_root(self) -> bool:
        return sys.platform == "linux" and os.geteuid() == 0

    def run(self, argv: Sequence[str], *, timeout: float = 20.0, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Output:
        try:
            with self._lock:
                if self._closed:
                    return Output(TOO_LONG, b"", b"interrupted")
                process = subprocess.Popen(
                    list(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                    env={**os.environ, **env} if env else None,
                )  # fmt: skip
                self._running.add(process)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            return Output(NOT_THERE, b"", f"{argv[0]}: {error.strerror}".encode())
        try:
            stdout, stderr = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            return Output(TOO_LONG, stdout, stderr + f"\n{argv[0]} {argv[1] if len(argv) > 1 else ''}: no answer within {timeout:.0f} s".encode())
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            with self._lock:
                self._running.discard(process)
        return Output(process.returncode, stdout, stderr)

    def read(self, path: str) -> bytes | None:
        try:
            with Path(path).open("rb") as stream:
                return stream.read(4 << 20)
        except OSError:
            return None

    def processes(self, pid: int) -> tuple[int, ...]:
        wanted = _link(f"/proc/{pid}/ns/pid")
        if wanted is None or wanted == _link("/proc/self/ns/pid"):
            # With the host's PID namespace the others are not the container's.
            return (pid,) if wanted is not None else ()
        found = [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]
        return tuple(sorted(one for one in found if _link(f"/proc/{one}/ns/pid") == wanted))

    def close(self) -> None:
        """End every program that still runs and start no more; an open `run` returns at once."""
        with self._lock:
            self._closed = True
            running = tuple(self._running)
        for process in running:
            process.kill()
        ends = time.monotonic() + 2
        for process in running:
            try:
                process.wait(max(0.0, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                continue

    def reopen(self) -> None:
        """Allow programs again after `close`, for tidying up."""
        with self._lock:
            self._closed = False


__all__ = ["NOT_THERE", "TOO_LONG", "Machine", "Output", "System"]

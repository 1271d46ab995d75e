"""Processes of the host: started so that they can be told from all others, and ended with everything that they started themselves."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_LINUX = platform.system() == "Linux"
MARK = "STIGMER_LINT_STACK"
"""Variable by which a process and all its children, wherever they went, are known as ours."""


def birth(pid: int) -> str | None:
    """When a process was started, in a form that differs for every process of that number; None where there is none, or it has ended.

    Linux: the boot and the clock tick since then (proc(5), field 22 of stat); elsewhere what ps says, to the second.
    """
    if _LINUX:
        fields = _stat(pid)
        if fields is None or fields[0] in ("Z", "X"):
            return None
        return f"{_boot()}/{fields[19]}"
    listed = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, began = listed.stdout.strip().partition(" ")
    return began.strip() if listed.returncode == 0 and began and not state.startswith("Z") else None


def launch(command: Sequence[str], folder: Path, environ: Mapping[str, str], log: Path, mark: str) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, its output appended to `log`. Raises OSError where it cannot be started."""
    # A link in the log's place could lead anywhere.
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab") as stream:
        return subprocess.Popen(
            list(command), cwd=folder, env={**os.environ, **environ, MARK: mark}, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip


def ours(pid: int, began: str, mark: str) -> tuple[int, ...]:
    """The processes that there still are of one that was started: itself, its session, and whatever carries its mark.

    A number that belongs to another process by now is not among them.
    """
    leader = birth(pid) == began
    if not _LINUX:
        return (pid,) if leader else ()
    entry = f"{MARK}={mark}".encode()
    since = _ticks(began)
    found = []
    for place in Path("/proc").iterdir():
        if not place.name.isdigit() or int(place.name) == os.getpid():
            continue
        number = int(place.name)
        fields = _stat(number)
        if fields is None or fields[0] in ("Z", "X"):
            continue
        if (leader and (number == pid or fields[3] == str(pid))) or (int(fields[19]) >= since and _carries(number, entry)):
            found.append(number)
    return tuple(sorted(found))


def end(pid: int, began: str, mark: str, grace: float = 10.0) -> bool:
    """Ask everything of a started process to end, and after `grace` seconds make it; whether nothing of it is left."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        ends = time.monotonic() + patience
        asked: set[int] = set()
        while True:
            left = ours(pid, began, mark)
            if not left:
                return True
            for one in left:
                if one not in asked or number == signal.SIGKILL:
                    asked.add(one)
                    _signal(one, number, pid, began, mark)
            if time.monotonic() > ends:
                break
            time.sleep(0.05)
    return not ours(pid, began, mark)


def _signal(one: int, number: signal.Signals, pid: int, began: str, mark: str) -> None:
    """Send a signal to a process that is ours. Its number may be given to another between the look and the signal, so it is held first."""
    if not _LINUX:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(one, number)
        return
    try:
        handle = os.pidfd_open(one)
    except ProcessLookupError:
        return
    except OSError:
        # Before Linux 5.3, and in some sandboxes, a process cannot be held.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(one, number)
        return
    try:
        if one in ours(pid, began, mark):
            signal.pidfd_send_signal(handle, number)
    except OSError:
        return
    finally:
        os.close(handle)


def _carries(pid: int, entry: bytes) -> bool:
    try:
        return entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name: state is 0, session 3, start time 19."""
    try:
        data = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    return data[data.rfind(b")") + 2 :].decode("ascii", "replace").split()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "boot"


def _ticks(began: str) -> int:
    last = began.rpartition("/")[2]
    # One that is not of this boot, or is not a time, is nobody's: later than everything.
    return int(last) if last.isdigit() and began.startswith(f"{_boot()}/") else 1 << 62


__all__ = ["MARK", "birth", "end", "launch", "ours"]

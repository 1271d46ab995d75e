"""A real engine for the tests of this folder, and the base images, made of what this machine has: no registry is asked.

Needs root, docker (or what STIGMER_TEST_ENGINE names), iptables, openssl, ps and busybox-static. Where one is missing the tests that need an
engine are skipped, and one line at the end says why; those on recordings run.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
ENGINE = os.environ.get("STIGMER_TEST_ENGINE", "docker")
LABEL = "stigmer-lint-test"
_NO_ENGINE: list[str] = []
ROWS: list[tuple[str, str, str, str, float]] = []
"""The fault matrix: fault, expected cause, cause found, fix, seconds."""


if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # What a shell starts in the background ignores it, and so do its children; the tests send it to theirs.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _engine_problem() -> str | None:
    if shutil.which(ENGINE) is None:
        return f"{ENGINE} is not installed"
    output = subprocess.run([ENGINE, "info", "--format", "{{.ServerVersion}}"], capture_output=True, text=True, check=False)
    if output.returncode != 0 or not output.stdout.strip():
        return (output.stderr.strip().splitlines() or ["it does not answer"])[-1]
    if sys.platform != "linux" or os.geteuid() != 0:
        return "they need root on Linux"
    missing = [name for name in ("busybox", "iptables", "openssl", "ps") if shutil.which(name) is None]
    return f"{', '.join(missing)} not installed" if missing else None


@pytest.fixture(scope="session")
def engine() -> str:
    problem = _engine_problem()
    if problem is not None:
        if not _NO_ENGINE:
            _NO_ENGINE.append(problem)
        pytest.skip("no container engine")
    return ENGINE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    write = terminalreporter.write_line
    if _NO_ENGINE:
        write(f"runtime tests on a real engine were skipped: {_NO_ENGINE[0]}; those on recordings ran")
    if not ROWS:
        return
    width = max(len(row[0]) for row in ROWS)
    known = max(len(row[1]) for row in ROWS)
    write("")
    write(f"fault matrix: {len(ROWS)} rows on a real engine")
    for fault, expected, found, fix, seconds in ROWS:
        write(f"{'ok  ' if expected == found else 'FAIL'} {fault.ljust(width)}  {found.ljust(known)}  {seconds:5.2f} s  {fix[:110]}")


@pytest.fixture(scope="session")
def servers() -> ModuleType:
    spec = importlib.util.spec_from_file_location("runtime_servers", HERE / "servers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def docker(*words: str, check: bool = True, timeout: float = 60, stdin: bytes | None = None) -> str:
    output = subprocess.run([ENGINE, *words], input=stdin, capture_output=True, check=False, timeout=timeout)
    assert not check or output.returncode == 0, f"{words}: {output.stderr.decode()}"
    return output.stdout.decode().strip()


def _add(archive: tarfile.TarFile, name: str, data: bytes, mode: int = 0o644) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), mode
    archive.addfile(info, io.BytesIO(data))


def _link(archive: tarfile.TarFile, name: str, target: str) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    archive.addfile(info)


def _import(kind: str, data: bytes, seed: bytes) -> str:
    """The image of these bytes, made if it is not there yet."""
    name = f"{LABEL}-{kind}:{hashlib.sha256(seed).hexdigest()[:12]}"
    if docker("images", "-q", name, check=False):
        return name
    docker("import", "--change", f"LABEL {LABEL}=base", "-", name, stdin=data, timeout=300)
    return name


@pytest.fixture(scope="session")
def images(engine: str) -> dict[str, str]:
    return base_images()


def base_images() -> dict[str, str]:
    """"python": an interpreter, a shell and the servers; "bare": one static program and no shell. Made once, then kept under their tags."""
    from stigmer_lint.verifier.image import packed

    busybox = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    source = (HERE / "servers.py").read_bytes()
    seed = b"2" + source + busybox[:4096] + sys.version.encode()
    python_name = f"{LABEL}-python:{hashlib.sha256(seed).hexdigest()[:12]}"
    if not docker("images", "-q", python_name, check=False):
        buffer = io.BytesIO(packed())
        with tarfile.open(fileobj=buffer, mode="a") as archive:
            _add(archive, "bin/busybox", busybox, 0o755)
            for name in ("sh", "sleep", "cat", "env", "ls"):
                _link(archive, f"bin/{name}", "busybox")
            _link(archive, "bin/python3", "/python")
            _add(archive, "srv.py", source)
        _import("python", buffer.getvalue(), seed)
    bare = io.BytesIO()
    with tarfile.open(fileobj=bare, mode="w") as archive:
        _add(archive, "sleep", busybox, 0o755)
    return {"python": python_name, "bare": _import("bare", bare.getvalue(), busybox[:4096])}


class Lab:
    """What one module starts, all of it under one label, removed at its end."""

    def __init__(self, images: dict[str, str], servers: ModuleType) -> None:
        self.images = images
        self.servers = servers
        self.mark = f"{LABEL}={uuid.uuid4().hex[:8]}"
        self.net = self.network()
        self._sockets: list[socket.socket] = []
        self._rules: list[list[str]] = []

    def network(self, *options: str) -> str:
        name = f"slt-{uuid.uuid4().hex[:8]}"
        docker("network", "create", "--label", self.mark, *options, name)
        return name

    def name(self, hint: str = "c") -> str:
        return f"slt-{hint}-{uuid.uuid4().hex[:6]}"

    def run(self, *options: str, name: str | None = None, image: str | None = None, command: tuple[str, ...] = ("sleep",), ready: bool = True, check: bool = True) -> str:
        """Start a container of the servers' image; `command` are the servers' specs. Waits until they listen."""
        name = name or self.name()
        words = ["run", "-d", "--name", name, "--label", self.mark, "--stop-timeout", "0", *options, image or self.images["python"]]
        program = ("python3", "-S", "-B", "/srv.py", *command) if image is None else command
        docker(*words, *program, check=check)
        if ready and image is None:
            ends = time.monotonic() + 20
            while "ready" not in docker("logs", name, check=False) and time.monotonic() < ends:
                time.sleep(0.05)
        return name

    def host(self, kind: str, address: str = "0.0.0.0", argument: str = "", port: int = 0) -> int:
        """A server on this host; gives its port."""
        server = self.servers.listen(kind, port, address, argument)
        self._sockets.append(server)
        number: int = server.getsockname()[1]
        return number

    def free_ports(self, count: int) -> list[int]:
        """Ports of this host that nothing uses."""
        held = [socket.create_server(("0.0.0.0", 0)) for _ in range(count)]
        numbers = [one.getsockname()[1] for one in held]
        for one in held:
            one.close()
        return numbers

    def firewall(self, *rule: str) -> None:
        subprocess.run(["iptables", "-I", *rule], check=True, capture_output=True)
        self._rules.append(["iptables", "-D", *rule])

    def lift(self) -> None:
        while self._rules:
            subprocess.run(self._rules.pop(), check=False, capture_output=True)

    def close(self) -> None:
        self.lift()
        for server in self._sockets:
            # A thread that waits in accept() keeps a socket that is only closed.
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        left = docker("ps", "-aq", "--filter", f"label={self.mark}").split()
        if left:
            docker("rm", "-f", "-v", *left, check=False)
        for network in docker("network", "ls", "-q", "--filter", f"label={self.mark}").split():
            docker("network", "rm", network, check=False)


@pytest.fixture(scope="module")
def lab(images: dict[str, str], servers: ModuleType) -> Iterator[Lab]:
    found = Lab(images, servers)
    try:
        yield found
    finally:
        found.close()

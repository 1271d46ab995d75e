"""Getting the prober into a container's network namespace, and its answer back."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from stigmer_lint.verifier.engine import listeners, owns_process
from stigmer_lint.verifier.image import HelperImage
from stigmer_lint.verifier.system import System
from stigmer_lint.verifier.types import Container, Daemon, Engineroom, Inside, Process, Target, Way

PROBER = Path(__file__).with_name("prober.py")


class Limits(msgspec.Struct, frozen=True):
    """Seconds. A TCP connection gets at least 4: an address that nobody owns shows after 3.06."""

    connect: float = 4.5
    read: float = 3.0

    @property
    def whole(self) -> float:
        """The longest that one run of the prober can take: a name, four addresses, bytes, and all of it once more."""
        return 6 * self.connect + 4 * self.read + 10


class Probed(msgspec.Struct, frozen=True):
    """What came back: the raw record of each target, in order, and what was seen inside. `why`: what kept the prober out."""

    way: Way | None
    records: tuple[dict[str, Any], ...] = ()
    inside: Inside | None = None
    why: str = ""
    missing: bool = False
    """The container was gone."""


def request_of(target: Target, index: int) -> dict[str, Any]:
    """A target as the prober takes it."""
    request: dict[str, Any] = {
        "id": index, "host": target.host, "port": target.port, "protocol": target.protocol, "tls": target.tls, "path": target.path, "service": target.grpc_service,
    }  # fmt: skip
    parts = urlsplit(target.proxy) if target.proxy is not None else None
    if parts is not None and parts.hostname:
        # For TLS a client asks the proxy for a tunnel (RFC 9110, CONNECT).
        request["proxy"] = {
            "host": parts.hostname, "port": parts.port or 80, "host_header": target.shown, "method": "CONNECT" if target.tls else "GET",
            "target": target.shown if target.tls else f"http://{target.shown}{target.path}",
        }  # fmt: skip
    return request


def probe(
    system: System, room: Engineroom, container: Container, wanted: Sequence[Target], helper: HelperImage, *, limits: Limits, way: Way | None, ca_files: Sequence[str] = ()
) -> Probed:
    """Probe from inside one running container. `way`: the only one to use; None: the first that works of setns, helper, exec."""
    order: dict[str, Any] = {
        "pid": None, "connect": limits.connect, "read": limits.read, "environ": False, "ca_files": list(ca_files),
        "requests": [request_of(one, index) for index, one in enumerate(wanted)],
    }  # fmt: skip
    said: list[str] = []
    for one in (way,) if way is not None else ("setns", "helper", "exec"):
        if one == "setns":
            answer = _setns(system, container, order, limits, said)
        elif one == "helper":
            answer = _helper(system, room.daemon, container, order, helper, limits, said)
        else:
            answer = _exec(system, room.daemon, container, order, limits, said)
        if answer is not None:
            local = owns_process(system, container)
            return Probed(one, tuple(answer["results"]), _inside(system, container, answer, local))
    return Probed(None, why="; ".join(said))


def look(system: System, container: Container) -> Inside | None:
    """What can be seen of a container's inside from this kernel without entering it, None where its processes are elsewhere."""
    if not container.state.running or not owns_process(system, container):
        return None
    pid = container.state.pid
    return Inside(
        processes=_processes(system, pid), listeners=listeners(system.read(f"/proc/{pid}/net/tcp"), system.read(f"/proc/{pid}/net/tcp6")),
        hosts=hosts_of((system.read(container.hosts_path) if container.hosts_path else None) or b""), local=True,
    )  # fmt: skip


def _setns(system: System, container: Container, order: dict[str, Any], limits: Limits, said: list[str]) -> dict[str, Any] | None:
    if not system.is_root:
        said.append("setns needs root")
        return None
    if not owns_process(system, container):
        said.append("the container's processes are not on this machine's kernel")
        return None
    pid = container.state.pid
    # The number is in the command line for those who look at a process list; the order holds it as well.
    output = system.run(
        [sys.executable, "-I", "-S", "-B", str(PROBER), str(pid)], stdin=json.dumps({**order, "pid": pid}).encode(), timeout=limits.whole
    )
    return _answer(output.stdout, output.complaint, "setns", said)


def _helper(
    system: System, daemon: Daemon, container: Container, order: dict[str, Any], helper: HelperImage, limits: Limits, said: list[str]
) -> dict[str, Any] | None:
    # A namespace that another container owns is joined there; the helper sees the files and the listeners of the one it joins.
    shared = [daemon.program, "run", "--rm", "-i", "--network", f"container:{container.id}", *helper.marks(), "--log-driver", "none"]
    source = PROBER.read_text(encoding="utf-8")
    complaint = ""
    for image in helper.candidates(container):
        tail = [*helper.entry(image), image, "-I", "-S", "-B", "-c", source]
        processes = ["--pid", f"container:{container.id}", "--cap-add", "SYS_PTRACE"]
        for more, environ in ((processes, True), ([], False)):
            stdin = json.dumps({**order, "environ": environ}).encode()
            output = system.run([*shared, *more, *tail], stdin=stdin, timeout=limits.whole + 15)
            answer = _answer(output.stdout, output.complaint, "helper", [])
            if answer is not None:
                return answer
            complaint = complaint or output.complaint
    said.append(f"helper: {complaint or 'no image: ' + helper.why}")
    return None


def _exec(system: System, daemon: Daemon, container: Container, order: dict[str, Any], limits: Limits, said: list[str]) -> dict[str, Any] | None:
    if container.state.status == "paused":
        said.append("exec: the container is paused")
        return None
    source = PROBER.read_text(encoding="utf-8")
    complaint = ""
    for python in ("python3", "python"):
        output = system.run(
            [daemon.program, "exec", "-i", container.id, python, "-I", "-S", "-B", "-c", source],
            stdin=json.dumps({**order, "environ": True}).encode(), timeout=limits.whole + 5,
        )  # fmt: skip
        answer = _answer(output.stdout, output.complaint, "exec", [])
        if answer is not None:
            return answer
        complaint = complaint or output.complaint
    said.append(f"exec: {complaint}")
    return None


def _answer(data: bytes, complaint: str, way: str, said: list[str]) -> dict[str, Any] | None:
    try:
        answer = json.loads(data)
    except ValueError:
        said.append(f"{way}: {complaint}")
        return None
    if not isinstance(answer, dict) or "results" not in answer:
        said.append(f"{way}: {answer.get('fault') if isinstance(answer, dict) else 'no answer'}")
        return None
    return answer


def _inside(system: System, container: Container, answer: dict[str, Any], local: bool) -> Inside:
    if local:
        processes = _processes(system, container.state.pid)
    else:
        processes = tuple(
            Process(one["pid"], one["name"], environ_of(one["environ"].encode("utf-8", "surrogateescape"))) for one in answer.get("processes", ())
        )
    resolv = answer.get("resolv", "")
    servers = tuple(line.split()[1] for line in resolv.splitlines() if line.startswith("nameserver") and len(line.split()) > 1)
    return Inside(
        processes=processes, listeners=listeners(answer.get("tcp", "").encode() or None, answer.get("tcp6", "").encode()),
        hosts=hosts_of(answer.get("hosts", "").encode()), servers=servers, ca=bool(answer.get("ca")), local=local,
    )  # fmt: skip


def _processes(system: System, pid: int) -> tuple[Process, ...]:
    found = []
    for one in system.processes(pid)[:200]:
        raw = system.read(f"/proc/{one}/environ")
        if raw:
            name = (system.read(f"/proc/{one}/comm") or b"").decode("utf-8", "replace").strip()
            found.append(Process(one, name, environ_of(raw)))
    return tuple(found)


def environ_of(raw: bytes) -> dict[str, str]:
    """The environment of a process from /proc/PID/environ."""
    pairs = (item.decode("utf-8", "surrogateescape").partition("=") for item in raw.split(b"\0") if b"=" in item)
    return {name: value for name, _, value in pairs}


def hosts_of(raw: bytes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The lines of a hosts file: address and names."""
    lines = (line.partition("#")[0].split() for line in raw.decode("utf-8", "replace").splitlines())
    return tuple((words[0], tuple(words[1:])) for words in lines if len(words) > 1)


__all__ = ["PROBER", "Limits", "Probed", "environ_of", "hosts_of", "look", "probe", "request_of"]

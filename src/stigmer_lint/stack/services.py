"""Services of the host: whether they answer and do their work, and what starts them."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from stigmer_lint.addresses import addresses
from stigmer_lint.policy.types import Service
from stigmer_lint.stack.standin import Part, about, parts_of
from stigmer_lint.verifier.diagnose import Scene
from stigmer_lint.verifier.plan import of_service
from stigmer_lint.verifier.probing import PROBER, Limits, request_of
from stigmer_lint.verifier.speech import of_speech
from stigmer_lint.verifier.system import System
from stigmer_lint.verifier.types import Container, Daemon, Engineroom, State, Target

LIMITS = Limits(connect=2.0, read=3.0)
"""On this machine itself a connection is made at once or not at all."""


class Answer(msgspec.Struct, frozen=True):
    """What came of asking a service from the host. `there`: a connection is accepted; `well`: it does what the policy's `health` says."""

    there: bool
    well: bool
    why: str = ""
    tried: str = ""


class Start(msgspec.Struct, frozen=True):
    """What starts a service. `embedded`: a small server of ours in the place of one that cannot be had; `about`: what that one can do."""

    command: tuple[str, ...]
    environ: dict[str, str]
    embedded: bool = False
    about: str = ""


def ask(system: System, daemon: Daemon, key: str, service: Service, env: Mapping[str, str]) -> Answer:
    """Ask a service at its own address, from the host. `env`: variables of a container that uses it, for `{env.NAME}` in `health`."""
    wanted = next(iter(of_service("", service.url.replace("{address}", service.address), key, service)), None)
    if wanted is None or wanted.port is None:
        return Answer(False, False, f"{service.address} is not an address with a port")
    order = {"pid": None, "connect": LIMITS.connect, "read": LIMITS.read, "environ": False, "ca_files": [], "requests": [request_of(wanted, 0)]}
    output = system.run([sys.executable, "-I", "-S", "-B", str(PROBER)], stdin=json.dumps(order).encode(), timeout=LIMITS.whole)
    try:
        record = json.loads(output.stdout)["results"][0]
    except (ValueError, LookupError, TypeError):
        return Answer(False, False, f"it could not be asked: {output.complaint}")
    if not record.get("resolve", {}).get("addresses"):
        return Answer(False, False, f"{wanted.host} does not resolve on the host")
    attempts = record.get("connects", [])
    if not any(one["ok"] for one in attempts):
        return Answer(False, False, f"nothing answers at {wanted.shown} ({attempts[0]['error'] if attempts else 'not tried'})")
    why, notes = of_speech(_scene(daemon), wanted, record, env)
    speak = record.get("speak") or {}
    if why is None and not speak.get("ok") and not notes:
        return Answer(True, False, f"{wanted.shown} accepts the connection, and what it answers could not be told")
    if why is not None:
        return Answer(True, False, why.text, _tried(wanted))
    return Answer(True, True, "", _tried(wanted))


def _tried(target: Target) -> str:
    words = {"http": f"GET {target.path}", "grpc": "gRPC health check", "redis": "Redis PING", "postgres": "PostgreSQL SSLRequest"}
    return words.get(target.protocol, "TCP")


def _scene(daemon: Daemon) -> Scene:
    """The host in the place of a container: nothing stands between it and its own services."""
    here = Container(id="", name="the host", image="", state=State("running"), mode="host")
    return Scene(Engineroom(daemon=daemon, containers={}, networks={}), here, None, lambda _: None)


def start_of(key: str, service: Service, folder: Path, embedded: bool, env: Mapping[str, str], outside: bool) -> Start | str:
    """What starts a service; a sentence where nothing can.

    `embedded`: whether a small server of ours may take its place where its program cannot be had. `outside`: whether containers reach it
    from a network of their own, so that it may not listen on loopback alone.
    """
    missing = f"nothing answers at {service.address}, and the policy has no `start` for it"
    if service.start:
        program = service.start[0]
        found = str(folder / program) if "/" in program else shutil.which(program)
        if found is not None and shutil.which(found) is not None:
            return Start((found, *service.start[1:]), dict(service.start_env))
        missing = f"nothing answers at {service.address}, and its program {program} is not installed"
    if not embedded:
        return f"{missing}; --embedded starts a small server of ours in its place"
    place = addresses(service.address)
    if not place or not place[0].is_loopback or place[0].port is None:
        return f"{missing}; a server of ours can only take the place of one on this host"
    part: Part = parts_of(key, service, int(place[0].port), "0.0.0.0" if outside else "127.0.0.1", env)  # noqa: S104 - containers dial it through the gateway
    return Start((sys.executable, "-P", "-m", "stigmer_lint.stack", msgspec.json.encode(part).decode()), {}, True, about(part))


__all__ = ["LIMITS", "Answer", "Start", "ask", "start_of"]

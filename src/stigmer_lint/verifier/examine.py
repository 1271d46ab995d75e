"""One container: its state, its environment, and everything that it dials, probed from its own network namespace."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from stigmer_lint.addresses import classify_address
from stigmer_lint.policy.types import Container as PolicyContainer
from stigmer_lint.policy.types import Policy
from stigmer_lint.verifier.diagnose import Scene, of_connect, of_name, of_state
from stigmer_lint.verifier.environment import env_checks, shown
from stigmer_lint.verifier.image import HelperImage
from stigmer_lint.verifier.lower import live_env
from stigmer_lint.verifier.plan import targets
from stigmer_lint.verifier.probing import Limits, Probed, look, probe
from stigmer_lint.verifier.speech import of_proxy, of_speech
from stigmer_lint.verifier.system import System
from stigmer_lint.verifier.types import Cause, Check, Container, Engineroom, Examined, Inside, Outcome, Target, Way


class Watch:
    """What was seen inside containers, each looked at once. `enter` looks with the prober, where this kernel shows nothing."""

    def __init__(self, system: System, enter: Callable[[Container], Inside | None] = lambda _: None) -> None:
        self._system = system
        self._enter = enter
        self._seen: dict[str, Inside | None] = {}
        self._entered: dict[str, Inside | None] = {}

    def look(self, container: Container) -> Inside | None:
        """The inside of a container, None where it cannot be seen without entering it."""
        if container.id not in self._seen:
            self._seen[container.id] = look(self._system, container)
        return self._seen[container.id]

    def look_into(self, container: Container) -> Inside | None:
        """The inside of a container, entered if need be: a question about one that another container dials."""
        seen = self.look(container)
        if seen is not None or not container.state.running:
            return seen
        if container.id not in self._entered:
            self._entered[container.id] = self._enter(container)
        return self._entered[container.id]

    def learn(self, container: Container, inside: Inside) -> None:
        """Keep what a prober has seen where this kernel shows nothing."""
        if self._seen.get(container.id) is None:
            self._seen[container.id] = inside


def examine(
    system: System, room: Engineroom, container: Container, policy: Policy, entry: PolicyContainer | None, watch: Watch, helper: HelperImage, *,
    limits: Limits, way: Way | None = None,
) -> Examined:  # fmt: skip
    """All checks of one container. Raises nothing for what the container does; what could not be found out is a check that says so."""
    began = time.monotonic()
    down = of_state(container)
    checks = [_state_check(container, down)]
    if not container.state.running:
        env = container.env
        checks += env_checks(container, None, policy, entry)
        checks += [_not_probed(container, one, entry) for one in targets(env, container.image, policy, entry)]
        checks = [_for_program(check, room.daemon.program) for check in checks]
        return Examined(container=container, checks=tuple(checks), why_not=f"it is {container.state.status}", seconds=time.monotonic() - began)
    inside = watch.look(container)
    live = live_env(container, inside)
    wanted = targets(live, container.image, policy, entry)
    asked = [one for one in wanted if one.port is not None]
    variables = dict(live)
    ca_files = [variables[name] for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS") if variables.get(name, "").startswith("/")]
    probed = Probed(None)
    if asked or inside is None:
        probed = probe(system, room, container, asked, helper, limits=limits, way=way, ca_files=ca_files)
        if inside is None and probed.inside is not None:
            # Only now is the real environment known: what differs from the configured one is asked for as well.
            inside = probed.inside
            watch.learn(container, inside)
            live = live_env(container, inside)
            changed = targets(live, container.image, policy, entry)
            if changed != wanted:
                wanted, asked = changed, [one for one in changed if one.port is not None]
                probed = probe(system, room, container, asked, helper, limits=limits, way=probed.way, ca_files=ca_files)
    elif not asked:
        probed = Probed(None)
    inside = probed.inside or inside
    checks += env_checks(container, inside, policy, entry)
    scene = Scene(room, container, inside, watch.look_into)
    records = dict(enumerate(probed.records))
    position = {id(one): index for index, one in enumerate(asked)}
    for target in wanted:
        if target.port is None:
            checks.append(_without_port(container, target, entry))
        else:
            record = records.get(position[id(target)])
            checks.append(_verdict(scene, target, record, dict(live), probed, entry))
    checks = [_for_program(check, room.daemon.program) for check in checks]
    return Examined(
        container=container, checks=tuple(checks), way=probed.way, why_not=probed.why if asked and probed.way is None else "", seconds=time.monotonic() - began
    )


_DOCKER_COMMAND = re.compile(r"\bdocker (?=logs|start|unpause|network)")


def _for_program(check: Check, program: str) -> Check:
    """Commands that a fix names, as this engine's command line has them."""
    if check.cause is None or program == "docker":
        return check
    return msgspec.structs.replace(check, cause=msgspec.structs.replace(check.cause, fix=_DOCKER_COMMAND.sub(f"{program} ", check.cause.fix)))


def _state_check(container: Container, down: Cause | None) -> Check:
    state = container.state
    notes: tuple[str, ...] = ()
    outcome: Outcome = "fail" if down is not None else "pass"
    if down is None and state.health == "unhealthy":
        # On an image without a shell this says nothing about the service.
        notes = (f"its health check fails: {state.health_log or 'no output'}",)
    elif down is None and state.restarts:
        notes = (f"it was restarted {state.restarts} times",)
    return Check(
        container=container.name, kind="state", subject=state.status, outcome=outcome, tried="inspected", cause=down, notes=notes,
        error=state.error or None, detail=state.status,
    )  # fmt: skip


def _not_probed(container: Container, target: Target, entry: PolicyContainer | None) -> Check:
    return Check(
        container=container.name, kind="address", subject=target.shown, names=target.names, value=shown(target.names[0], target.value, entry), outcome="not-applicable",
        service=target.service, tried="not probed", detail=f"the container is {container.state.status}", because=target.because,
    )  # fmt: skip


def _without_port(container: Container, target: Target, entry: PolicyContainer | None) -> Check:
    return Check(
        container=container.name, kind="address", subject=target.shown, names=target.names, value=shown(target.names[0], target.value, entry), outcome="cannot-tell",
        service=target.service, tried="not probed", detail="no port is written, and none is usual for this variable", because=target.because,
    )  # fmt: skip


def _verdict(
    scene: Scene, target: Target, record: dict[str, Any] | None, env: Mapping[str, str], probed: Probed, entry: PolicyContainer | None
) -> Check:
    """One probe's outcome, joined with everything else that is known."""
    base = Check(
        container=scene.container.name, kind="service" if target.service else "address", subject=target.shown, names=target.names,
        value=shown(target.names[0], target.value, entry), outcome="cannot-tell", service=target.service, tried=_tried(target), because=target.because, way=probed.way,
    )  # fmt: skip
    if record is None or "resolve" not in record:
        why = (record or {}).get("fault") or probed.why or "the prober gave no answer"
        return msgspec.structs.replace(base, detail=f"could not be probed: {why}")
    resolve, attempts = record["resolve"], record.get("connects", [])
    base = msgspec.structs.replace(base, resolved=tuple(resolve["addresses"]), seconds=float(record.get("seconds", 0.0)))
    if not resolve["addresses"]:
        found = of_name(scene, target, resolve)
        return msgspec.structs.replace(base, outcome="fail", error=f"name not resolved: {resolve['error']}{' by ' + resolve['server'] if resolve['server'] else ''}", cause=found, notes=_doubts(target))
    if not any(one["ok"] for one in attempts):
        return msgspec.structs.replace(base, outcome="fail", error=_raw(attempts), cause=of_connect(scene, target, attempts), notes=_doubts(target))
    why, notes = of_speech(scene, target, record, env)
    error = _spoken_error(record)
    speak = record.get("speak") or {}
    detail = _detail(target, record)
    if why is None:
        why = of_proxy(target, record, bool(speak.get("ok")))
    notes = (*notes, *_remarks(target, attempts))
    if why is None and not speak.get("ok") and not notes:
        return msgspec.structs.replace(base, outcome="cannot-tell", error=error, detail=detail or "the answer could not be told")
    if why is not None and not target.sure and why.key in ("closed-at-once",):
        return msgspec.structs.replace(base, outcome="cannot-tell", error=error, detail=why.text, notes=notes)
    outcome: Outcome = "pass" if why is None else "fail"
    return msgspec.structs.replace(base, outcome=outcome, error=error if why is not None else None, cause=why, detail=detail, notes=notes)


def _doubts(target: Target) -> tuple[str, ...]:
    if target.certain or target.service is not None:
        return ()
    return (f"that {target.names[0]} is an address to dial is only guessed; env_roles in the policy says what it is",)


def _tried(target: Target) -> str:
    tls = " over TLS" if target.tls else ""
    match target.protocol:
        case "http":
            return f"GET {target.path}{tls}"
        case "grpc":
            return f"gRPC health check{' of ' + target.grpc_service if target.grpc_service else ''}{tls}"
        case "redis":
            return f"Redis PING{tls}"
        case "postgres":
            return f"PostgreSQL SSLRequest{tls}"
        case "mysql":
            return f"MySQL greeting{tls}"
        case "amqp":
            return f"AMQP header{tls}"
        case _:
            return f"TCP{tls}"


def _raw(attempts: list[dict[str, Any]]) -> str:
    said = []
    for one in attempts:
        number = f" (errno {one['errno']})" if one["errno"] else ""
        said.append(f"{one['address']}: {one['error']}{number} after {_duration(float(one['seconds']))}")
    return "; ".join(said)


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _spoken_error(record: dict[str, Any]) -> str | None:
    tls, speak = record.get("tls"), record.get("speak")
    if tls is not None and not tls["ok"]:
        return f"TLS: {tls.get('untrusted') or tls['error']}"
    if speak is None:
        return None
    if speak.get("ok"):
        return f"HTTP {speak['status']} {speak.get('reason', '')}".strip() if "status" in speak else None
    names = {"eof": "connected, then end of file (EOF)", "reset": "connected, then connection reset (ECONNRESET)", "timeout": "connected, then no answer"}
    return names.get(str(speak.get("error")), str(speak.get("error")))


def _detail(target: Target, record: dict[str, Any]) -> str:
    speak = record.get("speak") or {}
    if "status" in speak:
        return f"HTTP {speak['status']}"
    if target.protocol == "grpc" and speak.get("ok"):
        return str(speak["health"]) if speak.get("health") else "speaks HTTP/2"
    return str(speak.get("detail") or "")


def _remarks(target: Target, attempts: list[dict[str, Any]]) -> Iterator[str]:
    failed = [one for one in attempts if not one["ok"]]
    address = classify_address(target.host)
    if failed and address is not None and address.is_loopback and any(":" in one["address"] for one in failed):
        yield (
            f"ipv6-first: {target.host} is tried as {failed[0]['address']} first, which is refused; the server listens on IPv4 only. "
            "A client that does not try further fails: dial 127.0.0.1, or let the server listen on ::"
        )


__all__ = ["Watch", "examine"]

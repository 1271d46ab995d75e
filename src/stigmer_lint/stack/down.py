"""Stopping what `up` has started, in reverse, and nothing else."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from stigmer_lint.launcher.plan import LABEL
from stigmer_lint.stack.ledger import Ledger, StartedContainer, StartedService
from stigmer_lint.stack.processes import end
from stigmer_lint.verifier.engine import PROGRAMS
from stigmer_lint.verifier.system import NOT_THERE, System

Teller: TypeAlias = Callable[[str, str], None]
"""Takes the part of the stack that is spoken of ("" for the whole) and what happens to it."""


class Ended(msgspec.Struct, frozen=True):
    """What came of it: the names of what was stopped, and of what could not be."""

    stopped: tuple[str, ...]
    left: tuple[str, ...]
    seconds: float


def take_down(ledger: Ledger, *, system: System, tell: Teller = lambda _subject, _text: None) -> Ended:
    """Stop everything that is written down. Raises UsageError where another run is at work."""
    began = time.monotonic()
    stopped: list[str] = []
    left: list[str] = []
    if not ledger.folder.is_dir():
        return Ended((), (), 0.0)
    with ledger.held():
        for container in reversed(ledger.state.containers):
            (stopped if stop_container(container, ledger, system, tell) else left).append(container.name)
        for service in reversed(ledger.state.services):
            (stopped if stop_service(service, ledger, tell) else left).append(service.name)
    return Ended(tuple(stopped), tuple(left), time.monotonic() - began)


def stop_service(own: StartedService, ledger: Ledger, tell: Teller, child: subprocess.Popen[bytes] | None = None) -> bool:
    """End a service with everything that it has started; whether nothing of it is left."""
    began = time.monotonic()
    gone = end(own.pid, own.began, f"{ledger.state.token}/{own.name}")
    if child is not None:
        child.poll()
    if gone:
        ledger.without(service=own.name)
        tell(own.name, f"stopped after {time.monotonic() - began:.1f} s")
    else:
        tell(own.name, f"could not be stopped (process {own.pid})")
    return gone


def stop_container(own: StartedContainer, ledger: Ledger, system: System, tell: Teller) -> bool:
    """Remove a container of the launcher; whether it is gone. One that somebody else made under its name meanwhile is left alone."""
    if own.program not in PROGRAMS:
        # The file may be anybody's, and this would be run.
        tell(own.name, f"{own.program} is no container engine's command line; remove the container by hand")
        return False
    found = system.run([own.program, "inspect", "--type", "container", "-f", '{"id": {{json .Id}}, "labels": {{json .Config.Labels}}}', own.id or own.name])
    if found.status == NOT_THERE:
        tell(own.name, f"{own.program} is not installed any more")
        return False
    if found.status != 0:
        gone = any(word in found.complaint.lower() for word in ("no such", "not found", "no container"))
        if gone:
            ledger.without(container=own.key)
            tell(own.name, "is gone already")
        else:
            tell(own.name, f"could not be asked for: {found.complaint}")
        return gone
    try:
        described = json.loads(found.text)
        number, labels = str(described["id"]), described["labels"] or {}
    except (ValueError, LookupError, TypeError):
        number, labels = "", {}
    if labels.get(LABEL) != own.key:
        ledger.without(container=own.key)
        tell(own.name, "is another's by now, and left alone")
        return True
    output = system.run([own.program, "rm", "-f", "-v", number], timeout=60)
    if output.status == 0:
        ledger.without(container=own.key)
        tell(own.name, "removed")
        return True
    tell(own.name, f"could not be removed: {output.complaint}")
    return False


__all__ = ["Ended", "Teller", "stop_container", "stop_service", "take_down"]

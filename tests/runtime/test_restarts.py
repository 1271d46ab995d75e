"""A container that is started again while it is probed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from stigmer_lint.verifier.diagnose import of_state
from stigmer_lint.verifier.types import Check, Container, Examined, State

module: Any = import_module("stigmer_lint.verifier.verify")


def container(**state: Any) -> Container:
    return Container(id="a" * 12, name="app", image="example/app:1", state=State(**state))


def examined(first: Container) -> Examined:
    cause = of_state(first)
    return Examined(container=first, checks=(
        Check(container="app", kind="state", subject="running", outcome="fail" if cause else "pass", tried="inspected", cause=cause),
        Check(container="app", kind="address", subject="http://x", outcome="fail", tried="connected"),
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (container(status="running", pid=5, restarts=2, uptime=0.1), container(status="restarting", restarts=3)),
        (container(status="running", pid=5, uptime=60.0), container(status="restarting", restarts=1)),
        (container(status="running", pid=5, uptime=60.0), container(status="running", pid=6, restarts=1, uptime=0.1)),
    ],
)
def test_a_restart_while_it_is_probed_is_the_verdict(monkeypatch: pytest.MonkeyPatch, first: Container, later: Container) -> None:
    monkeypatch.setattr(module, "inspect", lambda *_: (later,))
    nothing: Any = None
    room: Any = type("Room", (), {"daemon": None})()
    state, address = module._still_there(nothing, room, examined(first)).checks
    assert state.outcome == "fail"
    assert state.cause is not None
    assert state.cause.key == "restarting"
    assert address.outcome == "cannot-tell"


def test_one_that_was_removed_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "inspect", lambda *_: ())
    nothing: Any = None
    room: Any = type("Room", (), {"daemon": None})()
    state, address = module._still_there(nothing, room, examined(container(status="running", pid=5))).checks
    assert (state.outcome, address.outcome) == ("cannot-tell", "cannot-tell")

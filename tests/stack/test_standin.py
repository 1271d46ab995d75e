"""The stand-ins, asked by the prober that asks real services, and by plain clients."""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

from stigmer_lint.policy.types import Health, Service
from stigmer_lint.stack.services import ask
from stigmer_lint.stack.standin import ANSWER, TEMPORAL, WITHOUT_EXTRA, Part, about, document_of, parts_of, serve
from stigmer_lint.verifier.system import Machine
from stigmer_lint.verifier.types import Daemon

from .conftest import free_port

DAEMON = Daemon("docker", "docker", "docker-engine", "", "linux")


def running(part: Part) -> None:
    threading.Thread(target=serve, args=(part,), daemon=True).start()


def post(port: int, path: str, document: object) -> list[dict[str, object]]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(document).encode())
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - the address is this test's own
        return [json.loads(line) for line in answer.read().splitlines()]


@pytest.mark.parametrize(
    "health",
    [
        None, Health(http="/ready", status=204), Health(http="/api/tags", json={"models[].name": "{env.MODEL}", "state.ok": "yes"}), Health(grpc=""),
        Health(grpc="a.b.Service"), Health(redis=True), Health(postgres=True), Health(tcp=True),
    ],
    ids=["none", "http", "json", "grpc", "grpc-service", "redis", "postgres", "tcp"],
)  # fmt: skip
def test_it_is_well_as_the_policy_asks(health: Health | None) -> None:
    port = free_port()
    service = Service(address=f"localhost:{port}", env=("A_URL",), health=health)
    before = ask(Machine(), DAEMON, "a", service, {"MODEL": "tiny:1"})
    assert not before.there
    assert "nothing answers" in before.why
    running(parts_of("a", service, port, "127.0.0.1", {"MODEL": "tiny:1"}))
    ends = time.monotonic() + 5
    while not (answer := ask(Machine(), DAEMON, "a", service, {"MODEL": "tiny:1"})).there and time.monotonic() < ends:
        time.sleep(0.05)
    assert answer.well, answer.why
    if health is not None and health.json:
        assert not ask(Machine(), DAEMON, "a", service, {"MODEL": "other:1"}).well


def test_ollama_s_chat_is_answered_for_the_configured_model_alone() -> None:
    port = free_port()
    service = Service(address=f"localhost:{port}", health=Health(http="/api/tags", json={"models[].name": "tiny:latest"}))
    running(parts_of("ollama", service, port, "127.0.0.1", {}))
    time.sleep(0.2)
    question = {"model": "tiny", "messages": [{"role": "user", "content": "hello"}]}
    lines = post(port, "/api/chat", question)
    said = "".join(str(line["message"]["content"]) for line in lines if isinstance(line["message"], dict))
    assert said == ANSWER
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    (whole,) = post(port, "/api/chat", {**question, "stream": False})
    assert whole["message"] == {"role": "assistant", "content": ANSWER}
    (text,) = post(port, "/api/generate", {"model": "tiny", "prompt": "x", "stream": False})
    assert text["response"] == ANSWER
    with pytest.raises(urllib.error.HTTPError, match="404"):
        post(port, "/api/chat", {**question, "model": "large"})
    with pytest.raises(urllib.error.HTTPError, match="404"):
        post(port, "/api/pull", {"model": "tiny"})


def test_an_unknown_grpc_method_is_refused_by_its_word() -> None:
    from stigmer_lint.stack.standin import _answer

    assert b"embedded" in _answer(1, "/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo")
    assert b"grpc-status\x0212" in _answer(1, "/x")


def test_without_its_extra_the_one_for_temporal_answers_the_health_check_and_says_so(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "temporalio", None)
    port = free_port()
    service = Service(address=f"localhost:{port}", health=Health(grpc=TEMPORAL))
    part = parts_of("temporal", service, port, "127.0.0.1", {})
    assert part.protocol == "temporal"
    assert about(part) == WITHOUT_EXTRA
    running(part)
    ends = time.monotonic() + 5
    while not (answer := ask(Machine(), DAEMON, "temporal", service, {})).there and time.monotonic() < ends:
        time.sleep(0.05)
    assert answer.well, answer.why
    assert f"temporal: {WITHOUT_EXTRA}" in caplog.text


def test_another_grpc_service_is_not_taken_for_temporal() -> None:
    assert parts_of("a", Service(address="localhost:1", health=Health(grpc="temporal.api")), 1, "127.0.0.1", {}).protocol == "grpc"
    assert about(Part("a", "grpc", "127.0.0.1", 1)) == ""


def test_the_smallest_document() -> None:
    assert document_of({"models[].name": "a", "ok": "yes", "a.b.c": "1"}) == {"models": [{"name": "a"}], "ok": "yes", "a": {"b": {"c": "1"}}}


def test_a_variable_that_names_itself_is_filled_in_once() -> None:
    from stigmer_lint.verifier.speech import filled

    assert filled("{env.A}/{env.B}!", {"A": "{env.A}", "B": "b"}) == "{env.A}/b!"
    assert filled("{env.A", {"A": "a"}) is None
    assert filled("{env.C}", {"A": "a"}) is None

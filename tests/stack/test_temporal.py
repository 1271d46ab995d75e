"""The embedded Temporal, with a real worker and a real client of the `temporalio` package."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

pytest.importorskip("temporalio", reason="the embedded Temporal needs the extra `embedded`: temporalio is not installed")
grpc = pytest.importorskip("grpc", reason="the embedded Temporal needs the extra `embedded`: grpcio is not installed")

from temporalio import activity, workflow  # noqa: E402 - what follows needs the extra
from temporalio.api.common.v1 import RetryPolicy as RetryPolicyMessage  # noqa: E402
from temporalio.api.workflowservice import v1 as api  # noqa: E402
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError  # noqa: E402
from temporalio.common import RetryPolicy, WorkflowIDReusePolicy  # noqa: E402
from temporalio.exceptions import ActivityError, ApplicationError, TimeoutError, WorkflowAlreadyStartedError  # noqa: E402, A004
from temporalio.service import KeepAliveConfig, RPCError, RPCStatusCode  # noqa: E402
from temporalio.worker import UnsandboxedWorkflowRunner, Worker  # noqa: E402

from stigmer_lint.stack import temporal  # noqa: E402
from stigmer_lint.stack.standin import TEMPORAL  # noqa: E402
from stigmer_lint.stack.temporal import Embedded  # noqa: E402

from .conftest import Stack, free_port  # noqa: E402

SECONDS = timedelta(seconds=3)


@activity.defn
async def greet(name: str) -> str:
    return f"hello, {name}"


@activity.defn
async def fail(text: str) -> str:
    raise ConnectionError(text)


@activity.defn
async def third_time(_: str) -> str:
    if activity.info().attempt < 3:
        raise ValueError("not yet")
    return f"attempt {activity.info().attempt}"


@activity.defn
async def never(_: str) -> str:
    raise ApplicationError("no", type="Final", non_retryable=True)


@activity.defn
async def sleep(text: str) -> str:
    await asyncio.sleep(float(text))
    return text


@activity.defn
async def beat(_: str) -> str:
    for number in range(8):
        activity.heartbeat(number)
        await asyncio.sleep(0.1)
    return "beat"


@workflow.defn
class One:
    """One activity. `policy`: how often it is tried; `within`, `silent`: seconds for an attempt, and between heartbeats."""

    @workflow.run
    async def run(self, name: str, text: str, attempts: int, within: float, silent: float) -> str:
        return await workflow.execute_activity(
            name, text, result_type=str, start_to_close_timeout=timedelta(seconds=within), heartbeat_timeout=timedelta(seconds=silent) if silent else None,
            retry_policy=RetryPolicy(maximum_attempts=attempts, initial_interval=timedelta(milliseconds=20)),
        )  # fmt: skip


@workflow.defn
class Many:
    """Activities one after the other, and beside one another; the answers in their order."""

    @workflow.run
    async def run(self, count: int) -> list[str]:
        first = [await workflow.execute_activity(greet, str(number), start_to_close_timeout=SECONDS) for number in range(count)]
        return first + await asyncio.gather(*(workflow.execute_activity(greet, str(number), start_to_close_timeout=SECONDS) for number in range(count)))


@workflow.defn
class Waits:
    """A timer, which the embedded Temporal does not know."""

    @workflow.run
    async def run(self) -> None:
        await asyncio.sleep(0.1)


@workflow.defn
class Stumbles:
    """Its task fails twice after an activity has answered. Of a second failure a worker says nothing: the task's time runs out."""

    tries = 0

    @workflow.run
    async def run(self) -> str:
        answer = await workflow.execute_activity(greet, "you", start_to_close_timeout=SECONDS)
        Stumbles.tries += 1
        if Stumbles.tries < 3:
            raise RuntimeError("a fault of the program, which fails the task and not the execution")
        return answer


ACTIVITIES = [greet, fail, third_time, never, sleep, beat]


def worker(client: Client) -> Worker:
    return Worker(
        client, task_queue="queue", workflows=[One, Many, Waits, Stumbles], activities=ACTIVITIES, workflow_runner=UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=timedelta(0),
    )  # fmt: skip


def play(story: Callable[[Client, Embedded], Awaitable[None]], *, working: bool = True) -> None:
    """Run a story with a server and a client, and with a worker unless it is its own."""

    async def run() -> None:
        async with Embedded("127.0.0.1", 0) as server:
            client = await Client.connect(f"127.0.0.1:{server.port}")
            if not working:
                await story(client, server)
                return
            async with worker(client):
                await story(client, server)

    asyncio.run(asyncio.wait_for(run(), 60))


async def begun(client: Client, name: str, text: str = "", *, attempts: int = 1, within: float = 10, silent: float = 0, key: str = "") -> Any:
    return await client.start_workflow("One", args=[name, text, attempts, within, silent], id=key or str(uuid.uuid4()), task_queue="queue", result_type=str)


async def cause(handle: Any) -> BaseException:
    """What made an execution's activity fail."""
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    error = caught.value.cause
    assert isinstance(error, ActivityError)
    assert error.cause is not None
    return error.cause


async def events(handle: Any) -> list[str]:
    return [type_of(event) async for event in handle.fetch_history_events()]


def type_of(event: Any) -> str:
    name: str = event.WhichOneof("attributes")
    return name.removesuffix("_event_attributes")


def test_a_workflow_with_an_activity_runs_to_its_end() -> None:
    async def story(client: Client, _: Embedded) -> None:
        handle = await begun(client, "greet", "you")
        assert await handle.result() == "hello, you"
        found = await handle.describe()
        assert found.status == WorkflowExecutionStatus.COMPLETED
        assert found.workflow_type == "One"
        assert found.task_queue == "queue"
        assert found.close_time is not None
        task = ["workflow_task_scheduled", "workflow_task_started", "workflow_task_completed"]
        done = ["activity_task_scheduled", "activity_task_started", "activity_task_completed"]
        assert await events(handle) == ["workflow_execution_started", *task, *done, *task, "workflow_execution_completed"]

    play(story)


def test_an_activity_that_fails_fails_the_execution_and_its_message_arrives() -> None:
    async def story(client: Client, _: Embedded) -> None:
        handle = await begun(client, "fail", "All connection attempts failed")
        error = await cause(handle)
        assert isinstance(error, ApplicationError)
        assert error.type == "ConnectionError"
        assert error.message == "All connection attempts failed"
        assert (await handle.describe()).status == WorkflowExecutionStatus.FAILED

    play(story)


def test_executions_run_beside_one_another() -> None:
    async def story(client: Client, _: Embedded) -> None:
        slow = await begun(client, "sleep", "0.5")
        quick = [await begun(client, "greet", str(number)) for number in range(20)]
        assert await asyncio.gather(*(one.result() for one in quick)) == [f"hello, {number}" for number in range(20)]
        assert (await slow.describe()).status == WorkflowExecutionStatus.RUNNING
        assert await slow.result() == "0.5"

    play(story)


def test_many_activities_one_after_the_other_and_at_once() -> None:
    async def story(client: Client, _: Embedded) -> None:
        found = await client.execute_workflow(Many.run, 12, id="many", task_queue="queue")
        assert found == [f"hello, {number}" for number in range(12)] * 2

    play(story)


def test_an_activity_is_tried_again_as_its_policy_says() -> None:
    async def story(client: Client, _: Embedded) -> None:
        assert await (await begun(client, "third_time", attempts=0)).result() == "attempt 3"
        assert "not yet" in str(await cause(await begun(client, "third_time", attempts=2)))
        began = time.monotonic()
        assert "no" in str(await cause(await begun(client, "never", attempts=0)))
        assert time.monotonic() - began < 5

    play(story)


def test_an_activity_that_takes_too_long_or_falls_silent_is_ended() -> None:
    async def story(client: Client, _: Embedded) -> None:
        late, silent = await begun(client, "sleep", "20", within=0.3), await begun(client, "sleep", "20", silent=0.3)
        for one in (late, silent):
            assert isinstance(await cause(one), TimeoutError)
        assert await (await begun(client, "beat", silent=0.5)).result() == "beat"

    play(story)


def test_a_workflow_task_that_fails_is_given_again_and_the_history_stays_in_order() -> None:
    async def story(client: Client, _: Embedded) -> None:
        Stumbles.tries = 0
        handle = await client.start_workflow(Stumbles.run, id="stumbles", task_queue="queue", task_timeout=timedelta(seconds=1))
        assert await handle.result() == "hello, you"
        found = [event async for event in handle.fetch_history_events()]
        assert [event.event_id for event in found] == list(range(1, len(found) + 1))
        # The second failure of the same task is not written down.
        assert [type_of(event) for event in found].count("workflow_task_failed") == 1
        assert Stumbles.tries == 3

    play(story)


def test_a_worker_that_vanishes_with_a_task_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal, "WORKFLOW_TASK_SECONDS", 1)

    async def story(client: Client, _: Embedded) -> None:
        handle = await begun(client, "greet", "you")
        taken = await client.workflow_service.poll_workflow_task_queue(api.PollWorkflowTaskQueueRequest(namespace="default", task_queue={"name": "queue"}))
        assert taken.attempt == 1
        async with worker(client):
            assert await handle.result() == "hello, you"
        with pytest.raises(RPCError, match="nobody waits") as caught:
            await client.workflow_service.respond_workflow_task_completed(api.RespondWorkflowTaskCompletedRequest(task_token=taken.task_token))
        assert caught.value.status == RPCStatusCode.NOT_FOUND
        assert "workflow_task_timed_out" in await events(handle)

    play(story, working=False)


def test_a_second_worker_takes_over_from_one_that_has_ended() -> None:
    async def story(client: Client, _: Embedded) -> None:
        async with worker(client):
            # What the first one took and never answered comes back when its time has run out.
            handle = await client.start_workflow(Many.run, 3, id="many", task_queue="queue", task_timeout=timedelta(seconds=1))
        async with worker(client):
            assert len(await handle.result()) == 6

    play(story, working=False)


def test_a_name_is_used_once_at_a_time() -> None:
    async def story(client: Client, _: Embedded) -> None:
        handle = await begun(client, "sleep", "0.3", key="same")
        with pytest.raises(WorkflowAlreadyStartedError):
            await begun(client, "greet", key="same")
        assert await handle.result() == "0.3"
        again = await begun(client, "greet", "you", key="same")
        assert await again.result() == "hello, you"
        for policy in (WorkflowIDReusePolicy.REJECT_DUPLICATE, WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY):
            with pytest.raises(WorkflowAlreadyStartedError):
                await client.start_workflow("One", args=["greet", "", 1, 1, 0], id="same", task_queue="queue", id_reuse_policy=policy)

    play(story)


def test_what_it_does_not_know_is_said_and_nothing_hangs() -> None:
    async def story(client: Client, _: Embedded) -> None:
        handle = await client.start_workflow(Waits.run, id="waits", task_queue="queue")
        with pytest.raises(WorkflowFailureError) as caught:
            await handle.result()
        assert "embedded: the command StartTimer is not known here" in str(caught.value.cause)
        with pytest.raises(RPCError, match=r"embedded: this stand-in for Temporal does not know .*/SignalWorkflowExecution") as refused:
            await handle.signal("any")
        assert refused.value.status == RPCStatusCode.UNIMPLEMENTED
        with pytest.raises(RPCError, match="embedded: StartWorkflowExecution with cron_schedule is not known here"):
            await client.start_workflow(Waits.run, id="often", task_queue="queue", cron_schedule="* * * * *")
        with pytest.raises(RPCError, match="embedded: there is no execution nowhere") as missing:
            await client.get_workflow_handle("nowhere").describe()
        assert missing.value.status == RPCStatusCode.NOT_FOUND
        for token in (b"", b"\xff a b", b"x 1 " + b"9" * 5000):
            with pytest.raises(RPCError, match="not a task token"):
                await client.workflow_service.respond_activity_task_completed(api.RespondActivityTaskCompletedRequest(task_token=token))

    play(story)


def test_any_other_service_is_unknown_and_the_health_check_serves() -> None:
    async def story(_: Client, server: Embedded) -> None:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            assert await channel.unary_unary("/grpc.health.v1.Health/Check")(b"") == b"\x08\x01"
            with pytest.raises(grpc.aio.AioRpcError, match="embedded") as caught:
                await channel.unary_unary("/a.b.C/GetSystemInfo")(b"")
            assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
            with pytest.raises(grpc.aio.AioRpcError):
                await channel.unary_unary(f"/{TEMPORAL}/StartWorkflowExecution")(b"\xff\xff")

    play(story, working=False)


def test_it_ends_at_once_while_polls_are_open() -> None:
    async def story() -> float:
        async with Embedded("127.0.0.1", 0) as server:
            client = await Client.connect(f"127.0.0.1:{server.port}")
            handle = await begun(client, "greet")
            where: Any = {"namespace": "default", "task_queue": {"name": "other"}}
            polls = [
                asyncio.ensure_future(client.workflow_service.poll_workflow_task_queue(api.PollWorkflowTaskQueueRequest(**where))),
                asyncio.ensure_future(client.workflow_service.poll_activity_task_queue(api.PollActivityTaskQueueRequest(**where))),
            ]
            waits = asyncio.ensure_future(handle.result())
            await asyncio.sleep(0.3)
            began = time.monotonic()
        assert [poll.task_token for poll in await asyncio.gather(*polls)] == [b"", b""]
        seconds = time.monotonic() - began
        waits.cancel()
        return seconds

    assert asyncio.run(asyncio.wait_for(story(), 30)) < 3


def test_a_poll_that_nobody_waits_for_takes_no_work_and_leaves_nothing() -> None:
    async def story(client: Client, server: Embedded) -> None:
        for number in range(3):
            request = api.PollWorkflowTaskQueueRequest(namespace="default", task_queue={"name": f"gone-{number}"})
            with pytest.raises(RPCError):
                await client.workflow_service.poll_workflow_task_queue(request, timeout=timedelta(milliseconds=200))
        await asyncio.sleep(0.3)
        assert server._workflow_tasks == {}
        handle = await begun(client, "greet", "you")
        async with worker(client):
            assert await handle.result() == "hello, you"

    play(story, working=False)


def test_a_client_that_asks_often_whether_it_is_there_stays_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default, gRPC's server ends the connection of one that pings while nothing is sent, as Temporal's clients do every 30 s."""
    monkeypatch.setattr(temporal, "POLL_SECONDS", 2.0)

    async def story(_: Client, server: Embedded) -> None:
        often = KeepAliveConfig(interval_millis=100, timeout_millis=1000)
        client = await Client.connect(f"127.0.0.1:{server.port}", keep_alive_config=often)
        request = api.PollWorkflowTaskQueueRequest(namespace="default", task_queue={"name": "queue"})
        assert (await client.workflow_service.poll_workflow_task_queue(request)).task_token == b""

    play(story, working=False)


def test_a_retry_policy_is_filled_up_and_kept_within_what_can_be_waited_for() -> None:
    def policy(**said: Any) -> tuple[float, float, float]:
        found = temporal._policy(RetryPolicyMessage(**said))
        return temporal._seconds(found.initial_interval), found.backoff_coefficient, temporal._seconds(found.maximum_interval)

    assert policy() == (1.0, 2.0, 100.0)
    assert policy(initial_interval={"seconds": 3}, backoff_coefficient=1.5) == (3.0, 1.5, 300.0)
    assert policy(initial_interval={"seconds": -3}, backoff_coefficient=float("nan"), maximum_interval={"seconds": -1}) == (1.0, 2.0, 100.0)
    assert policy(initial_interval={"seconds": 300_000_000_000}, backoff_coefficient=float("inf"))[1:] == (1000.0, 1e9)
    assert policy(maximum_interval={"seconds": 7}) == (1.0, 2.0, 7.0)


def test_what_it_keeps_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporal, "EXECUTIONS", 3)

    async def story(client: Client, server: Embedded) -> None:
        done = [await begun(client, "greet", str(number)) for number in range(3)]
        for one in done:
            await one.result()
        last = await begun(client, "greet", "last")
        assert await last.result() == "hello, last"
        assert len(server._runs) == 3
        with pytest.raises(RPCError, match="or not any more"):
            await done[0].describe()
        monkeypatch.setattr(temporal, "EVENTS", 5)
        with pytest.raises(WorkflowFailureError) as caught:
            await (await begun(client, "greet", "long")).result()
        assert "embedded: a history of more than 5 events" in str(caught.value.cause)
        monkeypatch.setattr(temporal, "HISTORY_BYTES", 0)
        request = api.StartWorkflowExecutionRequest(namespace="default", workflow_id="x", workflow_type={"name": "One"}, task_queue={"name": "queue"})
        with pytest.raises(RPCError, match="embedded: no more than 3 executions") as full:
            await client.workflow_service.start_workflow_execution(request)
        assert full.value.status == RPCStatusCode.RESOURCE_EXHAUSTED
        assert server._bytes == 0

    play(story)


def test_a_history_is_read_in_pages() -> None:
    async def story(client: Client, _: Embedded) -> None:
        handle = await begun(client, "greet", "you")
        await handle.result()
        pages = [[type_of(event) async for event in handle.fetch_history_events(page_size=size)] for size in (1, 4, 100)]
        assert pages[0] == pages[1] == pages[2]
        assert len(pages[0]) == 11

    play(story)


def test_a_place_that_is_taken_is_an_error() -> None:
    async def story(_: Client, server: Embedded) -> None:
        with pytest.raises(OSError, match="bind"):
            async with Embedded("127.0.0.1", server.port):
                pass

    play(story, working=False)


def test_as_a_process_it_ends_by_its_signal_while_polls_are_open() -> None:
    port = free_port()
    part = {"name": "temporal", "protocol": "temporal", "host": "127.0.0.1", "port": port}
    process = subprocess.Popen([sys.executable, "-P", "-m", "stigmer_lint.stack", json.dumps(part)], stderr=subprocess.PIPE, text=True)

    async def story() -> None:
        client = await connected(port)
        async with worker(client):
            assert await (await begun(client, "greet", "you", key="named")).result() == "hello, you"
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 10)

    try:
        asyncio.run(asyncio.wait_for(story(), 60))
        assert process.returncode == 0
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()
        assert all(line.startswith("embedded ") for line in lines)
        assert [line.partition("named: ")[2] for line in lines if "named: " in line] == ["One started", "COMPLETED"]
    finally:
        process.kill()
        process.wait()


async def connected(port: int) -> Client:
    """A client of a server that is coming up."""
    for _ in range(100):
        try:
            return await Client.connect(f"127.0.0.1:{port}")
        except RuntimeError:
            await asyncio.sleep(0.1)
    raise AssertionError("it does not come up")


def test_up_puts_it_in_temporal_s_place_and_says_what_it_can(stack: Stack) -> None:
    port = stack.service("temporal", health=f"{{grpc: {TEMPORAL}}}", start=False)
    output = stack.run("up", "--services", "--embedded")
    assert output.returncode == 0, output.stdout + output.stderr
    assert "starting a small server of ours; it runs workflows with activities, in memory" in output.stdout

    async def story() -> None:
        client = await connected(port)
        async with worker(client):
            assert "refused" in str(await cause(await begun(client, "fail", "refused")))

    asyncio.run(asyncio.wait_for(story(), 60))
    assert "activity fail failed: refused" in stack.run("up", "--logs", "temporal").stdout
    assert stack.run("down").returncode == 0

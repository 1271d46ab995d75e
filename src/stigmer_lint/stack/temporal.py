"""A small Temporal for `up --embedded`: enough of its WorkflowService that a real worker and a real client run workflows with activities on it.

It keeps executions in memory, in one process, and forgets them when it ends. What it knows: starting an execution, workflow tasks with their
history, activities with their retries, timeouts and heartbeats, completing and failing, describing an execution, reading its history (waiting
for its end included). A command or an option that it does not know fails visibly: the call is answered with UNIMPLEMENTED, or the execution ends
FAILED, with a message that begins with `embedded`. There are no timers, signals, queries, updates, child workflows, cancellation, schedules,
sticky queues, and no listing.

The messages are those that the `temporalio` package brings along, the server is grpcio's: the extra `embedded`. This module needs both at import.
The order of events is that of docs.temporal.io/references/events; the service is temporalio/api's workflowservice/v1.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeAlias, TypeVar

import grpc
from temporalio.api.common.v1 import GrpcStatus, RetryPolicy
from temporalio.api.enums.v1 import (
    EventType,
    HistoryEventFilterType,
    PendingActivityState,
    RetryState,
    TimeoutType,
    WorkflowExecutionStatus,
    WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy,
)  # fmt: skip
from temporalio.api.errordetails.v1 import WorkflowExecutionAlreadyStartedFailure
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice import v1 as api

from stigmer_lint.stack.standin import TEMPORAL

EXECUTIONS = 256
"""How many executions are kept; of those that have ended, the oldest are forgotten first."""
EVENTS = 2000
"""How long one history may get."""
HISTORY_BYTES = 64 << 20
"""How large all histories together may get."""
CALLS = 512
"""How many calls may be open at once; a worker keeps about a dozen polls open."""
POLL_SECONDS = 50.0
"""How long a poll waits for work. Clients give up on one after 70 s."""
HISTORY_SECONDS = 20.0
"""How long a call waits for the end of an execution, before the client is told to ask again."""
WORKFLOW_TASK_SECONDS = 10
"""How long a worker may take for a workflow task where the start does not say it; Temporal's own default."""

Message: TypeAlias = Any
"""A protobuf message; their classes are made when `temporalio` is imported."""
_T = TypeVar("_T")
_LOG = logging.getLogger("embedded")
# Temporal's clients ping every 30 s, also while nothing is asked, for which gRPC's server by default ends the connection. A second server at the
# same place would share its calls.
_OPTIONS = [("grpc.so_reuseport", 0), ("grpc.keepalive_permit_without_calls", 1), ("grpc.http2.max_ping_strikes", 0)]
_HEALTH = "/grpc.health.v1.Health/Check"
_SERVING = b"\x08\x01"
_RUNNING = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
_COMPLETED = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED
_FAILED = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED
_STARTED = frozenset({
    "workflow_type", "task_queue", "input", "identity", "workflow_task_timeout", "header", "memo", "search_attributes", "workflow_id", "priority",
})  # fmt: skip
_HANDED = frozenset({
    "activity_type", "activity_id", "header", "input", "schedule_to_close_timeout", "start_to_close_timeout", "heartbeat_timeout", "retry_policy", "priority",
})  # fmt: skip
# What a start and an activity may say; to take any other option and leave it aside would not be what was asked for.
_START = frozenset({
    "namespace", "workflow_id", "workflow_type", "task_queue", "input", "workflow_task_timeout", "identity", "request_id", "workflow_id_reuse_policy",
    "workflow_id_conflict_policy", "memo", "search_attributes", "header", "request_eager_execution", "user_metadata", "priority",
})  # fmt: skip
_ACTIVITY = frozenset({
    "activity_id", "activity_type", "task_queue", "header", "input", "schedule_to_close_timeout", "schedule_to_start_timeout", "start_to_close_timeout",
    "heartbeat_timeout", "retry_policy", "request_eager_execution", "use_workflow_build_id", "priority",
})  # fmt: skip


class RefusedError(Exception):
    """A call that is answered with a status: its code, its message, and a message of details."""

    def __init__(self, code: Any, text: str, details: Message = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = f"embedded: {text}"
        self.details = details


class _Queue(Generic[_T]):
    """Work of one task queue, and the polls that wait for it."""

    def __init__(self) -> None:
        self.items: deque[_T] = deque()
        self.waiting: deque[asyncio.Future[None]] = deque()

    def put(self, item: _T) -> None:
        self.items.append(item)
        self.wake()

    def wake(self) -> None:
        """Have one poll look."""
        while self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def wake_all(self) -> None:
        while self.waiting:
            self.wake()


class _Task:
    """A workflow task that a worker has: the numbers of its two events, and which attempt it is."""

    def __init__(self, scheduled: int, started: int, attempt: int) -> None:
        self.scheduled, self.started, self.attempt = scheduled, started, attempt
        self.timer: asyncio.TimerHandle | None = None


class _Activity:
    """One activity of an execution. `scheduled`: the number of its event; `offered`, `began`: when the attempt at hand began to wait for a worker, and
    when it was given to one, None before; `beat`: its last heartbeat."""

    def __init__(self, execution: _Execution, scheduled: int, asked: Message, now: float) -> None:
        self.execution, self.scheduled, self.asked, self.since = execution, scheduled, asked, now
        self.attempt = 1
        self.offered = now
        self.began: float | None = None
        self.beat = now
        self.identity = ""
        self.details: Message = None
        self.failure: Message = None
        self.timer: asyncio.TimerHandle | None = None

    def ends(self) -> tuple[float, int] | None:
        """When what it is doing takes too long, and which of its limits that is; None for no limit."""
        asked = self.asked
        limits = []
        if _seconds(asked.schedule_to_close_timeout):
            limits.append((self.since + _seconds(asked.schedule_to_close_timeout), TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE))
        if self.began is None:
            if _seconds(asked.schedule_to_start_timeout):
                limits.append((self.offered + _seconds(asked.schedule_to_start_timeout), TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START))
        else:
            if _seconds(asked.start_to_close_timeout):
                limits.append((self.began + _seconds(asked.start_to_close_timeout), TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE))
            if _seconds(asked.heartbeat_timeout):
                limits.append((self.beat + _seconds(asked.heartbeat_timeout), TimeoutType.TIMEOUT_TYPE_HEARTBEAT))
        return min(limits, default=None)


class _Execution:
    """One run of a workflow, with its history. Events that come while a worker has its workflow task wait until that is done (`later`)."""

    def __init__(self, run: str, asked: Message) -> None:
        self.run, self.asked = run, asked
        self.status = _RUNNING
        self.events: list[Message] = []
        self.size = 0
        self.news = asyncio.Event()
        self.waiting = False
        self.task: _Task | None = None
        self.attempt = 1
        self.previous = 0
        self.later: list[Callable[[], None]] = []
        self.activities: dict[int, _Activity] = {}

    @property
    def execution(self) -> dict[str, str]:
        return {"workflow_id": self.asked.workflow_id, "run_id": self.run}

    @property
    def running(self) -> bool:
        return bool(self.status == _RUNNING)


class Embedded:
    """The server, as an asynchronous context: it listens while inside. `port` is where, also where 0 was asked for."""

    def __init__(self, host: str, port: int) -> None:
        self._address = f"{host}:{port}"
        self.port = port
        self._server: Any = None
        self._closing = False
        self._runs: dict[str, _Execution] = {}
        self._latest: dict[tuple[str, str], str] = {}
        self._bytes = 0
        self._workflow_tasks: dict[tuple[str, str], _Queue[_Execution]] = {}
        self._activity_tasks: dict[tuple[str, str], _Queue[_Activity]] = {}
        self._calls: dict[str, Callable[[Message], Awaitable[Message]]] = {
            "GetSystemInfo": self._system,
            "DescribeNamespace": self._namespace,
            "StartWorkflowExecution": self._start,
            "DescribeWorkflowExecution": self._describe,
            "GetWorkflowExecutionHistory": self._history,
            "PollWorkflowTaskQueue": self._poll_workflow,
            "RespondWorkflowTaskCompleted": self._workflow_completed,
            "RespondWorkflowTaskFailed": self._workflow_failed,
            "PollActivityTaskQueue": self._poll_activity,
            "RespondActivityTaskCompleted": self._activity_completed,
            "RespondActivityTaskFailed": self._activity_failed,
            "RecordActivityTaskHeartbeat": self._heartbeat,
            "ShutdownWorker": self._shutdown,
        }

    async def __aenter__(self) -> Embedded:
        """Listen. Raises OSError where the place is taken."""
        self._server = grpc.aio.server(maximum_concurrent_rpcs=CALLS, options=_OPTIONS)
        self._server.add_generic_rpc_handlers((_Router(self._calls),))
        try:
            self.port = self._server.add_insecure_port(self._address)
        except RuntimeError as error:
            raise OSError(str(error)) from error
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Open polls are answered with nothing, then it ends."""
        self._closing = True
        for queue in self._workflow_tasks.values():
            queue.wake_all()
        for waiting in self._activity_tasks.values():
            waiting.wake_all()
        for one in self._runs.values():
            self._release(one)
            one.news.set()
        await self._server.stop(1.0)

    # What a client asks for.

    async def _system(self, _: Message) -> Message:
        known = {"internal_error_differentiation": True, "activity_failure_include_heartbeat": True, "encoded_failure_attributes": True, "sdk_metadata": True}
        return api.GetSystemInfoResponse(server_version="0.0.0-embedded", capabilities=known)

    async def _namespace(self, asked: Message) -> Message:
        """Every namespace is there."""
        return api.DescribeNamespaceResponse(namespace_info={"name": asked.namespace or "default", "state": 1, "description": "embedded"})

    async def _start(self, asked: Message) -> Message:
        _known("StartWorkflowExecution", asked, _START)
        key = (asked.namespace, asked.workflow_id)
        old = self._runs.get(self._latest.get(key, ""))
        if old is not None and (found := self._again(old, asked)) is not None:
            return found
        if not self._room(1):
            why = f"no more than {EXECUTIONS} executions or {HISTORY_BYTES >> 20} MiB of their histories are kept"
            raise RefusedError(grpc.StatusCode.RESOURCE_EXHAUSTED, why)
        run = str(uuid.uuid4())
        if not _seconds(asked.workflow_task_timeout):
            asked.workflow_task_timeout.FromSeconds(WORKFLOW_TASK_SECONDS)
        one = self._runs[run] = _Execution(run, asked)
        self._latest[key] = run
        self._write(one, "WORKFLOW_EXECUTION_STARTED", attempt=1, original_execution_run_id=run, first_execution_run_id=run, **_set(asked, _STARTED))
        _LOG.info("%s: %s started", asked.workflow_id, asked.workflow_type.name)
        self._wants_task(one)
        return api.StartWorkflowExecutionResponse(run_id=run, started=True, status=_RUNNING)

    def _again(self, old: _Execution, asked: Message) -> Message | None:
        """The answer to a start whose id is known already; None where a new run may begin. Raises RefusedError."""
        same = asked.request_id == old.asked.request_id
        reuse, conflict = asked.workflow_id_reuse_policy, asked.workflow_id_conflict_policy
        if same or (old.running and conflict == WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING):
            return api.StartWorkflowExecutionResponse(run_id=old.run, started=same, status=old.status)
        terminates = reuse == WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING
        if old.running:
            if terminates or conflict == WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING:
                raise RefusedError(grpc.StatusCode.UNIMPLEMENTED, "an execution that runs is not ended for a new one here")
        elif reuse != WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE and (
            reuse != WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY or old.status == _FAILED
        ):
            return None
        details = WorkflowExecutionAlreadyStartedFailure(start_request_id=old.asked.request_id, run_id=old.run)
        raise RefusedError(grpc.StatusCode.ALREADY_EXISTS, f"there is an execution {asked.workflow_id} already", details)

    async def _describe(self, asked: Message) -> Message:
        one = self._find(asked.namespace, asked.execution)
        info = {
            "execution": one.execution, "type": one.asked.workflow_type, "status": one.status, "history_length": len(one.events),
            "task_queue": one.asked.task_queue.name, "start_time": one.events[0].event_time, "execution_time": one.events[0].event_time,
            "history_size_bytes": one.size, "first_run_id": one.run, **_set(one.asked, frozenset({"memo", "search_attributes"})),
        }  # fmt: skip
        if not one.running:
            info["close_time"] = one.events[-1].event_time
        states = PendingActivityState
        pending = [
            {
                "activity_id": activity.asked.activity_id, "activity_type": activity.asked.activity_type, "attempt": activity.attempt,
                "last_failure": activity.failure,
                "state": states.PENDING_ACTIVITY_STATE_SCHEDULED if activity.began is None else states.PENDING_ACTIVITY_STATE_STARTED,
            }
            for activity in one.activities.values()
        ]  # fmt: skip
        config = {"task_queue": one.asked.task_queue, "default_workflow_task_timeout": one.asked.workflow_task_timeout}
        return api.DescribeWorkflowExecutionResponse(workflow_execution_info=info, execution_config=config, pending_activities=pending)

    async def _history(self, asked: Message) -> Message:
        """A page of a history, or its last event; where that is asked for, what is not there yet is waited for."""
        run, _, number = asked.next_page_token.decode("utf-8", "replace").partition(" ")
        one = self._runs.get(run) if run else self._find(asked.namespace, asked.execution)
        if one is None:
            raise RefusedError(grpc.StatusCode.NOT_FOUND, "there is no such execution")
        start = _number(number) or 0
        closing = asked.history_event_filter_type == HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT
        if asked.wait_new_event:
            ends = asyncio.get_running_loop().time() + HISTORY_SECONDS
            try:
                async with asyncio.timeout_at(ends):
                    while one.running and not self._closing and (closing or start >= len(one.events)):
                        await one.news.wait()
            except TimeoutError:
                pass
        if closing:
            if one.running and asked.wait_new_event:
                return api.GetWorkflowExecutionHistoryResponse(history={}, next_page_token=f"{one.run} 0".encode())
            return api.GetWorkflowExecutionHistoryResponse(history={"events": one.events[-1:]})
        events = one.events[start : start + (asked.maximum_page_size if asked.maximum_page_size > 0 else EVENTS)]
        more = start + len(events) < len(one.events) or (asked.wait_new_event and one.running)
        return api.GetWorkflowExecutionHistoryResponse(history={"events": events}, next_page_token=f"{one.run} {start + len(events)}".encode() if more else b"")

    # Workflow tasks.

    async def _poll_workflow(self, asked: Message) -> Message:
        key = (asked.namespace, asked.task_queue.name)
        return await self._take(self._workflow_tasks, key, lambda one: self._given(one, asked.identity)) or api.PollWorkflowTaskQueueResponse()

    def _given(self, one: _Execution, identity: str) -> Message | None:
        """The workflow task of an execution, for a worker; None where it has none to give.

        Its two events are written here, not when it was asked for: so they are always the last ones, and a further attempt, of which a history
        says nothing, can take them out again.
        """
        if not one.waiting or not one.running or one.task is not None:
            return None
        one.waiting = False
        queue, limit = one.asked.task_queue, one.asked.workflow_task_timeout
        scheduled = self._write(one, "WORKFLOW_TASK_SCHEDULED", task_queue=queue, start_to_close_timeout=limit, attempt=one.attempt)
        started = self._write(
            one, "WORKFLOW_TASK_STARTED", scheduled_event_id=scheduled.event_id, identity=identity, request_id=str(uuid.uuid4()), history_size_bytes=one.size
        )
        one.task = task = _Task(scheduled.event_id, started.event_id, one.attempt)
        task.timer = asyncio.get_running_loop().call_later(_seconds(limit), self._workflow_late, one, task)
        return api.PollWorkflowTaskQueueResponse(
            task_token=_token(one.run, task.started, task.attempt), workflow_execution=one.execution, workflow_type=one.asked.workflow_type,
            started_event_id=task.started, previous_started_event_id=one.previous, attempt=task.attempt, history={"events": one.events},
            workflow_execution_task_queue=queue, scheduled_time=scheduled.event_time, started_time=started.event_time,
        )  # fmt: skip

    async def _workflow_completed(self, asked: Message) -> Message:
        one, task = self._task(asked.task_token)
        self._done(one, task)
        one.attempt, one.previous = 1, task.started
        event = self._write(
            one, "WORKFLOW_TASK_COMPLETED", scheduled_event_id=task.scheduled, started_event_id=task.started, **_set(asked, frozenset({"identity", "sdk_metadata"})),
        )  # fmt: skip
        for command in asked.commands:
            if not one.running:
                break
            try:
                self._command(one, command, event.event_id)
            except RefusedError as refused:
                # The worker would repeat what it said for ever; so the execution ends, and its client is told why.
                self._close(one, "WORKFLOW_EXECUTION_FAILED", _FAILED, failure=_failure(refused.text), workflow_task_completed_event_id=event.event_id)
                raise
        self._settle(one, asked.force_create_new_workflow_task)
        return api.RespondWorkflowTaskCompletedResponse()

    def _command(self, one: _Execution, command: Message, completed: int) -> None:
        """What a workflow has decided. Raises RefusedError for what is not known here."""
        kind = command.WhichOneof("attributes") or "command without attributes"
        said: Message = getattr(command, kind, None)
        if kind == "complete_workflow_execution_command_attributes":
            self._close(one, "WORKFLOW_EXECUTION_COMPLETED", _COMPLETED, result=said.result, workflow_task_completed_event_id=completed)
        elif kind == "fail_workflow_execution_command_attributes":
            self._close(
                one, "WORKFLOW_EXECUTION_FAILED", _FAILED, failure=said.failure, workflow_task_completed_event_id=completed,
                retry_state=RetryState.RETRY_STATE_RETRY_POLICY_NOT_SET,
            )  # fmt: skip
        elif kind == "schedule_activity_task_command_attributes":
            _known("ScheduleActivityTask", said, _ACTIVITY)
            asked = type(said)()
            asked.CopyFrom(said)
            asked.task_queue.name = said.task_queue.name or one.asked.task_queue.name
            asked.retry_policy.CopyFrom(_policy(said.retry_policy))
            shared = _set(asked, _ACTIVITY - {"request_eager_execution"})
            event = self._write(one, "ACTIVITY_TASK_SCHEDULED", workflow_task_completed_event_id=completed, **shared)
            activity = one.activities[event.event_id] = _Activity(one, event.event_id, asked, asyncio.get_running_loop().time())
            self._offer(activity)
        else:
            raise RefusedError(grpc.StatusCode.UNIMPLEMENTED, f"the command {_camel(kind.removesuffix('_command_attributes'))} is not known here")

    async def _workflow_failed(self, asked: Message) -> Message:
        one, task = self._task(asked.task_token)
        _LOG.info("%s: its workflow task failed: %s", one.asked.workflow_id, asked.failure.message)
        self._undone(one, task, "WORKFLOW_TASK_FAILED", cause=asked.cause, failure=asked.failure, identity=asked.identity)
        return api.RespondWorkflowTaskFailedResponse()

    def _workflow_late(self, one: _Execution, task: _Task) -> None:
        if one.task is task:
            self._undone(one, task, "WORKFLOW_TASK_TIMED_OUT", timeout_type=TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE)

    def _undone(self, one: _Execution, task: _Task, event: str, **said: Any) -> None:
        """A workflow task came to nothing: it is tried again, later each time."""
        self._done(one, task)
        if task.attempt == 1:
            self._write(one, event, scheduled_event_id=task.scheduled, started_event_id=task.started, **said)
        else:
            for taken in (one.events.pop(), one.events.pop()):
                one.size -= taken.ByteSize()
                self._bytes -= taken.ByteSize()
        one.attempt = task.attempt + 1
        asyncio.get_running_loop().call_later(min(10.0, 0.1 * 2 ** min(task.attempt, 10)), self._settle, one, True)

    def _done(self, one: _Execution, task: _Task) -> None:
        if task.timer is not None:
            task.timer.cancel()
        one.task = None

    def _settle(self, one: _Execution, wanted: bool) -> None:
        """No worker has the workflow task any more: write what came meanwhile, and ask for the next one where there is something to tell."""
        if not one.running or one.task is not None:
            return
        later, one.later = one.later, []
        for write in later:
            write()
        if later or wanted:
            self._wants_task(one)

    def _wants_task(self, one: _Execution) -> None:
        if one.waiting or one.task is not None or not one.running:
            return
        if len(one.events) >= EVENTS or not self._room():
            why = f"embedded: a history of more than {EVENTS} events, or {HISTORY_BYTES >> 20} MiB of all histories, are not kept here"
            self._close(one, "WORKFLOW_EXECUTION_FAILED", _FAILED, failure=_failure(why))
            return
        one.waiting = True
        self._queue(self._workflow_tasks, (one.asked.namespace, one.asked.task_queue.name)).put(one)

    # Activities.

    async def _poll_activity(self, asked: Message) -> Message:
        key = (asked.namespace, asked.task_queue.name)
        return await self._take(self._activity_tasks, key, lambda one: self._handed(one, asked.identity)) or api.PollActivityTaskQueueResponse()

    def _handed(self, one: _Activity, identity: str) -> Message | None:
        """An activity, for a worker; None where its execution does not wait for it any more."""
        execution = one.execution
        if execution.activities.get(one.scheduled) is not one or one.began is not None:
            return None
        one.began = one.beat = asyncio.get_running_loop().time()
        one.identity = identity
        self._watch(one)
        now = _now()
        return api.PollActivityTaskQueueResponse(
            task_token=_token(execution.run, one.scheduled, one.attempt), workflow_namespace=execution.asked.namespace,
            workflow_type=execution.asked.workflow_type, workflow_execution=execution.execution, heartbeat_details=one.details,
            scheduled_time=execution.events[one.scheduled - 1].event_time,
            current_attempt_scheduled_time=now, started_time=now, attempt=one.attempt, **_set(one.asked, _HANDED),
        )  # fmt: skip

    async def _activity_completed(self, asked: Message) -> Message:
        one = self._activity(asked.task_token)
        self._ended(one, "ACTIVITY_TASK_COMPLETED", result=asked.result, identity=asked.identity)
        return api.RespondActivityTaskCompletedResponse()

    async def _activity_failed(self, asked: Message) -> Message:
        one = self._activity(asked.task_token)
        if asked.HasField("last_heartbeat_details"):
            one.details = asked.last_heartbeat_details
        _LOG.info("%s: activity %s failed: %s", one.execution.asked.workflow_id, one.asked.activity_type.name, asked.failure.message)
        state = self._again_later(one, asked.failure)
        if state is not None:
            self._ended(one, "ACTIVITY_TASK_FAILED", failure=asked.failure, identity=asked.identity, retry_state=state)
        return api.RespondActivityTaskFailedResponse()

    async def _heartbeat(self, asked: Message) -> Message:
        one = self._activity(asked.task_token)
        one.beat = asyncio.get_running_loop().time()
        one.details = asked.details
        self._watch(one)
        return api.RecordActivityTaskHeartbeatResponse()

    def _offer(self, one: _Activity) -> None:
        """Have an attempt of an activity wait for a worker."""
        if one.execution.activities.get(one.scheduled) is one and one.began is None:
            one.offered = asyncio.get_running_loop().time()
            self._watch(one)
            self._queue(self._activity_tasks, (one.execution.asked.namespace, one.asked.task_queue.name)).put(one)

    def _watch(self, one: _Activity) -> None:
        """Set the clock for the limit that comes first."""
        if one.timer is not None:
            one.timer.cancel()
        found = one.ends()
        one.timer = asyncio.get_running_loop().call_at(found[0], self._activity_late, one, found[1]) if found is not None else None

    def _activity_late(self, one: _Activity, limit: int) -> None:
        if one.execution.activities.get(one.scheduled) is not one:
            return
        info = {"timeout_type": limit, "last_heartbeat_details": one.details}
        failure = Failure(message=f"activity {TimeoutType.Name(limit)}", source="Server", timeout_failure_info=info)
        _LOG.info("%s: activity %s took too long", one.execution.asked.workflow_id, one.asked.activity_type.name)
        # Too late for a worker at all, or altogether: another attempt would not be in time either.
        final = limit in (TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START)
        state = RetryState.RETRY_STATE_TIMEOUT if final else self._again_later(one, failure)
        if state is not None:
            self._ended(one, "ACTIVITY_TASK_TIMED_OUT", failure=failure, retry_state=state)

    def _again_later(self, one: _Activity, failure: Message) -> int | None:
        """Have a failed activity tried again; else why it is not (a RetryState)."""
        policy, said = one.asked.retry_policy, failure.application_failure_info
        if said.non_retryable or failure.server_failure_info.non_retryable or said.type in policy.non_retryable_error_types:
            return int(RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE)
        if policy.maximum_attempts and one.attempt >= policy.maximum_attempts:
            return int(RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED)
        # The exponent stops before the product leaves what a float holds.
        wait = min(_seconds(policy.maximum_interval), _seconds(policy.initial_interval) * policy.backoff_coefficient ** min(one.attempt - 1, 64))
        wait = _seconds(said.next_retry_delay) or wait
        loop = asyncio.get_running_loop()
        whole = _seconds(one.asked.schedule_to_close_timeout)
        if whole and loop.time() + wait >= one.since + whole:
            return int(RetryState.RETRY_STATE_TIMEOUT)
        one.attempt += 1
        one.began, one.failure = None, failure
        if one.timer is not None:
            one.timer.cancel()
        one.timer = loop.call_later(wait, self._offer, one)
        return None

    def _ended(self, one: _Activity, event: str, **said: Any) -> None:
        """An activity is over: its start and its end are written, and its workflow is told."""
        execution = one.execution
        del execution.activities[one.scheduled]
        self._forget(one)

        def write() -> None:
            number = 0
            if one.began is not None:
                started = self._write(
                    execution, "ACTIVITY_TASK_STARTED", scheduled_event_id=one.scheduled, identity=one.identity, request_id=str(uuid.uuid4()),
                    attempt=one.attempt, last_failure=one.failure,
                )  # fmt: skip
                number = started.event_id
            self._write(execution, event, scheduled_event_id=one.scheduled, started_event_id=number, **said)

        execution.later.append(write)
        self._settle(execution, False)

    def _forget(self, one: _Activity) -> None:
        """Nothing comes of an activity any more: its clock is stopped, and where it waited for a worker it does not."""
        if one.timer is not None:
            one.timer.cancel()
        key = (one.execution.asked.namespace, one.asked.task_queue.name)
        queue = self._activity_tasks.get(key)
        if queue is not None and one.began is None and one in queue.items:
            queue.items.remove(one)
            if not queue.items and not queue.waiting:
                del self._activity_tasks[key]

    async def _shutdown(self, _: Message) -> Message:
        """A worker says that it ends; it ends its polls itself."""
        return api.ShutdownWorkerResponse()

    # What is kept.

    def _find(self, namespace: str, execution: Message) -> _Execution:
        run = execution.run_id or self._latest.get((namespace, execution.workflow_id), "")
        one = self._runs.get(run)
        if one is None or one.asked.namespace != namespace or one.asked.workflow_id != execution.workflow_id:
            raise RefusedError(grpc.StatusCode.NOT_FOUND, f"there is no execution {execution.workflow_id} here, or not any more")
        return one

    def _task(self, token: bytes) -> tuple[_Execution, _Task]:
        run, number, attempt = _parts(token)
        one = self._runs.get(run)
        if one is None or one.task is None or (one.task.started, one.task.attempt) != (number, attempt):
            raise RefusedError(grpc.StatusCode.NOT_FOUND, "nobody waits for this workflow task any more")
        return one, one.task

    def _activity(self, token: bytes) -> _Activity:
        run, number, attempt = _parts(token)
        execution = self._runs.get(run)
        one = execution.activities.get(number) if execution is not None else None
        if one is None or one.attempt != attempt or one.began is None:
            raise RefusedError(grpc.StatusCode.NOT_FOUND, "nobody waits for this activity any more")
        return one

    def _write(self, one: _Execution, kind: str, **said: Any) -> Message:
        """Append an event to a history; gives it back."""
        event = HistoryEvent(event_id=len(one.events) + 1, event_time=_now(), event_type=EventType.Value(f"EVENT_TYPE_{kind}"), task_id=len(one.events) + 1)
        into = getattr(event, f"{kind.lower()}_event_attributes")
        into.SetInParent()
        into.MergeFrom(type(into)(**said))
        one.events.append(event)
        size = event.ByteSize()
        one.size += size
        self._bytes += size
        one.news.set()
        one.news = asyncio.Event()
        return event

    def _close(self, one: _Execution, event: str, status: int, **said: Any) -> None:
        one.status = status
        self._release(one)
        for activity in one.activities.values():
            self._forget(activity)
        one.activities.clear()
        one.later.clear()
        self._write(one, event, **said)
        _LOG.info("%s: %s", one.asked.workflow_id, WorkflowExecutionStatus.Name(status).removeprefix("WORKFLOW_EXECUTION_STATUS_"))

    def _release(self, one: _Execution) -> None:
        """Stop its clocks."""
        for timer in (*(activity.timer for activity in one.activities.values()), one.task.timer if one.task is not None else None):
            if timer is not None:
                timer.cancel()

    def _room(self, fresh: int = 0) -> bool:
        """Whether there is room for so many more executions, and for what those that are there have to say; such as have ended make some, the oldest first."""

        def enough() -> bool:
            return len(self._runs) + fresh <= EXECUTIONS and self._bytes < HISTORY_BYTES

        if not enough():
            for one in [one for one in self._runs.values() if not one.running]:
                if enough():
                    break
                self._bytes -= one.size
                del self._runs[one.run]
                key = (one.asked.namespace, one.asked.workflow_id)
                if self._latest.get(key) == one.run:
                    del self._latest[key]
        return enough()

    @staticmethod
    def _queue(queues: dict[tuple[str, str], _Queue[_T]], key: tuple[str, str]) -> _Queue[_T]:
        return queues.setdefault(key, _Queue())

    async def _take(self, queues: dict[tuple[str, str], _Queue[_T]], key: tuple[str, str], claim: Callable[[_T], Message | None]) -> Message | None:
        """The first piece of work of a queue that `claim` makes a message of; None where none comes in time."""
        loop = asyncio.get_running_loop()
        queue = self._queue(queues, key)
        ends = loop.time() + POLL_SECONDS
        try:
            while not self._closing:
                while queue.items:
                    found = claim(queue.items.popleft())
                    if found is not None:
                        return found
                waiter: asyncio.Future[None] = loop.create_future()
                queue.waiting.append(waiter)
                try:
                    async with asyncio.timeout_at(ends):
                        await waiter
                finally:
                    if waiter in queue.waiting:
                        queue.waiting.remove(waiter)
        except TimeoutError:
            return None
        finally:
            if queue.items:
                # This poll may have been the one that was woken for it, and is going away.
                queue.wake()
            elif not queue.waiting:
                # A worker's own queue has a name that never comes again.
                queues.pop(key, None)
        return None


class _Router(grpc.GenericRpcHandler):  # type: ignore[misc]  # its types are left out: the extra may not be installed
    """From a method's path to what answers it."""

    def __init__(self, calls: dict[str, Callable[[Message], Awaitable[Message]]]) -> None:
        self._calls = calls

    def service(self, details: Any) -> Any:
        """The handler of a call (grpc.GenericRpcHandler)."""
        path: str = details.method
        if path == _HEALTH:
            return grpc.unary_unary_rpc_method_handler(_healthy)
        service, _, method = path.removeprefix("/").partition("/")
        call = self._calls.get(method) if service == TEMPORAL else None
        if call is None:
            _LOG.info("%s is not known here", path)
            return grpc.unary_unary_rpc_method_handler(_unknown(path))
        request = getattr(api, f"{method}Request")
        return grpc.unary_unary_rpc_method_handler(_guarded(call), request_deserializer=request.FromString, response_serializer=_serialized)


async def _healthy(_: bytes, __: Any) -> bytes:
    """Whatever service is asked for (grpc/grpc doc/health-checking.md)."""
    return _SERVING


def _unknown(path: str) -> Callable[[bytes, Any], Awaitable[bytes]]:
    async def answer(_: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"embedded: this stand-in for Temporal does not know {path}")
        return b""

    return answer


def _guarded(call: Callable[[Message], Awaitable[Message]]) -> Callable[[Message, Any], Awaitable[Message]]:
    """A call whose refusals become statuses."""

    async def answer(request: Message, context: Any) -> Message:
        try:
            return await call(request)
        except RefusedError as refused:
            trailing: tuple[tuple[str, bytes], ...] = ()
            if refused.details is not None:
                status = GrpcStatus(code=refused.code.value[0], message=refused.text)
                status.details.add().Pack(refused.details)
                trailing = (("grpc-status-details-bin", status.SerializeToString()),)
            await context.abort(refused.code, refused.text, trailing)

    return answer


def _serialized(message: Message) -> bytes:
    data: bytes = message.SerializeToString()
    return data


def _known(call: str, asked: Message, known: frozenset[str]) -> None:
    """Raises RefusedError where a message says more than is known here."""
    for field, _ in asked.ListFields():
        if field.name not in known:
            raise RefusedError(grpc.StatusCode.UNIMPLEMENTED, f"{call} with {field.name} is not known here")


def _set(message: Message, names: frozenset[str]) -> dict[str, Any]:
    """Those fields of a message that are set; to hand on one that is not would set it to nothing."""
    return {field.name: value for field, value in message.ListFields() if field.name in names}


def _policy(asked: Message) -> Message:
    """A retry policy with Temporal's defaults for what it leaves out (docs.temporal.io/encyclopedia/retry-policies)."""
    policy = RetryPolicy()
    policy.CopyFrom(asked)
    if _seconds(policy.initial_interval) <= 0:
        policy.initial_interval.Clear()
        policy.initial_interval.FromSeconds(1)
    policy.backoff_coefficient = min(policy.backoff_coefficient, 1000.0) if policy.backoff_coefficient >= 1 else 2.0
    if _seconds(policy.maximum_interval) <= 0:
        policy.maximum_interval.Clear()
        policy.maximum_interval.FromMilliseconds(int(min(_seconds(policy.initial_interval) * 100, 1e9) * 1000))
    return policy


def _failure(text: str) -> Message:
    return Failure(message=text, source="Server", application_failure_info={"type": "Embedded", "non_retryable": True})


def _token(run: str, number: int, attempt: int) -> bytes:
    return f"{run} {number} {attempt}".encode()


def _parts(token: bytes) -> tuple[str, int, int]:
    """What `_token` put together. Raises RefusedError."""
    parts = token.decode("utf-8", "replace").split(" ")
    numbers = [_number(part) for part in parts[1:]]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "this is not a task token of this server")
    return parts[0], numbers[0], numbers[1]


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _seconds(duration: Message) -> float:
    return float(duration.seconds) + float(duration.nanos) / 1e9


def _now() -> dict[str, int]:
    """A Timestamp."""
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    return {"seconds": seconds, "nanos": nanos}


def serve(name: str, host: str, port: int) -> None:
    """Answer until the process is asked to end (SIGTERM, SIGINT). Raises OSError where its place is taken."""
    asyncio.run(_serve(name, host, port))


async def _serve(name: str, host: str, port: int) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with Embedded(host, port) as server:
        _LOG.info("%s: listening on %s:%d; it runs workflows", name, host, server.port)
        await ended.wait()


__all__ = ["EVENTS", "EXECUTIONS", "Embedded", "RefusedError", "serve"]

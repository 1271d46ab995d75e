"""The backend: keeps executions and the phases that they went through, and has Temporal run them.

gRPC on port 7234, with the standard health service. The messages of `stigmer.example.v1.Executions` are JSON, so that this example needs no
generated code: Create {message} -> {id}, Get {id} -> {id, phases, answer, error}, Report {id, phase, answer, error} -> {}, Claim {} -> {id, message}.
Where Temporal runs no workflows (an embedded stand-in without its extra answers the health check only), an execution stays PENDING until a
runner claims it.
"""

import asyncio
import json
import logging
import os
import sqlite3
import uuid

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from temporalio.client import Client

SERVICE = "stigmer.example.v1.Executions"
LISTEN = os.environ.get("STIGMER_BACKEND_LISTEN", "0.0.0.0:7234")
TEMPORAL = os.environ.get("TEMPORAL_SERVICE_ADDRESS", "localhost:7233")
PENDING, IN_PROGRESS, COMPLETED, FAILED = "EXECUTION_PENDING", "EXECUTION_IN_PROGRESS", "EXECUTION_COMPLETED", "EXECUTION_FAILED"


class Store:
    """Executions in SQLite: one row each, and one for every phase."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path)
        self._db.executescript(
            "create table if not exists executions (id text primary key, message text not null, answer text, error text, claimed integer not null default 0);"
            "create table if not exists phases (number integer primary key autoincrement, id text not null references executions, phase text not null);"
        )

    def create(self, message: str) -> str:
        number = uuid.uuid4().hex
        with self._db:
            self._db.execute("insert into executions (id, message) values (?, ?)", (number, message))
            self._db.execute("insert into phases (id, phase) values (?, ?)", (number, PENDING))
        return number

    def report(self, number: str, phase: str, answer: str | None, error: str | None) -> None:
        with self._db:
            self._db.execute("insert into phases (id, phase) values (?, ?)", (number, phase))
            self._db.execute("update executions set answer = coalesce(?, answer), error = coalesce(?, error) where id = ?", (answer, error, number))

    def get(self, number: str) -> dict[str, object] | None:
        found = self._db.execute("select answer, error from executions where id = ?", (number,)).fetchone()
        if found is None:
            return None
        phases = [phase for (phase,) in self._db.execute("select phase from phases where id = ? order by number", (number,))]
        return {"id": number, "phases": phases, "answer": found[0], "error": found[1]}

    def claim(self) -> dict[str, object]:
        """The oldest execution that nobody works on, {} for none."""
        with self._db:
            found = self._db.execute(
                "select id, message from executions where claimed = 0 and (select count(*) from phases where phases.id = executions.id) = 1 order by rowid limit 1"
            ).fetchone()
            if found is None:
                return {}
            self._db.execute("update executions set claimed = 1 where id = ?", (found[0],))
        return {"id": found[0], "message": found[1]}

    def take(self, number: str) -> None:
        """Nobody else may claim it."""
        with self._db:
            self._db.execute("update executions set claimed = 1 where id = ?", (number,))


class Executions:
    """The four calls."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._temporal: Client | None = None

    async def create(self, asked: dict[str, str], context: grpc.aio.ServicerContext) -> dict[str, object]:
        number = self._store.create(asked["message"])
        try:
            if self._temporal is None:
                try:
                    self._temporal = await Client.connect(TEMPORAL, namespace="default")
                except RuntimeError as error:
                    if "embedded" not in str(error):
                        raise
                    logging.info("embedded: this Temporal runs no workflows; %s waits for a runner to claim it", number)
                    return {"id": number}
            self._store.take(number)
            await self._temporal.start_workflow("ExecutionWorkflow", args=[number, asked["message"]], id=f"execution-{number}", task_queue="agent_execution_runner")
        except Exception as error:
            self._store.report(number, FAILED, None, f"Temporal at {TEMPORAL}: {error}")
        return {"id": number}

    async def get(self, asked: dict[str, str], context: grpc.aio.ServicerContext) -> dict[str, object]:
        found = self._store.get(asked["id"])
        if found is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no execution {asked['id']}")
        return found or {}

    async def report(self, asked: dict[str, str], context: grpc.aio.ServicerContext) -> dict[str, object]:
        self._store.report(asked["id"], asked["phase"], asked.get("answer"), asked.get("error"))
        logging.info("%s: %s %s", asked["id"], asked["phase"], asked.get("error") or "")
        return {}

    async def claim(self, asked: dict[str, str], context: grpc.aio.ServicerContext) -> dict[str, object]:
        return self._store.claim()


async def serve() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    executions = Executions(Store(os.environ.get("STIGMER_BACKEND_DB", ":memory:")))
    server = grpc.aio.server()
    calls = {"Create": executions.create, "Get": executions.get, "Report": executions.report, "Claim": executions.claim}
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler(
            SERVICE,
            {
                name: grpc.unary_unary_rpc_method_handler(call, request_deserializer=json.loads, response_serializer=lambda found: json.dumps(found).encode())
                for name, call in calls.items()
            },
        ),
    ))
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    await healthy.set("", health_pb2.HealthCheckResponse.SERVING)
    await healthy.set(SERVICE, health_pb2.HealthCheckResponse.SERVING)
    server.add_insecure_port(LISTEN)
    await server.start()
    logging.info("listening on %s", LISTEN)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve())

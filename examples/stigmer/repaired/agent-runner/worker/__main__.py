"""Connect to Temporal and work until stopped."""

import asyncio
import contextlib
import logging

import grpc
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from worker.activities.execute_graphton import ExecuteGraphton
from worker.backend import Backend
from worker.config import Config
from worker.workflow import ExecutionWorkflow


async def work() -> None:
    config = Config.from_environment()
    logging.basicConfig(level=logging.INFO)
    # A failed activity is told in a line of its own; the traceback of the client's insides says no more.
    logging.getLogger("temporalio.activity").setLevel(logging.ERROR)
    logging.info("starting: %s", config)
    # Executions and their phases are kept by the backend; without it there is nothing to work on.
    async with grpc.aio.insecure_channel(config.backend_endpoint) as channel:
        await asyncio.wait_for(channel.channel_ready(), timeout=30)
        backend = Backend(channel)
        execute = ExecuteGraphton(config, backend)
        try:
            client = await Client.connect(config.temporal_address, namespace=config.temporal_namespace)
        except RuntimeError as error:
            if "embedded" not in str(error):
                raise
            logging.warning("embedded: this Temporal runs no workflows, so work is taken from the backend")
            await poll(backend, execute)
            return
        await Worker(
            client, task_queue=config.task_queue, workflows=[ExecutionWorkflow], activities=[execute.run], workflow_runner=UnsandboxedWorkflowRunner()
        ).run()


async def poll(backend: Backend, execute: ExecuteGraphton) -> None:
    """Work without Temporal: one execution after the other."""
    while True:
        found = await backend.claim()
        if not found:
            await asyncio.sleep(0.2)
            continue
        with contextlib.suppress(Exception):
            # What went wrong is told by then, here and to the backend.
            await execute.execute(found["id"], found["message"])


asyncio.run(work())

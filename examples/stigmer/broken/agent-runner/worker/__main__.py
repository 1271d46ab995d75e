"""Connect to Temporal and work until stopped."""

import asyncio
import logging

import grpc
from temporalio.client import Client
from temporalio.worker import Worker

from worker.activities.execute_graphton import ExecuteGraphton
from worker.config import Config


async def work() -> None:
    config = Config.from_environment()
    logging.basicConfig(level=logging.INFO)
    logging.info("starting: %s", config)
    # Executions and their phases are kept by the backend; without it there is nothing to work on.
    async with grpc.aio.insecure_channel(config.backend_endpoint) as channel:
        await asyncio.wait_for(channel.channel_ready(), timeout=30)
    client = await Client.connect(config.temporal_address, namespace=config.temporal_namespace)
    execute = ExecuteGraphton(config)
    await Worker(client, task_queue=config.task_queue, activities=[execute.run]).run()


asyncio.run(work())

"""Create an execution and watch it to its end: `python -m worker.smoke`. Exit status 0 where it completes."""

import asyncio
import sys
import time

import grpc

from worker.backend import Backend
from worker.config import Config


async def smoke(within: float = 45.0) -> int:
    async with grpc.aio.insecure_channel(Config.from_environment().backend_endpoint) as channel:
        backend = Backend(channel)
        execution = await backend.create("hello")
        ends = time.monotonic() + within
        while True:
            found = await backend.get(execution)
            phase = found["phases"][-1]
            if phase in ("EXECUTION_COMPLETED", "EXECUTION_FAILED") or time.monotonic() > ends:
                break
            await asyncio.sleep(0.1)
    print(f"answer: {found['answer']}" if found["answer"] is not None else f"error: {found['error']}")
    print(" -> ".join(found["phases"]))
    return 0 if phase == "EXECUTION_COMPLETED" else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(smoke()))

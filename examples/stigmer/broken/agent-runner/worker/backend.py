"""The backend's calls, as this worker makes them."""

import json

import grpc

SERVICE = "stigmer.example.v1.Executions"


class Backend:
    """The backend behind one channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    async def create(self, message: str) -> str:
        return str((await self._call("Create", {"message": message}))["id"])

    async def get(self, execution: str) -> dict:
        return await self._call("Get", {"id": execution})

    async def report(self, execution: str, phase: str, answer: str | None = None, error: str | None = None) -> None:
        await self._call("Report", {"id": execution, "phase": phase, "answer": answer, "error": error})

    async def claim(self) -> dict:
        return await self._call("Claim", {})

    async def _call(self, method: str, asked: dict) -> dict:
        call = self._channel.unary_unary(f"/{SERVICE}/{method}", request_serializer=lambda one: json.dumps(one).encode(), response_deserializer=json.loads)
        return await call(asked, timeout=10)

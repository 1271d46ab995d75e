"""The activity that lets an agent answer."""

import logging

from langchain_ollama import ChatOllama
from temporalio import activity

from worker.backend import Backend
from worker.config import Config


class ExecuteGraphton:
    """Asks the configured model, one message at a time, and tells the backend how far it is."""

    def __init__(self, config: Config, backend: Backend) -> None:
        self._backend = backend
        self._model = ChatOllama(model=config.llm_model)

    @activity.defn(name="ExecuteGraphton")
    async def run(self, execution: str, message: str) -> str:
        return await self.execute(execution, message)

    async def execute(self, execution: str, message: str) -> str:
        await self._backend.report(execution, "EXECUTION_IN_PROGRESS")
        try:
            answer = str((await self._model.ainvoke(message)).content)
        except Exception as error:
            logging.warning("failed: %s", error)
            await self._backend.report(execution, "EXECUTION_FAILED", error=str(error))
            raise
        await self._backend.report(execution, "EXECUTION_COMPLETED", answer=answer)
        return answer

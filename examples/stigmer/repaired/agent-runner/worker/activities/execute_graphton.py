"""The activity that lets an agent answer."""

import logging

from langchain_ollama import ChatOllama
from temporalio import activity

from worker.config import Config


class ExecuteGraphton:
    """Asks the configured model, one message at a time."""

    def __init__(self, config: Config) -> None:
        # Left out, the client would read OLLAMA_HOST and fall back to an address of its own.
        self._model = ChatOllama(model=config.llm_model, base_url=config.ollama_base_url)
        logging.info("created ChatOllama with base_url=%s", config.ollama_base_url)

    @activity.defn(name="ExecuteGraphton")
    async def run(self, message: str) -> str:
        answer = await self._model.ainvoke(message)
        return str(answer.content)

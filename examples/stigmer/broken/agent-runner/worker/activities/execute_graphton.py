"""The activity that lets an agent answer."""

from langchain_ollama import ChatOllama
from temporalio import activity

from worker.config import Config


class ExecuteGraphton:
    """Asks the configured model, one message at a time."""

    def __init__(self, config: Config) -> None:
        self._model = ChatOllama(model=config.llm_model)

    @activity.defn(name="ExecuteGraphton")
    async def run(self, message: str) -> str:
        answer = await self._model.ainvoke(message)
        return str(answer.content)

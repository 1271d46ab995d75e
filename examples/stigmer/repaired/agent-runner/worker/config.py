"""What the worker reads from its environment. The launchers set it: the command line, the server, and docker-compose.yml."""

import logging
import os
from dataclasses import dataclass

LOCAL_OLLAMA = "http://localhost:11434"


@dataclass(frozen=True)
class Config:
    temporal_address: str
    temporal_namespace: str
    task_queue: str
    backend_endpoint: str
    workspace: str
    llm_provider: str
    llm_model: str
    ollama_base_url: str

    @classmethod
    def from_environment(cls) -> "Config":
        local = os.getenv("MODE", "cloud") == "local"
        # The default is for a worker that a developer runs without a container.
        default_base_url = LOCAL_OLLAMA if local else None
        ollama_base_url = os.getenv("OLLAMA_BASE_URL", default_base_url)
        if ollama_base_url is None:
            raise ValueError("OLLAMA_BASE_URL is not set")
        # The name that images up to 0.3 read. Where the two differ, somebody has changed one launcher and one name only.
        if os.getenv("STIGMER_LLM_BASE_URL", ollama_base_url) != ollama_base_url:
            logging.warning("STIGMER_LLM_BASE_URL and OLLAMA_BASE_URL differ; the second is used")
        return cls(
            temporal_address=os.environ["TEMPORAL_SERVICE_ADDRESS"],
            temporal_namespace=os.getenv("TEMPORAL_NAMESPACE", "default"),
            task_queue=os.environ["TASK_QUEUE"],
            backend_endpoint=os.environ["STIGMER_BACKEND_ENDPOINT"],
            workspace=os.getenv("WORKSPACE_ROOT", "/workspace"),
            llm_provider=os.getenv("STIGMER_LLM_PROVIDER", "ollama"),
            llm_model=os.getenv("STIGMER_LLM_MODEL", "qwen2.5-coder:7b"),
            ollama_base_url=ollama_base_url,
        )

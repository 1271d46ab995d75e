"""Client libraries that dial loopback when nobody tells them otherwise, and the variables that they really read."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from stigmer_lint.knowledge.tables import rows

ENDPOINT_ARGUMENTS = frozenset({
    "base_url", "api_base", "openai_api_base", "ollama_base_url", "api_url", "endpoint_url", "server_url", "ollama_url", "endpoint", "broker_url", "bootstrap_servers",
    "connection_string", "baseURL", "baseUrl", "apiUrl", "apiBase", "endpointUrl", "connectionString", "serverUrl", "ollamaUrl",
})
"""What constructors call the address of the service that they dial."""

REQUESTS = {
    "python": re.compile(r"(?:requests|httpx)\.(?:get|post|put|patch|delete|head|options|stream)\Z|(?:urllib\.request|urllib)\.urlopen\Z|redis\.(?:asyncio\.)?(?:Redis\.)?from_url\Z"
                         r"|(?:sqlalchemy\.)?(?:create_engine|create_async_engine)\Z|(?:psycopg2?|asyncpg)\.(?:connect|create_pool)\Z"),
    "javascript": re.compile(r"(?:global\.|globalThis\.)?fetch\Z|axios(?:\.default)?(?:\.(?:get|post|put|patch|delete|head|request))?\Z|got(?:\.(?:get|post|put))?\Z|undici\.(?:fetch|request)\Z|mongoose\.connect\Z"),
}
"""What is called with the address first, by language."""


class Client(msgspec.Struct, frozen=True):
    """One constructor. `arguments`: names, or positions as text, any of which gives the endpoint."""

    call: str
    language: str
    arguments: tuple[str, ...]
    default: str
    reads: tuple[str, ...]
    product: str


@cache
def clients() -> tuple[Client, ...]:
    """All rows of the table."""
    return tuple(
        Client(call, language, tuple(arguments.split(",")), default, tuple(name for name in reads.split(",") if name), product)
        for call, language, arguments, default, reads, product, _ in rows("clients", 7)
    )

"""Client libraries that dial loopback when nobody tells them otherwise, and the variables that they really read."""

from __future__ import annotations

from functools import cache

import msgspec

from stigmer_lint.knowledge.tables import rows


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

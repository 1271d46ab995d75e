"""A policy before it is written: entries, each with the reason that is written beside it."""

from __future__ import annotations

import msgspec


class Said(msgspec.Struct, frozen=True):
    """One entry and why it is there: `why` names the place and is written as the entry's comment."""

    text: str
    why: str


class DraftService(msgspec.Struct, frozen=True):
    """One entry of `services`. `url`: the shape of the value, None where that is the address itself; `health`: the key of `health` that the
    address's scheme stands for."""

    key: str
    address: Said
    env: tuple[Said, ...] = ()
    url: str | None = None
    health: str | None = None


class DraftContainer(msgspec.Struct, frozen=True):
    """One entry of `containers`."""

    key: str
    image: Said | None
    name: Said | None
    sources: tuple[Said, ...] = ()
    uses: tuple[Said, ...] = ()
    required: tuple[Said, ...] = ()
    optional: tuple[Said, ...] = ()
    secret: tuple[Said, ...] = ()
    set: tuple[tuple[str, str], ...] = ()
    """Values that every launch gives alike, for the reference launcher."""
    launch: str | None = None
    """Image for the reference launcher."""
    remarks: tuple[str, ...] = ()
    """What a person must know of the container that no key can say."""


class Draft(msgspec.Struct, frozen=True):
    """The whole of it. `left_out`: launches that are no part of it, each with why."""

    resolvers: tuple[Said, ...] = ()
    services: tuple[DraftService, ...] = ()
    containers: tuple[DraftContainer, ...] = ()
    left_out: tuple[str, ...] = ()

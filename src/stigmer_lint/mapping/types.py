"""The map as one document. Its JSON is documented in docs/map.md: fields are added, never changed."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from stigmer_lint.model.launch import Platform

TargetKind: TypeAlias = Literal["launch", "host", "self", "external", "unknown"]
"""What an address means: another launch, the host, the container itself, a name outside, or what could not be told."""
Answer: TypeAlias = Literal["reachable", "unreachable", "depends"]


class MapRead(msgspec.Struct, frozen=True, kw_only=True):
    """One variable that the code inside reads. `set`: the launch, its image or the program itself gives it; `loopback`: without it the code falls back to
    a loopback address."""

    name: str
    path: str
    line: int
    default: str | None
    required: bool
    loopback: bool
    set: bool


class MapSetting(msgspec.Struct, frozen=True, kw_only=True):
    """One variable that a launch sets. `value`: masked where it is secret, None where only the name is passed on; `read`: where the code inside reads it."""

    name: str
    value: str | None
    secret: bool
    path: str
    line: int
    role: str
    maybe: bool
    origin: str
    read: tuple[str, ...]


class MapReach(msgspec.Struct, frozen=True, kw_only=True):
    """One address that a launch hands over. `name`: the variable, flag or file that carries it; `to`: the id of a launch or target; `answers`: for an
    address of the host or loopback, whether it can be reached, per platform."""

    name: str
    address: str
    kind: TargetKind
    to: str
    role: str
    path: str
    line: int
    answers: dict[Platform, Answer]


class MapFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of `check`; the fields are those of its JSON."""

    rule: str
    name: str
    severity: str
    confidence: str
    message: str
    path: str
    line: int
    env: str | None
    fingerprint: str


class MapCode(msgspec.Struct, frozen=True, kw_only=True):
    """The code inside: `join` says by what it is known, `certain` whether that is written somewhere."""

    sources: tuple[str, ...]
    join: str
    certain: bool


class MapLaunch(msgspec.Struct, frozen=True, kw_only=True):
    """One launch. `id` is stable while launches before it in the same file stay."""

    id: str
    title: str
    path: str
    line: int
    kind: str
    engine: str
    platforms: tuple[Platform, ...]
    image: str | None
    container: str | None
    service: str | None
    group: str | None
    network: str | None
    networks: tuple[str, ...]
    publishes: tuple[str, ...]
    env: tuple[MapSetting, ...]
    open: tuple[str, ...]
    """Why it may set more."""
    code: MapCode | None
    reads: tuple[MapRead, ...]
    reaches: tuple[MapReach, ...]
    findings: tuple[MapFinding, ...]


class MapTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Something that launches reach and that is no launch of the tree."""

    id: str
    kind: TargetKind
    label: str


class MapGap(msgspec.Struct, frozen=True, kw_only=True):
    """A launch that could not be read."""

    path: str
    line: int
    why: str


class Map(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. Launches in path and line order, targets by kind and label; `findings`: those that belong to no launch."""

    launches: tuple[MapLaunch, ...]
    targets: tuple[MapTarget, ...]
    findings: tuple[MapFinding, ...]
    gaps: tuple[MapGap, ...]
    files: int

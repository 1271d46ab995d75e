"""The flags of the container command lines, from knowledge/docker_run_flags.tsv."""

from __future__ import annotations

from functools import cache
from typing import Literal, TypeAlias

import msgspec

from stigmer_lint.knowledge.tables import rows

Takes: TypeAlias = Literal["yes", "no", "optional"]
Scope: TypeAlias = Literal["run", "create", "pod", "global"]


class Flag(msgspec.Struct, frozen=True):
    """One row of the flag table. `short` is one letter or ""; `kind` says what it means to a launch ("-": nothing that is used)."""

    engines: tuple[str, ...]
    commands: tuple[str, ...]
    long: str
    short: str
    takes: Takes
    kind: str


@cache
def flags() -> tuple[Flag, ...]:
    """Every known flag."""
    found = []
    for engines, commands, long, short, takes, kind, _ in rows("docker_run_flags", 7):
        value: Takes = "yes" if takes == "yes" else "optional" if takes == "optional" else "no"
        found.append(Flag(tuple(engines.split(",")), tuple(commands.split(",")), long, "" if short == "-" else short, value, kind))
    return tuple(found)


@cache
def grammar(engine: str, scope: Scope) -> dict[str, Flag]:
    """Spelling (`--env`, `-e`) -> flag. The engine's own meaning wins; flags of the other engines are understood as well,
    because an alias or a wrapper often hides which engine it is."""
    table: dict[str, Flag] = {}
    for own in (False, True):
        for flag in flags():
            if (engine in flag.engines) is not own or scope not in flag.commands:
                continue
            if not own and (engine == "compose" or "compose" in flag.engines):
                continue
            table[f"--{flag.long}"] = flag
            if flag.short:
                table[f"-{flag.short}"] = flag
    return table

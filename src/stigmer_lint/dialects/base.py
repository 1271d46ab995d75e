"""What a dialect is: it knows one way of asking an engine for a container, and no language.

The flow package evaluates the call and its arguments for one platform and hands an `Invocation` over; the dialect answers with
`Recognised` facts, with `Unread` (it is a launch, but cannot be read: becomes a gap), or None (no launch).
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from stigmer_lint.model.launch import Engine, LaunchFacts, Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import ListValue, MapValue, Value

STDIN = "<"
"""Keyword of a shell command's invocation: the text on its standard input."""


class Invocation(msgspec.Struct, frozen=True):
    """One evaluated call.

    `name`: the dotted callee with imports resolved as far as they could be: "os/exec.Command", "subprocess.run", "child_process.spawn".
    A method's receiver is its own dotted text or, where it was followed to a library call, that call's name:
    "docker.from_env.containers.run", "self.client.containers.run". `last` names are compared by dialects, so that an unresolved
    receiver does not hide a launch. `receiver`: the receiver's value for a method call (an ObjectValue where a library made it: its
    fields are the constructor's arguments "0", "1", keyword names; methods called on it since are in field ".calls", a ListValue of
    ObjectValue(type="method name", fields=its arguments)).
    `args`, `keywords`: evaluated arguments, spreads already unfolded where they were known; an argument list that goes on after a spread
    that is not known ends in an Unknown of kind "input" named "*".
    `environment`: variables of the calling process where the language shows them (shell exports), for `-e NAME`; None: not known.
    """

    name: str
    span: Span
    args: tuple[Value, ...]
    keywords: dict[str, Value]
    language: str
    platform: Platform
    receiver: Value | None = None
    environment: MapValue | None = None

    @property
    def last(self) -> str:
        """The callee's last name: "run" of "docker.from_env.containers.run"."""
        return self.name.rsplit(".", 1)[-1]


class Command(msgspec.Struct, frozen=True):
    """A process start: the argument vector (program first; `rest` items stand for what could not be told), or a shell script's text."""

    argv: ListValue | None
    script: Value | None
    span: Span
    platform: Platform
    env: MapValue | None = None
    """Environment given to the child process; None: it inherits the caller's."""
    inherits: bool = True
    """Whether the child also gets the caller's own environment."""


class Recognised(msgspec.Struct, frozen=True):
    """A launch as one call states it, on the invocation's platform."""

    kind: str
    engine: Engine
    facts: LaunchFacts
    service: str | None = None
    """The compose service that it starts, where the call names one (`docker compose run SERVICE`)."""
    written: Span | None = None
    """Where its command word, or its record of options, is written."""


class Unread(msgspec.Struct, frozen=True):
    """A launch that could not be read."""

    why: str
    span: Span


class Dialect(Protocol):
    """A library whose calls start containers."""

    needles: tuple[str, ...]
    """Last names of the callees (`ContainerCreate`, `createContainer`); files that hold none of them are never parsed for this dialect."""
    languages: tuple[str, ...]

    def may_mean(self, callee: str) -> bool:
        """Whether a callee, whose last part is one of the needles, may be the library's: a library's dotted name, or "?" and what is written where
        the library is not known."""
        ...

    def may_be_of(self, package: str) -> bool:
        """Whether a callee may be the library's that is a function of this import path, or, for "", a method."""
        ...

    def recognise(self, call: Invocation) -> Recognised | Unread | None:
        """The launch that the call makes, if it makes one."""
        ...

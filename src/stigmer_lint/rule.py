"""The contract that a rule is written against.

A rule is a module with `RULE = Rule(...)` and `def check(world, policy) -> Iterator[Finding]`. It sees the whole world,
parses nothing, reads no file and prints nothing. Everything that it may import is re-exported here or lives in
`stigmer_lint.model` and `stigmer_lint.reachability`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

import msgspec

from stigmer_lint.model.launch import EnvSetting, Launch, Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Step, Trail, Value
from stigmer_lint.model.world import World
from stigmer_lint.policy.types import Policy

Severity: TypeAlias = Literal["error", "warning", "note"]
Confidence: TypeAlias = Literal["high", "medium", "low"]
Phase: TypeAlias = Literal["lint", "plan", "verify"]
Safety: TypeAlias = Literal["safe", "unsafe"]


class Rule(msgspec.Struct, frozen=True):
    """A rule's identity. `name` is the bad pattern in kebab-case and reads well after "allow ..."."""

    code: str
    name: str
    summary: str
    severity: Severity
    confidence: Confidence = "high"
    since: str = "0.1.0"
    phases: tuple[Phase, ...] = ("lint",)
    policy_keys: tuple[str, ...] = ()
    """Keys of the policy file that change what it finds."""
    default: bool = True
    """On unless the policy or the command line says otherwise."""
    conduct: bool = False
    """It asks for `Launch.conduct`, which is worked out only where a rule that runs does."""


class AlsoSet(msgspec.Struct, frozen=True):
    """Set `name` as well, to the value that `like` has in the same launch."""

    name: str
    like: str


class ReplaceHost(msgspec.Struct, frozen=True):
    """Write `host` (and `port` where given) in place of the host `of` of the value at `span`, where that stands beside `of_port`."""

    host: str
    port: str | None = None
    of: str = ""
    of_port: str | None = None
    port_at: Span | None = None
    """Where the port is written when it is not beside the host."""
    gateway: bool = False
    """`host` is an alias that the launch must add as well."""


class WrapInResolver(msgspec.Struct, frozen=True):
    """Pass the value at `span` through the resolver function `name` that the tree has; where that cannot be written, `otherwise`."""

    name: str
    otherwise: ReplaceHost | None = None


class AddHostGateway(msgspec.Struct, frozen=True):
    """Add `host`:host-gateway to the launch."""

    host: str


class Rename(msgspec.Struct, frozen=True):
    """Write `new` in place of `old` at `span` (a misspelt variable, alias or host)."""

    old: str
    new: str


class PassOn(msgspec.Struct, frozen=True):
    """Hand the variables `names` of the launching process on to the container, or, where `like` is given and says a text, set them to that."""

    names: tuple[str, ...]
    like: EnvSetting | None = None


class ExtendResolver(msgspec.Struct, frozen=True):
    """Teach the resolver whose name is at `function` the spellings `missing` of loopback, and to change whole hosts alone. `inline`: the resolver is
    the replacement that stands there."""

    function: Span
    missing: tuple[str, ...]
    inline: bool = False


class SwapPorts(msgspec.Struct, frozen=True):
    """Exchange the host's and the container's side of the published port at `span`."""


class Unset(msgspec.Struct, frozen=True):
    """Do not set the variable `name`: in the finding's launch, or, where `setting` is given, where that is written."""

    name: str
    setting: EnvSetting | None = None


class GiveEndpoint(msgspec.Struct, frozen=True):
    """Give the constructor at `span` its argument `argument` from the variable `name`. `always`: every launch sets it."""

    argument: str
    name: str
    always: bool = False


Remedy: TypeAlias = AlsoSet | PassOn | Unset | SwapPorts | ReplaceHost | WrapInResolver | AddHostGateway | Rename | ExtendResolver | GiveEndpoint


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a rule found. `span` is where the reader must look (and what a suppression covers); `value` is shown masked
    where its name or shape says secret. `trail`: where the value came from, nearest first. `related`: the other end. `marks`: further
    places of the same launch shown in the text report's excerpt. `platforms`: where it fails; () where that has no meaning."""

    rule: str
    message: str
    span: Span
    severity: Severity | None = None
    confidence: Confidence | None = None
    container: str | None = None
    image: str | None = None
    env: str | None = None
    value: str | None = None
    platforms: tuple[Platform, ...] = ()
    trail: Trail = ()
    related: tuple[Step, ...] = ()
    marks: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    remedy: Remedy | None = None
    launch: Launch | None = None
    safety: Safety = "unsafe"


Check: TypeAlias = Callable[[World, Policy], Iterable[Finding]]


class RuleEntry(msgspec.Struct, frozen=True):
    """A rule with its function and the folder-relative name of its page."""

    rule: Rule
    check: Check
    module: str


__all__ = [
    "AddHostGateway", "AlsoSet", "Check", "Confidence", "ExtendResolver", "Finding", "GiveEndpoint", "PassOn", "Phase", "Policy", "Remedy", "Rename", "ReplaceHost", "Rule",
    "RuleEntry", "Safety", "Severity", "SwapPorts", "Unset", "Value", "World", "WrapInResolver",
]

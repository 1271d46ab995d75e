"""What another program found in the tree, in the engine's own terms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from stigmer_lint.engine.discover import Files
from stigmer_lint.model.launch import Launch, Platform
from stigmer_lint.model.world import Gap
from stigmer_lint.policy.types import Policy
from stigmer_lint.report.types import Failure


class Outside(msgspec.Struct, frozen=True):
    """Launches, launches that could not be read, and files that could not be searched. `files`: how many were looked at."""

    launches: tuple[Launch, ...] = ()
    gaps: tuple[Gap, ...] = ()
    failures: tuple[Failure, ...] = ()
    files: int = 0


Outsider: TypeAlias = Callable[[Files, Policy, tuple[Platform, ...]], Outside]
"""Looks through a tree for launches by other means than the engine's; may raise UsageError and PolicyError."""

"""A file that should have been checked could not be read."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.model.span import Span
from stigmer_lint.rule import Finding, Policy, Rule, World

RULE = Rule(code="STG904", name="unreadable-file", summary="a file that should have been checked could not be read", severity="warning")


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding per file, at the byte where reading failed."""
    for path, why, offset in world.unreadable:
        yield Finding(rule=RULE.code, message=f"this file could not be read: {why}", span=Span(path, offset, offset))

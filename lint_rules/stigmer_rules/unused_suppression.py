"""A suppression comment has nothing to suppress. The engine reports it after it has applied suppressions."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.rule import Finding, Policy, Rule, World

RULE = Rule(code="STG902", name="unused-suppression", summary="a suppression comment has nothing to suppress", severity="warning")


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """Nothing: only the engine knows what the comments of a file were needed for."""
    yield from ()

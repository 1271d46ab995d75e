"""A suppression comment is not well formed. The engine reports it while it applies suppressions."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.rule import Finding, Policy, Rule, World

RULE = Rule(code="STG901", name="malformed-suppression", summary="a suppression comment is not well formed, so it suppresses nothing", severity="warning")


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """Nothing: only the engine knows what the comments of a file were needed for."""
    yield from ()

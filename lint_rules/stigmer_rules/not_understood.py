"""A launch that is there could not be read."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.rule import Finding, Policy, Rule, World

RULE = Rule(code="STG903", name="not-understood", summary="a launch could not be read, so nothing was judged there", severity="note", default=False)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A note per gap; without this rule they are counted, and listed with --show-gaps."""
    for gap in world.gaps:
        yield Finding(rule=RULE.code, message=f"this launch could not be read: {gap.why}", span=gap.span)

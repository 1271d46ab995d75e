"""What a running container dials is there and does not serve."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.rule import Finding, Policy, Rule, World

RULE = Rule(
    code="STG503",
    name="unhealthy-service",
    summary="a service that a running container dials is reached, or is there, and does not do its work",
    severity="error",
    phases=("verify",),
    policy_keys=("services",),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """Nothing: what a connection meets is not to be seen in code. The verifier makes the findings from its probes."""
    return iter(())

"""A running container dials a name that nothing in its reach resolves."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.rule import Finding, Policy, Rule, World

RULE = Rule(
    code="STG502",
    name="name-not-resolved",
    summary="a name that a running container dials does not resolve there",
    severity="error",
    phases=("verify",),
    policy_keys=("services", "env_roles"),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """Nothing: what a connection meets is not to be seen in code. The verifier makes the findings from its probes."""
    return iter(())

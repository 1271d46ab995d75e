"""A running container dials an address that its network does not lead to."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.rule import Finding, Policy, Rule, World

RULE = Rule(
    code="STG501",
    name="unreachable",
    summary="an address that a running container dials cannot be reached from its network namespace",
    severity="error",
    phases=("verify",),
    policy_keys=("services", "env_roles"),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """Nothing: what a connection meets is not to be seen in code. The verifier makes the findings from its probes."""
    return iter(())

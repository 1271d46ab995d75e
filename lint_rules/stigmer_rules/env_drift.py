"""The environment of a running container is not the one that was meant."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.rule import Finding, Policy, Rule, World

RULE = Rule(
    code="STG504",
    name="env-drift",
    summary="the environment that a container really has differs from the policy or from what it was given",
    severity="error",
    phases=("verify",),
    policy_keys=("services", "containers"),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """Nothing: what a connection meets is not to be seen in code. The verifier makes the findings from its probes."""
    return iter(())

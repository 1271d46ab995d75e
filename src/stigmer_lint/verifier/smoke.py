"""The policy's smoke command, run inside a container."""

from __future__ import annotations

import time

import msgspec

from stigmer_lint.knowledge.secrets import mask
from stigmer_lint.policy.types import Smoke
from stigmer_lint.verifier.causes import cause
from stigmer_lint.verifier.system import TOO_LONG, System
from stigmer_lint.verifier.types import Check, Container, Daemon


def smoke_check(system: System, daemon: Daemon, container: Container, smoke: Smoke) -> Check:
    """Run the command and compare its exit status and output with what the policy expects."""
    began = time.monotonic()
    output = system.run([daemon.program, "exec", container.id, *smoke.exec], timeout=smoke.seconds)
    seconds = time.monotonic() - began
    words = " ".join(smoke.exec)
    base = Check(container=container.name, kind="smoke", subject=words, outcome="pass", tried=f"ran {words}", seconds=seconds, detail=f"exit status {output.status}")
    said = mask("", (output.text + output.stderr.decode("utf-8", "replace")).strip()[-400:])
    if output.status == TOO_LONG:
        problem = f"{words} did not end within {smoke.within}"
    elif output.status != smoke.expect.exit:
        problem = f"{words} ended with exit status {output.status}, {smoke.expect.exit} is expected"
    elif smoke.expect.output is not None and smoke.expect.output not in output.text:
        problem = f"the output of {words} does not hold {smoke.expect.output!r}"
    else:
        last = output.text.strip().splitlines()[-1:] if output.text.strip() else []
        return msgspec.structs.replace(base, notes=(f"it said: {mask('', last[0].strip()[:400])}",)) if last else base
    found = cause("smoke-failed", problem, "look at the command's output")
    return Check(
        container=base.container, kind="smoke", subject=words, outcome="fail", tried=base.tried, seconds=seconds, detail=base.detail, error=said or None, cause=found,
    )  # fmt: skip


__all__ = ["smoke_check"]

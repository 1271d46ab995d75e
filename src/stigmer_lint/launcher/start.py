"""Starting what was planned: replace, run, wait until it is ready, verify, and take everything back where that fails."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

import msgspec

from stigmer_lint.engine.judge import Options
from stigmer_lint.errors import EngineError, UsageError
from stigmer_lint.knowledge.secrets import mask
from stigmer_lint.launcher.plan import LABEL, Plan
from stigmer_lint.policy.types import LoadedPolicy
from stigmer_lint.rule import RuleEntry
from stigmer_lint.verifier.probing import Limits
from stigmer_lint.verifier.system import TOO_LONG, Machine, System
from stigmer_lint.verifier.verify import Request, Verification, verify

LOG_LINES = 20
"""Lines of the container's log that are shown where it does not come up."""


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """How to start. `within`: seconds until everything must be ready; `replace`: also a container that somebody else started."""

    replace: bool = False
    within: float = 60.0
    verify: bool = True
    keep: bool = False
    smoke: bool = True


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `log`: the last lines where it failed, secrets masked; `removed`: whether the container was taken away again."""

    plan: Plan
    id: str
    ready: bool
    seconds: float
    verification: Verification | None = None
    why: str = ""
    log: tuple[str, ...] = ()
    removed: bool = False


def start(
    plan: Plan, policy: LoadedPolicy, rules: Sequence[RuleEntry], demand: Demand, *, system: System | None = None, say: Callable[[str], None] = lambda _: None,
) -> Started:  # fmt: skip
    """Run a plan. Raises UsageError where a container of that name is somebody else's, EngineError where the engine refuses.

    A container that does not come up, or whose start is interrupted, is removed, unless `keep` says otherwise.
    """
    machine = system or Machine()
    began = time.monotonic()
    program = plan.ground.program
    _make_room(machine, plan, demand, say)
    say(f"starting {plan.name}")
    container = ""
    try:
        output = machine.run(plan.argv, timeout=max(600.0, demand.within), env=plan.secrets)
        if output.status != 0:
            why = "no answer within the time" if output.status == TOO_LONG else output.complaint
            raise EngineError(f"{program} does not start {plan.name}: {_hidden(plan, why)}.")
        container = output.text.strip().splitlines()[-1] if output.text.strip() else plan.name
        result, why = _until_ready(machine, plan, policy, rules, demand, container, began, say)
    except BaseException:
        if isinstance(machine, Machine):
            machine.close()
            machine.reopen()
        if not demand.keep:
            _remove_own(machine, plan)
            if not container:
                # The engine was asked and cut off: it may still be making what it was asked for.
                time.sleep(1.0)
                _remove_own(machine, plan)
        raise
    ready = why == ""
    log = () if ready else _log(machine, plan, container)
    removed = False
    if not ready and not demand.keep:
        removed = machine.run([program, "rm", "-f", "-v", container], timeout=60).status == 0
    return Started(plan=plan, id=container, ready=ready, seconds=time.monotonic() - began, verification=result, why=why, log=log, removed=removed)


def _make_room(machine: System, plan: Plan, demand: Demand, say: Callable[[str], None]) -> None:
    """Remove a container of the same name, if it is ours or we are told to. Raises UsageError."""
    found = _described(machine, plan)
    if found is None:
        return
    labels = found.get("Config", {}).get("Labels") or {}
    if LABEL not in labels and not demand.replace:
        raise UsageError(
            f"There is a container {plan.name} already, which was not started by this program; --replace removes it, or remove it with {plan.ground.program} rm -f {plan.name}."
        )
    say(f"replacing {plan.name}")
    output = machine.run([plan.ground.program, "rm", "-f", plan.name], timeout=60)
    if output.status != 0:
        raise EngineError(f"{plan.ground.program} does not remove the earlier {plan.name}: {output.complaint}.")


def _described(machine: System, plan: Plan) -> dict[str, dict[str, dict[str, str]]] | None:
    output = machine.run([plan.ground.program, "inspect", "--type", "container", plan.name])
    if output.status != 0:
        return None
    try:
        found = json.loads(output.stdout)
    except ValueError:
        return None
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else None


def _remove_own(machine: System, plan: Plan) -> None:
    """Take away what the engine may have made before it failed or was interrupted."""
    found = _described(machine, plan)
    if found is not None and LABEL in (found.get("Config", {}).get("Labels") or {}):
        machine.run([plan.ground.program, "rm", "-f", "-v", plan.name], timeout=60)


def _until_ready(
    machine: System, plan: Plan, policy: LoadedPolicy, rules: Sequence[RuleEntry], demand: Demand, container: str, began: float, say: Callable[[str], None]
) -> tuple[Verification | None, str]:
    """(the last verification, "" or why it is not ready). What fails is asked again until the time is up: services may come later."""
    ends = began + demand.within
    request = Request(names=(container,), engine=plan.ground.program, limits=Limits(connect=4.0, read=2.0), smoke=False)
    told = ""
    result: Verification | None = None
    pause = 0.25
    while True:
        state = _state(machine, plan, container)
        if state is None:
            return result, "the container is gone"
        if state[0] in ("exited", "dead", "restarting") or (state[0] == "running" and state[2] > 0):
            return result, f"the container {'restarts' if state[0] == 'restarting' or state[2] else 'ended'} (exit status {state[1]})"
        if state[0] == "running" and state[3] in ("", "none", "healthy"):
            if not demand.verify:
                return result, ""
            result = verify(request, policy, rules, system=machine, options=Options())
            failed = [check for one in result.examined for check in one.checks if check.outcome == "fail"]
            if not failed:
                if demand.smoke and any(entry.smoke is not None for entry in policy.policy.containers.values()):
                    result = verify(msgspec.structs.replace(request, smoke=True), policy, rules, system=machine, options=Options())
                    failed = [check for one in result.examined for check in one.checks if check.outcome == "fail"]
                return result, "" if not failed else _verdict(failed[0].cause.text if failed[0].cause else failed[0].subject)
            waiting = "; ".join(sorted({check.service or check.subject for check in failed}))
            now = f"waiting for {waiting}: {failed[0].cause.text if failed[0].cause else failed[0].detail}"
            why = _verdict(failed[0].cause.text if failed[0].cause else failed[0].subject)
            if all(check.kind == "env" for check in failed):
                # What is wrong with the environment does not mend itself.
                return result, why
        else:
            now = f"waiting for {plan.name}: {state[0]}{', health ' + state[3] if state[3] else ''}"
            why = f"it is {state[0]}{', and its health check says ' + state[3] if state[3] else ''}"
        if now != told:
            say(mask("", now))
            told = now
        if time.monotonic() + pause > ends:
            return result, f"not ready within {demand.within:.0f} s: {why}"
        time.sleep(pause)
        pause = min(pause * 1.6, 2.0)


def _verdict(text: str) -> str:
    return mask("", text)


def _state(machine: System, plan: Plan, container: str) -> tuple[str, int, int, str] | None:
    """Status, exit status, restarts and health ("" for none); None where the container is gone."""
    shape = "{{.State.Status}}|{{.State.ExitCode}}|{{.RestartCount}}|{{if .State.Health}}{{.State.Health.Status}}{{end}}"
    output = machine.run([plan.ground.program, "inspect", "--type", "container", "-f", shape, container])
    words = output.text.strip().split("|")
    if output.status != 0 or len(words) != 4:
        return None
    return words[0], int(words[1]) if words[1].lstrip("-").isdigit() else 0, int(words[2]) if words[2].isdigit() else 0, words[3]


def _log(machine: System, plan: Plan, container: str) -> tuple[str, ...]:
    output = machine.run([plan.ground.program, "logs", "--tail", str(LOG_LINES), container])
    text = (output.stdout + output.stderr).decode("utf-8", "replace")
    return tuple(_hidden(plan, line) for line in text.splitlines()[-LOG_LINES:])


def _hidden(plan: Plan, text: str) -> str:
    for value in plan.secrets.values():
        if len(value) > 2:
            text = text.replace(value, "***")
    return mask("", text)


__all__ = ["LOG_LINES", "Demand", "Started", "start"]

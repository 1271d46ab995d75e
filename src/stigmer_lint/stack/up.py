"""Starting a policy's stack: services that do not answer, then containers, then the proof; taken back, in reverse, where that fails."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from stigmer_lint.errors import StigmerLintError, UsageError
from stigmer_lint.knowledge.secrets import mask
from stigmer_lint.launcher import Caller, Demand, Ground, Plan, plan, start
from stigmer_lint.launcher.plan import LABEL
from stigmer_lint.policy.types import LoadedPolicy, Service
from stigmer_lint.rule import RuleEntry
from stigmer_lint.stack.down import Teller, stop_container, stop_service
from stigmer_lint.stack.interrupt import Interruption
from stigmer_lint.stack.ledger import Ledger, StartedContainer, StartedService
from stigmer_lint.stack.processes import birth, launch
from stigmer_lint.stack.services import Answer, Start, ask, start_of
from stigmer_lint.verifier.system import Machine, System
from stigmer_lint.verifier.types import Daemon
from stigmer_lint.verifier.verify import Request, Verification, verify

LOG_LINES = 20
"""Lines of a service's log that are shown where it does not come up."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to bring up. `services`: by their keys, in order, each with the environment of a container that uses it; `within`: seconds for each part."""

    services: tuple[tuple[str, Service, dict[str, str]], ...]
    plans: tuple[Plan, ...]
    folder: Path
    within: float = 60.0
    embedded: bool = False
    keep: bool = False
    smoke: bool = True
    source: Path | None = None


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `status` is the command's exit status; `why` "" where everything is up; `fresh`: how much was started; `log`: last lines of
    what did not come up; `taken_back`: whether what was started is stopped again."""

    status: int
    seconds: float
    fresh: int = 0
    why: str = ""
    log: tuple[str, ...] = ()
    verification: Verification | None = None
    taken_back: bool = False
    left: tuple[str, ...] = ()


class _FailedError(StigmerLintError):
    """One part did not come up."""

    def __init__(self, why: str, log: tuple[str, ...] = (), verification: Verification | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.log = log
        self.verification = verification


def order_of(
    policy: LoadedPolicy, ground: Ground, caller: Caller, rules: Sequence[RuleEntry], *, folder: Path, containers: bool = True, within: float = 60.0,
    embedded: bool = False, keep: bool = False, smoke: bool = True, source: Path | None = None,
) -> Order:  # fmt: skip
    """Everything that a policy speaks of. Raises UsageError where it describes nothing that can be started, or a container without an image."""
    plans = [plan(policy, key, ground, caller, rules) for key, one in policy.policy.containers.items() if one.launch is not None or (one.match.image and "*" not in one.match.image)]
    used = {name for one in policy.policy.containers.values() for name in one.uses}
    services = []
    for key, service in policy.policy.services.items():
        if key in used or service.start or not policy.policy.containers:
            env = next((_env_of(one) for one in plans if key in policy.policy.containers[one.key].uses), {})
            services.append((key, service, env))
    if not services and not plans:
        raise UsageError("up needs a policy that describes services or containers to start: a stigmer-lint.yaml here or above, or --policy.")
    return Order(
        services=tuple(services), plans=tuple(plans) if containers else (), folder=folder, within=within, embedded=embedded, keep=keep, smoke=smoke, source=source
    )


def _env_of(one: Plan) -> dict[str, str]:
    return {setting.name: getattr(setting.value, "text", "") for setting in one.launch.any.env if setting.name not in one.secrets}


def raise_stack(
    order: Order, policy: LoadedPolicy, rules: Sequence[RuleEntry], daemon: Daemon, ledger: Ledger, *, system: System, interruption: Interruption,
    tell: Teller = lambda _subject, _text: None,
) -> Raised:  # fmt: skip
    """Bring a stack up. What is up already is left alone; what this call starts is stopped again where a part fails, or where it is interrupted.

    Raises UsageError where another run is at work or a container's name is somebody else's, EngineError where the engine refuses.
    """
    began = time.monotonic()
    run = _Run(order, policy, rules, daemon, ledger, system, interruption, tell)
    with ledger.held():
        try:
            try:
                verification, status, why = run.everything()
                if why:
                    raise _FailedError(why, (), verification)
            except _FailedError as error:
                left = () if order.keep else run.take_back()
                return Raised(
                    status=1, seconds=time.monotonic() - began, fresh=len(run.fresh), why=error.why, log=error.log, verification=error.verification,
                    taken_back=not order.keep and bool(run.fresh), left=left,
                )  # fmt: skip
        except BaseException as error:
            interruption.finish()
            if isinstance(system, Machine):
                system.close()
                system.reopen()
            if isinstance(error, KeyboardInterrupt):
                tell("", "interrupted: stopping what was started")
            run.take_back()
            raise
        return Raised(status=status, seconds=time.monotonic() - began, fresh=len(run.fresh), verification=verification)


class _Run:
    """One `up`: what it has started so far, newest last."""

    def __init__(
        self, order: Order, policy: LoadedPolicy, rules: Sequence[RuleEntry], daemon: Daemon, ledger: Ledger, system: System, interruption: Interruption, tell: Teller
    ) -> None:
        self.order, self.policy, self.rules, self.daemon, self.ledger = order, policy, rules, daemon, ledger
        self.system, self.interruption, self.tell = system, interruption, tell
        self.fresh: list[StartedService | StartedContainer] = []
        self.children: dict[int, subprocess.Popen[bytes]] = {}

    def everything(self) -> tuple[Verification | None, int, str]:
        """(the verification, the exit status, "" or what failed). Raises _FailedError."""
        for key, service, env in self.order.services:
            self._service(key, service, env)
        for one in self.order.plans:
            self._container(one)
        self._still_running()
        if not self.order.plans:
            return None, 0, ""
        smoke = self.order.smoke and bool(self.fresh)
        self.tell("verify", f"what the containers dial{', and the smoke commands' if smoke and self._smokes() else ''}")
        names = tuple(one.name for one in self.order.plans)
        request = Request(names=names, engine=self.daemon.program, smoke=smoke, source=self.order.source)
        found = verify(request, self.policy, self.rules, system=self.system)
        for examined in found.examined:
            for check in examined.checks:
                if check.kind == "smoke":
                    said = "; ".join(check.notes) if check.outcome == "pass" else check.cause.text if check.cause is not None else check.detail
                    self.tell(examined.container.name, mask("", f"smoke: {said or check.detail}"))
        failed = [check for one in found.examined for check in one.checks if check.outcome == "fail"]
        if failed:
            what = failed[0].cause.text if failed[0].cause is not None else failed[0].subject
            return found, 1, mask("", what)
        # What the rules say of it beyond that is shown and decides the exit status; it works all the same, and stays.
        return found, found.status, ""

    def _smokes(self) -> bool:
        return any(self.policy.policy.containers[one.key].smoke is not None for one in self.order.plans)

    def _service(self, key: str, service: Service, env: Mapping[str, str]) -> None:
        answer = ask(self.system, self.daemon, key, service, env)
        own = next((one for one in self.ledger.state.services if one.name == key), None)
        alive = own is not None and birth(own.pid) == own.began
        if answer.well:
            self.tell(key, f"answers already at {service.address} ({answer.tried}){', started earlier' if alive else ''}")
            return
        if answer.there:
            # Somebody's service: perhaps it is still coming up, but a second one could not listen there.
            self.tell(key, f"is there at {service.address}: {mask('', answer.why)}; waiting")
            self._wait(key, service, env, None)
            return
        if own is not None:
            if not alive:
                self.tell(key, f"was started earlier (process {own.pid}) and has ended; starting it again")
            stop_service(own, self.ledger, lambda _subject, _text: None)
        outside = any(key in self.policy.policy.containers[one.key].uses and one.network != "host" for one in self.order.plans) or not self.order.plans
        how = start_of(key, service, self.order.folder, self.order.embedded, env, outside)
        if isinstance(how, str):
            raise _FailedError(f"{key}: {how}")
        child = self._start(key, service, how)
        self._wait(key, service, env, child)

    def _start(self, key: str, service: Service, how: Start) -> subprocess.Popen[bytes]:
        log = self.ledger.log(key)
        shown = f"a small server of ours{'; ' if how.about else ''}{how.about}" if how.embedded else " ".join(how.command)
        self.tell(key, f"{'embedded: ' if how.embedded else ''}nothing answers at {service.address}: starting {mask('', shown)}")
        with contextlib.suppress(OSError):
            # One run, one log: the lines of the last one would be taken for this one's.
            log.unlink(missing_ok=True)
        with self.interruption.held():
            try:
                child = launch(how.command, self.order.folder, how.environ, log, mark_of(self.ledger, key))
            except OSError as error:
                raise _FailedError(f"{key}: {how.command[0]} does not start: {error.strerror}") from error
            record = StartedService(name=key, pid=child.pid, began=birth(child.pid) or "", command=how.command, embedded=how.embedded)
            self.children[child.pid] = child
            self.fresh.append(record)
            self.ledger.with_service(record)
        return child

    def _wait(self, key: str, service: Service, env: Mapping[str, str], child: subprocess.Popen[bytes] | None) -> None:
        """Until a service does its work. Raises _FailedError where it ends, or the time is up."""
        began = time.monotonic()
        pause, told = 0.1, ""
        while True:
            ended = child.poll() if child is not None else None
            answer = Answer(False, False, "") if ended is not None else ask(self.system, self.daemon, key, service, env)
            if child is not None and (ended := child.poll()) is not None:
                raise _FailedError(f"{key} ended while it was waited for ({_exit(ended)}); its log: {self._shown(self.ledger.log(key))}", tail(self.ledger.log(key)))
            if answer.well:
                self.tell(key, f"is well at {service.address} ({answer.tried}) after {time.monotonic() - began:.1f} s")
                return
            if answer.there and answer.why != told:
                told = answer.why
                self.tell(key, f"waiting: {mask('', told)}")
            if time.monotonic() - began + pause > self.order.within:
                raise _FailedError(f"{key} is not well within {self.order.within:.0f} s: {mask('', answer.why)}", tail(self.ledger.log(key)) if child is not None else ())
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def _container(self, one: Plan) -> None:
        """Start a container, unless the one that this command line gave runs already. Raises _FailedError."""
        digest = hashlib.sha256("\0".join((*one.argv, *sorted(one.secrets))).encode("utf-8", "surrogateescape")).hexdigest()[:24]
        earlier = next((own for own in self.ledger.state.containers if own.key == one.key), None)
        if earlier is not None and earlier.digest == digest and self._runs(earlier):
            self.tell(one.name, f"runs already ({earlier.id[:12]}), started earlier")
            return
        if earlier is not None:
            self.tell(one.name, "is started again: what was started earlier has ended, or the policy has changed")
        record = StartedContainer(key=one.key, name=one.name, program=one.ground.program, digest="")
        if not self._foreign(one):
            with self.interruption.held():
                self.fresh.append(record)
                self.ledger.with_container(record)

        def say(text: str) -> None:
            self.tell(one.name, text.removeprefix(f"{one.name}: "))

        mapped = f"; {', '.join(f'{service} at {value}' for service, value in {service: value for service, _, value in one.addresses}.items())}" if one.addresses else ""
        self.tell(one.name, mask("", f"network {one.network}{mapped}"))
        result = start(one, self.policy, self.rules, Demand(within=self.order.within, smoke=False), system=self.system, say=say)
        if not result.ready:
            raise _FailedError(f"{one.name} did not come up: {result.why}", result.log, result.verification)
        with self.interruption.held():
            done = msgspec.structs.replace(record, id=result.id, digest=digest)
            if record in self.fresh:
                self.fresh[self.fresh.index(record)] = done
            self.ledger.with_container(done)
        self.tell(one.name, f"is ready ({result.id[:12]}) after {result.seconds:.1f} s")

    def _foreign(self, one: Plan) -> bool:
        """Whether a container of that name is there which is not the launcher's: `start` will refuse, and nothing of it is ours to remove."""
        found = self.system.run([one.ground.program, "inspect", "--type", "container", "-f", "{{json .Config.Labels}}", one.name])
        if found.status != 0:
            return False
        try:
            labels = json.loads(found.text)
        except ValueError:
            return True
        return LABEL not in (labels or {})

    def _runs(self, own: StartedContainer) -> bool:
        found = self.system.run([own.program, "inspect", "--type", "container", "-f", "{{.Id}} {{.State.Running}}", own.name])
        return found.status == 0 and bool(own.id) and found.text.split() == [own.id, "true"]

    def _still_running(self) -> None:
        """Raise _FailedError where a service has ended after it was well."""
        for own in self.fresh:
            if isinstance(own, StartedService) and (ended := self.children[own.pid].poll()) is not None:
                raise _FailedError(f"{own.name} has ended ({_exit(ended)}); its log: {self._shown(self.ledger.log(own.name))}", tail(self.ledger.log(own.name)))

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self.order.folder)) if path.is_relative_to(self.order.folder) else str(path)

    def take_back(self) -> tuple[str, ...]:
        """Stop what this run has started, newest first; the names of what could not be stopped."""
        left = []
        for own in reversed(self.fresh):
            if isinstance(own, StartedService):
                stopped = stop_service(own, self.ledger, self.tell, self.children.get(own.pid))
            else:
                stopped = stop_container(own, self.ledger, self.system, self.tell)
            if not stopped:
                left.append(own.name)
        return tuple(left)


def mark_of(ledger: Ledger, name: str) -> str:
    """What the processes of a service carry in their environment."""
    return f"{ledger.state.token}/{name}"


def tail(path: Path, lines: int = LOG_LINES) -> tuple[str, ...]:
    """The last lines of a log, secrets masked; () where there is none."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 65536))
            data = stream.read()
    except OSError:
        return ()
    return tuple(mask("", line) for line in data.decode("utf-8", "replace").splitlines()[-lines:])


def _exit(status: int) -> str:
    return f"exit status {status}" if status >= 0 else f"killed by signal {-status}"


__all__ = ["LOG_LINES", "Order", "Raised", "mark_of", "order_of", "raise_stack", "tail"]

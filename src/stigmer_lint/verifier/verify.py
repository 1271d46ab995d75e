"""One run of the verifier: observe, lower, judge by the rules, probe, join."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import msgspec

from stigmer_lint.engine.judge import Options, active, judge
from stigmer_lint.errors import UsageError
from stigmer_lint.knowledge.secrets import MASK
from stigmer_lint.model.launch import Launch
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.value import text_of
from stigmer_lint.model.world import World
from stigmer_lint.policy.types import Container as PolicyContainer
from stigmer_lint.policy.types import LoadedPolicy
from stigmer_lint.report.types import Failure, Report, Reported
from stigmer_lint.rule import Finding, RuleEntry
from stigmer_lint.verifier.diagnose import of_state
from stigmer_lint.verifier.engine import find_daemon, inspect, observe
from stigmer_lint.verifier.environment import shown
from stigmer_lint.verifier.examine import Watch, examine
from stigmer_lint.verifier.image import LABEL, HelperImage
from stigmer_lint.verifier.lower import Lowered, lower
from stigmer_lint.verifier.probing import Limits, probe
from stigmer_lint.verifier.smoke import smoke_check
from stigmer_lint.verifier.system import Machine, System
from stigmer_lint.verifier.types import Check, Container, Daemon, Engineroom, Examined, Inside, Outcome, Way

WORKERS = 16
"""Containers that are probed at once: probing is mostly waiting."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `names`: containers by name, id or their key in the policy; () for those of the policy, else all that run.

    `source`: the tree that the containers were started from, None for none: findings then are those of its code.
    """

    names: tuple[str, ...] = ()
    engine: str | None = None
    way: Way | None = None
    image: str | None = None
    limits: Limits = Limits()
    source: Path | None = None
    smoke: bool = True


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome. `report` holds the findings as `check` has them; `status` is the command's exit status."""

    daemon: Daemon
    examined: tuple[Examined, ...]
    report: Report
    seconds: float
    status: int
    policy: str = ""

    def count(self, outcome: Outcome) -> int:
        """How many checks came out so."""
        return sum(1 for one in self.examined for check in one.checks if check.outcome == outcome)


def verify(
    request: Request, policy: LoadedPolicy, rules: Sequence[RuleEntry], *, system: System | None = None, options: Options | None = None,
    stage: Callable[[str], None] = lambda _: None,
) -> Verification:  # fmt: skip
    """Verify containers. Raises EngineError where no engine answers, UsageError for a name that nothing has.

    Whatever it made in the engine is removed again, also where it is interrupted.
    """
    began = time.monotonic()
    machine = system or Machine()
    options = options or Options()
    stage("engine")
    daemon = find_daemon(machine, request.engine)
    room = observe(machine, daemon)
    chosen = choose(room, request.names, policy)
    helper = HelperImage(machine, daemon, secrets.token_hex(8), request.image)

    def enter(container: Container) -> Inside | None:
        return probe(machine, room, container, (), helper, limits=request.limits, way=request.way).inside

    watch = Watch(machine, enter)
    try:
        stage(f"probing {len(chosen)} container{'' if len(chosen) == 1 else 's'}")
        examined = _examine_all(machine, room, chosen, policy, request, watch, helper)
    except BaseException:
        if isinstance(machine, Machine):
            # It stays closed: a worker that is between two programs would else start its next one, such as the import of the image, behind what is removed here.
            machine.close()
            helper.remove(Machine(), interrupted=True)
        else:
            helper.remove(interrupted=True)
        raise
    helper.remove()
    stage("rules")
    report, examined = _judge(room, examined, policy, rules, options, request, watch)
    seconds = time.monotonic() - began
    report.seconds = seconds
    report.status = _status(examined, report)
    return Verification(daemon=daemon, examined=examined, report=report, seconds=seconds, status=report.status, policy=policy.origin)


def choose(room: Engineroom, names: Sequence[str], policy: LoadedPolicy) -> tuple[tuple[Container, PolicyContainer | None], ...]:
    """The containers that are asked for, each with its entry in the policy. Raises UsageError."""
    everything = [one for one in room.containers.values() if LABEL not in one.labels]
    entries = {one.id: policy.policy.container_for(one.image, one.name) for one in everything}
    chosen: dict[str, Container] = {}
    for name in names:
        found = [one for one in everything if one.name == name or (len(name) >= 4 and one.id.startswith(name))]
        found = found or [one for one in everything if (entries[one.id] or ("",))[0] == name]
        if not found:
            raise UsageError(f"There is no container {name}{_nearest(name, [one.name for one in everything])}.")
        chosen.update((one.id, one) for one in found)
    if not names and policy.policy.containers:
        chosen = {one.id: one for one in everything if entries[one.id] is not None}
        if not chosen:
            wanted = ", ".join(policy.policy.containers)
            raise UsageError(f"None of the policy's containers ({wanted}) is there; start it, or name a container.")
    elif not names:
        chosen = {one.id: one for one in everything if one.state.running or one.state.status == "restarting"}
    pairs = sorted(chosen.values(), key=lambda one: one.name)
    return tuple((one, pair[1] if (pair := entries[one.id]) is not None else None) for one in pairs)


def _nearest(name: str, names: Sequence[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, names, n=1)
    return f"; the nearest is {close[0]}" if close else ""


def _examine_all(
    machine: System, room: Engineroom, chosen: Sequence[tuple[Container, PolicyContainer | None]], policy: LoadedPolicy, request: Request, watch: Watch,
    helper: HelperImage,
) -> tuple[Examined, ...]:  # fmt: skip
    if not chosen:
        return ()

    def one(pair: tuple[Container, PolicyContainer | None]) -> Examined:
        container, entry = pair
        try:
            found = examine(machine, room, container, policy.policy, entry, watch, helper, limits=request.limits, way=request.way)
            found = _still_there(machine, room, found)
            if request.smoke and entry is not None and entry.smoke is not None and container.state.status == "running":
                found = msgspec.structs.replace(found, checks=(*found.checks, smoke_check(machine, room.daemon, container, entry.smoke)))
        except Exception as error:  # noqa: BLE001 - one container's fault must not hide the others; it is told as something that cannot be told
            lost = Check(
                container=container.name, kind="state", subject=container.state.status, outcome="cannot-tell", tried="examined",
                detail=f"the verifier failed: {type(error).__name__}: {error}",
            )  # fmt: skip
            return Examined(container=container, checks=(lost,), why_not="the verifier failed")
        return found

    pool = ThreadPoolExecutor(max_workers=min(WORKERS, len(chosen)), thread_name_prefix="verify")
    try:
        futures = [pool.submit(one, pair) for pair in chosen]
        pending = set(futures)
        while pending:
            # Waiting in short turns keeps the main thread open to an interrupt.
            _, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
        return tuple(future.result() for future in futures)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _still_there(machine: System, room: Engineroom, found: Examined) -> Examined:
    """A container that went away while it was probed is told as such, not as unreachable addresses."""
    if not found.container.state.running or all(check.outcome in ("pass", "not-applicable") for check in found.checks):
        return found
    again = inspect(machine, room.daemon, [found.container.id])
    if again and again[0].state.pid == found.container.state.pid:
        return found
    what = f"it went away while it was probed ({again[0].state.status})" if again else "it was removed while it was probed"
    # That it is started again and again is what happened, whether the first look saw it or this one.
    restarting = of_state(again[0]) if again and (again[0].state.flaps or again[0].state.restarts > found.container.state.restarts) else None

    def after(check: Check) -> Check:
        if check.kind == "env" or (check.kind == "state" and check.cause is not None):
            return check
        if check.kind == "state" and restarting is not None:
            return msgspec.structs.replace(check, outcome="fail", cause=restarting, detail=what)
        return msgspec.structs.replace(check, outcome="cannot-tell", cause=None, detail=what)

    checks = tuple(after(check) for check in found.checks)
    return msgspec.structs.replace(found, checks=checks, why_not=what)


def _judge(
    room: Engineroom, examined: Sequence[Examined], policy: LoadedPolicy, rules: Sequence[RuleEntry], options: Options, request: Request, watch: Watch
) -> tuple[Report, tuple[Examined, ...]]:
    """The rules on the running launches, the findings of the probes, and each check's fingerprint."""
    written = _Written(None, policy, rules, options)
    world, lowered, kept, failures = _ruled(room, examined, policy, rules, options, watch, written)
    if kept and request.source is not None:
        # Only now does it matter which code started the container.
        written = _Written(request.source, policy, rules, options)
        world, lowered, kept, failures = _ruled(room, examined, policy, rules, options, watch, written)
    report = judge(world, kept, rules, policy, options, failures=failures, files=len(examined))
    report = _with_fingerprints(report, written)
    return report, tuple(_linked(one, lowered[one.container.id].launch, report) for one in examined)


def _ruled(
    room: Engineroom, examined: Sequence[Examined], policy: LoadedPolicy, rules: Sequence[RuleEntry], options: Options, watch: Watch, written: _Written
) -> tuple[World, dict[str, Lowered], list[Finding], list[Failure]]:
    """The launches by container id, and what the rules and the probes find of them."""
    lowered = {one.container.id: lower(one.container, room.daemon, watch.look(one.container), written.launch_of(one.container)) for one in examined}
    world = World(
        platforms=(room.daemon.platform,), launches=tuple(one.launch for one in lowered.values()),
        sources={one.source.path: one.source for one in lowered.values() if one.source is not None} | written.sources,
    )  # fmt: skip
    raw: list[Finding] = []
    failures: list[Failure] = []
    for entry in active(rules, policy, options):
        if "verify" not in entry.rule.phases or entry.rule.code.startswith("STG5"):
            continue
        try:
            raw += entry.check(world, policy.policy)
        except Exception as error:  # noqa: BLE001 - one rule's fault must not hide what the others found
            failures.append(Failure(entry.rule.code, f"the rule failed: {type(error).__name__}: {error}"))
    by_launch = {id(lowered[one.container.id].launch): one for one in examined}
    kept = [_hidden(finding, policy) for finding in raw if not _disproved(finding, by_launch.get(id(finding.launch)))]
    for one in examined:
        kept += findings_of(one, lowered[one.container.id])
    return world, lowered, kept, failures


def _hidden(finding: Finding, policy: LoadedPolicy) -> Finding:
    """A finding about a variable that the policy calls secret, without its value."""
    facts = finding.launch.any if finding.launch is not None else None
    found = policy.policy.container_for(text_of(facts.image), text_of(facts.name)) if facts is not None else None
    if found is None or finding.env is None or finding.value is None or shown(finding.env, finding.value, found[1]) != MASK:
        return finding
    return msgspec.structs.replace(
        finding, value=MASK, message=finding.message.replace(finding.value, MASK), notes=tuple(note.replace(finding.value, MASK) for note in finding.notes),
        help=finding.help.replace(finding.value, MASK) if finding.help else None,
    )  # fmt: skip


def _disproved(finding: Finding, examined: Examined | None) -> bool:
    """Whether every probe of the variable passed: what the launch predicts does not happen here."""
    if examined is None or finding.env is None or not finding.rule.startswith("STG1"):
        return False
    about = [check for check in examined.checks if check.kind in ("address", "service") and finding.env in check.names]
    return bool(about) and all(check.outcome == "pass" for check in about)


_LAYERS = {"STG501", "STG502", "STG503", "STG504"}
_BY_NAME = {"alias-without-gateway", "misspelt-alias", "default-bridge-without-dns", "unknown-name", "resolver-silent", "name-on-other-network"}


def findings_of(examined: Examined, lowered: Lowered) -> Iterator[Finding]:
    """What failed, as findings of the rules that only a running system can break."""
    facts = lowered.launch.any
    places = {setting.name: setting.span for setting in facts.env}
    for check in examined.checks:
        if check.outcome != "fail" or check.cause is None:
            continue
        rule = check.cause.rule if check.cause.rule in _LAYERS else "STG504" if check.kind == "env" else "STG502" if check.cause.key in _BY_NAME else "STG501"
        name = check.names[0] if check.names else None
        notes = [check.error] if check.error else []
        if check.cause.rule != rule:
            notes.append(f"root cause: {check.cause.rule} ({check.cause.key})")
        yield Finding(
            rule=rule, message=f"{check.cause.text}.", span=places.get(name or "", lowered.launch.span), container=text_of(facts.name), image=text_of(facts.image),
            env=name, value=check.value, platforms=tuple(lowered.launch.facts), notes=(*notes, *check.notes), help=check.cause.fix, launch=lowered.launch,
        )  # fmt: skip


class _Written:
    """The tree that containers were started from, checked when it is first needed."""

    def __init__(self, source: Path | None, policy: LoadedPolicy, rules: Sequence[RuleEntry], options: Options) -> None:
        self._findings: tuple[Reported, ...] = ()
        self.sources: dict[str, SourceFile] = {}
        if source is not None:
            from stigmer_lint.engine.run import check

            report = check(source, (".",), policy=policy, rules=rules, options=msgspec.structs.replace(options, no_ignores=True, platforms=None), cwd=source)
            self._findings = tuple(one for one in report.findings if one.finding.launch is not None)
            self.sources = report.sources

    def launch_of(self, container: Container) -> Launch | None:
        """The launch in the tree that a container was started by: of its name, of its compose service, or of its image if that is one only."""
        launches = {id(one.finding.launch): one.finding.launch for one in self._findings}
        found = [launch for launch in launches.values() if launch is not None]
        service = container.labels.get("com.docker.compose.service")
        files = container.labels.get("com.docker.compose.project.config_files", "")
        named = [launch for launch in found if any(text_of(facts.name) == container.name for facts in launch.facts.values())]
        if named:
            # Several programs may start a container of one name, each in its way.
            return max(named, key=lambda launch: _likeness(container, launch))
        for launch in found:
            if service is not None and launch.service == service and launch.group is not None and any(part.endswith(launch.group) for part in files.split(",")):
                return launch
        same = [launch for launch in found if any(text_of(facts.image) == container.image for facts in launch.facts.values()) and launch.any.name is None]
        return same[0] if len(same) == 1 else None

    def fingerprint(self, finding: Finding) -> str | None:
        """That of the same finding in the tree."""
        for one in self._findings:
            if one.rule.code == finding.rule and one.finding.env == finding.env and finding.launch is not None and one.finding.launch is not None:
                if one.finding.launch.span == finding.launch.span:
                    return one.fingerprint
        return None


def _likeness(container: Container, launch: Launch) -> tuple[bool, int]:
    """How well a launch of the tree fits a container: whether both are Compose's, then how few variables only one of them has."""
    baked = dict(container.image_env)
    given = {name for name, value in container.env if baked.get(name) != value}
    composed = "com.docker.compose.service" in container.labels
    return composed == (launch.kind == "compose"), -min(len(given ^ {setting.name for setting in facts.env}) for facts in launch.facts.values())


def _with_fingerprints(report: Report, written: _Written) -> Report:
    out = []
    for one in report.findings:
        known = written.fingerprint(one.finding)
        out.append(msgspec.structs.replace(one, fingerprint=known) if known is not None else one)
    report.findings = tuple(out)
    return report


def _linked(examined: Examined, launch: Launch, report: Report) -> Examined:
    """The checks with the fingerprints of the findings that their causes' rules made of the same launch."""
    known = {(one.rule.code, one.finding.env): one.fingerprint for one in report.findings if one.finding.launch is launch}
    checks = []
    for check in examined.checks:
        if check.cause is not None:
            own = [known[key] for name in (*check.names, None) if (key := (check.cause.rule, name)) in known]
            own += [one for (_, env), one in known.items() if env in check.names]
            check = msgspec.structs.replace(check, fingerprint=own[0] if own else None)
        checks.append(check)
    return msgspec.structs.replace(examined, checks=tuple(checks))


def _status(examined: Iterable[Examined], report: Report) -> int:
    outcomes = {check.outcome for one in examined for check in one.checks}
    if "fail" in outcomes or any(one.severity in ("error", "warning") for one in report.findings):
        return 1
    return 3 if "cannot-tell" in outcomes or report.errors else 0


__all__ = ["Request", "Verification", "choose", "verify"]

"""From a policy and an engine to one launch: its network, the host's name on it, every address and every variable."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence

import msgspec

from stigmer_lint.addresses import addresses
from stigmer_lint.dialects.base import Command, Recognised
from stigmer_lint.dialects.docker_cli import recognise_argv
from stigmer_lint.dialects.values import parse_publish
from stigmer_lint.engine.judge import Options, active, judge
from stigmer_lint.errors import UsageError
from stigmer_lint.knowledge.secrets import MASK, is_secret, mask
from stigmer_lint.launcher.render import render
from stigmer_lint.model.launch import Engine, EnvSetting, HostEntry, Launch, LaunchFacts, Platform
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Entry, Item, Known, ListValue, MapValue, Unknown, text_of
from stigmer_lint.model.world import World
from stigmer_lint.policy.types import Container, LaunchSpec, LoadedPolicy, Service
from stigmer_lint.reachability import EngineKind, Network, engine_kind, network_of, shares_host_loopback
from stigmer_lint.report.types import Report
from stigmer_lint.rule import Finding, RuleEntry
from stigmer_lint.verifier.engine import host_advice

LABEL = "stigmer-lint.launch"
"""Label of every container that the launcher starts; its value is the container's key in the policy."""


class Ground(msgspec.Struct, frozen=True):
    """What the launch is for: the command line, the engine behind it, and what its host runs."""

    program: str
    engine: Engine
    kind: EngineKind
    platform: Platform
    version: str = ""


class Caller(msgspec.Struct, frozen=True):
    """What the caller gives: values that win over the policy's, options for the engine as they are, the folder for `{workspace}`, the environment
    from which required and secret variables are taken, image and network in place of the policy's."""

    env: dict[str, str] = {}
    options: tuple[str, ...] = ()
    workspace: str = "."
    image: str | None = None
    environ: dict[str, str] = {}
    network: str | None = None


class Plan(msgspec.Struct, frozen=True):
    """One launch, ready to be run. `argv` holds no secret: those are in `secrets`, for the environment of the engine's command line.

    `addresses`: variable -> value for each service, for people; `notes`: what the host's services must do for it.
    """

    key: str
    name: str
    ground: Ground
    launch: Launch
    argv: tuple[str, ...]
    secrets: dict[str, str]
    addresses: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]
    report: Report

    @property
    def network(self) -> str:
        """The network as it is told to people."""
        return text_of(self.launch.any.network) or "bridge"

    @property
    def refused(self) -> bool:
        """Whether the rules reject it."""
        return any(one.severity == "error" for one in self.report.findings)


def ground_of(platform: Platform, engine: Engine = "docker") -> Ground:
    """What is to be expected of an engine on a platform, for a plan that is only shown."""
    return Ground(engine, engine, engine_kind(engine, platform), platform)


def plan(policy: LoadedPolicy, key: str, ground: Ground, caller: Caller, rules: Sequence[RuleEntry], options: Options | None = None) -> Plan:
    """The launch of the policy's container `key` on this ground, judged by the rules. Raises UsageError for what the policy does not say."""
    container = policy.policy.containers.get(key)
    if container is None:
        known = ", ".join(policy.policy.containers) or "none"
        raise UsageError(f"The policy has no container {key}; it has {known}.")
    span = policy.positions.get(f"containers.{key}") or Span(policy.origin, 0, 0)
    facts, addressed, secrets, notes = _facts(policy, key, container, ground, caller, span)
    argv = render(facts, ground.program, _options(container.launch, key, caller))
    launch = read(argv, ground, span, secrets)
    report = _judged(launch, policy, rules, options or Options(), ground)
    return Plan(key, name_of(container, key), ground, launch, argv, secrets, addressed, notes, report)


def read(argv: Sequence[str], ground: Ground, span: Span, secrets: Mapping[str, str]) -> Launch:
    """What a command line starts, by the dialect that reads everybody else's."""
    known = MapValue(tuple(Entry(Known(name), Unknown("a secret of the caller", "env", name)) for name in secrets))
    command = Command(ListValue(tuple(Item(Known(word, span)) for word in argv)), None, span, ground.platform, known)
    found = recognise_argv(command)
    if not isinstance(found, Recognised):
        raise UsageError("The engine's options after -- make a command that starts no container.")
    return Launch(kind=found.kind, engine=ground.engine, span=span, facts={ground.platform: found.facts}, service=None)


def name_of(container: Container, key: str) -> str:
    """The container's name: that of its `match` where it has no wildcard, else its key."""
    name = container.match.name
    return name if name and not any(char in name for char in "*?[") else key


def image_of(container: Container, key: str, given: str | None) -> str:
    """The image to start. Raises UsageError where the policy names none."""
    image = given or (container.launch.image if container.launch is not None else None)
    if image is None and container.match.image and not any(char in container.match.image for char in "*?["):
        image = container.match.image
    if image is None:
        raise UsageError(f"The policy names no image for {key}: give containers.{key}.launch.image, or --image.")
    return image


def _options(spec: LaunchSpec | None, key: str, caller: Caller) -> tuple[str, ...]:
    restart = ("--restart", spec.restart) if spec is not None and spec.restart else ()
    return ("-d", "--label", f"{LABEL}={key}", *restart, *caller.options)


def _facts(
    policy: LoadedPolicy, key: str, container: Container, ground: Ground, caller: Caller, span: Span
) -> tuple[LaunchFacts, tuple[tuple[str, str, str], ...], dict[str, str], tuple[str, ...]]:
    spec = container.launch or LaunchSpec()
    network = _network(caller.network or spec.network, ground)
    mode: Network = network_of(Known(network) if network is not None else None)
    advice = host_advice(ground.kind, ground.platform, ground.version, mode)
    mapped = False
    addressed: list[tuple[str, str, str]] = []
    values: dict[str, str] = {name: value.replace("{workspace}", caller.workspace) for name, value in container.env.set.items()}
    notes: list[str] = []
    for used in container.uses:
        service = policy.policy.services[used]
        value, rewritten = _address(service, advice.host)
        mapped = mapped or (rewritten and advice.add_host_gateway)
        if rewritten and advice.note:
            notes.append(f"{used} ({service.address}): {advice.note}")
        for name in service.env:
            values[name] = value
            addressed.append((used, name, caller.env.get(name, value)))
    values.update(caller.env)
    secrets: dict[str, str] = {}
    passed: list[str] = []
    for name in (*container.env.required_names, *sorted(caller.environ)):
        wanted = name in container.env.required_names or any(fnmatch.fnmatchcase(name, one) for one in container.env.secret)
        if name not in values and name not in passed and wanted and caller.environ.get(name):
            passed.append(name)
    env = []
    for name, value in values.items():
        if is_secret(name, value) or any(fnmatch.fnmatchcase(name, one) for one in container.env.secret) or mask(name, value) != value:
            secrets[name] = value
            env.append(EnvSetting(name, Unknown("a secret", "env", name), span, passed=True))
        else:
            env.append(EnvSetting(name, Known(value, span), span))
    for name in passed:
        secrets[name] = caller.environ[name]
        env.append(EnvSetting(name, Unknown("of the caller", "env", name), span, passed=True))
    facts = LaunchFacts(
        image=Known(image_of(container, key, caller.image), span),
        name=Known(name_of(container, key), span),
        network=Known(network, span) if network is not None else None,
        env=tuple(env),
        hosts=(HostEntry(Known(advice.host, span), Known("host-gateway", span), span),) if mapped else (),
        publishes=tuple(one for text in spec.publish for one in parse_publish(Known(text, span), span)) if mode != "host" else (),
        volumes=tuple(Known(volume.replace("{workspace}", caller.workspace), span) for volume in spec.volumes),
        command=tuple(Known(word, span) for word in spec.command) or None,
    )
    return facts, tuple(addressed), secrets, tuple(notes)


def _network(wanted: str, ground: Ground) -> str | None:
    """The engine's word for the policy's network; None is its default bridge."""
    if wanted == "auto":
        return "host" if ground.platform == "linux" and shares_host_loopback("host", ground.kind, ground.platform) == "reachable" else None
    return None if wanted == "bridge" else wanted


def _address(service: Service, host: str) -> tuple[str, bool]:
    """(the value of the service's variables, whether the host in it was rewritten)."""
    found = addresses(service.address)
    if found and found[0].is_loopback and host != "localhost":
        return service.url.replace("{address}", f"{host}:{found[0].port}" if found[0].port else host), True
    return service.url.replace("{address}", service.address), False


def _judged(launch: Launch, policy: LoadedPolicy, rules: Sequence[RuleEntry], options: Options, ground: Ground) -> Report:
    world = World(platforms=(ground.platform,), launches=(launch,), sources={source.path: source for source in policy.sources} or {"": SourceFile("", b"")})
    found: list[Finding] = []
    for entry in active(rules, policy, options):
        if "plan" in entry.rule.phases:
            found += entry.check(world, policy.policy)
    return judge(world, found, rules, policy, options, files=1)


def shown_env(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The variables of the launch as they may be shown."""
    facts = plan.launch.any
    return tuple((one.name, MASK if one.name in plan.secrets else mask(one.name, text_of(one.value) or "")) for one in facts.env)


__all__ = ["LABEL", "Caller", "Ground", "Plan", "ground_of", "image_of", "name_of", "plan", "read", "shown_env"]

"""A loopback address reaches a container that has a network namespace of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from stigmer_lint.contract import Unread
from stigmer_lint.dialled import (
    Dialled,
    Neighbours,
    aware,
    dialled,
    embedded,
    foreign_image,
    forwards,
    neighbours_of,
    outside_ports,
    remembered,
    serves_php,
    shown_beside,
)
from stigmer_lint.knowledge.names import tokens
from stigmer_lint.listening import texts
from stigmer_lint.model.launch import EnvSetting, LaunchFacts
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Known, Resolved, Step, Unknown, render, text_of
from stigmer_lint.reachability import addresses_of, advise, engine_kind, mapping_of, query_of, reach
from stigmer_lint.rule import Confidence, Finding, Policy, ReplaceHost, Rule, Severity, World, WrapInResolver

RULE = Rule(
    code="STG101",
    name="loopback-in-container",
    summary="a loopback address is handed to a container, where it means the container itself",
    severity="error",
    phases=("lint", "plan", "verify"),
    policy_keys=("platforms", "resolvers", "services", "env_roles"),
)

MAX_SIBLINGS = 20
"""Resolved variables of the same launch that a finding points to."""


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding for each variable or argument of a launch that the container dials and that may be loopback, per platform."""
    neighbours = neighbours_of(world)
    services = {name: key for key, service in policy.services.items() for name in service.env}
    unread = Unread(world, policy)
    for launch in world.launches:
        for platform in launch.facts:
            seen: set[str] = set()
            for one in dialled(launch, platform, neighbours, policy.env_roles, services):
                if one.name in seen or not one.address.is_loopback or not _concerns(one, neighbours):
                    continue
                query = query_of(one.facts, launch.engine, platform, one.address, "loopback")
                if query.network == "none":
                    # Whoever takes the network away means the container itself.
                    continue
                if query.network == "unknown" and "host" not in texts(one.facts.network) and (_names_host(one.facts) or _resolved(one.facts)):
                    # Whoever resolves the launch's other addresses does not mean the network of the host.
                    query = msgspec.structs.replace(query, network="bridge")
                if reach(query).verdict == "unreachable" and not unread(launch, one.setting):
                    seen.add(one.name)
                    yield _finding(one, world)


_DEAD_PORTS = ("0", "9")
"""Ports at which nothing listens by intent: tests hand them over to see what happens without a peer."""


def _concerns(one: Dialled, neighbours: Neighbours) -> bool:
    """Whether a loopback value is wrong here: dialled (or not known not to be), and not the container's own port or its pod's."""
    if one.role.role not in ("dial", "unknown") or one.owner in ("own", "pod") or one.address.port in _DEAD_PORTS:
        return False
    if one.launch.kind == "compose" and one.launch.service is not None and one.address.kind == "loopback" and one.role.source != "policy" and tokens(one.name)[:-1] == tokens(one.launch.service):
        # ORACLE_URL of service oracle: where it is itself.
        return False
    if one.owner == "foreign" and one.role.source == "shape" and "INTERNAL" in tokens(one.name):
        # How the parts of one program find one another: BACKEND_INTERNAL_URL of an image that holds both.
        return False
    if one.setting is None and one.address.scheme in ("http", "https") and one.address.port in outside_ports(one.facts):
        # `-p 8090:8080` beside `--url=http://localhost:8090`: where people find it.
        return False
    if forwards(neighbours, one.launch) or (one.setting is None and "fastcgi_pass" in one.name and serves_php(neighbours, one.launch)):
        return False
    if one.address.kind == "wildcard" and one.port is not None and any(port == one.port for _, _, port in neighbours.dialling(one.launch)):
        # Its siblings dial it there: that is where it listens.
        return False
    # Addresses of compose siblings have a rule of their own, with the name and port to write.
    if one.owner == "sibling" and one.launch.group is not None:
        return False
    if one.launch.group is not None and one.role.source != "policy" and (embedded(one) or foreign_image(one, neighbours)):
        return False
    return not (one.role.role == "unknown" and one.address.kind == "wildcard")


def _finding(one: Dialled, world: World) -> Finding:
    launch, facts = one.launch, one.facts
    shown = render(one.value)
    certain = one.setting is None or one.value is one.setting.value or one.default
    if one.setting is not None and not certain:
        how = f"may be {shown}"
    elif one.default:
        how = f"is {shown} unless something else is configured"
    else:
        how = f"is {shown}"
    siblings = _resolved_siblings(one)
    advice = advise(engine_kind(launch.engine, one.platform), one.platform)
    resolver = siblings[0][1].by if siblings else None
    own = _of_tree(world, one) if resolver is None else None
    needed = advice.add_host_gateway and mapping_of(facts.hosts, advice.host, facts.hosts_open) == "none"
    plain = ReplaceHost(advice.host, of=one.address.host, of_port=one.address.port, gateway=needed)
    bare = one.role.role == "unknown"
    note = ("what the variable is used for is not known; the policy's env_roles can say",) if bare else ()
    return Finding(
        rule=RULE.code,
        message=f"{one.name} {how}; inside the container that is the container itself, not the host",
        span=one.source,
        severity=_severity(one),
        confidence=_confidence(one, neighbours_of(world)),
        container=text_of(facts.name) or launch.service,
        image=text_of(facts.image),
        env=one.variable,
        value=shown,
        platforms=(one.platform,),
        trail=tuple(step for step in one.trail if step.span != one.source),
        related=(Step(one.span, f"{one.name} of {launch.service or 'the launch'} is set from it here"),) if one.source != one.span else (),
        marks=tuple(Step(span, f"resolved by {value.by}") for span, value in siblings),
        notes=note,
        help=f"pass it through {resolver}, as the other addresses of this launch are" if resolver else f"pass it through {own}, which turns loopback into the host's name" if own else f"hand over {advice.host}" + (f" and start with --add-host {advice.host}:host-gateway" if advice.add_host_gateway else ""),
        remedy=WrapInResolver(resolver) if resolver else WrapInResolver(own, plain) if own else plain,
        launch=launch,
        safety="safe" if resolver and one.role.role == "dial" else "unsafe",
    )


_FAMILIES = {"go": ("go",), "python": ("py", "pyi"), **dict.fromkeys(("javascript", "typescript", "tsx"), ("js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"))}
"""A launch's language -> the endings of the files whose functions it can call."""


def _of_tree(world: World, one: Dialled) -> str | None:
    """The resolver that the tree has in the launch's language, where it has just one and that answers with something else on this platform."""
    endings = _FAMILIES.get(one.launch.language, ())
    found = [resolver for resolver in world.resolvers if not resolver.inline and not resolver.by_policy and resolver.span.path.rpartition(".")[2] in endings]
    if len(found) != 1 or one.setting is None:
        return None
    answers = [row.output for row in found[0].rows if row.platform == one.platform and row.input == "http://localhost:11434" and row.output is not None]
    return found[0].name if answers and not any(located.address.is_loopback for answer in answers for located in addresses_of(answer)) else None


def _resolved_siblings(one: Dialled) -> list[tuple[Span, Resolved]]:
    """The first few of the launch's other variables whose whole value came out of a resolver."""
    return [(setting.span, value) for setting, value in _resolved(one.facts) if setting.name != one.name]


@remembered
def _resolved(facts: LaunchFacts) -> list[tuple[EnvSetting, Resolved]]:
    found = ((setting, setting.value) for setting in facts.env if isinstance(setting.value, Resolved))
    return list(islice(found, MAX_SIBLINGS))


@remembered
def _names_host(facts: LaunchFacts) -> bool:
    """Whether a value of the launch is, or may be, the host by an alias."""
    return any(located.address.kind == "host-alias" for setting in facts.env for located in addresses_of(setting.value))


@remembered
def _aliased(facts: LaunchFacts) -> bool:
    """Whether a value of the launch is written with a host alias."""
    return any(
        located.address.kind == "host-alias" for setting in facts.env if isinstance(setting.value, Known) for located in addresses_of(setting.value)
    )


_DATAGRAM_PORTS = ("8125", "6831", "6832", "514", "12201")
"""StatsD, Jaeger's agent, syslog, GELF: sent by UDP, where loopback is a usual way to say "to nobody"."""


def _fire_and_forget(one: Dialled) -> bool:
    return one.port in _DATAGRAM_PORTS and one.address.scheme not in ("http", "https", "tcp")


_BACKING_PORTS = ("5432", "3306", "6379", "27017", "5672", "11211", "9200", "25", "587", "1025", "389")


def _listed_default(one: Dialled) -> bool:
    """Whether it is rather a line of a product's sample, which lists the default of every backing service that it could use."""
    if one.setting is None or one.setting.origin != "env-file" or one.launch.kind != "compose" or one.launch.build is not None:
        return False
    return one.role.source != "policy" and one.port in _BACKING_PORTS


def _front_door(one: Dialled, neighbours: Neighbours) -> bool:
    """Whether `http://localhost/path` is how browsers see the project: a sibling publishes port 80 or 443 of the host."""
    if one.address.scheme not in ("http", "https", "ws", "wss") or one.address.port is not None or one.role.source == "policy":
        return False
    return any(port in neighbours.ports(sibling).outside for port in ("80", "443") for sibling in neighbours.view(one.launch).by_port.get(port, ()))


def _severity(one: Dialled) -> Severity:
    return "error" if one.role.role == "dial" else "warning"


def _confidence(one: Dialled, neighbours: Neighbours) -> Confidence:
    if one.handled or aware(one.facts) or (one.launch.group is not None and (_fire_and_forget(one) or _front_door(one, neighbours))):
        return "low"
    if _listed_default(one) or shown_beside(one):
        return "low"
    if one.role.role == "unknown" and one.address.scheme in ("http", "https") and _aliased(one.facts):
        # Whoever hands over the host's name where it is dialled means a browser where it is not.
        return "low"
    if one.role.role == "unknown":
        # A port, in the value or in X_PORT beside X_HOST, says that something is dialled or listened on there.
        return "low" if one.launch.group is not None or (one.address.port is None and one.owner == "unknown") else "medium"
    if one.resolved:
        return "medium"
    if one.setting is not None and isinstance(one.setting.value, Choice) and one.setting.value.fallback is None and not one.launch.group:
        if any(isinstance(option, Unknown) and option.kind == "env" for option in one.setting.value.options):
            # A sample says so, or another path: what is set at run time is somebody's own.
            return "medium"
    if one.launch.group is not None and one.owner == "foreign" and one.role.source in ("shape", "scheme"):
        return "medium"
    return "high" if not isinstance(one.value, Unknown) else "medium"

"""A service of the host that containers dial through the gateway listens on loopback only, or its port is published there only."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from stigmer_lint.dialled import Dialled, dialled, neighbours_of, texts
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.listening import ports_of
from stigmer_lint.model.launch import Launch, Platform, Publish
from stigmer_lint.model.value import Known, Step, Template, Unknown, Value, alternatives, render, text_of
from stigmer_lint.model.world import Bind, HostService
from stigmer_lint.reachability import addresses_of, classify_address, query_of, reach
from stigmer_lint.rule import Finding, Policy, ReplaceHost, Rule, World

RULE = Rule(
    code="STG109",
    name="loopback-bound-host-service",
    summary="a service of the host that containers dial through the gateway listens on loopback only",
    severity="error",
    phases=("lint", "plan", "verify"),
    policy_keys=("platforms", "services"),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding per host service, or published port, that some launch dials through the gateway while only loopback answers."""
    closed = _closed_services(world)
    hidden = _hidden_ports(world)
    if not closed and not hidden and not world.binds:
        return
    neighbours = neighbours_of(world)
    services = {name: key for key, service in policy.services.items() for name in service.env}
    seen: set[tuple[object, str]] = set()
    for launch in world.launches:
        for platform in launch.facts:
            for one in dialled(launch, platform, neighbours, policy.env_roles, services):
                if one.address.kind not in ("host-alias", "gateway-ip") or one.role.role not in ("dial", "unknown"):
                    continue
                own = [(bind, host) for bind in world.binds if (host := _loopback_host(bind, platform)) is not None and _same_port(bind, one)]
                if one.port not in closed and one.port not in hidden and not own:
                    continue
                if reach(query_of(one.facts, launch.engine, platform, one.address, "loopback")).verdict != "unreachable":
                    continue
                if reach(query_of(one.facts, launch.engine, platform, one.address, "all")).verdict == "unreachable":
                    # Opening the service would not help: the name itself leads nowhere.
                    continue
                for bind, host in own:
                    if (bind.span, platform) not in seen:
                        seen.add((bind.span, platform))
                        yield _own_server(bind, host, one)
                if one.port is None:
                    continue
                for service in closed.get(one.port, ()):
                    if (service.span, platform) not in seen:
                        seen.add((service.span, platform))
                        yield _service(service, one)
                for other, publish in hidden.get(one.port, ()):
                    if is_test(publish.span.path) and publish.span.path != one.span.path:
                        # What a test starts for itself serves nobody else.
                        continue
                    if other is not launch and (publish.span, platform) not in seen:
                        seen.add((publish.span, platform))
                        yield _published(other, publish, one)


def _closed_services(world: World) -> dict[str, list[HostService]]:
    """Host services by port, those of which every listening address is loopback."""
    found: dict[str, list[HostService]] = {}
    for service in world.host_services:
        addresses = [located.address for located in addresses_of(service.listen)]
        if addresses and all(one.kind == "loopback" for one in addresses):
            for port in dict.fromkeys(one.port for one in addresses if one.port is not None):
                found.setdefault(port, []).append(service)
    return found


def _hidden_ports(world: World) -> dict[str, list[tuple[Launch, Publish]]]:
    """Ports that are published on the host's loopback only, by host port."""
    found: dict[str, list[tuple[Launch, Publish]]] = {}
    for launch in world.launches:
        if not launch.facts:
            continue
        every = launch.any.publishes
        open_ports = {port for one in every if one.host_port is not None and not _on_loopback(one) for port in ports_of(one.host_port)}
        for publish in every:
            if publish.host_port is not None and _on_loopback(publish):
                for port in ports_of(publish.host_port):
                    if port not in open_ports:
                        found.setdefault(port, []).append((launch, publish))
    return found


def _on_loopback(publish: Publish) -> bool:
    shown = texts(publish.host_ip)
    return bool(shown) and all((found := classify_address(text)) is not None and found.kind == "loopback" for text in shown)


def _loopback_host(bind: Bind, platform: Platform) -> Known | None:
    """The loopback that a server of the code listens on, where it has nothing else written: what is only known at run time may be given, or not."""
    host = bind.hosts.get(platform)
    written = [option for option in alternatives(host, 8) if isinstance(option, Known)] if host is not None else []
    if not written or not all((found := classify_address(option.text)) is not None and found.kind == "loopback" for option in written):
        return None
    return written[-1]


def _same_port(bind: Bind, one: Dialled) -> bool:
    """Whether a server has the port that is dialled: the same number, or the same thing that is only known at run time."""
    if bind.port is None:
        return False
    dialled_port = Known(one.port) if one.port is not None else _port_after(one)
    if dialled_port is None:
        return False
    numbers = {text for text in texts(bind.port) if text not in ("", "0")}
    if numbers & set(texts(dialled_port)):
        return True
    named = {render(option) for option in alternatives(bind.port, 8) if isinstance(option, Unknown) and option.name and len(option.name) >= 4}
    return bool(named & {render(option) for option in alternatives(dialled_port, 8) if isinstance(option, Unknown)})


def _port_after(one: Dialled) -> Value | None:
    """What stands behind the colon after the host in the whole value, where that is a hole."""
    whole = one.setting.value if one.setting is not None else one.value
    for option in alternatives(whole, 8):
        if isinstance(option, Template):
            for before, part in pairwise(option.parts):
                if isinstance(before, Known) and before.text.endswith(f"{one.address.host}:"):
                    return part
    return None


def _own_server(bind: Bind, host: Known, one: Dialled) -> Finding:
    literal = host.span or bind.span
    return Finding(
        rule=RULE.code,
        message=f"the server that {bind.function or 'this code'} starts listens on {host.text}, which containers do not reach through {one.address.host}",
        span=literal,
        confidence="medium",
        env=one.variable,
        value=host.text,
        platforms=(one.platform,),
        related=(Step(one.span, f"{one.name} of {_who(one.launch)} dials it"), *((Step(bind.span, "listens here"),) if literal != bind.span else ())),
        help="on Linux listen on the address of the bridge (docker0, usually 172.17.0.1) or on every interface, and let a firewall keep others out",
        remedy=ReplaceHost("0.0.0.0", of=host.text),  # noqa: S104 - what is told, not bound
        launch=one.launch,
    )


def _service(service: HostService, one: Dialled) -> Finding:
    shown = render(service.listen)
    return Finding(
        rule=RULE.code,
        message=f"{service.name} listens on {shown}, which containers do not reach through {one.address.host}",
        span=service.span,
        confidence="high" if one.role.role == "dial" else "medium",
        env=service.env,
        value=shown,
        platforms=(one.platform,),
        related=(Step(one.span, f"{one.name} of {_who(one.launch)} dials it"),),
        help=f"listen on the address of the bridge (docker0, usually 172.17.0.1) or on every interface, and let a firewall keep others out of port {one.port}",
        remedy=ReplaceHost("0.0.0.0", of=only) if (only := _written_host(service)) is not None else None,  # noqa: S104 - what is told, not bound
        launch=one.launch,
    )


def _written_host(service: HostService) -> str | None:
    """The one loopback host that a service listens on, None where there are several."""
    hosts = {located.address.host for located in addresses_of(service.listen)}
    return hosts.pop() if len(hosts) == 1 else None


def _published(other: Launch, publish: Publish, one: Dialled) -> Finding:
    near = one.launch.group is not None and one.launch.group == other.group
    name = other.service or text_of(other.any.name) or "it"
    inner = next(iter(ports_of(publish.container_port)), one.port)
    return Finding(
        rule=RULE.code,
        message=f"port {one.port} is published on the host's loopback only, which containers do not reach through {one.address.host}",
        span=publish.span,
        confidence="high" if one.role.role == "dial" else "medium",
        container=text_of(other.any.name) or other.service,
        image=text_of(other.any.image),
        platforms=(one.platform,),
        related=(Step(one.span, f"{one.name} of {_who(one.launch)} dials it"),),
        help=f"dial {name}:{inner} on their common network" if near else "publish it on the bridge's address as well, or put both on one network",
        launch=one.launch,
    )


def _who(launch: Launch) -> str:
    return launch.service or text_of(launch.any.name) or text_of(launch.any.image) or "a container"

"""Container code builds a client without an endpoint, and no launch sets a variable that this client reads."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.addresses import addresses
from stigmer_lint.contract import Sides, confidence_of, open_because, role, title, unreachable_on
from stigmer_lint.model.launch import EnvSetting, Launch
from stigmer_lint.model.value import Step, text_of
from stigmer_lint.model.world import ClientCall
from stigmer_lint.rule import Finding, GiveEndpoint, Policy, Rule, World

RULE = Rule(
    code="STG301",
    name="implicit-client-endpoint",
    summary="code in a container builds a client whose default endpoint is loopback and gives it none",
    severity="error",
    policy_keys=("clients", "containers"),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding at each such constructor, with the launches that would have to set what the client reads."""
    nearest: dict[ClientCall, int] = {}
    for component in world.components:
        for call in component.clients:
            nearest[call] = max(nearest.get(call, 0), component.nearness(call.span.path))
    for component in world.components:
        sides = Sides(component, policy, world)
        for call in component.clients:
            # An image that is built from the whole tree has the code of the others in it, and does not run it.
            if call.endpoint is not None or call.fixed or component.nearness(call.span.path) < nearest[call]:
                continue
            lacking = [
                launch for index, launch in enumerate(component.launches)
                if not any(name in sides.given[index] or name in sides.image or name in component.supplied for name in call.reads)
            ]
            if lacking:
                yield from _finding(sides, call, lacking)


def _finding(sides: Sides, call: ClientCall, lacking: list[Launch]) -> Iterator[Finding]:
    address = next(iter(addresses(call.default)), None)
    if address is None:
        return
    failing = [launch for launch in lacking if unreachable_on(launch, address)]
    product = role(f"{call.call.upper()}_URL", call.default, sides.policy).product
    if not failing or (product is not None and product in sides.component.runs):
        return
    reads = " or ".join(call.reads)
    first = failing[0]
    ignored = [
        setting for setting in sides.given[sides.component.launches.index(first)].values()
        if setting.name not in call.reads and any(word in setting.name for word in ("URL", "HOST", "ADDR", "ENDPOINT"))
        and any(word in setting.name.upper() for word in _words(call))
    ]
    takes = next((setting for setting in ignored if _fits(setting, call)), None)
    everywhere = takes is not None and all(takes.name in sides.given[sides.component.launches.index(launch)] for launch in failing)
    yield Finding(
        rule=RULE.code,
        message=f"{call.call} is given no {call.endpoint_name}, so in {title(first)} it dials {call.default}, which is the container itself",
        span=call.span,
        # Where it reads nothing, no variable that is not seen can help.
        confidence=confidence_of(sides.component, first, sure=True) if call.reads else "high" if sides.component.certain else "medium",
        container=text_of(first.any.name) or first.service,
        image=text_of(first.any.image),
        env=call.reads[0] if call.reads else None,
        value=call.default,
        platforms=unreachable_on(first, address),
        related=(
            *(Step(setting.name_span or setting.span, f"{setting.name} is set here, but this client does not read it") for setting in ignored[:2]),
            *(Step(launch.span, f"launched here without {reads}" if reads else "launched here") for launch in failing[:4]),
        ),
        notes=tuple(f"more may be set: {why}" for why in open_because(first)),
        help=f"give {call.endpoint_name} from a variable that the launches set" + (f", or set {reads}" if reads else ""),
        launch=first,
        remedy=GiveEndpoint(call.endpoint_name, takes.name, everywhere) if takes is not None else None,
    )


def _fits(setting: EnvSetting, call: ClientCall) -> bool:
    """Whether a variable's value has the shape of this client's endpoint: what takes a URL gets one, and what takes a bare host gets none with a port."""
    given, wanted = next(iter(addresses(text_of(setting.value) or "")), None), next(iter(addresses(call.default)), None)
    if given is None or wanted is None or call.endpoint_name.casefold() == "host":
        return False
    return (given.scheme is None) == (wanted.scheme is None) and (given.port is None) == (wanted.port is None)


def _words(call: ClientCall) -> tuple[str, ...]:
    """Words by which a variable of this client's service would be called."""
    found = {name.partition("_")[0] for name in call.reads}
    lowered = call.call.lower()
    found |= {word for word in ("OLLAMA", "REDIS", "MONGO", "KAFKA", "QDRANT", "CHROMA", "MYSQL", "NATS", "VAULT") if word.lower() in lowered}
    return tuple(found)

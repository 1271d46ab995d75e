"""Container code gives a client an address of loopback that nothing outside the code can change."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from stigmer_lint.addresses import addresses
from stigmer_lint.contract import title, unreachable_on
from stigmer_lint.dialled import Neighbours, neighbours_of
from stigmer_lint.knowledge.image_ports import COMMON_PORTS, DATABASE_PORTS
from stigmer_lint.knowledge.roles import products
from stigmer_lint.model.launch import Launch
from stigmer_lint.model.value import Step, text_of
from stigmer_lint.model.world import ClientCall, Component
from stigmer_lint.rule import Confidence, Finding, Policy, Rule, World

RULE = Rule(
    code="STG302",
    name="client-at-loopback",
    summary="code in a container gives a client an address of loopback that no variable changes",
    severity="error",
    policy_keys=("containers",),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding for each such call, in the component that is most of all about its file."""
    neighbours = neighbours_of(world)
    mine: dict[ClientCall, Component] = {}
    for component in world.components:
        for call in component.clients:
            if call.fixed and component.whole and (call not in mine or component.nearness(call.span.path) > mine[call].nearness(call.span.path)):
                mine[call] = component
    for call, component in sorted(mine.items(), key=lambda item: item[0].span):
        yield from _finding(component, call, neighbours)


@cache
def _of_products() -> dict[str, str]:
    """Ports that hardly anything but one kind of product has."""
    return {port: name for name, port in reversed(list(products().items())) if port is not None and port not in COMMON_PORTS}


def _finding(component: Component, call: ClientCall, neighbours: Neighbours) -> Iterator[Finding]:
    address = next(iter(addresses(call.default)), None)
    if address is None or address.port is None:
        return
    product = _of_products().get(address.port)
    if product is not None and any(product.lower() in one.lower() for one in component.runs):
        return
    if address.port not in DATABASE_PORTS and any(one.upper() not in products() for one in component.runs):
        # A supervisor starts programs of the project's own in the same container; what listens there may be one of them.
        return
    failing: list[tuple[Launch, tuple[Launch, ...]]] = []
    for launch in component.launches:
        owner, siblings = neighbours.owner(launch, launch.any, address.port)
        if owner == "own" and product is not None and neighbours.ports(launch, launch.any).inside.get(address.port) == "published":
            # To publish the port of a product that is not inside is the same mistake once more.
            owner = "foreign"
        if owner in ("own", "pod") or not unreachable_on(launch, address):
            # One set-up in which it is right is enough: it may be the one that the code is for.
            return
        if owner == "sibling" or (owner == "foreign" and product is not None):
            failing.append((launch, siblings))
    if not failing:
        return
    launch, siblings = failing[0]
    named = next((one for one in siblings if one.service), None)
    sure: Confidence = "high" if component.certain and (named is not None or product is not None) else "medium"
    where = f"which is the container itself; {named.service} is what listens there" if named is not None else "which is the container itself"
    yield Finding(
        rule=RULE.code,
        message=f"{call.call} is given {call.default}, so in {title(launch)} it dials {where}",
        span=call.endpoint.span if call.endpoint is not None and call.endpoint.span is not None and call.endpoint.span.path == call.span.path else call.span,
        confidence=sure,
        container=text_of(launch.any.name) or launch.service,
        image=text_of(launch.any.image),
        value=call.default,
        platforms=unreachable_on(launch, address),
        related=tuple(Step(one.span, "launched here") for one, _ in failing[:4]),
        help=f"read {call.endpoint_name} from a variable that the launches set" if call.endpoint_name != "the address" else "read the address from a variable that the launches set",
        launch=launch,
    )

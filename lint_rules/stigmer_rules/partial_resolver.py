"""A function that turns loopback into a host alias gets some spellings wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stigmer_lint.addresses import classify_address
from stigmer_lint.model.launch import PLATFORMS
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Step, Value, alternatives, render
from stigmer_lint.model.world import NetworkChoice, Resolver, ResolverRow
from stigmer_lint.reachability import mapping_of
from stigmer_lint.rule import ExtendResolver, Finding, Policy, Rule, Severity, World

RULE = Rule(
    code="STG104",
    name="partial-resolver",
    summary="a function that turns loopback into a host alias misses spellings of it or changes what is not loopback",
    severity="warning",
    policy_keys=("resolvers",),
)


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding per resolver, with every row of its table that comes out wrong."""
    for resolver in world.resolvers:
        wrong = [(row, why) for row in resolver.rows if row.platform in world.platforms and (why := _fault(row)) is not None and not _far(resolver, row)]
        if _is_for_another_machine(resolver):
            continue
        if resolver.port_lost:
            yield _without_port(resolver)
        elif wrong:
            yield _finding(resolver, wrong)
        alias = _same_everywhere(resolver)
        if alias is not None and "linux" in world.platforms and not _mapped(world, alias):
            yield _unmapped(resolver, alias)
    for choice in world.network_choices:
        if choice.kind == "flag":
            yield _one_spelling(choice)


def _fault(row: ResolverRow) -> str | None:
    """What is wrong with one answer, None where it is right or could not be told."""
    if row.platform == "linux" or row.output is None:
        return None
    given = classify_address(row.input)
    assert given is not None, "the inputs are addresses"
    answers = list(alternatives(row.output, 8))
    if any(not isinstance(option, Known) for option in answers):
        return None
    if given.is_loopback:
        return "stays loopback" if all(_is_loopback(option) for option in answers) else None
    return f"becomes {render(row.output)}" if all(isinstance(o, Known) and o.text != row.input for o in answers) else None


_URL = re.compile(r"(?i)(?:url|uri|endpoint)s?\W*$")
_SELDOM = ("[::1]", "0.0.0.0")  # noqa: S104


def _far(resolver: Resolver, row: ResolverRow) -> bool:
    """Whether an input is one that hardly comes where somebody replaces text in one address that they know: spellings that people seldom write, and addresses
    without a scheme in what is called a URL."""
    if not resolver.inline:
        return False
    return any(host in row.input for host in _SELDOM) or (bool(_URL.search(resolver.parameter)) and "://" not in row.input)


def _is_loopback(value: Value) -> bool:
    address = classify_address(value.text) if isinstance(value, Known) else None
    return address is not None and address.is_loopback


def _is_for_another_machine(resolver: Resolver) -> bool:
    """Whether the function changes every address: then it rewrites to a fixed endpoint and resolves nothing."""
    plain = [row for row in resolver.rows if row.input.startswith("http://192.0.2.7") and isinstance(row.output, Known)]
    return bool(plain) and all(isinstance(row.output, Known) and row.output.text != row.input for row in plain)


def _same_everywhere(resolver: Resolver) -> str | None:
    """The alias that the function answers on Linux as on the other platforms; None where it asks for the platform."""
    given: set[str] = set()
    for row in resolver.rows:
        if row.input == "http://localhost:11434":
            address = classify_address(row.output.text) if isinstance(row.output, Known) else None
            given.add(address.alias or address.host if address is not None and address.kind == "host-alias" else "")
    alias = given.pop() if len(given) == 1 else ""
    return alias or None


def _mapped(world: World, alias: str) -> bool:
    """Whether any launch maps the alias, or may: then its author knows that Linux needs it. No launch at all: nobody to map it."""
    if alias in world.mapped_aliases:
        return True
    for launch in world.launches:
        for facts in launch.facts.values():
            if facts.hosts_open or mapping_of(facts.hosts, alias) != "none":
                return True
    return not world.launches


_SPELLINGS = ("--network=host", "--network host", "--net=host", "--net host")
"""Of the flag for the host's network, https://docs.docker.com/reference/cli/docker/container/run/#network"""


def _one_spelling(choice: NetworkChoice) -> Finding:
    others = [spelling for spelling in _SPELLINGS if spelling != choice.flag]
    return Finding(
        rule=RULE.code,
        message=f"the address is chosen by looking for {choice.flag}: with {others[0]} the container is on the host's network as well, and gets the other address",
        span=choice.span,
        severity="warning",
        confidence="medium",
        platforms=choice.platforms,
        notes=tuple(others),
        help="look for every spelling of the flag, or keep the network in a variable of its own and ask that",
    )


def _without_port(resolver: Resolver) -> Finding:
    return Finding(
        rule=RULE.code,
        message=f"{resolver.name} changes the port together with the host: every address of loopback becomes the same one",
        span=resolver.span,
        severity="warning",
        confidence="medium",
        platforms=PLATFORMS,
        help="parse the address, replace its host alone and keep its port",
    )


def _unmapped(resolver: Resolver, alias: str) -> Finding:
    return Finding(
        rule=RULE.code,
        message=f"{resolver.name} answers {alias} on every platform, and no launch of this tree maps that name, which Docker Engine on Linux does not know",
        span=_extent(resolver),
        related=_declared(resolver),
        severity="warning",
        confidence="medium",
        platforms=("linux",),
        help=f"map it where the container is started ({alias}:host-gateway), or leave the address as it is on Linux with the host network",
    )


def _finding(resolver: Resolver, wrong: list[tuple[ResolverRow, str]]) -> Finding:
    inputs = list(dict.fromkeys(f"{row.input} {why}" for row, why in wrong))
    common = any("//localhost:" in row.input or "//127.0.0.1:" in row.input or row.input.startswith(("localhost", "127.0.0.1")) for row, _ in wrong)
    usual = any(row.input in _USUAL for row, _ in wrong)
    severity: Severity = "warning" if common else "note"
    platforms = tuple(dict.fromkeys(row.platform for row, _ in wrong))
    return Finding(
        rule=RULE.code,
        message=f"{resolver.name} turns loopback into a host alias, but not for every spelling: {inputs[0]}" + (f", and {len(inputs) - 1} more" if len(inputs) > 1 else ""),
        span=_extent(resolver),
        related=_declared(resolver),
        severity=severity,
        # Who replaces a text where it stands may know which spellings come; of what people give, nobody does.
        confidence="high" if not resolver.inline else "medium" if resolver.foreign and usual else "low",
        platforms=platforms,
        notes=tuple(inputs[:8]),
        help="parse the address, compare its host with localhost, 127.0.0.0/8, ::1 and 0.0.0.0, and replace the host alone",
        remedy=ExtendResolver(resolver.span, _missing(wrong), resolver.inline),
        safety="unsafe" if resolver.inline else "safe",
    )


_USUAL = ("http://localhost:11434", "http://127.0.0.1:11434")


def _missing(wrong: list[tuple[ResolverRow, str]]) -> tuple[str, ...]:
    """The hosts that stay loopback, as an address has them."""
    hosts = [address.host for row, _ in wrong if (address := classify_address(row.input)) is not None and address.is_loopback]
    return tuple(dict.fromkeys(f"[{host}]" if ":" in host else host for host in hosts))


def _extent(resolver: Resolver) -> Span:
    """Where the function writes the alias, which is the line to mend; its name where the alias comes from elsewhere."""
    name, alias = resolver.span, resolver.alias_span
    return name if alias is None or alias.path != name.path or alias.start < name.end else alias


def _declared(resolver: Resolver) -> tuple[Step, ...]:
    return (Step(resolver.span, f"in {resolver.name}"),) if _extent(resolver) != resolver.span else ()

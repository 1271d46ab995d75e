"""What containers talk to: addresses of the host and of siblings that launches hand over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import msgspec

from stigmer_lint.addresses import Address, addresses_of
from stigmer_lint.contract import given, same_source
from stigmer_lint.dialled import Dialled, Neighbours, dialled, neighbours_of, outside_ports, texts
from stigmer_lint.drafting.programs import Program, slug
from stigmer_lint.drafting.types import DraftService, Said
from stigmer_lint.knowledge.image_ports import COMMON_PORTS, image_fact
from stigmer_lint.knowledge.names import tokens
from stigmer_lint.knowledge.roles import products, role_of, scheme_port
from stigmer_lint.knowledge.secrets import mask
from stigmer_lint.listening import ports_of
from stigmer_lint.model.launch import EnvSetting, Launch
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Template
from stigmer_lint.model.world import EnvRead, World
from stigmer_lint.report.places import Places

_TARGET = frozenset({
    "URL", "URI", "URLS", "HOST", "HOSTNAME", "PORT", "ADDRESS", "ADDR", "ENDPOINT", "BASE", "SERVER", "SERVERS", "SERVICE", "API", "DSN", "CONNECTION", "STRING",
    "BROKER", "BROKERS", "BOOTSTRAP", "INTERNAL", "DEFAULT", "GRPC", "HTTP",
})
"""Words that say that a name carries an address, not whose."""
_HEALTH = {"redis": "redis", "rediss": "redis", "postgres": "postgres", "postgresql": "postgres"}


class Carrier(msgspec.Struct, frozen=True):
    """One variable of one launch that carries a service's address. `target`: the host's port, or the launch of the sibling with its port; `shape`:
    the value around the address, None where the name carries the host alone or a secret beside it."""

    program: Program
    launch: Launch
    setting: EnvSetting
    target: str
    port: str
    sibling: Launch | None
    scheme: str | None
    shape: str | None
    product: str | None


class KnownService(msgspec.Struct, frozen=True):
    """A drafted service with what containers must know of it: per container, the names that carry its address there."""

    service: DraftService
    users: dict[str, tuple[str, ...]]


def services(world: World, some: Sequence[Program], places: Places) -> tuple[KnownService, ...]:
    """The services of a tree, in the order in which launches come."""
    neighbours = neighbours_of(world)
    carriers = [one for program in some for one in _carriers(world, neighbours, program)]
    by_target: dict[str, list[Carrier]] = {}
    for one in carriers:
        by_target.setdefault(one.target, []).append(one)
    targets: dict[tuple[str, str], set[str]] = {}
    for one in carriers:
        targets.setdefault((one.program.key, one.setting.name), set()).add(one.target)
    ours = _project_words(some)
    labels: set[str] = set()
    found: list[KnownService] = []
    for several in by_target.values():
        label = _label(several, ours)
        # Two containers may have different names for one address; a policy's service has the same names for all.
        buckets: dict[tuple[str, ...], list[str]] = {}
        by_program: dict[str, list[Carrier]] = {}
        for one in several:
            by_program.setdefault(one.program.key, []).append(one)
        for key, mine in by_program.items():
            buckets.setdefault(_names(mine, targets), []).append(key)
        for names, users in buckets.items():
            key = _free(label if len(buckets) == 1 or not found or all(label != one for one in labels) else f"{label}-for-{users[0]}", labels)
            labels.add(key)
            chosen = [one for one in several if one.program.key in users]
            found.append(KnownService(_service(key, names, chosen, places), dict.fromkeys(users, names)))
    return tuple(found)


def _carriers(world: World, neighbours: Neighbours, program: Program) -> Iterator[Carrier]:
    for launch in program.launches:
        for platform in launch.facts:
            found: dict[str, Carrier] = {}
            for one in dialled(launch, platform, neighbours, {}, {}):
                if one.setting is None or one.setting.origin in ("image", "engine") or one.role.role not in ("dial", "unknown"):
                    continue
                carrier = _carrier(world, neighbours, program, one)
                # Of several values that a variable may have, the one that is written out says most.
                if carrier is not None and (one.name not in found or (found[one.name].shape is None and carrier.shape is not None)):
                    found[one.name] = carrier
            yield from found.values()
            break


def _carrier(world: World, neighbours: Neighbours, program: Program, one: Dialled) -> Carrier | None:
    setting = one.setting
    if setting is None or one.port is None or not one.port.isdigit():
        return None
    sibling: Launch | None = None
    if one.address.kind == "name":
        sibling = next(iter(neighbours.named(one.launch, one.address.host)), None)
        if sibling is None:
            return None
    elif one.address.kind in ("loopback", "wildcard", "host-alias", "gateway-ip"):
        if one.owner in ("own", "pod"):
            return None
        if one.owner == "sibling" and one.address.is_loopback:
            sibling = one.siblings[0]
        elif one.owner == "unknown" and one.role.role != "dial":
            return None
        else:
            sibling = next((other for other in world.launches if other is not one.launch and one.port in outside_ports(other.any)), None)
    else:
        return None
    if one.role.role == "unknown" and one.address.port is None:
        return None
    # A service of the same name in several Compose files of one project is one service.
    target = f"host:{one.port}" if sibling is None else f"service:{sibling.service}:{_own_port(sibling, one.port)}" if sibling.service else f"{sibling.span.path}:{sibling.span.start}"
    return Carrier(program, one.launch, setting, target, one.port, sibling, one.address.scheme, _shape(one), one.role.product)


def _shape(one: Dialled) -> str | None:
    """The value with `{address}` in place of host and port; None where the name carries the host alone, or more than an address."""
    value = one.value
    address = one.address
    if address.port is None or not isinstance(value, Known | Template):
        return None
    if isinstance(value, Template):
        return "http://{address}" if address.scheme == "http" else "{address}" if address.scheme is None else None
    head, tail = value.text[: address.start], value.text[address.end :].lstrip("]")
    if not tail.startswith(f":{address.port}") or mask(one.name, value.text) != value.text or "@" in head:
        return None
    tail = tail[len(address.port) + 1 :]
    shape = f"{head.removesuffix('[')}{{address}}{tail}"
    return shape if len(shape) <= 120 and not any(char in head + tail for char in "{},\n\r ") else None


def _names(mine: Sequence[Carrier], targets: dict[tuple[str, str], set[str]]) -> tuple[str, ...]:
    """The names that carry the address in one container, all with the same value; not those that carry another service's elsewhere."""
    shaped = [one for one in mine if one.shape is not None]
    chosen: dict[str, Carrier] = {}
    for one in shaped:
        if one.setting.name in chosen or len(targets[one.program.key, one.setting.name]) > 1:
            continue
        if all(_agree(one.setting.name, name, one.program) for name in chosen) and (not chosen or _shapes(one, shaped) & _shapes(next(iter(chosen.values())), shaped)):
            chosen[one.setting.name] = one
    return tuple(chosen)


def _shapes(one: Carrier, several: Sequence[Carrier]) -> frozenset[str]:
    return frozenset(other.shape for other in several if other.setting.name == one.setting.name and other.shape is not None)


def _agree(left: str, right: str, program: Program) -> bool:
    for launch in program.launches:
        names = given(launch)
        if left in names and right in names and not same_source(names[left].value, names[right].value):
            return False
    return True


def _service(key: str, names: tuple[str, ...], several: Sequence[Carrier], places: Places) -> DraftService:
    named = [one for one in several if one.setting.name in names] or list(several)
    first = next((one for one in named if one.sibling is not None and _published(one.sibling, one.port) is not None), named[0])
    env: list[Said] = []
    launches = [launch for program in {one.program.key: one.program for one in several}.values() for launch in program.launches]
    for name in names:
        spans = [names_of[name].span for launch in launches if name in (names_of := given(launch))]
        env.append(Said(name, f"set at {places.few(spans)}"))
    where = f"{first.setting.name} at {places.of(first.setting.span)}"
    if first.sibling is None:
        address = Said(f"localhost:{first.port}", f"of the host: {where}")
    else:
        outer = _published(first.sibling, first.port)
        what = f"service {first.sibling.service}" if first.sibling.service else "the container"
        if outer is not None:
            address = Said(f"localhost:{outer}", f"{what} at {places.of(first.sibling.span)} publishes it; {where}")
        else:
            host = first.sibling.service or next(iter(texts(first.sibling.any.name)), "localhost")
            address = Said(f"{host}:{first.port}", f"{what} at {places.of(first.sibling.span)} is not published on the host; {where}")
    shapes = [one.shape for one in several if one.shape is not None and one.setting.name in names]
    shape = next((one for one in shapes if one != "{address}"), None) if shapes else None
    return DraftService(key, address, tuple(env), shape, next((_HEALTH[one.scheme] for one in several if one.scheme in _HEALTH), None))


def _own_port(launch: Launch, port: str) -> str:
    """The port on which a sibling listens, where its host's was given."""
    for publish in launch.any.publishes:
        if publish.host_port is not None and port in ports_of(publish.host_port):
            return next(iter(ports_of(publish.container_port)), port)
    return port


def _published(launch: Launch, port: str) -> str | None:
    """The host's port for one of a container's own; also where it is the host's that was given."""
    for publish in launch.any.publishes:
        if publish.host_port is None:
            continue
        outer = ports_of(publish.host_port)
        if outer and (port in ports_of(publish.container_port) or port in outer):
            return outer[0] if len(outer) == 1 else port if port in outer else None
    return None


def _project_words(some: Sequence[Program]) -> frozenset[str]:
    """First words of so many names that they are the project's own, not what a name is about."""
    names = {name for program in some for launch in program.launches for name in given(launch)}
    counts = Counter(words[0] for name in names if len(words := tokens(name)) > 1)
    return frozenset(word for word, count in counts.items() if count >= 4 and word not in products())


def _label(several: Sequence[Carrier], ours: frozenset[str]) -> str:
    for one in several:
        if one.sibling is not None and one.sibling.service:
            return slug(one.sibling.service) or "service"
    for one in several:
        if one.sibling is not None:
            for image in texts(one.sibling.any.image):
                fact = image_fact(image)
                if fact is not None:
                    return slug(fact.name) or "service"
    # OLLAMA beside 11434 says more than LLM does.
    words = [word for one in several for word in tokens(one.setting.name) if word in products() and word not in _TARGET]
    for word in (*(word for word in words if products()[word] in {one.port for one in several}), *words):
        return slug(word)
    usual = _usual().get(several[0].port)
    if usual is not None and several[0].sibling is None:
        return slug(usual)
    for one in several:
        if one.product is not None and one.product.isalnum():
            return slug(one.product) or "service"
    stems = [_stem(one.setting.name, ours) for one in several]
    return next((stem for stem in stems if stem), f"port-{several[0].port}")


@cache
def _usual() -> dict[str, str]:
    """Ports that only one product is known for, with its name."""
    found: dict[str, set[str]] = {}
    for word, port in products().items():
        if port is not None:
            found.setdefault(port, set()).add(word.partition("_")[0])
    return {port: next(iter(words)) for port, words in found.items() if len(words) == 1 and port not in COMMON_PORTS}


def _stem(name: str, ours: frozenset[str]) -> str:
    words = list(tokens(name))
    if len(words) > 1 and words[0] in ours and any(word not in _TARGET for word in words[1:]):
        words = words[1:]
    return slug("-".join(word for word in words if word not in _TARGET))


def _free(label: str, taken: Iterable[str]) -> str:
    key, count = label, 2
    while key in taken:
        key, count = f"{label}-{count}", count + 1
    return key


def fallback(read: EnvRead) -> tuple[Address, Span, str] | None:
    """The loopback address that a read of a dialled name falls back to, with its port."""
    if read.default is None or read.conditional:
        return None
    for located in addresses_of(read.default):
        if located.address.is_loopback:
            text = located.value.text if isinstance(located.value, Known) else None
            role = role_of(read.name, text)
            port = located.address.port or scheme_port(located.address.scheme) or (role.default_port if role.role == "dial" else None)
            if port is not None and (read.role == "dial" or role.role == "dial"):
                return located.address, read.span, port
    return None

"""Ports, networks and host entries of a Compose service."""

from __future__ import annotations

from stigmer_lint.frontends.compose_files import ComposeFiles, Context, Project, Service, configured, entries
from stigmer_lint.frontends.compose_files import Located as Placed
from stigmer_lint.frontends.decoded import Located
from stigmer_lint.frontends.interpolation import Resolve, interpolate, pieces
from stigmer_lint.frontends.yaml_nodes import Mapping, Scalar, Sequence, fields, merged
from stigmer_lint.model.launch import HostEntry, Publish
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Known, Unknown, Value, choose


def publishes(files: ComposeFiles, service: Service) -> tuple[tuple[Publish, ...], tuple[str, ...]]:
    """The published ports, and what of them could not be read. A repeated entry of an override counts once."""
    found: dict[object, Publish] = {}
    unread: list[str] = []
    for located in service.all("ports"):
        for node, context in entries(located):
            if isinstance(node, Mapping):
                one = _long_port(files, node, context)
            else:
                one = short_port(files.text(node), context.environment.resolve) if isinstance(node, Scalar) else None
            if one is None:
                unread.append("an entry of `ports` could not be read")
                continue
            key = tuple(configured(v) if v is not None else None for v in (one.host_ip, one.host_port, one.container_port))
            found[(key, one.protocol) if key[2] is not None else id(one)] = one
    return tuple(found.values()), tuple(dict.fromkeys(unread))


def short_port(place: Located, resolve: Resolve) -> Publish | None:
    """`[[IP:]HOST:]CONTAINER[/PROTOCOL]`; None for what is no such text."""
    text = place.text
    if not text:
        return None
    whole = place.span(0, len(text))
    end = len(text)
    protocol = "tcp"
    slash = pieces(text, 0, end, "/")
    if len(slash) == 2:
        protocol = text[slash[1][0] : slash[1][1]]
        end = slash[0][1]
    parts = [interpolate(place, a, b, resolve) for a, b in pieces(text, 0, end, ":")]
    parts = [piece for part in parts for piece in _split(part, ":")]
    if len(parts) > 3:
        # An address with colons that has no brackets around it.
        head = "".join(configured(part) or "" for part in parts[:-2])
        if not head and any(configured(part) is None for part in parts[:-2]):
            return None
        parts = [Known(":".join(configured(part) or "" for part in parts[:-2]), whole), *parts[-2:]]
    container = parts[-1]
    tail = configured(container)
    if tail is not None and "/" in tail and isinstance(container, Known):
        bare, _, protocol = tail.partition("/")
        container = Known(bare, container.span, container.trail)
    host = parts[-2] if len(parts) > 1 else None
    address = parts[-3] if len(parts) > 2 else None
    if isinstance(address, Known):
        address = Known(address.text.strip("[]"), address.span, address.trail)
    if isinstance(host, Known) and not host.text:
        host = None
    return Publish(container, host, address, whole, protocol)


def _split(value: Value, separator: str) -> list[Value]:
    """A value cut at separators that came out of a reference; a choice is cut by the option that applies by itself."""
    if isinstance(value, Known):
        if separator not in value.text or "[" in value.text:
            return [value]
        return [Known(part, value.span, value.trail) for part in value.text.split(separator)]
    if isinstance(value, Choice):
        usual = configured(value)
        if usual is None or separator not in usual or "[" in usual:
            return [value]
        parts = usual.split(separator)
        span = value.span
        unknown = [option for option in value.options if isinstance(option, Unknown)]
        return [choose((*unknown, Known(part, span)), span, (), len(unknown)) for part in parts]
    return [value]


def _long_port(files: ComposeFiles, node: Mapping, context: Context) -> Publish | None:
    entry = fields(node)

    def read(name: str) -> Value | None:
        field = entry.get(name)
        if field is None or not isinstance(field.value, Scalar) or field.value.is_null:
            return None
        return files.value(field.value, context)

    target = read("target")
    if target is None:
        return None
    return Publish(target, read("published"), read("host_ip"), node.span, configured(read("protocol") or Known("tcp")) or "tcp")


def exposes(files: ComposeFiles, service: Service) -> tuple[str, ...]:
    """The ports of `expose`, without protocol."""
    found: dict[str, None] = {}
    for located in service.all("expose"):
        for node, context in entries(located):
            text = files.plain(node, context)
            if text:
                found[text.partition("/")[0]] = None
    return tuple(found)


def hosts(files: ComposeFiles, service: Service) -> tuple[tuple[HostEntry, ...], bool]:
    """`extra_hosts`, and whether some of them could not be read."""
    found: list[HostEntry] = []
    unclear = False
    for located in service.all("extra_hosts"):
        node, context = located.node, located.context
        if isinstance(node, Mapping):
            for field in merged(node):
                addresses = field.value.items if isinstance(field.value, Sequence) else (field.value,)
                name = Known(field.key.text, field.key.span)
                for item in addresses:
                    if isinstance(item, Scalar):
                        found.append(HostEntry(name, _address(files.value(item, context)), Span(item.span.path, min(field.key.span.start, item.span.start), item.span.end)))
                    else:
                        unclear = True
            continue
        for item, _ in entries(located):
            entry = host_entry(files.text(item), context.environment.resolve) if isinstance(item, Scalar) else None
            if entry is None:
                unclear = True
            else:
                found.append(entry)
    return tuple(found), unclear


def host_entry(place: Located, resolve: Resolve) -> HostEntry | None:
    """`HOST:ADDRESS` or `HOST=ADDRESS`; None where the whole entry is a reference that is not known."""
    text = place.text
    whole = place.span(0, len(text))
    for separator in ("=", ":"):
        parts = pieces(text, 0, len(text), separator)
        if len(parts) > 1:
            name = interpolate(place, *parts[0], resolve)
            address = interpolate(place, parts[1][0], len(text), resolve)
            return HostEntry(name, _address(address), whole)
    usual = configured(interpolate(place, 0, len(text), resolve))
    for separator in ("=", ":"):
        if usual and separator in usual:
            name_text, _, address_text = usual.partition(separator)
            return HostEntry(Known(name_text, whole), Known(address_text.strip("[]"), whole), whole)
    return None


def _address(value: Value) -> Value:
    """IPv6 addresses may stand in brackets."""
    return Known(value.text.strip().strip("[]"), value.span, value.trail) if isinstance(value, Known) else value


def network_mode(files: ComposeFiles, project: Project, service: Service) -> tuple[Value | None, Span | None]:
    """`network_mode`, or "host" and "none" where a network stands for them."""
    located = service.last("network_mode") or service.last("net")
    if located is not None and isinstance(located.node, Scalar):
        return files.value(located.node, located.context), located.node.span
    for name, at in joined(service).items():
        for network in project.networks.get(name, ()):
            entry = fields(network.node)
            real = files.plain(entry["name"].value, network.context) if "name" in entry else name
            # The engine's own networks `host` and `none` can be joined as external ones.
            if "external" in entry and real in ("host", "none"):
                return Known(real, at), at
    return None, None


def joined(service: Service) -> dict[str, Span]:
    """The networks that a service names, with the place of each."""
    found: dict[str, Span] = {}
    for located in service.all("networks"):
        node = located.node
        if isinstance(node, Mapping):
            found.update((field.key.text, field.key.span) for field in merged(node))
        elif isinstance(node, Sequence):
            found.update((item.text, item.span) for item in node.items if isinstance(item, Scalar))
    return found


def aliases(files: ComposeFiles, service: Service) -> tuple[str, ...]:
    """Further names under which siblings find the service: `networks.*.aliases`, and its `hostname`, which the engine's DNS answers as well (measured with
    Docker Engine 20.10; github.com/moby/moby, `buildEndpointDNSNames`)."""
    found: dict[str, None] = {}
    for located in service.all("hostname"):
        text = files.plain(located.node, located.context)
        if text:
            found[text] = None
    for located in service.all("networks"):
        for field in fields(located.node).values():
            listed = fields(field.value).get("aliases")
            if listed is None:
                continue
            for node, context in entries(Placed(listed.value, located.context)):
                text = files.plain(node, context)
                if text:
                    found[text] = None
    return tuple(found)


def is_internal(files: ComposeFiles, project: Project, service: Service) -> bool:
    """Whether every network of the service is cut off from the host and the outside (`internal: true`)."""
    names = list(joined(service)) or ["default"]
    for name in names:
        nodes = [fields(at.node).get("internal") for at in project.networks.get(name, ())]
        contexts = [at.context for at in project.networks.get(name, ())]
        if not any(field and files.plain(field.value, context) == "true" for field, context in zip(nodes, contexts, strict=True)):
            return False
    return True


def is_outer(files: ComposeFiles, project: Project, service: Service) -> bool:
    """Whether the service meets containers that are not seen here: on a network that the project does not make (`external`), by `external_links`, or of a
    file that the project includes and the tree does not have."""
    if service.all("external_links") or any(gap.why.startswith("include ") or gap.why.endswith(" of include is not known") for gap in project.gaps):
        return True
    for name in list(joined(service)) or ["default"]:
        for at in project.networks.get(name, ()):
            field = fields(at.node).get("external")
            if field is not None and files.plain(field.value, at.context) != "false":
                return True
    return False

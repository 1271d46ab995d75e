"""What the library dialects share: reading environments, host entries and ports however a library spells them, and the shape of the
engine's own API (`Image`, `Env`, `HostConfig`), which most libraries pass on as it is."""

from __future__ import annotations

from collections.abc import Callable

from stigmer_lint.dialects.base import Invocation, Recognised, Unread
from stigmer_lint.dialects.values import (
    each,
    field,
    given_at,
    items_of,
    parse_host_entry,
    parse_publish,
    place,
    resolved_in,
    split_assignment,
)
from stigmer_lint.model.launch import Engine, EnvSetting, Health, HostEntry, LaunchFacts, Publish
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import (
    Choice,
    Entry,
    FunctionValue,
    Item,
    Known,
    ListValue,
    MapValue,
    ObjectValue,
    Resolved,
    Unknown,
    Value,
    choose,
    render,
)


class LibraryDialect:
    """A `Dialect` made of its tables and one function."""

    __slots__ = ("_recognise", "functions_of", "languages", "needles", "packages")

    def __init__(
        self,
        needles: tuple[str, ...],
        languages: tuple[str, ...],
        recognise: Callable[[Invocation], Recognised | Unread | None],
        packages: tuple[str, ...] = (),
        functions_of: str = "",
    ) -> None:
        """`packages`: words of which the name of a callee has one, where its library is known; () where any will do. `functions_of`: the
        callees are no methods but functions of packages with this word in their import paths."""
        self.functions_of = functions_of
        self.needles = needles
        self.languages = languages
        self.packages = packages
        self._recognise = recognise

    def may_mean(self, callee: str) -> bool:
        """Whether a callee, whose last part is one of the needles, may be the library's: a library's dotted name, or "?" and what is written where
        the library is not known."""
        return not self.packages or callee.startswith("?") or any(word in callee.lower() for word in self.packages)

    def may_be_of(self, package: str) -> bool:
        """Whether a callee may be the library's that is a function of this import path, or, for "", a method."""
        return self.functions_of in package if package or self.functions_of else True

    def recognise(self, call: Invocation) -> Recognised | Unread | None:
        """The launch that the call makes, if it makes one."""
        return self._recognise(call)


class Draft:
    """The facts of one launch while they are collected."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.image: Value | None = None
        self.name: Value | None = None
        self.network: Value | None = None
        self.networks: list[str] = []
        self.aliases: list[str] = []
        self.settings: list[EnvSetting] = []
        self.env_open: list[str] = []
        self.rewritten: list[Resolved] = []
        self.hosts: list[HostEntry] = []
        self.hosts_open = False
        self.publishes_open = False
        self.publishes: list[Publish] = []
        self.exposes: list[str] = []
        self.entrypoint: tuple[Value, ...] | None = None
        self.command: tuple[Value, ...] | None = None
        self.volumes: list[Value] = []
        self.links: list[str] = []
        self.health: Health | None = None
        self.detached: bool | None = None
        self.logging: list[Value] = []
        self.unread: list[str] = []
        self.written: Span | None = None

    def facts(self) -> LaunchFacts:
        """What was collected."""
        from stigmer_lint.dialects.docker_cli import is_mode, last_wins

        networks = tuple(self.networks)
        if isinstance(self.network, Known) and not is_mode(self.network.text) and self.network.text not in networks:
            networks = (self.network.text, *networks)
        return LaunchFacts(
            image=self.image, name=self.name, network=self.network, network_span=place(self.network, None, self.span) if self.network else None,
            networks=networks, aliases=tuple(self.aliases), env=last_wins(self.settings), env_open=tuple(dict.fromkeys(self.env_open)),
            rewritten=tuple(self.rewritten),
            hosts=tuple(self.hosts), hosts_open=self.hosts_open, publishes_open=self.publishes_open, publishes=tuple(self.publishes), exposes=tuple(self.exposes),
            entrypoint=self.entrypoint, command=self.command, volumes=tuple(self.volumes), links=tuple(self.links), health=self.health,
            logging=tuple(self.logging), detached=self.detached, unread=tuple(dict.fromkeys(self.unread)),
        )

    def set_env(self, name: Value, value: Value, maybe: bool = False) -> None:
        """One variable by name and value."""
        if not isinstance(name, Known):
            self.env_open.append(f"a variable whose name could not be told: {render(name)}")
            self.rewritten.extend(resolved_in(value))
        elif not (isinstance(value, Known) and value.kind == "null"):
            self.settings.append(EnvSetting(name.text, value, place(value, None, self.span), name.span, maybe))

    def env(self, value: Value | None) -> None:
        """An environment: a map, or a list of `NAME=VALUE`; a name alone removes the variable and sets nothing."""
        if value is None or (isinstance(value, Known) and value.kind == "null"):
            return
        if isinstance(value, ObjectValue):
            if value.type and all(isinstance(entry.key, Known) and (entry.key.text.isdigit() or entry.key.text.startswith(".")) for entry in value.fields.entries):
                # What a library's function gives, with the arguments that it was given.
                self.env_open.append(f"what {value.type} gives")
                return
            value = value.fields
        if isinstance(value, MapValue):
            if value.open_why is not None:
                self.env_open.append(value.open_why)
            for entry in value.entries:
                self.set_env(entry.key, entry.value, entry.maybe)
            return
        if isinstance(value, Choice) and any(isinstance(option, MapValue) for option in value.options):
            for option in value.options:
                if isinstance(option, MapValue):
                    for entry in option.entries:
                        self.set_env(entry.key, entry.value, True)
                elif not isinstance(option, Known):
                    self.env_open.append(f"variables that could not be told: {render(option)}")
            return
        for item in items_of(value):
            if item.rest or isinstance(item.value, ListValue | MapValue | ObjectValue | FunctionValue):
                self.env_open.append(f"variables that could not be told: {render(item.value)}")
                continue
            for one in split_assignment(item.value):
                if not isinstance(one.name, Known) or not one.name.text:
                    if not (isinstance(one.name, Known) and one.value is None):
                        self.env_open.append(f"a variable whose name could not be told: {render(item.value)}")
                        self.rewritten.extend(resolved_in(one.value))
                elif one.value is not None:
                    self.settings.append(
                        EnvSetting(one.name.text, one.value, given_at(one.name) or place(one.value, item.value, self.span), one.name.span, item.maybe or one.maybe)
                    )

    def host_entries(self, value: Value | None) -> None:
        """Host entries: a map name to address, a list of `name:address`, or of records with host and address."""
        if value is None or (isinstance(value, Known) and value.kind == "null"):
            return
        if isinstance(value, MapValue):
            self.hosts_open = self.hosts_open or value.open_why is not None
            for entry in value.entries:
                self.hosts.append(HostEntry(entry.key, entry.value, place(entry.value, None, self.span), entry.maybe))
            return
        for item in items_of(value):
            host = field(item.value, "host", "Host", "0")
            address = field(item.value, "ipAddress", "ip", "IP", "1")
            if isinstance(item.value, ListValue) and len(item.value.items) == 2:
                host, address = item.value.items[0].value, item.value.items[1].value
            if host is not None and address is not None:
                self.hosts.append(HostEntry(host, address, place(address, None, self.span), item.maybe))
                continue
            found = () if item.rest else parse_host_entry(item.value, self.span, item.maybe)
            if not found:
                self.hosts_open = True
                self.unread.append(f"host entries that could not be read: {render(item.value)}")
            self.hosts.extend(found)

    def port_bindings(self, value: Value | None) -> None:
        """Container port to host: a number, (ip, number), a record with HostIp and HostPort, or a list of those."""
        if not isinstance(value, MapValue):
            if value is not None and not (isinstance(value, Known) and value.kind == "null"):
                self.publishes_open = True
                self.unread.append("published ports could not be read")
            return
        for entry in value.entries:
            container, protocol = _port(entry.key)
            bound = list(items_of(entry.value)) if isinstance(entry.value, ListValue) else [Item(entry.value)]
            if isinstance(entry.value, ListValue) and len(bound) == 2 and isinstance(bound[0].value, Known) and not bound[0].value.text.isdigit():
                bound = [Item(entry.value)]
            for one in bound:
                self._binding(container, protocol, one.value, entry)

    def _binding(self, container: Value, protocol: str, value: Value, entry: Entry) -> None:
        ip = field(value, "HostIp", "HostIP")
        port = field(value, "HostPort")
        if isinstance(value, ListValue) and len(value.items) == 2:
            ip, port = value.items[0].value, value.items[1].value
        elif not isinstance(value, MapValue | ObjectValue) and not (isinstance(value, Known) and value.kind == "null"):
            port = value
        self.publishes.append(Publish(container, _present(port), _present(ip), entry.span or place(entry.key, None, self.span), protocol))

    def words(self, value: Value | None) -> tuple[Value, ...] | None:
        """A command or entrypoint: a list of words or one text."""
        if value is None or (isinstance(value, Known) and value.kind == "null"):
            return None
        if isinstance(value, ListValue):
            return tuple(item.value for item in value.items)
        return (value,)

    def texts(self, found: list[str], value: Value | None) -> None:
        """Add the known texts of a list."""
        for item in items_of(value):
            if isinstance(item.value, Known):
                found.append(item.value.text)

    def join_networks(self, value: Value | None) -> None:
        """Networks by name: a list, or a map whose keys are their names."""
        if isinstance(value, MapValue):
            for entry in value.entries:
                if isinstance(entry.key, Known):
                    self.networks.append(entry.key.text)
                self.texts(self.aliases, field(entry.value, "Aliases", "aliases"))
            if self.network is None and value.entries:
                self.network = value.entries[0].key
            return
        for item in items_of(value):
            name = field(item.value, "name", "Name") or item.value
            if isinstance(name, Known):
                self.networks.append(name.text)
            if self.network is None and not isinstance(name, ObjectValue | MapValue | ListValue | FunctionValue):
                self.network = name

    def healthcheck(self, value: Value | None) -> None:
        """A healthcheck record; its test's first word CMD or CMD-SHELL is kept."""
        test = field(value, "Test", "test")
        found = self.words(test)
        if found and not (isinstance(found[0], Known) and found[0].text == "NONE"):
            self.health = Health(found, place(found[0], None, self.span))

    def api(self, config: Value | None, host: Value | None = None, networking: Value | None = None) -> None:
        """The engine API's create request: `Config` fields, `HostConfig`, `NetworkingConfig`."""
        self.written = config.span if isinstance(config, MapValue | ObjectValue) else None
        self.image = self.image or field(config, "Image", "image")
        self.name = self.name or field(config, "name", "Name", "ContainerName")
        self.env(field(config, "Env", "env"))
        if isinstance(config, MapValue) and config.open_why is not None and field(config, "Env") is None:
            self.env_open.append(config.open_why)
        self.command = self.words(field(config, "Cmd")) or self.command
        self.entrypoint = self.words(field(config, "Entrypoint")) or self.entrypoint
        exposed = field(config, "ExposedPorts")
        if isinstance(exposed, MapValue):
            self.exposes.extend(entry.key.text for entry in exposed.entries if isinstance(entry.key, Known))
        self.healthcheck(field(config, "Healthcheck", "HealthCheck"))
        self.host_config(host if host is not None else field(config, "HostConfig"))
        networking = networking if networking is not None else field(config, "NetworkingConfig")
        self.join_networks(field(networking, "EndpointsConfig"))

    def host_config(self, host: Value | None) -> None:
        """`HostConfig`: what of the launch is the host's business."""
        if host is None or (isinstance(host, Known) and host.kind == "null"):
            return
        if isinstance(host, Choice):
            records = tuple(option for option in host.options if isinstance(option, MapValue | ObjectValue))
            modes = tuple(converted(field(record, "NetworkMode")) or Known("default") for record in records)
            for record in records[:1]:
                self.host_config(record)
            if len(modes) > 1:
                self.network = choose(modes)
            return
        if not isinstance(host, MapValue | ObjectValue):
            self.hosts_open = True
            self.network = self.network or Unknown("the host configuration could not be read", "other", None, host.span)
            self.unread.append("the host configuration could not be read")
            return
        mode = converted(field(host, "NetworkMode"))
        if mode is not None and not (isinstance(mode, Known) and not mode.text):
            self.network = mode
        self.host_entries(field(host, "ExtraHosts"))
        self.port_bindings(field(host, "PortBindings"))
        self.texts(self.links, field(host, "Links"))
        self.volumes.extend(item.value for item in items_of(field(host, "Binds")) if not item.rest)
        logging = field(field(host, "LogConfig"), "Config")
        if isinstance(logging, MapValue):
            self.logging.extend(entry.value for entry in logging.entries if isinstance(entry.key, Known) and entry.key.text.endswith(("address", "url")))
        if isinstance(host, MapValue) and host.open_why is not None:
            self.hosts_open = True
            self.unread.append(host.open_why)

    def finish(self, kind: str, engine: Engine) -> Recognised | Unread:
        """The launch, or Unread where neither the image nor anything else of it is known."""
        facts = self.facts()
        if (self.image is None or isinstance(self.image, Unknown)) and not facts.env and (facts.env_open or facts.unread) and facts.name is None:
            return Unread(f"the arguments of {kind} could not be read", self.span)
        return Recognised(kind, engine, facts, written=self.written)


_CONSTANTS = {"NetworkHost": "host", "NetworkBridge": "bridge", "NetworkNone": "none", "NetworkDefault": "default"}
"""The engine's Go package `network` names these."""


def converted(value: Value | None) -> Value | None:
    """A value behind a type conversion (`container.NetworkMode("host")`), and the library's own constants as texts."""
    if isinstance(value, ObjectValue) and value.type.rsplit(".", 1)[-1] in ("NetworkMode", "Port", "String", "string"):
        return field(value, "0") or value
    if isinstance(value, Choice):
        return choose(tuple(converted(option) or option for option in value.options), value.span, value.trail, value.fallback)
    name = value.name.rsplit(".", 1)[-1] if isinstance(value, FunctionValue | Unknown) and value.name else ""
    if value is not None and name in _CONSTANTS:
        return Known(_CONSTANTS[name], value.span)
    return value


def _present(value: Value | None) -> Value | None:
    return None if value is None or (isinstance(value, Known) and (value.kind == "null" or not value.text)) else value


def _port(value: Value) -> tuple[Value, str]:
    """`80/tcp` as port and protocol; a call that makes a port of a text (`nat.Port("80/tcp")`) is looked through."""
    text = converted(value) or value
    published = parse_publish(text, Span("", 0, 0)) if isinstance(text, Known) else ()
    if published:
        return published[0].container_port, published[0].protocol
    return value, "tcp"


def argument(call: Invocation, index: int, *names: str) -> Value | None:
    """An argument by keyword or position; null counts as not given."""
    for name in names:
        if name in call.keywords:
            found: Value | None = call.keywords[name]
            break
    else:
        found = call.args[index] if 0 <= index < len(call.args) else None
    return None if isinstance(found, Known) and found.kind == "null" else found


def keyword(call: Invocation, *names: str) -> Value | None:
    """An argument that is given by keyword only."""
    return argument(call, -1, *names)


def owner(call: Invocation) -> str:
    """The last name in front of the callee's: "containers" of `client.containers.run`."""
    return call.name.rpartition(".")[0].rsplit(".", 1)[-1].rsplit("/", 1)[-1].removesuffix("()")


def calls_on(value: Value | None) -> tuple[ObjectValue, ...]:
    """The methods called on an object since it was made, first to last."""
    listed = field(value, ".calls")
    if not isinstance(listed, ListValue):
        return ()
    return tuple(item.value for item in listed.items if isinstance(item.value, ObjectValue))


def positional(fields: MapValue) -> tuple[Value, ...]:
    """The arguments "0", "1", ... of a remembered call."""
    found: list[Value] = []
    while (value := fields.get(str(len(found)))) is not None:
        found.append(value)
    return tuple(found)


def is_record(value: Value | None) -> bool:
    """Whether a value has named fields."""
    return isinstance(value, MapValue | ObjectValue)


def first_record(value: Value | None) -> Value | None:
    """The record among the options of a value, None where there is none."""
    if value is None:
        return None
    return next((option for option in each(value) if is_record(option)), None)


def merged(*records: Value | None) -> MapValue:
    """The fields of several records, later ones winning."""
    entries: list[Entry] = []
    why: str | None = None
    for record in records:
        fields = record.fields if isinstance(record, ObjectValue) else record
        if isinstance(fields, MapValue):
            entries.extend(fields.entries)
            why = why or fields.open_why
    return MapValue(tuple(entries), why)


__all__ = [
    "Draft", "LibraryDialect", "argument", "calls_on", "first_record", "is_record", "keyword", "merged", "owner", "positional",
]

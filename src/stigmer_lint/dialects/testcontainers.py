"""testcontainers in Go, JavaScript and Python: requests, functional options and builder chains."""

from __future__ import annotations

from stigmer_lint.dialects.base import Invocation, Recognised, Unread
from stigmer_lint.dialects.docker_sdk_go import exposed_ports
from stigmer_lint.dialects.library import Draft, LibraryDialect, calls_on, converted, first_record, positional
from stigmer_lint.dialects.values import field, items_of
from stigmer_lint.model.launch import HostEntry, Publish
from stigmer_lint.model.value import FunctionValue, Known, MapValue, ObjectValue, Unknown, Value

_KIND = "testcontainers"
_FORWARDED = "host.testcontainers.internal"


def _host_ports(draft: Draft) -> None:
    """Exposed host ports come with a name that the library's own forwarder answers."""
    draft.hosts.append(HostEntry(Known(_FORWARDED), Unknown("the library's forwarder", "other", None, draft.span), draft.span))


def _go(call: Invocation) -> Recognised | Unread | None:
    if call.last == "GenericContainer":
        request = first_record(call.args[1]) if len(call.args) > 1 else None
        if request is None:
            return Unread("the container request could not be read", call.span) if "testcontainers" in call.name else None
        inner = field(request, "ContainerRequest") or request
        draft = Draft(call.span)
        _request(draft, inner)
        return draft.finish(_KIND, "docker")
    if "testcontainers-go" not in call.name or len(call.args) < 2:
        return None
    draft = Draft(call.span)
    draft.image = call.args[1]
    for option in call.args[2:]:
        _option(draft, option)
    return draft.finish(_KIND, "docker")


def _request(draft: Draft, request: Value | None) -> None:
    """`testcontainers.ContainerRequest`."""
    draft.image = field(request, "Image")
    if draft.image is None and field(request, "FromDockerfile") is not None:
        draft.image = Unknown("built from a Dockerfile", "other", None, draft.span)
    draft.name = field(request, "Name")
    draft.env(field(request, "Env"))
    draft.host_entries(field(request, "ExtraHosts"))
    draft.network = converted(field(request, "NetworkMode"))
    draft.join_networks(field(request, "Networks"))
    exposed_ports(draft, field(request, "ExposedPorts"))
    draft.command = draft.words(field(request, "Cmd"))
    draft.entrypoint = draft.words(field(request, "Entrypoint"))
    if field(request, "HostAccessPorts") is not None:
        _host_ports(draft)
    if field(request, "HostConfigModifier") is not None:
        _modified(draft)


def _modified(draft: Draft) -> None:
    draft.hosts_open = True
    draft.unread.append("the host configuration is changed by a function")
    draft.network = draft.network or Unknown("the host configuration is changed by a function", "other", None, draft.span)


def _option(draft: Draft, option: Value) -> None:
    """One functional option of `testcontainers.Run` or a module's `Run`."""
    if not isinstance(option, ObjectValue):
        if isinstance(option, FunctionValue) or (isinstance(option, Unknown) and option.name == "*"):
            draft.env_open.append("options that could not be told")
            draft.unread.append("options that could not be told")
        return
    given = positional(option.fields)
    first = given[0] if given else None
    match option.type.rsplit(".", 1)[-1]:
        case "WithEnv":
            draft.env(first)
        case "WithHostConfigModifier":
            _modified(draft)
        case "WithHostPortAccess":
            _host_ports(draft)
        case "WithExposedPorts":
            for one in given:
                exposed_ports(draft, one)
        case "WithCmd" | "WithCmdArgs":
            draft.command = given
        case "WithEntrypoint":
            draft.entrypoint = given
        case "WithName":
            draft.name = first
        case "WithNetworkName" | "WithNetwork":
            draft.texts(draft.aliases, first)
            draft.join_networks(given[1] if len(given) > 1 else None)
        case "CustomizeRequest":
            inner = Draft(draft.span)
            _request(inner, field(first, "ContainerRequest") or first)
            draft.settings.extend(inner.settings)
            draft.env_open.extend(inner.env_open)
            draft.hosts.extend(inner.hosts)
            draft.network = inner.network or draft.network
        case "CustomizeRequestOption" | "WithConfigModifier":
            draft.env_open.append("the request is changed by a function")
        case _:
            pass


def _made(call: Invocation) -> ObjectValue | None:
    """The container object on which `start` is called, None where it is something else."""
    made = call.receiver
    if not isinstance(made, ObjectValue):
        return None
    last = made.type.rsplit(".", 1)[-1]
    if "testcontainers" in made.type or last in ("GenericContainer", "DockerContainer"):
        return made
    return None


def _javascript(call: Invocation) -> Recognised | Unread | None:
    made = _made(call)
    if made is None:
        return None
    draft = Draft(call.span)
    draft.image = field(made, "0") or Unknown("the module's own image", "other", None, made.span)
    for one in calls_on(made):
        given = positional(one.fields)
        first = given[0] if given else None
        match one.type.rsplit(".", 1)[-1]:
            case "withEnvironment":
                draft.env(first)
            case "withEnv" if len(given) > 1:
                draft.set_env(given[0], given[1])
            case "withExtraHosts":
                draft.host_entries(first)
            case "withNetworkMode":
                draft.network = first
            case "withNetwork":
                draft.join_networks(first)
                draft.network = draft.network or Unknown("a network made at run time", "other", None, call.span)
            case "withNetworkAliases":
                for name in given:
                    draft.texts(draft.aliases, name)
                    if isinstance(name, Known):
                        draft.aliases.append(name.text)
            case "withExposedPorts":
                for port in given:
                    _js_port(draft, port)
            case "withCommand":
                draft.command = draft.words(first)
            case "withEntrypoint":
                draft.entrypoint = draft.words(first)
            case "withName":
                draft.name = first
            case "withHealthCheck":
                draft.healthcheck(first)
            case _:
                pass
    draft.aliases = list(dict.fromkeys(draft.aliases))
    return draft.finish(_KIND, "docker")


def _js_port(draft: Draft, port: Value) -> None:
    container, host = field(port, "container"), field(port, "host")
    if container is not None:
        draft.publishes.append(Publish(container, host, None, port.span or draft.span))
    elif isinstance(port, Known):
        draft.exposes.append(port.text)


def _python(call: Invocation) -> Recognised | Unread | None:
    made = _made(call)
    if made is None:
        return None
    draft = Draft(call.span)
    draft.image = field(made, "0", "image") or Unknown("the module's own image", "other", None, made.span)
    draft.env(field(made, "env", "environment"))
    _python_settings(draft, made.fields)
    for one in calls_on(made):
        given = positional(one.fields)
        first = given[0] if given else None
        match one.type.rsplit(".", 1)[-1]:
            case "with_env":
                key, value = first or field(one, "key"), given[1] if len(given) > 1 else field(one, "value")
                if key is not None and value is not None:
                    draft.set_env(key, value)
            case "with_envs":
                draft.env(one.fields)
            case "with_env_file":
                draft.env_open.append("further variables come from an env file")
            case "with_exposed_ports":
                draft.exposes.extend(port.text for port in given if isinstance(port, Known))
            case "with_bind_ports":
                container = first or field(one, "container")
                if container is not None:
                    draft.publishes.append(Publish(container, given[1] if len(given) > 1 else field(one, "host"), None, one.span or call.span))
            case "with_kwargs":
                _python_settings(draft, one.fields)
            case "with_command":
                draft.command = draft.words(first)
            case "with_name":
                draft.name = first
            case "with_network":
                draft.network = draft.network or Unknown("a network made at run time", "other", None, call.span)
            case "with_network_aliases":
                draft.aliases.extend(name.text for name in given if isinstance(name, Known))
            case "with_volume_mapping":
                draft.volumes.extend(given[:1])
            case _:
                pass
    return draft.finish(_KIND, "docker")


def _python_settings(draft: Draft, fields: MapValue) -> None:
    """Keywords that are handed on to the docker library."""
    draft.env(field(fields, "environment"))
    draft.host_entries(field(fields, "extra_hosts"))
    network = field(fields, "network_mode")
    if network is not None:
        draft.network = network
    name = field(fields, "name")
    if name is not None:
        draft.name = name
    for item in items_of(field(fields, "entrypoint")):
        draft.entrypoint = (*(draft.entrypoint or ()), item.value)


GO = LibraryDialect(("GenericContainer", "Run"), ("go",), _go, functions_of="testcontainers")
JAVASCRIPT = LibraryDialect(("start",), ("javascript", "typescript"), _javascript)
PYTHON = LibraryDialect(("start",), ("python",), _python)

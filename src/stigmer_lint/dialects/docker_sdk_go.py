"""Go libraries that start containers: the engine's own client (old and new import paths), go-dockerclient, Podman's bindings, dockertest."""

from __future__ import annotations

from stigmer_lint.dialects.base import Invocation, Recognised, Unread
from stigmer_lint.dialects.library import Draft, LibraryDialect, first_record
from stigmer_lint.dialects.values import field, items_of, parse_publish, place
from stigmer_lint.model.launch import Engine
from stigmer_lint.model.value import FunctionValue, Known, Template, Value, join


def _recognise(call: Invocation) -> Recognised | Unread | None:
    match call.last:
        case "ContainerCreate":
            return _client(call)
        case "ContainerExecCreate" | "ExecCreate":
            return _exec(call)
        case "CreateContainer":
            return _options(call, first_record(call.args[0]) if call.args else None)
        case "CreateWithSpec":
            return _spec(call)
        case "RunWithOptions":
            return _dockertest(call)
        case _:
            return None


def _client(call: Invocation) -> Recognised | Unread | None:
    """`ContainerCreate(ctx, config, hostConfig, networkingConfig[, platform], name)`, newest `ContainerCreate(ctx, options)`."""
    if len(call.args) < 2:
        return None
    config = first_record(call.args[1])
    if len(call.args) == 2:
        inner = field(config, "Config", "HostConfig", "Image")
        return None if inner is None else _options(call, config)
    draft = Draft(call.span)
    draft.detached = True
    if config is None and not (isinstance(call.args[1], Known) and call.args[1].kind == "null"):
        draft.env_open.append("the container's config could not be read")
        draft.unread.append("the container's config could not be read")
    name = call.args[-1]
    draft.name = None if isinstance(name, Known) and (not name.text or name.kind == "null") else name
    draft.api(config, call.args[2], call.args[3] if len(call.args) > 3 else None)
    return draft.finish("docker sdk", "docker")


def _exec(call: Invocation) -> Recognised | None:
    """`ContainerExecCreate(ctx, container, options)`: a program in a container that runs."""
    options = first_record(call.args[2]) if len(call.args) == 3 else None
    if options is None:
        return None
    draft = Draft(call.span)
    draft.name = call.args[1]
    draft.env(field(options, "Env"))
    return Recognised("docker exec", "docker", draft.facts()) if draft.settings else None


def _options(call: Invocation, options: Value | None) -> Recognised | Unread | None:
    """One record with `Config`, `HostConfig`, `NetworkingConfig` and `Name`."""
    config = field(options, "Config")
    if config is None and field(options, "Image") is None:
        return None
    draft = Draft(call.span)
    draft.detached = True
    draft.name = field(options, "Name")
    draft.image = field(options, "Image")
    draft.api(config, field(options, "HostConfig"), field(options, "NetworkingConfig"))
    return draft.finish("docker sdk", "docker")


def _spec(call: Invocation) -> Recognised | Unread | None:
    """Podman's `containers.CreateWithSpec(ctx, spec, options)`."""
    spec = first_record(call.args[1]) if len(call.args) > 1 else None
    if spec is None:
        return Unread("the container's spec could not be read", call.span)
    engine: Engine = "podman"
    draft = Draft(call.span)
    draft.detached = True
    draft.image = field(spec, "Image", "0")
    draft.name = field(spec, "Name")
    draft.env(field(spec, "Env"))
    draft.host_entries(field(spec, "HostAdd"))
    draft.network = field(field(spec, "NetNS"), "NSMode")
    draft.join_networks(field(spec, "Networks", "CNINetworks"))
    draft.command = draft.words(field(spec, "Command"))
    draft.entrypoint = draft.words(field(spec, "Entrypoint"))
    return draft.finish("podman bindings", engine)


def _dockertest(call: Invocation) -> Recognised | Unread | None:
    """`pool.RunWithOptions(&dockertest.RunOptions{Repository, Tag, Env, ...}, func(*docker.HostConfig){...})`."""
    options = first_record(call.args[0]) if call.args else None
    repository = field(options, "Repository")
    if repository is None:
        return None
    draft = Draft(call.span)
    draft.detached = True
    tag = field(options, "Tag")
    draft.image = join((repository, Known(":"), tag)) if isinstance(tag, Known | Template) else repository
    draft.name = field(options, "Name")
    draft.env(field(options, "Env"))
    draft.host_entries(field(options, "ExtraHosts"))
    draft.port_bindings(field(options, "PortBindings"))
    draft.texts(draft.exposes, field(options, "ExposedPorts"))
    draft.texts(draft.links, field(options, "Links"))
    draft.network = field(options, "NetworkID")
    draft.command = draft.words(field(options, "Cmd"))
    draft.entrypoint = draft.words(field(options, "Entrypoint"))
    if any(isinstance(arg, FunctionValue) for arg in call.args[1:]):
        draft.unread.append("the host configuration is changed by a function")
        draft.hosts_open = True
    return draft.finish("dockertest", "docker")


def exposed_ports(draft: Draft, value: Value | None) -> None:
    """testcontainers' `ExposedPorts`: `"80/tcp"` is exposed, `"8080:80"` is published."""
    for item in items_of(value):
        for publish in parse_publish(item.value, place(item.value, None, draft.span)):
            if publish.host_port is not None:
                draft.publishes.append(publish)
            elif isinstance(publish.container_port, Known):
                draft.exposes.append(publish.container_port.text)


DIALECT = LibraryDialect(("ContainerCreate", "ContainerExecCreate", "ExecCreate", "CreateContainer", "CreateWithSpec", "RunWithOptions"), ("go",), _recognise, ("docker", "moby", "podman", "libpod"))

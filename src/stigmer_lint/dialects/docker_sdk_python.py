"""Python libraries that start containers: docker (high and low level), podman, aiodocker, python-on-whales."""

from __future__ import annotations

from stigmer_lint.dialects.base import Invocation, Recognised, Unread
from stigmer_lint.dialects.library import Draft, LibraryDialect, argument, calls_on, first_record, keyword, owner
from stigmer_lint.dialects.values import field, items_of
from stigmer_lint.model.launch import Engine, Publish
from stigmer_lint.model.value import Known, ListValue, MapValue, ObjectValue, Unknown, Value


def _recognise(call: Invocation) -> Recognised | Unread | None:
    last = call.last
    if last == "create_container":
        return _low_level(call)
    if "python_on_whales" in call.name or (isinstance(call.receiver, ObjectValue) and "python_on_whales" in call.receiver.type):
        return _on_whales(call) if last in ("run", "create") else None
    if owner(call) not in ("containers", "container_manager"):
        return None
    config = first_record(keyword(call, "config"))
    if config is None and call.args:
        config = next((arg for arg in call.args if isinstance(arg, MapValue) and field(arg, "Image") is not None), None)
    if config is not None or last == "create_or_replace":
        return _of_config(call, config)
    if last in ("run", "create"):
        return _high_level(call)
    return None


def _engine(call: Invocation) -> Engine:
    made = call.receiver.type if isinstance(call.receiver, ObjectValue) else ""
    return "podman" if "podman" in call.name.lower() or "podman" in made.lower() else "docker"


def _of_config(call: Invocation, config: Value | None) -> Recognised | Unread:
    """aiodocker: the API's JSON as `config`."""
    if config is None:
        return Unread("the container's config could not be read", call.span)
    draft = Draft(call.span)
    draft.detached = True
    draft.name = keyword(call, "name") or (call.args[0] if call.last == "create_or_replace" and call.args and isinstance(call.args[0], Known) else None)
    draft.api(config)
    return draft.finish("docker sdk", _engine(call))


def _high_level(call: Invocation) -> Recognised | Unread | None:
    image = argument(call, 0, "image")
    if image is None and not call.keywords:
        return None
    draft = Draft(call.span)
    draft.detached = call.last != "run" or (isinstance(detach := keyword(call, "detach"), Known) and detach.text.lower() == "true")
    draft.image = image if not isinstance(image, ObjectValue) else field(image, "tag", "0") or Unknown("an image object", "other", None, image.span)
    draft.command = draft.words(argument(call, 1, "command"))
    _shared(call, draft)
    draft.env(keyword(call, "environment", "env"))
    draft.port_bindings(keyword(call, "ports"))
    draft.host_entries(keyword(call, "extra_hosts"))
    network = keyword(call, "network_mode")
    namespace = keyword(call, "netns")
    if network is None and namespace is not None:
        network = field(namespace, "nsmode", "value")
    joined = keyword(call, "network")
    draft.network = network or joined
    draft.join_networks(keyword(call, "networks"))
    draft.join_networks(field(keyword(call, "networking_config"), "EndpointsConfig"))
    _volumes(draft, keyword(call, "volumes"))
    _links(draft, keyword(call, "links"))
    if any(isinstance(arg, Unknown) and arg.name == "*" for arg in call.args):
        draft.unread.append("arguments that could not be told")
    return draft.finish("docker sdk", _engine(call))


def _shared(call: Invocation, draft: Draft) -> None:
    draft.name = keyword(call, "name")
    draft.entrypoint = draft.words(keyword(call, "entrypoint"))
    draft.healthcheck(keyword(call, "healthcheck"))
    if isinstance(every := keyword(call, "publish_all_ports"), Known) and every.text == "True":
        draft.publishes.append(Publish(Unknown("every exposed port"), None, None, call.span))
    config = keyword(call, "log_config")
    options = field(config, "config", "Config", "1")
    if isinstance(options, MapValue):
        draft.logging.extend(entry.value for entry in options.entries if isinstance(entry.key, Known) and entry.key.text.endswith(("address", "url")))


def _volumes(draft: Draft, value: Value | None) -> None:
    if isinstance(value, MapValue):
        draft.volumes.extend(entry.key for entry in value.entries)
    elif value is not None:
        draft.volumes.extend(item.value for item in items_of(value) if not item.rest)


def _links(draft: Draft, value: Value | None) -> None:
    if isinstance(value, MapValue):
        for entry in value.entries:
            if isinstance(entry.key, Known) and isinstance(entry.value, Known):
                draft.links.append(f"{entry.key.text}:{entry.value.text}")
        return
    for item in items_of(value):
        if isinstance(item.value, ListValue) and len(item.value.items) == 2:
            names = [one.value.text for one in item.value.items if isinstance(one.value, Known)]
            if len(names) == 2:
                draft.links.append(":".join(names))
        elif isinstance(item.value, Known):
            draft.links.append(item.value.text)


def _low_level(call: Invocation) -> Recognised | Unread | None:
    """`APIClient.create_container(image, command, ..., host_config=client.create_host_config(...))`."""
    image = argument(call, 0, "image")
    host = keyword(call, "host_config")
    if image is None and host is None:
        return None
    draft = Draft(call.span)
    draft.detached = True
    draft.image = image
    draft.command = draft.words(argument(call, 1, "command"))
    _shared(call, draft)
    draft.env(argument(call, 8, "environment"))
    made = _made_by(host, "create_host_config", "HostConfig")
    if made is not None:
        draft.network = field(made, "network_mode")
        draft.host_entries(field(made, "extra_hosts"))
        draft.port_bindings(field(made, "port_bindings"))
        _volumes(draft, field(made, "binds"))
        _links(draft, field(made, "links"))
    else:
        draft.host_config(host)
    networking = keyword(call, "networking_config")
    endpoints = _made_by(networking, "create_networking_config", "NetworkingConfig")
    draft.join_networks(field(endpoints, "0", "endpoints_config") if endpoints is not None else field(networking, "EndpointsConfig"))
    return draft.finish("docker sdk", _engine(call))


def _made_by(value: Value | None, *names: str) -> Value | None:
    """The arguments of the call that made a value, None where none of these functions did. A method's are kept on its receiver."""
    if not isinstance(value, ObjectValue) or value.type.rsplit(".", 1)[-1] not in names:
        return None
    for made in reversed(calls_on(value)):
        if made.type.rsplit(".", 1)[-1] in names:
            return made
    return value


def _on_whales(call: Invocation) -> Recognised | Unread | None:
    """`docker.run("img", ["cmd"], envs={}, networks=[], add_hosts=[(name, ip)], publish=[(host, container)])`."""
    draft = Draft(call.span)
    draft.detached = call.last != "run" or (isinstance(detach := keyword(call, "detach"), Known) and detach.text.lower() == "true")
    draft.image = argument(call, 0, "image")
    if draft.image is None:
        return None
    draft.command = draft.words(argument(call, 1, "command"))
    _shared(call, draft)
    draft.env(keyword(call, "envs"))
    for item in items_of(keyword(call, "env_files")):
        draft.env_open.append("further variables come from an env file")
        del item
    draft.host_entries(keyword(call, "add_hosts"))
    draft.join_networks(keyword(call, "networks"))
    for item in items_of(keyword(call, "publish")):
        if isinstance(item.value, ListValue) and len(item.value.items) >= 2:
            host, container = item.value.items[0].value, item.value.items[1].value
            draft.publishes.append(Publish(container, host, None, item.value.span or call.span))
    return draft.finish("docker sdk", _engine(call))


DIALECT = LibraryDialect(("run", "create", "create_or_replace", "create_container"), ("python",), _recognise, ("docker", "podman", "containers", "whales"))

"""Compose services that a program writes: a record or a map with the keys of a service, which ends up in a file that Compose reads.

The keys are those of https://docs.docker.com/reference/compose-file/services/; Go programs spell them as the fields of compose-go's
`types.ServiceConfig` (https://pkg.go.dev/github.com/compose-spec/compose-go/v2/types) or of a struct of their own with YAML tags."""

from __future__ import annotations

from collections.abc import Mapping

from stigmer_lint.dialects.base import Recognised
from stigmer_lint.dialects.library import Draft
from stigmer_lint.dialects.values import field, items_of, parse_publish, place
from stigmer_lint.model.launch import Publish
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Entry, Known, MapValue, ObjectValue, Value

KEYS = frozenset({
    "image", "build", "command", "entrypoint", "container_name", "depends_on", "env_file", "environment", "expose", "extra_hosts", "healthcheck", "links",
    "logging", "network_mode", "networks", "ports", "restart", "volumes",
})  # fmt: skip
"""Keys of a service that are read here, and `restart`, by which one is known."""
TELLING = frozenset({"container_name", "depends_on", "env_file", "environment", "extra_hosts", "network_mode", "restart"})
"""Keys that hardly anything but a Compose service has under these names."""

GO_FIELDS = {
    "Image": "image", "Command": "command", "Entrypoint": "entrypoint", "ContainerName": "container_name", "DependsOn": "depends_on", "EnvFile": "env_file",
    "EnvFiles": "env_file", "Environment": "environment", "Expose": "expose", "ExtraHosts": "extra_hosts", "HealthCheck": "healthcheck", "Links": "links",
    "NetworkMode": "network_mode", "Networks": "networks", "Ports": "ports", "Restart": "restart", "Volumes": "volumes", "Build": "build",
}  # fmt: skip
"""Fields of compose-go's ServiceConfig."""


def is_service(keys: frozenset[str] | set[str]) -> bool:
    """Whether a map with these keys is a service: what it is made of, and two keys that tell, or one beside two that are usual."""
    return bool(keys & {"image", "build"}) and bool(keys & TELLING) and (len(keys & TELLING) >= 2 or len(keys & KEYS) >= 4)


def service(value: MapValue | ObjectValue, names: Mapping[str, str] | None, span: Span) -> Recognised | None:
    """The launch that a service is. `names`: field of the record -> key of Compose; None: the keys are those of Compose."""
    fields = value if isinstance(value, MapValue) else value.fields
    if names is not None:
        renamed = tuple(
            Entry(Known(names[entry.key.text]), entry.value, entry.maybe, entry.span)
            for entry in fields.entries if isinstance(entry.key, Known) and entry.key.text in names
        )
        fields = MapValue(renamed, fields.open_why, fields.span)
    draft = Draft(span)
    draft.written = span
    draft.detached = True
    draft.image = field(fields, "image")
    draft.name = field(fields, "container_name")
    draft.env(field(fields, "environment"))
    for item in items_of(field(fields, "env_file")):
        draft.env_open.append("further variables come from an env file" if not item.rest else "further variables may come from env files")
    if fields.open_why is not None and field(fields, "environment") is None:
        draft.env_open.append(fields.open_why)
    draft.host_entries(field(fields, "extra_hosts"))
    draft.hosts_open = draft.hosts_open or (fields.open_why is not None and field(fields, "extra_hosts") is None)
    draft.join_networks(field(fields, "networks"))
    draft.network = field(fields, "network_mode") or (None if draft.networks else draft.network)
    draft.command = draft.words(field(fields, "command"))
    draft.entrypoint = draft.words(field(fields, "entrypoint"))
    draft.healthcheck(field(fields, "healthcheck"))
    draft.texts(draft.exposes, field(fields, "expose"))
    draft.texts(draft.links, field(fields, "links"))
    volumes = field(fields, "volumes")
    draft.volumes.extend(item.value for item in items_of(volumes) if not item.rest)
    for item in items_of(field(fields, "ports")):
        target = field(item.value, "target", "Target")
        if target is not None:
            draft.publishes.append(Publish(target, field(item.value, "published", "Published"), field(item.value, "host_ip", "HostIP"), place(target, None, span)))
        elif item.rest:
            draft.publishes_open = True
        else:
            draft.publishes.extend(parse_publish(item.value, place(item.value, None, span)))
    found = draft.facts()
    return Recognised("compose service", "docker", found, written=span) if _says_something(found.image, fields) else None


def _says_something(image: Value | None, fields: MapValue) -> bool:
    return image is not None or field(fields, "build") is not None


__all__ = ["GO_FIELDS", "KEYS", "TELLING", "is_service", "service"]

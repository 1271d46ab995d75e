"""JavaScript libraries that start containers through the engine's API: dockerode, and Podman Desktop's extension API, which has its shape."""

from __future__ import annotations

from stigmer_lint.dialects.base import Invocation, Recognised, Unread
from stigmer_lint.dialects.library import Draft, LibraryDialect, first_record, is_record, merged, owner
from stigmer_lint.dialects.values import field
from stigmer_lint.model.launch import Engine
from stigmer_lint.model.value import ListValue, ObjectValue, Value


def _recognise(call: Invocation) -> Recognised | Unread | None:
    if call.last == "createContainer":
        return _create(call)
    return _run(call)


def _is_dockerode(call: Invocation) -> bool:
    made = call.receiver.type if isinstance(call.receiver, ObjectValue) else ""
    return "dockerode" in made.lower() or "dockerode" in call.name.lower()


def _create(call: Invocation) -> Recognised | Unread | None:
    """`docker.createContainer({Image, Env, HostConfig})`; Podman Desktop's has the engine's id in front."""
    options: Value | None = next((record for record in map(first_record, call.args[:2]) if record is not None), None)
    if options is None or (field(options, "Image", "HostConfig", "Env", "Cmd") is None and not _is_dockerode(call)):
        # Storage clients have containers, too.
        return Unread("the options of createContainer could not be read", call.span) if options is None and call.args and _is_dockerode(call) else None
    engine: Engine = "podman" if "containerengine" in owner(call).lower() else "docker"
    draft = Draft(call.span)
    draft.detached = True
    draft.api(options)
    return draft.finish("dockerode" if engine == "docker" else "podman desktop", engine)


def _run(call: Invocation) -> Recognised | Unread | None:
    """`docker.run(image, command, stream, createOptions, startOptions, callback)`."""
    if len(call.args) < 2 or not (_is_dockerode(call) or (owner(call) == "docker" and isinstance(call.args[1], ListValue))):
        return None
    draft = Draft(call.span)
    # It answers once the container has ended.
    draft.detached = False
    draft.image = call.args[0]
    draft.command = draft.words(call.args[1])
    options = [arg for arg in call.args[2:5] if is_record(arg) and field(arg, "Image", "Env", "HostConfig", "name", "Tty", "Cmd", "NetworkingConfig") is not None]
    if options:
        draft.api(merged(*options))
    draft.image = call.args[0]
    return draft.finish("dockerode", "docker")


DIALECT = LibraryDialect(("createContainer", "run"), ("javascript", "typescript"), _recognise, ("docker", "podman", "container"))

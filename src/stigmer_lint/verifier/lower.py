"""A running container as a launch, so that the same rules judge it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stigmer_lint.dialects.docker_cli import is_mode
from stigmer_lint.dialects.values import parse_host_entry
from stigmer_lint.model.launch import EnvSetting, Health, Launch, LaunchFacts, Platform, Publish
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, text_of
from stigmer_lint.verifier.types import Container, Daemon, Inside


class Lowered(msgspec.Struct, frozen=True):
    """A launch made of a container, and the text that its spans point into where no file of a tree holds its launch."""

    launch: Launch
    source: SourceFile | None


def path_of(container: Container) -> str:
    """What stands for a file where a running container is all there is."""
    return f"container:{container.name}"


def live_env(container: Container, inside: Inside | None) -> tuple[tuple[str, str], ...]:
    """The variables as the container's processes have them; as configured where the processes cannot be seen.

    The last process that has a variable decides: an entrypoint changes what it starts, not itself.
    """
    processes = inside.processes if inside is not None else ()
    if not processes:
        return container.env
    found: list[tuple[str, str]] = []
    for name, value in container.env:
        seen = [process.environ[name] for process in processes if name in process.environ]
        found.append((name, next((one for one in reversed(seen) if one != value), value) if seen else value))
    known = {name for name, _ in container.env}
    for process in processes:
        for name, value in process.environ.items():
            if name not in known:
                known.add(name)
                found.append((name, value))
    return tuple(found)


def lower(container: Container, daemon: Daemon, inside: Inside | None = None, written: Launch | None = None) -> Lowered:
    """The launch that would give this container.

    `written`: the launch in the tree that started it, where that is known: its places, its service and whether it names its container are
    taken over, so that a finding about the container is the finding about the code.
    """
    source = None if written is not None else _text(container, live_env(container, inside))
    span = written.span if written is not None else Span(path_of(container), 0, len(source.data) if source else 0)
    facts = _facts(container, daemon.platform, inside, span, written, source)
    launch = Launch(
        kind="running", engine=daemon.engine, span=span, facts={daemon.platform: facts},
        function=written.function if written is not None else "", service=written.service if written is not None else None,
        group=written.group if written is not None else None, language=written.language if written is not None else "",
    )  # fmt: skip
    return Lowered(launch, source)


def _text(container: Container, env: tuple[tuple[str, str], ...]) -> SourceFile:
    lines = [f"{name}={value}".replace("\n", "\\n") for name, value in env]
    return SourceFile(path_of(container), "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))


def _facts(
    container: Container, platform: Platform, inside: Inside | None, span: Span, written: Launch | None, source: SourceFile | None
) -> LaunchFacts:
    there = written.on(platform) if written is not None else None
    if there is None and written is not None:
        there = written.any
    places = {setting.name: setting for setting in there.env} if there is not None else {}
    mode = container.mode
    network = None if mode in ("default", "") else Known(mode, span)
    # A container that the engine named by itself is one without a name: what the rules know it by must not change from run to run.
    name = None if there is not None and there.name is None else Known(container.name, span)
    image = Known(container.image, span)
    if there is not None and text_of(there.image) is not None:
        image = Known(text_of(there.image) or container.image, span)
    return LaunchFacts(
        image=image,
        name=name,
        network=network,
        network_span=there.network_span if there is not None else None,
        networks=tuple(one for one in container.networks if not is_mode(one)),
        aliases=tuple(dict.fromkeys(alias for place in container.attachments for alias in place.names)),
        env=_env(container, inside, span, places, source),
        hosts=tuple(entry for text in container.hosts for entry in parse_host_entry(Known(text, span), span)),
        publishes=tuple(
            Publish(Known(str(one.container_port), span), Known(str(one.host_port), span), Known(one.host_ip, span) if one.host_ip else None, span, one.protocol)
            for one in container.bindings
        ),
        command=tuple(Known(word, span) for word in container.command) if container.command else None,
        entrypoint=tuple(Known(word, span) for word in container.entrypoint) if container.entrypoint else None,
        volumes=tuple(Known(volume, span) for volume in container.volumes),
        health=Health(tuple(Known(word, span) for word in container.health[1:]), span) if len(container.health) > 1 else None,
    )


def _env(
    container: Container, inside: Inside | None, span: Span, places: Mapping[str, EnvSetting], source: SourceFile | None
) -> tuple[EnvSetting, ...]:
    baked = dict(container.image_env)
    configured = {name for name, _ in container.env}
    found = []
    at = 0
    for name, value in live_env(container, inside):
        size = len(f"{name}={value}".replace("\n", "\\n").encode("utf-8", "surrogateescape"))
        head = len(name.encode("utf-8", "surrogateescape")) + 1
        place = places.get(name)
        own = place.span if place is not None else Span(span.path, at + head, at + size) if source is not None else span
        at += size + 1
        if name not in configured and name not in places:
            # Made by a process of the container itself (HOSTNAME, SHLVL): no launch gave it.
            continue
        found.append(EnvSetting(name, Known(value, own), own, origin="image" if baked.get(name) == value else "launch"))
    return tuple(found)


__all__ = ["Lowered", "live_env", "lower", "path_of"]

"""A launch as an engine's command line: the inverse of `dialects.docker_cli.recognise_argv`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stigmer_lint.errors import UsageError
from stigmer_lint.model.launch import HostEntry, LaunchFacts, Publish
from stigmer_lint.model.value import Known, Value
from stigmer_lint.model.value import render as shown


def render(facts: LaunchFacts, program: str = "docker", options: Sequence[str] = ()) -> tuple[str, ...]:
    """The arguments of `PROGRAM run`, program first. `options` stand in front of the image as they are.

    Every value must be known; what is passed on from the caller's environment is written as a name alone. Raises UsageError for a launch
    without an image or with a hole.
    """
    if facts.image is None:
        raise UsageError("The launch has no image.")
    words = [program, "run", *options]
    for flag, value in _pairs(facts):
        words += (flag, value)
    entrypoint = tuple(_text(word) for word in facts.entrypoint) if facts.entrypoint is not None else None
    if entrypoint is not None:
        words += ("--entrypoint", entrypoint[0] if entrypoint else "")
    words.append(_text(facts.image))
    words += entrypoint[1:] if entrypoint else ()
    words += (_text(word) for word in facts.command or ())
    return tuple(words)


def _pairs(facts: LaunchFacts) -> Iterator[tuple[str, str]]:
    """Options with their values, in an order that reads well."""
    if facts.name is not None:
        yield "--name", _text(facts.name)
    if facts.pod is not None:
        yield "--pod", facts.pod
    yield from (("--network", network) for network in _networks(facts))
    yield from (("--network-alias", alias) for alias in facts.aliases)
    yield from (("--add-host", _host(entry)) for entry in facts.hosts)
    yield from (("-p", _publish(one)) for one in facts.publishes)
    yield from (("--expose", one) for one in facts.exposes)
    yield from (("--link", one) for one in facts.links)
    yield from (("-v", _text(one)) for one in facts.volumes)
    yield from (("--env-file", _text(one)) for one in facts.env_files)
    for setting in facts.env:
        yield "-e", setting.name if setting.passed else f"{setting.name}={_text(setting.value)}"
    if facts.health is not None:
        yield "--health-cmd", " ".join(_text(word) for word in facts.health.command)


def _networks(facts: LaunchFacts) -> tuple[str, ...]:
    first = (_text(facts.network),) if facts.network is not None else ()
    return (*first, *(one for one in facts.networks if one not in first))


def _host(entry: HostEntry) -> str:
    address = _text(entry.address)
    return f"{_text(entry.host)}:{f'[{address}]' if ':' in address else address}"


def _publish(one: Publish) -> str:
    parts = [_text(one.container_port)]
    if one.host_port is not None or one.host_ip is not None:
        parts.insert(0, _text(one.host_port) if one.host_port is not None else "")
    if one.host_ip is not None:
        ip = _text(one.host_ip)
        parts.insert(0, f"[{ip}]" if ":" in ip else ip)
    return ":".join(parts) + ("" if one.protocol == "tcp" else f"/{one.protocol}")


def _text(value: Value) -> str:
    if not isinstance(value, Known):
        raise UsageError(f"{shown(value)} is not known, so it cannot be written into a command line.")
    return value.text


__all__ = ["render"]

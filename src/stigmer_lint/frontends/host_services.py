"""Where servers of the host listen, as their service managers start them: systemd units and launchd property lists.

A unit that starts a container is a launch instead.
"""

from __future__ import annotations

import re
from typing import Final

from stigmer_lint.dialects.base import Command, Recognised
from stigmer_lint.dialects.docker_cli import recognise_argv
from stigmer_lint.frontends.config_paths import base_name
from stigmer_lint.frontends.plist import load_plist
from stigmer_lint.frontends.quadlet import UnitCommand, unit_commands
from stigmer_lint.frontends.yaml_nodes import Scalar, Sequence, fields
from stigmer_lint.model.launch import EnvSetting, Launch, Platform
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Item, Known, ListValue, Step, Value, text_of
from stigmer_lint.model.world import HostService

_LISTEN_FLAG: Final = re.compile(r"--?(?:[a-z0-9]+[-_.])*(?:host|listen|bind|addr|address|ip|listen-addr|bind-addr|listen-address|bind-address)$")
_PORT_FLAG: Final = re.compile(r"--?(?:[a-z0-9]+-)?port$")
_LISTEN_NAME: Final = re.compile(r"(?:^|_)(?:LISTEN|BIND)(?:_|$)|^(?:HOST|ADDR|ADDRESS)$")
_OWN_NAME: Final = re.compile(r"_(?:HOST|ADDR|ADDRESS|HTTP_ADDR|SERVER_HOST|SERVER_ADDRESS)$")
_ADDRESS: Final = re.compile(r"(?:[a-z]+://)?(?:localhost|\[?[0-9A-Fa-f:]*::?[0-9A-Fa-f:]*\]?|\d{1,3}(?:\.\d{1,3}){3}|\*)?(?::\d{1,5})?/?$")

MAX_ADDRESS: Final = 200

_DEFAULTS: Final = {
    # https://github.com/ollama/ollama/blob/main/docs/faq.mdx: "Ollama binds 127.0.0.1 port 11434 by default"
    ("ollama", "serve"): ("127.0.0.1:11434", "OLLAMA_HOST"),
    # https://docs.temporal.io/cli/server: `temporal server start-dev --ip` is localhost by default
    ("temporal", "server"): ("127.0.0.1:7233", "--ip"),
}


def read_systemd(source: SourceFile) -> tuple[list[HostService], list[Launch]]:
    """Listening addresses of a `.service` unit or its drop-in, and the containers that it starts. Raises UnreadableError for what is
    no text."""
    services: list[HostService] = []
    launches: list[Launch] = []
    name = base_name(source.path).removesuffix(".service")
    if name.endswith(".conf"):
        name = next((part.removesuffix(".service.d") for part in source.path.split("/") if part.endswith(".service.d")), name)
    for command in unit_commands(source):
        launch = _launch(command, "linux", "systemd")
        if launch is not None:
            launches.append(launch)
        else:
            services.extend(_listens(name, command))
    return services, launches


def read_launchd(source: SourceFile) -> tuple[list[HostService], list[Launch]]:
    """The same of a launchd property list. Raises UnreadableError for what is no text."""
    if source.data.startswith(b"bplist"):
        return [], []
    root = fields(load_plist(source))
    if "ProgramArguments" not in root and "Program" not in root:
        return [], []
    label = root.get("Label")
    name = label.value.text if label and isinstance(label.value, Scalar) else base_name(source.path).removesuffix(".plist")
    parts: list[Value] = []
    listed = root.get("ProgramArguments")
    for item in listed.value.items if listed and isinstance(listed.value, Sequence) else ():
        if isinstance(item, Scalar):
            parts.append(Known(item.text, item.span))
    program = root.get("Program")
    if not parts and program and isinstance(program.value, Scalar):
        parts.append(Known(program.value.text, program.value.span))
    env = root.get("EnvironmentVariables")
    settings = tuple(
        EnvSetting(key, Known(field.value.text, field.value.span), field.value.span, field.key.span)
        for key, field in fields(env.value if env else None).items()
        if isinstance(field.value, Scalar)
    )
    place = listed.value.span if listed else program.value.span if program else Span(source.path, 0, 0)
    command = UnitCommand(tuple(parts), place, settings)
    launch = _launch(command, "macos", "launchd")
    return ([], [launch]) if launch is not None else (_listens(name, command), [])


def _launch(command: UnitCommand, platform: Platform, language: str) -> Launch | None:
    program = base_name(text_of(command.words[0]) or "") if command.words else ""
    if program not in ("docker", "podman", "nerdctl"):
        return None
    argv = ListValue(tuple(Item(word) for word in command.words))
    found = recognise_argv(Command(argv, None, command.span, platform))
    if not isinstance(found, Recognised):
        return None
    return Launch(found.kind, found.engine, command.span, {platform: found.facts}, service=found.service, language=language)


def _listens(name: str, command: UnitCommand) -> list[HostService]:
    """The addresses that the variables and the command line tell the server to listen on."""
    owner = re.sub(r"[^A-Z0-9]", "_", name.upper().partition("@")[0])
    own = {owner, *owner.split("_")}
    found: list[HostService] = []
    named: set[str] = set()
    for setting in command.env:
        text = text_of(setting.value)
        own_name = _OWN_NAME.search(setting.name) is not None and setting.name.partition("_")[0] in own
        if text and (own_name or _LISTEN_NAME.search(setting.name)) and len(text) < MAX_ADDRESS and _ADDRESS.match(text):
            named.add(setting.name)
            found.append(HostService(name, setting.value, setting.span, setting.name))
    texts = [text_of(word) for word in command.words]
    port = _flag(texts, _PORT_FLAG)
    at = 1
    while at < len(texts):
        flag, equals, joined = (texts[at] or "").partition("=")
        if flag.startswith("-") and _LISTEN_FLAG.match(flag):
            index = at if equals else at + 1
            said = joined if equals else texts[index] if index < len(texts) else None
            if said and len(said) < MAX_ADDRESS and _ADDRESS.match(said):
                span = command.words[index].span or command.span
                if equals:
                    span = Span(span.path, span.end - len(said.encode()), span.end)
                whole = f"{said}:{port}" if port and not said.rpartition(":")[2].isdigit() else said
                named.add(flag)
                found.append(HostService(name, Known(whole, span), span))
            at = index
        at += 1
    program = base_name(texts[0] or "") if texts else ""
    default = _DEFAULTS.get((program, texts[1] or "")) if len(texts) > 1 else None
    if default is not None and default[1] not in named and not any(s.name == default[1] for s in command.env):
        step = Step(command.span, f"{program} listens on {default[0]} where {default[1]} is not given")
        found.append(HostService(name, Known(default[0], command.span, (step,)), command.span))
    return found


def _flag(texts: list[str | None], pattern: re.Pattern[str]) -> str | None:
    for at, text in enumerate(texts):
        flag, equals, joined = (text or "").partition("=")
        if pattern.match(flag):
            said = joined if equals else texts[at + 1] if at + 1 < len(texts) else None
            return said if said and said.isdigit() else None
    return None

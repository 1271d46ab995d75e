"""The variables of a Compose service: `environment`, `env_file`, build arguments."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from stigmer_lint.addresses import addresses
from stigmer_lint.frontends.compose_files import ComposeFiles, Context, Located, Project, Service, entries
from stigmer_lint.frontends.config_paths import inside
from stigmer_lint.frontends.interpolation import interpolate, pieces
from stigmer_lint.frontends.yaml_nodes import Mapping, Scalar, Sequence, fields, merged
from stigmer_lint.model.launch import EnvSetting
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Step, Trail, Unknown, Value, choose, render, with_step
from stigmer_lint.model.world import Gap

MAX_SETTINGS: Final = 300_000
"""Variables of one project, so that an env file of many lines given to many services stays bounded."""

_OVER: Final = "the project sets more variables than are followed"


class Budget:
    """What is left of the bound on a project's variables."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_SETTINGS


def environment(files: ComposeFiles, project: Project, service: Service, budget: Budget) -> tuple[tuple[EnvSetting, ...], tuple[str, ...]]:
    """What the service's process finds in its environment, and why there may be more."""
    found: dict[str, EnvSetting] = {}
    open_why: list[str] = []
    for located in service.all("env_file"):
        for node, context in entries(located):
            _env_file(files, project, service, Located(node, context, located.route), found, open_why, budget)
    for located in service.all("environment"):
        for setting in _settings(files, located, open_why):
            known = found.get(setting.name)
            if setting.passed and known is not None and isinstance(setting.value, Unknown):
                # A bare name keeps what the env file says where the shell has no such variable.
                value = choose((setting.value, known.value), setting.span, (), 1)
                setting = msgspec.structs.replace(setting, value=value)
            found[setting.name] = setting
        for name in _dropped(located):
            found.pop(name, None)
    for setting in _from_secrets(files, project, service, found):
        found.setdefault(setting.name, setting)
    if service.all("models"):
        open_why.append("`models` makes Compose set variables")
    if len(found) > budget.left:
        open_why.append(_OVER)
        found = dict(list(found.items())[: max(budget.left, 0)])
    budget.left -= len(found)
    return tuple(found.values()), tuple(dict.fromkeys(open_why))


_SECRETS: Final = "/run/secrets/"
MAX_SECRET: Final = 10_000
"""Bytes of a secret's file that are looked at."""


def _from_secrets(files: ComposeFiles, project: Project, service: Service, found: dict[str, EnvSetting]) -> list[EnvSetting]:
    """`X_FILE: /run/secrets/s`, where the secret `s` is a file of the tree with an address in it: X has that address. Of the file nothing
    but scheme, host and port is taken (https://github.com/compose-spec/compose-spec/blob/main/09-secrets.md)."""
    wanted = {
        setting.value.text: setting for setting in found.values()
        if setting.name.endswith("_FILE") and isinstance(setting.value, Known) and setting.value.text.startswith("/")
    }
    settings: list[EnvSetting] = []
    for located in service.all("secrets") if wanted and project.secrets else ():
        for node, context in entries(located):
            part = fields(node)
            name = files.plain(node, context) if isinstance(node, Scalar) else files.plain(part["source"].value, context) if "source" in part else None
            target = files.plain(part["target"].value, context) if "target" in part else name
            setting = wanted.get(target if target is not None and target.startswith("/") else f"{_SECRETS}{target}")
            if name is None or setting is None:
                continue
            value = _secret(files, project, name)
            if value is not None:
                taken = with_step(value, Step(setting.span, f"{setting.name} names the file of the secret {name}"))
                settings.append(EnvSetting(setting.name.removesuffix("_FILE"), taken, setting.span, setting.name_span, origin="env-file"))
    return settings


def _secret(files: ComposeFiles, project: Project, name: str) -> Known | None:
    """The address that a secret's file holds, its scheme, host and port alone."""
    for located in reversed(project.secrets.get(name, ())):
        part = fields(located.node)
        written = files.plain(part["file"].value, located.context) if "file" in part else None
        path = inside(located.context.base, written) if written is not None else None
        source = files.tree.source(path) if path is not None else None
        text = source.data[:MAX_SECRET].decode("utf-8", "replace").strip() if source is not None else ""
        for address in addresses(text) if "\n" not in text else ():
            if address.is_loopback or address.kind == "host-alias":
                shown = f"{address.scheme}://" if address.scheme else ""
                shown += address.host + (f":{address.port}" if address.port else "")
                assert source is not None, "it had a text"
                return Known(shown, Span(source.path, 0, len(source.data[:MAX_SECRET].rstrip())))
    return None


def _settings(files: ComposeFiles, located: Located, open_why: list[str]) -> list[EnvSetting]:
    """The entries of one `environment` or `args`, mapping or list."""
    node, context = located.node, located.context
    found: list[EnvSetting] = []
    if isinstance(node, Mapping):
        for field in merged(node):
            if field.value.tag == "!reset":
                continue
            if not isinstance(field.value, Scalar):
                open_why.append(f"the value of {field.key.text} is no text")
                continue
            if field.value.is_null:
                found.append(_passed(context, field.key.text, field.key.span, located.route))
                continue
            value = files.value(field.value, context)
            span = value.span if isinstance(value, Known) and value.span and "$" not in field.value.text else None
            if span is None:
                span = files.text(field.value).span(0, len(field.value.text))
            found.append(_set(field.key.text, value, span, field.key.span, located.route))
    elif isinstance(node, Sequence):
        for item in node.items:
            if isinstance(item, Scalar):
                setting = _item(files, item, context, located.route)
                if setting is not None:
                    found.append(setting)
                    continue
                open_why.append("the name of an entry of `environment` is not known")
            else:
                open_why.append("an entry of `environment` is no text")
    elif isinstance(node, Scalar):
        open_why.append("`environment` is a single text")
    return found


_COLON: Final = re.compile(r"[A-Za-z_]\w*:")


def _item(files: ComposeFiles, item: Scalar, context: Context, route: Trail) -> EnvSetting | None:
    """One `NAME=value` or `NAME` of a list; None where its name is not known."""
    text = item.text
    place = files.text(item)
    parts = pieces(text, 0, len(text), "=") if "${" in text else None
    end = parts[0][1] if parts else text.find("=") if "=" in text else len(text)
    name = text[:end]
    if end >= len(text) and _COLON.match(name) is not None:
        # `- NAME: value` within one text: all of it is the name of a variable that is handed on, and that nobody has.
        return EnvSetting(name, Unknown(f"{name} is taken from the shell", "env", name, place.span(0, end)), place.span(0, end), place.span(0, name.index(":")), passed=True)
    if "$" in name:
        value = interpolate(place, 0, end, context.environment.resolve)
        if not isinstance(value, Known) or (end == len(text) and "=" not in value.text):
            return None
        name = value.text
    if end >= len(text):
        name, equals, rest = name.partition("=")
        if equals:
            return EnvSetting(name, Known(rest, place.span(0, len(text))), place.span(0, len(text)))
        return _passed(context, name.strip(), place.span(0, end), route)
    span = place.span(end + 1, len(text))
    if "$" in text[end + 1 :]:
        value = interpolate(place, end + 1, len(text), context.environment.resolve)
    else:
        value = Known(text[end + 1 :], span)
    return _set(name, value, span, place.span(0, end), route)


def _passed(context: Context, name: str, span: Span, route: Trail) -> EnvSetting:
    value = context.environment.passed(name, Unknown(f"{name} is taken from the shell", "env", name, span))
    return msgspec.structs.replace(_set(name, value, span, span, route), passed=True)


def _set(name: str, value: Value, span: Span, name_span: Span, route: Trail) -> EnvSetting:
    """A setting; one whose whole value stands in an env file points there, and its trail says where the service takes it."""
    if isinstance(value, Known) and value.span is not None and value.span.path != span.path:
        return EnvSetting(name, _routed(with_step(value, Step(span, f"{name} is given here")), route), value.span, name_span)
    return EnvSetting(name, _routed(value, route), span, name_span)


def _routed(value: Value, route: Trail) -> Value:
    for step in route:
        value = with_step(value, step)
    return value


def _dropped(located: Located) -> list[str]:
    if not isinstance(located.node, Mapping):
        return []
    return [key.text for key, value in located.node.pairs if isinstance(key, Scalar) and value.tag == "!reset"]


def _env_file(
    files: ComposeFiles,
    project: Project,
    service: Service,
    located: Located,
    found: dict[str, EnvSetting],
    open_why: list[str],
    budget: Budget,
) -> None:
    entry = fields(located.node)
    node = entry["path"].value if "path" in entry else located.node
    if not isinstance(node, Scalar):
        open_why.append("an entry of `env_file` is no path")
        return
    written = files.plain(node, located.context)
    if written is None:
        open_why.append("the path of an env file is not known")
        return
    path = inside(located.context.base, written)
    if path is None:
        why = f"env file {written} lies outside of the checked tree and is not read"
        open_why.append(why)
        project.gaps.append(Gap(node.span, why))
        return
    raw = "format" in entry and files.plain(entry["format"].value, located.context) == "raw"
    shipped = None if files.tree.has(path) else files.env_files.sample_of(path)
    lines = files.env_files.lines(shipped or path, located.context.environment, raw)
    if lines is None or shipped:
        optional = "required" in entry and files.plain(entry["required"].value, located.context) == "false"
        open_why.append(f"env file {path} is {'not there' if optional else 'not in the tree'}")
    said = f"service {service.name} takes its variables from the sample of {path}" if shipped else f"service {service.name} takes this env file"
    step = Step(node.span, said)
    if len(lines or ()) > budget.left:
        open_why.append(_OVER)
    for line in (lines or ())[: max(budget.left, 0)]:
        passed = line.value is None
        value = line.value
        earlier = found.get(line.name)
        if shipped and earlier is not None and earlier.origin == "env-file" and earlier.maybe and value is not None and render(earlier.value) != render(value):
            # Two samples that disagree: which of them somebody filled in is not known, and the first is the one for all.
            continue
        if value is None:
            value = located.context.environment.passed(line.name, Unknown(f"{line.name} is taken from the shell", "env", line.name, line.span))
        found[line.name] = EnvSetting(
            line.name, _routed(with_step(value, step), located.route), line.span, line.name_span, bool(shipped), passed, "env-file"
        )


def build_arguments(files: ComposeFiles, nodes: list[Located]) -> tuple[EnvSetting, ...]:
    """`build.args` of all layers."""
    found: dict[str, EnvSetting] = {}
    for located in nodes:
        for setting in _settings(files, located, []):
            found[setting.name] = setting
    return tuple(found.values())

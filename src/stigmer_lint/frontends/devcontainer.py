"""devcontainer.json, as https://containers.dev/implementors/json_reference/ says.

A file with `image` or `build` is a `docker run` of its own; one with `dockerComposeFile` starts a service of that project.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.compose_files import ComposeFiles, assemble, configured
from stigmer_lint.frontends.compose_service import launches
from stigmer_lint.frontends.config_paths import folder_of, inside
from stigmer_lint.frontends.jsonc import load_jsonc
from stigmer_lint.frontends.run_options import run_facts
from stigmer_lint.frontends.yaml_nodes import Field, Mapping, Node, Scalar, Sequence, Text, fields
from stigmer_lint.model.launch import PLATFORMS, EnvSetting, ImageBuild, Launch, LaunchFacts, Platform, Publish
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Unknown, Value, choose, join, text_of
from stigmer_lint.model.world import Gap

_VARIABLE: Final = re.compile(r"\$\{(localEnv|env|containerEnv|[A-Za-z]+)(?::([^:}]*)(?::([^}]*))?)?\}")


class DevContainer(msgspec.Struct, frozen=True):
    """What one devcontainer.json says."""

    launches: tuple[Launch, ...] = ()
    gaps: tuple[Gap, ...] = ()


class _File:
    def __init__(self, tree: Tree, source: SourceFile, entry: dict[str, Field], span: Span) -> None:
        self.tree = tree
        self.source = source
        self.entry = entry
        self.span = span
        self.folder = folder_of(source.path)
        self.inside_env: dict[str, Value] = {}
        self.gaps: list[Gap] = []
        self.unread: list[str] = []

    def node(self, *names: str) -> Node | None:
        return next((self.entry[name].value for name in names if name in self.entry), None)

    def value(self, node: Scalar) -> Value:
        """A string with `${localEnv:X:default}` and its kin filled in."""
        text, place = node.text, Text(node, self.source)
        if "${" not in text:
            return Known(text, place.span(0, len(text)))
        parts: list[Value] = []
        at = 0
        for found in _VARIABLE.finditer(text):
            if found.start() > at:
                parts.append(Known(text[at : found.start()], place.span(at, found.start())))
            parts.append(self.variable(found, place.span(found.start(), found.end())))
            at = found.end()
        if at < len(text):
            parts.append(Known(text[at:], place.span(at, len(text))))
        return parts[0] if len(parts) == 1 else join(tuple(parts), place.span(0, len(text)))

    def variable(self, found: re.Match[str], span: Span) -> Value:
        kind, name, default = found[1], found[2] or "", found[3]
        if kind in ("localEnv", "env"):
            value: Value = Unknown(f"{name} of the machine that opens the folder", "env", name, span)
            return value if default is None else choose((value, Known(default, span)), span, (), 1)
        if kind == "containerEnv":
            known = self.inside_env.get(name)
            if known is not None:
                return known
            value = Unknown(f"{name} of the container", "other", name, span)
            return value if default is None else choose((value, Known(default, span)), span, (), 1)
        return Unknown(f"{kind} of the workspace", "other", kind, span)

    def text(self, node: Node | None) -> str | None:
        return configured(self.value(node)) if isinstance(node, Scalar) and not node.is_null else None

    def texts(self, node: Node | None) -> list[tuple[str, Span]]:
        items = node.items if isinstance(node, Sequence) else (node,)
        return [(text, item.span) for item in items if item is not None and (text := self.text(item)) is not None]

    def settings(self) -> list[EnvSetting]:
        """`containerEnv`, and `remoteEnv`, which the tool sets for the processes that it starts inside."""
        found: list[EnvSetting] = []
        for name in ("containerEnv", "remoteEnv"):
            for key, field in fields(self.node(name)).items():
                if not isinstance(field.value, Scalar) or field.value.is_null:
                    continue
                value = self.value(field.value)
                found.append(EnvSetting(key, value, Text(field.value, self.source).span(0, len(field.value.text)), field.key.span))
                if name == "containerEnv":
                    self.inside_env[key] = value
        return found


def read_devcontainer(tree: Tree, source: SourceFile, compose: ComposeFiles) -> DevContainer:
    """The container that a devcontainer.json starts. Raises UnreadableError for a file that is no JSON."""
    root = load_jsonc(source)
    if not isinstance(root, Mapping):
        return DevContainer()
    file = _File(tree, source, fields(root), root.span)
    settings = file.settings()
    if file.node("dockerComposeFile") is not None:
        found = _compose(file, compose, settings)
    else:
        found = _own(file, settings)
    return DevContainer((found,) if found is not None else (), tuple(file.gaps))


def _with(env: tuple[EnvSetting, ...], added: list[EnvSetting]) -> tuple[EnvSetting, ...]:
    settings = {setting.name: setting for setting in env}
    settings.update((setting.name, setting) for setting in added)
    return tuple(settings.values())


def _compose(file: _File, compose: ComposeFiles, settings: list[EnvSetting]) -> Launch | None:
    node = file.node("dockerComposeFile")
    service = file.text(file.node("service"))
    paths: list[str] = []
    for written, span in file.texts(node):
        path = inside(file.folder, written)
        if path is None or not file.tree.has(path):
            where = "outside of the checked tree" if path is None else "not in the tree"
            file.gaps.append(Gap(span, f"dockerComposeFile names {written}, which is {where}"))
        else:
            paths.append(path)
    if not paths or service is None:
        return None
    if len(paths) == 1 and not settings:
        # The project itself is read as one; nothing would be added.
        return None
    project = assemble(compose, tuple(paths))
    launch = next(iter(launches(compose, project, frozenset((service,)))), None)
    if launch is None:
        file.gaps.append(Gap(file.span, f"service {service} is in none of the Compose files"))
        return None
    facts = {p: msgspec.structs.replace(f, env=_with(f.env, settings)) for p, f in launch.facts.items()}
    return msgspec.structs.replace(launch, kind="devcontainer", facts=facts)


def _build(file: _File) -> ImageBuild | None:
    build = fields(file.node("build"))
    written = build["dockerfile"].value if "dockerfile" in build else file.node("dockerFile")
    name = file.text(written)
    if name is None:
        return None
    context_node = build["context"].value if "context" in build else file.node("context")
    context = inside(file.folder, file.text(context_node) or ".")
    dockerfile = inside(file.folder, name)
    span = written.span if written is not None else file.span
    if context is None or dockerfile is None:
        why = "the build context lies outside of the checked tree"
        file.gaps.append(Gap(span, why))
        file.unread.append(why)
        return None
    arguments = tuple(
        EnvSetting(key, file.value(field.value), field.value.span, field.key.span)
        for key, field in fields(build["args"].value if "args" in build else None).items()
        if isinstance(field.value, Scalar)
    )
    target = file.text(build["target"].value) if "target" in build else None
    return ImageBuild(None, context, dockerfile if file.tree.has(dockerfile) else None, span, target, arguments)


def _own(file: _File, settings: list[EnvSetting]) -> Launch | None:
    image_node = file.node("image")
    build = _build(file)
    if build is None and not isinstance(image_node, Scalar) and not file.unread:
        # Metadata of a feature or template, which starts nothing by itself.
        return None
    image = file.value(image_node) if isinstance(image_node, Scalar) else None
    run = file.node("runArgs")
    words = [file.value(item) for item in run.items if isinstance(item, Scalar)] if isinstance(run, Sequence) else []
    publishes = tuple(
        Publish(Known(text.rpartition(":")[2], span), Known(text.rpartition(":")[0], span) if ":" in text else None, None, span)
        for text, span in file.texts(file.node("appPort"))
    )
    place = image_node.span if image_node is not None else build.span if build is not None else file.span
    facts: dict[Platform, LaunchFacts] = {}
    # What is the same on every platform is one object, so that it is judged once.
    bases: dict[LaunchFacts, Platform] = {}
    for platform in PLATFORMS:
        base = run_facts(tuple(words), image, place, platform)
        alike = bases.setdefault(base, platform)
        if alike != platform:
            facts[platform] = facts[alike]
            continue
        facts[platform] = msgspec.structs.replace(
            base,
            image=image,
            env=_with(base.env, settings),
            publishes=(*base.publishes, *publishes),
            volumes=(*base.volumes, _workspace(file)),
            command=None,
            unread=(*base.unread, *file.unread),
        )
    return Launch("devcontainer", "docker", place, facts, service=None, language="devcontainer", build=build)


def _workspace(file: _File) -> Value:
    """The folder that is opened, mounted from the root of the tree as `./FOLDER:TARGET`."""
    parts = file.folder.split("/") if file.folder else []
    if ".devcontainer" in parts:
        parts = parts[: parts.index(".devcontainer")]
    root = "/".join(parts)
    node = file.node("workspaceFolder")
    target = text_of(file.value(node)) if isinstance(node, Scalar) else None
    return Known(f"./{root}:{target or '/workspaces/' + (parts[-1] if parts else 'workspace')}", node.span if node is not None else file.span)

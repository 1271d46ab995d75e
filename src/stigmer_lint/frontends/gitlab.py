"""Containers of GitLab pipelines: a job's `image`, and its `services`, which are found by alias or by a name made from the image.

https://docs.gitlab.com/ci/services/#accessing-the-services
"""

from __future__ import annotations

from typing import Final

from stigmer_lint.frontends.decoded import Located
from stigmer_lint.frontends.interpolation import Reference, interpolate
from stigmer_lint.frontends.yaml_nodes import Field, Mapping, Node, Scalar, Sequence, Text, fields, load
from stigmer_lint.model.launch import PLATFORMS, EnvSetting, Launch, LaunchFacts
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.value import Step, Unknown, Value, text_of, with_step

_KEYWORDS: Final = frozenset(("default", "variables", "include", "stages", "workflow", "image", "services", "cache", "before_script",
                              "after_script", "pages", "spec"))  # fmt: skip
MAX_EXTENDS: Final = 11
"""GitLab's own bound on levels of `extends`."""


def read_pipeline(source: SourceFile) -> tuple[Launch, ...]:
    """The jobs that run in an image beside services. Raises UnreadableError for what is no YAML."""
    found: list[Launch] = []
    for document in load(source):
        root = fields(document.root)
        for name, field in root.items():
            # A hidden job (`.name`) is a template and runs by itself nowhere.
            if name not in _KEYWORDS and not name.startswith(".") and isinstance(field.value, Mapping):
                found.extend(_Job(source, root, name, field).launches())
    return tuple(found)


class _Job:
    def __init__(self, source: SourceFile, root: dict[str, Field], name: str, field: Field) -> None:
        self.source = source
        self.name = name
        self.key = field.key
        self.layers = _layers(root, field)
        default = fields(root["default"].value) if "default" in root else {}
        self.defaults = [default, root]
        self.env: dict[str, EnvSetting] = {}
        for entry in ([root] if "variables" in root else []) + self.layers:
            self.env.update((s.name, s) for s in self.settings(entry["variables"].value if "variables" in entry else None))

    def last(self, name: str) -> Node | None:
        for entry in (*reversed(self.layers), *self.defaults):
            if name in entry:
                return entry[name].value
        return None

    def settings(self, node: Node | None) -> list[EnvSetting]:
        found: list[EnvSetting] = []
        for key, field in fields(node).items():
            said = fields(field.value)["value"].value if "value" in fields(field.value) else field.value
            if isinstance(said, Scalar) and not said.is_null:
                place = Text(said, self.source)
                found.append(EnvSetting(key, self.value(place), place.span(0, len(place.text)), field.key.span))
        return found

    def value(self, place: Located) -> Value:
        return interpolate(place, 0, len(place.text), self.resolve)

    def resolve(self, reference: Reference) -> Value:
        known = self.env.get(reference.name)
        if known is not None:
            return with_step(known.value, Step(reference.span, f"{reference.name} is used here"))
        return Unknown(f"{reference.name} of the pipeline", "input", reference.name, reference.span)

    def launches(self) -> list[Launch]:
        services = self.last("services")
        listed = services.items if isinstance(services, Sequence) else ()
        if not listed:
            return []
        group = f"{self.source.path}#{self.name}"
        found: list[Launch] = []
        image = self.image(self.last("image"))
        if image is not None:
            facts = LaunchFacts(image=image, networks=("default",), env=tuple(self.env.values()), env_open=("the project may set variables",))
            found.append(_launch(self.key, facts, self.name, group))
        for item in listed:
            entry = fields(item)
            service_image = self.image(item)
            if service_image is None:
                continue
            names = _names(text_of(service_image) or "")
            alias = self.image(entry["alias"].value) if "alias" in entry else None
            given = (text_of(alias) or "").replace(",", " ").split() if alias is not None else []
            env = {**self.env, **{s.name: s for s in self.settings(entry["variables"].value if "variables" in entry else None)}}
            every = [*given, *names]
            facts = LaunchFacts(
                image=service_image,
                networks=("default",),
                aliases=tuple(every),
                env=tuple(env.values()),
                env_open=("the project may set variables",),
                entrypoint=self.words(entry, "entrypoint"),
                command=self.words(entry, "command"),
            )
            found.append(_launch(item, facts, every[0] if every else None, group))
        return found

    def image(self, node: Node | None) -> Value | None:
        named = fields(node)["name"].value if "name" in fields(node) else node
        return self.value(Text(named, self.source)) if isinstance(named, Scalar) and not named.is_null else None

    def words(self, entry: dict[str, Field], name: str) -> tuple[Value, ...] | None:
        node = entry[name].value if name in entry else None
        if not isinstance(node, Sequence):
            return None
        return tuple(self.value(Text(item, self.source)) for item in node.items if isinstance(item, Scalar))


def _launch(node: Node, facts: LaunchFacts, service: str | None, group: str) -> Launch:
    # Runners of all platforms use the same executor, in a Linux container.
    return Launch("gitlab ci", "docker", node.span, dict.fromkeys(PLATFORMS, facts), service=service, group=group, language="gitlab")


def _names(image: str) -> list[str]:
    """The host names that GitLab gives a service by its image: without tag, slashes as `__` and as `-`."""
    name = image.partition("@")[0]
    head, colon, tail = name.rpartition(":")
    if colon and "/" not in tail:
        name = head
    if not name:
        return []
    return list(dict.fromkeys((name.replace("/", "__"), name.replace("/", "-"))))


def _layers(root: dict[str, Field], field: Field) -> list[dict[str, Field]]:
    """A job's own entries after those of what it extends, the weakest first."""
    found: list[dict[str, Field]] = []
    waiting: list[tuple[Field, int]] = [(field, 0)]
    while waiting:
        here, level = waiting.pop()
        entry = fields(here.value)
        found.append(entry)
        extends = entry.get("extends")
        if extends is None or level >= MAX_EXTENDS or len(found) > 100:
            continue
        bases = extends.value.items if isinstance(extends.value, Sequence) else (extends.value,)
        waiting.extend((root[base.text], level + 1) for base in bases if isinstance(base, Scalar) and base.text in root)
    found.reverse()
    return found

"""Containers of GitHub Actions workflows (Gitea and Forgejo read the same files).

A job with `container:` runs inside it, on one network with its `services:`, each found by its label and the port that it listens on.
A job without one runs on the runner: its services are found at `localhost` and the mapped port, and the job itself is no container.
https://docs.github.com/actions/using-containerized-services/about-service-containers
"""

from __future__ import annotations

import msgspec

from stigmer_lint.frontends.actions_values import Scope, contexts
from stigmer_lint.frontends.decoded import Stretch
from stigmer_lint.frontends.run_options import run_facts
from stigmer_lint.frontends.words import split_words
from stigmer_lint.frontends.yaml_nodes import Field, Mapping, Node, Scalar, Sequence, Text, fields, load
from stigmer_lint.model.launch import EnvSetting, Launch, LaunchFacts, Publish
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.value import Known, Unknown, Value, text_of


def read_workflow(source: SourceFile) -> tuple[Launch, ...]:
    """The containers of a workflow. Raises UnreadableError for what is no YAML."""
    found: list[Launch] = []
    for document in load(source):
        root = fields(document.root)
        jobs = root.get("jobs")
        for name, field in fields(jobs.value if jobs else None).items():
            found.extend(_Job(source, root, name, field).launches())
    return tuple(found)


class _Job:
    def __init__(self, source: SourceFile, root: dict[str, Field], name: str, field: Field) -> None:
        self.source = source
        self.name = name
        self.key = field.key
        self.entry = fields(field.value)
        self.group = f"{source.path}#{name}"
        matrix = fields(self.node("strategy")).get("matrix")
        self.scope = Scope({}, _matrix(matrix.value if matrix else None))
        self.env: dict[str, EnvSetting] = {}
        for node in (root["env"].value if "env" in root else None, self.node("env")):
            self.env.update((setting.name, setting) for setting in self.settings(node))
            self.scope.env = {name: setting.value for name, setting in self.env.items()}

    def node(self, name: str) -> Node | None:
        return self.entry[name].value if name in self.entry else None

    def value(self, node: Node | None) -> Value | None:
        if not isinstance(node, Scalar) or node.is_null:
            return None
        return self.scope.value(Text(node, self.source))

    def settings(self, node: Node | None, maybe: bool = False) -> list[EnvSetting]:
        found: list[EnvSetting] = []
        for key, field in fields(node).items():
            if isinstance(field.value, Scalar):
                place = Text(field.value, self.source)
                found.append(EnvSetting(key, self.scope.value(place), place.span(0, len(place.text)), field.key.span, maybe))
        return found

    def launches(self) -> list[Launch]:
        container = self.node("container")
        image_node = fields(container)["image"].value if "image" in fields(container) else container
        found: list[Launch] = []
        if isinstance(image_node, Scalar) and not image_node.is_null:
            self.scope.given = contexts(image_node.text)
            # Values that ask whether there is a container are read again now that there is one.
            self.env = {**self.env, **{s.name: s for s in self.settings(self.node("env"))}}
            found.append(self.job(image_node, fields(container)))
        for label, field in fields(self.node("services")).items():
            launch = self.service(label, field)
            if launch is not None:
                found.append(launch)
        found.extend(self.docker_steps())
        return found

    def job(self, image_node: Scalar, container: dict[str, Field]) -> Launch:
        facts = self.facts(image_node, container)
        env = {**self.env, **{s.name: s for s in facts.env}}
        steps: list[EnvSetting] = []
        for step in self.steps():
            if "uses" in step and "docker://" in _text(step["uses"]):
                continue
            steps.extend(self.settings(step["env"].value if "env" in step else None, maybe=True))
        facts = msgspec.structs.replace(facts, env=(*env.values(), *steps), env_open=("the runner sets variables of its own",))
        return Launch("actions", "docker", image_node.span, {"linux": facts}, service=self.name, group=self.group, language="actions")

    def service(self, label: str, field: Field) -> Launch | None:
        entry = fields(field.value)
        image_node = entry["image"].value if "image" in entry else field.value
        if not isinstance(image_node, Scalar) or image_node.is_null:
            return None
        facts = self.facts(image_node, entry)
        return Launch("actions", "docker", field.key.span, {"linux": facts}, service=label, group=self.group, language="actions")

    def steps(self) -> list[dict[str, Field]]:
        node = self.node("steps")
        return [fields(item) for item in node.items if isinstance(item, Mapping)] if isinstance(node, Sequence) else []

    def docker_steps(self) -> list[Launch]:
        """Steps that run an image: `uses: docker://IMAGE`."""
        found: list[Launch] = []
        steps = self.steps()
        # What is set for the whole job is meant for the steps that run on the machine, where there are any.
        shared = self.env if all("uses" in step and _text(step["uses"]).startswith("docker://") for step in steps) else {}
        for step in steps:
            uses = step["uses"].value if "uses" in step else None
            if not isinstance(uses, Scalar) or not uses.text.startswith("docker://"):
                continue
            place = Text(uses, self.source)
            given = fields(step["with"].value if "with" in step else None)
            env = {**shared, **{s.name: s for s in self.settings(step["env"].value if "env" in step else None)}}
            arguments = given["args"].value if "args" in given else None
            entrypoint = self.value(given["entrypoint"].value) if "entrypoint" in given else None
            facts = LaunchFacts(
                image=self.scope.value(Stretch(uses.span.path, place.span(9, len(uses.text)).start, uses.text[9:])),
                networks=("default",),
                env=tuple(env.values()),
                env_open=("the runner sets variables of its own",),
                entrypoint=(entrypoint,) if entrypoint is not None else None,
                command=self.words(arguments),
            )
            found.append(Launch("actions", "docker", uses.span, {"linux": facts}, group=self.group, language="actions"))
        return found

    def words(self, node: Node | None) -> tuple[Value, ...] | None:
        if not isinstance(node, Scalar):
            return None
        value = self.value(node)
        text = text_of(value) if value is not None else None
        if text is None:
            return (value,) if value is not None else None
        return split_words(Text(node, self.source), 0, len(node.text), lambda one: Known(f"${{{one.name}}}", one.span))

    def facts(self, image_node: Scalar, entry: dict[str, Field]) -> LaunchFacts:
        image = self.value(image_node) or Unknown("no image", "other", None, image_node.span)
        options = entry["options"].value if "options" in entry else None
        words = self.words(options) or ()
        facts = run_facts(words, image, image_node.span, "linux")
        settings = {setting.name: setting for setting in facts.env}
        settings.update((s.name, s) for s in self.settings(entry["env"].value if "env" in entry else None))
        ports = entry["ports"].value if "ports" in entry else None
        listed = ports.items if isinstance(ports, Sequence) else ()
        publishes = tuple(port for item in listed if (port := self.port(item)) is not None)
        return msgspec.structs.replace(
            facts,
            image=image,
            env=tuple(settings.values()),
            publishes=(*facts.publishes, *publishes),
            networks=("default",),
            network=None,
            command=self.words(entry["command"].value) if "command" in entry else None,
        )

    def port(self, node: Node) -> Publish | None:
        value = self.value(node)
        if value is None:
            return None
        text = text_of(value)
        if text is None:
            return Publish(value, value, None, node.span)
        body, _, protocol = text.partition("/")
        host, colon, inside = body.rpartition(":")
        return Publish(Known(inside, node.span), Known(host, node.span) if colon else None, None, node.span, protocol or "tcp")


def _text(field: Field) -> str:
    return field.value.text if isinstance(field.value, Scalar) else ""


def _matrix(node: Node | None) -> dict[str, tuple[Value, ...]]:
    """The literal values of each matrix axis, those of `include` too."""
    found: dict[str, list[Value]] = {}
    for name, field in fields(node).items():
        if name in ("include", "exclude") or not isinstance(field.value, Sequence):
            continue
        values = [Known(item.text, item.span) for item in field.value.items if isinstance(item, Scalar) and "${{" not in item.text]
        if values and len(values) == len(field.value.items):
            found[name] = list(values)
    included = fields(node).get("include")
    for item in included.value.items if included and isinstance(included.value, Sequence) else ():
        for name, field in fields(item).items():
            if isinstance(field.value, Scalar) and "${{" not in field.value.text:
                found.setdefault(name, []).append(Known(field.value.text, field.value.span))
    return {name: tuple(values) for name, values in found.items()}


"""Compose files put together: overrides, `include`, `extends`, tags, as the Compose Specification says.

Nothing is merged by copying nodes. A service is an ordered list of layers (what it extends, then its own text, then overrides), each
with the folder and the variables by which its paths and references are read; an attribute is folded over them when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.compose_environment import EnvFiles, Environment
from stigmer_lint.frontends.config_paths import folder_of, inside
from stigmer_lint.frontends.interpolation import interpolate
from stigmer_lint.frontends.yaml_nodes import Field, Mapping, Node, Scalar, Sequence, Text, content_span, fields, load
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.value import Choice, Known, Step, Template, Trail, Unknown, Value
from stigmer_lint.model.world import Gap

MAX_INCLUDES: Final = 200
"""Files that one project may pull in."""

MAX_EXTENDS: Final = 64
"""Steps of an `extends` chain."""


class Context(msgspec.Struct, frozen=True, eq=False):
    """How a file's text is read: `base` is the folder that relative paths start from."""

    base: str
    environment: Environment


class Located(msgspec.Struct, frozen=True, eq=False):
    """A node with its context. `route`: the `extends` steps by which it came to the service."""

    node: Node
    context: Context
    route: Trail = ()


class Layer(msgspec.Struct, frozen=True, eq=False):
    """One text of a service."""

    fields: dict[str, Field]
    context: Context
    route: Trail = ()


class Service(msgspec.Struct, eq=False):
    """A service: its name as written last, its layers from the weakest to the strongest, and what could not be read of it."""

    name: str
    key: Scalar
    layers: list[Layer]
    unread: list[str]

    def all(self, attribute: str) -> list[Located]:
        """The nodes of an attribute, weakest first; `!reset` drops what came before, `!override` takes its place."""
        found: list[Located] = []
        for layer in self.layers:
            field = layer.fields.get(attribute)
            if field is None:
                continue
            tag = field.value.tag
            if tag in ("!reset", "!override"):
                found.clear()
            if tag != "!reset" and not (isinstance(field.value, Scalar) and field.value.is_null):
                found.append(Located(field.value, layer.context, layer.route))
        return found

    def last(self, attribute: str) -> Located | None:
        """The node of an attribute that holds one value."""
        found = self.all(attribute)
        return found[-1] if found else None


class Project(msgspec.Struct, eq=False):
    """A Compose project. `networks`, `secrets`: the top-level entries, one node for each file that has them."""

    path: str
    services: dict[str, Service]
    networks: dict[str, list[Located]]
    files: set[str]
    gaps: list[Gap]
    secrets: dict[str, list[Located]] = {}


class ComposeFiles:
    """The Compose files of a tree, each parsed once."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.env_files = EnvFiles(tree)
        self.unreadable: dict[str, UnreadableError] = {}
        self.sources: dict[str, SourceFile] = {}
        self._roots: dict[str, tuple[Mapping, ...]] = {}
        self._services: dict[str, dict[str, Field]] = {}

    def roots(self, path: str) -> tuple[Mapping, ...]:
        """The top-level mappings of a file, one for each document; () where it is not there or not YAML."""
        known = self._roots.get(path)
        if known is not None:
            return known
        source = self.tree.source(path)
        found: tuple[Mapping, ...] = ()
        if source is not None:
            self.sources[path] = source
            try:
                found = tuple(d.root for d in load(source) if isinstance(d.root, Mapping))
            except UnreadableError as error:
                self.unreadable[path] = error
        self._roots[path] = found
        return found

    def services(self, path: str) -> dict[str, Field]:
        """The services of a file by name, of all its documents together."""
        known = self._services.get(path)
        if known is None:
            known = {}
            for root in self.roots(path):
                known.update(fields(root.get("services")))
            self._services[path] = known
        return known

    def is_project(self, path: str) -> bool:
        """Whether a file has services of its own or of files that it includes."""
        return bool(self.services(path)) or any(isinstance(root.get("include"), Sequence) for root in self.roots(path))

    def value(self, node: Scalar, context: Context) -> Value:
        """A scalar with its references filled in."""
        if "$" not in node.text:
            return Known(node.text, content_span(node, self.sources[node.span.path]))
        return interpolate(self.text(node), 0, len(node.text), context.environment.resolve)

    def text(self, node: Scalar) -> Text:
        """A scalar's text with its places."""
        return Text(node, self.sources[node.span.path])

    def plain(self, node: Node | None, context: Context) -> str | None:
        """The text of a scalar where it is known, or applies when nothing is configured."""
        return configured(self.value(node, context)) if isinstance(node, Scalar) and not node.is_null else None


def configured(value: Value) -> str | None:
    """The text that applies when nothing is configured: of a choice its fallback."""
    if isinstance(value, Choice):
        if value.fallback is not None:
            return configured(value.options[value.fallback])
        seen = [option for option in value.options if not isinstance(option, Unknown)]
        return configured(seen[0]) if len(seen) == 1 else None
    if isinstance(value, Template):
        texts = [configured(part) for part in value.parts]
        return None if None in texts else "".join(text or "" for text in texts)
    return value.text if isinstance(value, Known) else None


def assemble(files: ComposeFiles, paths: tuple[str, ...]) -> Project:
    """The project of a main file with its overrides, in the order of `-f`. Its name for launches is the main file's path."""
    main = paths[0]
    base = folder_of(main)
    project = Project(main, {}, {}, set(), [])
    environment = Environment(files.env_files, (inside(base, ".env") or ".env",))
    _add(files, project, paths, Context(base, environment))
    return project


def _add(files: ComposeFiles, project: Project, paths: tuple[str, ...], context: Context) -> None:
    """Add files and all that they include. Included files come first: the files that include them may override them."""
    waiting: list[tuple[tuple[str, ...], Context, bool]] = [(paths, context, False)]
    opened: set[str] = set()
    while waiting:
        group, here, ready = waiting.pop()
        if ready:
            for path in group:
                _add_file(files, project, path, here)
            continue
        fresh = tuple(path for path in group if path not in opened)
        opened.update(fresh)
        if not fresh:
            continue
        waiting.append((fresh, here, True))
        for path in fresh:
            for root in files.roots(path):
                for included in _includes(files, project, root, here):
                    if len(opened) > MAX_INCLUDES:
                        project.gaps.append(Gap(root.span, f"more than {MAX_INCLUDES} files are included"))
                        return
                    if any(one in opened for one in included[0]):
                        continue
                    waiting.append((*included, False))


def _includes(files: ComposeFiles, project: Project, root: Mapping, context: Context) -> Iterator[tuple[tuple[str, ...], Context]]:
    node = root.get("include")
    for item in node.items if isinstance(node, Sequence) else ():
        entry = fields(item)
        path_node = entry["path"].value if "path" in entry else item
        paths = _named(files, project, path_node, context, "include")
        if not paths:
            continue
        base = folder_of(paths[0])
        if "project_directory" in entry:
            written = files.plain(entry["project_directory"].value, context)
            folder = inside(context.base, written) if written is not None else None
            if folder is None:
                project.gaps.append(Gap(entry["project_directory"].value.span, "the project directory is outside of the checked tree"))
                continue
            base = folder
        env_paths: tuple[str, ...] = (inside(base, ".env") or ".env",)
        if "env_file" in entry:
            env_paths = _named(files, project, entry["env_file"].value, context, "env_file of include", must=False)
        yield paths, Context(base, Environment(files.env_files, env_paths, context.environment))


def _named(files: ComposeFiles, project: Project, node: Node, context: Context, what: str, must: bool = True) -> tuple[str, ...]:
    """The files of the tree that a scalar or a list of scalars names; a gap for each that cannot be read."""
    found: list[str] = []
    for item in node.items if isinstance(node, Sequence) else (node,):
        written = files.plain(item, context)
        if written is None:
            project.gaps.append(Gap(item.span, f"the path of {what} is not known"))
            continue
        path = inside(context.base, written)
        if path is None:
            project.gaps.append(Gap(item.span, f"{what} names a file outside of the checked tree, which is not read"))
        elif must and not files.tree.has(path):
            project.gaps.append(Gap(item.span, f"{what} names {path}, which is not in the tree"))
        else:
            found.append(path)
    return tuple(found)


def _add_file(files: ComposeFiles, project: Project, path: str, context: Context) -> None:
    project.files.add(path)
    for root in files.roots(path):
        for name, field in fields(root.get("services")).items():
            known = project.services.get(name)
            if isinstance(field.value, Scalar) and field.value.tag == "!reset":
                project.services.pop(name, None)
                continue
            service = known if known is not None and field.value.tag != "!override" else Service(name, field.key, [], [])
            service.key = field.key
            service.layers.extend(_layers(files, project, service, path, field, context))
            project.services[name] = service
        for name, field in fields(root.get("networks")).items():
            project.networks.setdefault(name, []).append(Located(field.value, context))
        for name, field in fields(root.get("secrets")).items():
            project.secrets.setdefault(name, []).append(Located(field.value, context))


def _layers(files: ComposeFiles, project: Project, service: Service, path: str, field: Field, context: Context) -> list[Layer]:
    """A service's own layer, after those of what it extends."""
    chain: list[Layer] = []
    visited = {(path, field.key.text)}
    route: Trail = ()
    while True:
        own = fields(field.value)
        chain.append(Layer(own, context, route))
        extends = own.get("extends")
        if extends is None or (isinstance(extends.value, Scalar) and extends.value.is_null):
            break
        target = _extended(files, project, path, extends.value, context)
        if isinstance(target, str):
            service.unread.append(target)
            project.gaps.append(Gap(extends.value.span, target))
            break
        path, field, context = target
        if (path, field.key.text) in visited or len(visited) > MAX_EXTENDS:
            why = "extends leads back to the service itself" if len(visited) <= MAX_EXTENDS else "the chain of extends is too long"
            service.unread.append(why)
            project.gaps.append(Gap(extends.value.span, why))
            break
        visited.add((path, field.key.text))
        route = (Step(extends.value.span, f"service {service.name} extends {field.key.text}"),)
    chain.reverse()
    return chain


def _extended(
    files: ComposeFiles, project: Project, path: str, node: Node, context: Context
) -> tuple[str, Field, Context] | str:
    """The service that `extends` names, or why it cannot be read."""
    entry = fields(node)
    name = files.plain(entry["service"].value if "service" in entry else node, context)
    if name is None:
        return "extends names no service"
    if "file" in entry:
        written = files.plain(entry["file"].value, context)
        other = inside(context.base, written) if written is not None else None
        if written is None:
            return "the file of extends is not known"
        if other is None:
            return "extends names a file outside of the checked tree, which is not read"
        if not files.tree.has(other):
            return f"extends names {other}, which is not in the tree"
        if other != path:
            # Relative paths of an extended service are read from the file that holds it.
            context = Context(folder_of(other), context.environment)
        path = other
    field = files.services(path).get(name)
    if field is None:
        return f"extends names service {name}, which {path} does not have"
    return path, field, context


def entries(located: Located) -> list[tuple[Node, Context]]:
    """The items of a list, or the node itself where one value may stand for a list of one."""
    node = located.node
    items = node.items if isinstance(node, Sequence) else (node,)
    return [(item, located.context) for item in items]


"""`docker_container` resources of Terraform (provider kreuzwerker/docker)."""

from __future__ import annotations

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.config_paths import folder_of
from stigmer_lint.frontends.hcl import Block, Expression, Many, Object, Reference, Text, read_hcl
from stigmer_lint.model.launch import PLATFORMS, EnvSetting, Health, HostEntry, Launch, LaunchFacts, Publish
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Step, Unknown, Value, choose, join, text_of, with_step


def read_terraform(tree: Tree, source: SourceFile) -> tuple[Launch, ...]:
    """The containers of a file; variables and images are looked up in its folder. Raises UnreadableError for what is no text."""
    blocks = read_hcl(source)
    wanted = [block for block in blocks if block.kind == "resource" and block.labels[:1] == ("docker_container",)]
    if not wanted:
        return ()
    module = list(blocks)
    for path in sorted(tree.folder(folder_of(source.path))):
        if path.endswith((".tf", ".tofu")) and path != source.path:
            other = tree.source(path)
            if other is not None:
                try:
                    module.extend(read_hcl(other))
                except UnreadableError:
                    # It is reported where it is read for itself.
                    continue
    scope = _Scope(module)
    return tuple(_launch(scope, block) for block in wanted)


class _Scope:
    """The variables, locals and images of a module."""

    def __init__(self, blocks: list[Block]) -> None:
        self.named: dict[str, Expression] = {}
        self.variables: dict[str, Expression | None] = {}
        for block in blocks:
            if block.kind == "locals":
                self.named.update((f"local.{name}", said) for name, said in block.attributes.items())
            elif block.kind == "variable" and block.labels:
                self.variables[f"var.{block.labels[0]}"] = block.attributes.get("default")
            elif block.kind == "resource" and len(block.labels) == 2:
                address = ".".join(block.labels)
                self.named.update((f"{address}.{name}", said) for name, said in block.attributes.items())
                if block.labels[0] == "docker_image" and "name" in block.attributes:
                    self.named.update((f"{address}.{name}", block.attributes["name"]) for name in ("image_id", "latest", "repo_digest"))

    def value(self, said: Expression | None, depth: int = 0) -> Value | None:
        """A scalar expression's value; None for what is none."""
        if isinstance(said, Text):
            parts: list[Value] = [part if isinstance(part, Known) else self.reference(part, depth) for part in said.parts]
            return parts[0] if len(parts) == 1 else join(tuple(parts), said.span)
        return self.reference(said, depth) if isinstance(said, Reference) else None

    def reference(self, one: Reference, depth: int) -> Value:
        unknown = Unknown(f"{one.text[:80]} of the module", "input", one.text[:80], one.span)
        if depth > 8:
            return unknown
        if one.text in self.variables:
            default = self.value(self.variables[one.text], depth + 1)
            if default is None:
                return unknown
            return choose((unknown, with_step(default, Step(one.span, f"default of {one.text}"))), one.span, (), 1)
        known = self.value(self.named.get(one.text), depth + 1)
        return with_step(known, Step(one.span, f"{one.text} is used here")) if known is not None else unknown

    def values(self, said: Expression | None) -> tuple[Value, ...] | None:
        if not isinstance(said, Many):
            return None
        return tuple(value for item in said.items if (value := self.value(item)) is not None)


def _launch(scope: _Scope, block: Block) -> Launch:
    said = block.attributes
    env, env_open = _environment(scope, said.get("env"))
    network = scope.value(said.get("network_mode"))
    publishes: list[Publish] = []
    for port in block.inner("ports"):
        inside = scope.value(port.attributes.get("internal"))
        if inside is not None:
            protocol = text_of(scope.value(port.attributes.get("protocol"))) or "tcp"
            publishes.append(
                Publish(inside, scope.value(port.attributes.get("external")), scope.value(port.attributes.get("ip")), port.span, protocol)
            )
    hosts = [
        HostEntry(name, address, entry.span)
        for entry in block.inner("host")
        if (name := scope.value(entry.attributes.get("host"))) is not None and (address := scope.value(entry.attributes.get("ip"))) is not None
    ]
    networks: list[str] = []
    aliases: list[str] = []
    for joined in block.inner("networks_advanced"):
        name = scope.value(joined.attributes.get("name"))
        if isinstance(name, Known):
            networks.append(name.text)
        elif isinstance(name, Unknown) and name.name:
            networks.append(name.name.removesuffix(".name").removesuffix(".id"))
        aliases.extend(text for alias in scope.values(joined.attributes.get("aliases")) or () if (text := text_of(alias)))
    checks = block.inner("healthcheck")
    test = scope.values(checks[-1].attributes.get("test")) if checks else None
    facts = LaunchFacts(
        image=scope.value(said.get("image")),
        name=scope.value(said.get("name")),
        network=network,
        network_span=network.span if network else None,
        networks=tuple(networks),
        aliases=tuple(aliases),
        env=env,
        env_open=env_open,
        hosts=tuple(hosts),
        hosts_open=any(b.kind == "dynamic" and b.labels[:1] == ("host",) for b in block.blocks),
        publishes=tuple(publishes),
        entrypoint=scope.values(said.get("entrypoint")),
        command=scope.values(said.get("command")),
        health=Health(test[1:] if text_of(test[0]) in ("CMD", "CMD-SHELL") else test, checks[-1].span) if test else None,
    )
    return Launch("terraform", "docker", block.span, dict.fromkeys(PLATFORMS, facts), service=block.labels[-1], group=folder_of(block.span.path) or ".",
                  language="terraform")  # fmt: skip


def _environment(scope: _Scope, said: Expression | None) -> tuple[tuple[EnvSetting, ...], tuple[str, ...]]:
    """`env`: a list of `NAME=value`."""
    found: dict[str, EnvSetting] = {}
    open_why: list[str] = []
    if isinstance(said, (Reference, Text, Object)):
        open_why.append("`env` is an expression that is not followed")
    for item in said.items if isinstance(said, Many) else ():
        first = item.parts[0] if isinstance(item, Text) and item.parts else None
        if not isinstance(item, Text) or not isinstance(first, Known) or "=" not in first.text or first.span is None:
            open_why.append("an entry of `env` is not followed")
            continue
        name, _, rest = first.text.partition("=")
        begin = first.span.start + len(name.encode()) + 1
        path = first.span.path
        head = Span(path, begin, first.span.end)
        parts: list[Value] = [Known(rest, head)] if rest or len(item.parts) == 1 else []
        parts += [part if isinstance(part, Known) else scope.reference(part, 0) for part in item.parts[1:]]
        span = Span(path, begin, item.span.end)
        value = parts[0] if len(parts) == 1 else join(tuple(parts), span)
        found[name] = EnvSetting(name, value, span, Span(path, first.span.start, begin - 1))
    return tuple(found.values()), tuple(dict.fromkeys(open_why))

"""What files of the tree add to a launch: addresses in configuration files that it mounts into well-known programs (scrape targets of
Prometheus, data sources of Grafana, upstreams of nginx), and start scripts that write host entries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from stigmer_lint.addresses import addresses_of
from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.yaml_nodes import Mapping as YamlMapping
from stigmer_lint.frontends.yaml_nodes import Node, Scalar, Sequence, Text, fields, load
from stigmer_lint.model.launch import Dial, Image, Launch, LaunchFacts, image_of
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Choice, Known

MAX_DIALS: Final = 400
"""Addresses of one file that are followed."""

_WORD: Final = re.compile(r"[\w./-]+")
_NGINX: Final = re.compile(rb"(?m)^[ \t]*(proxy_pass|grpc_pass|fastcgi_pass|uwsgi_pass|server)[ \t]+([^\s;{}#]{1,400})[^;\n{}]{0,200};")
_UPSTREAM: Final = re.compile(rb"(?m)^[ \t]*upstream[ \t]+[^\s{]{1,200}[ \t]*\{")


def with_mounted(tree: Tree, launches: list[Launch], images: Mapping[str, Image]) -> list[Launch]:
    """The launches with what the configuration files that they mount make them dial; `hosts_open` where a script that they start with
    writes /etc/hosts. `images`: what Dockerfiles say, by path. A file that cannot be read adds nothing."""
    scripts: dict[str, bool] = {}
    read: dict[tuple[str, str], tuple[Dial, ...]] = {}
    done: list[Launch] = []
    for launch in launches:
        changed: dict[int, LaunchFacts] = {}
        for one in launch.facts.values():
            if id(one) not in changed:
                found = tuple(dial for volume in one.volumes if isinstance(volume, Known) for dial in _of_mount(tree, volume.text, read))
                new = msgspec.structs.replace(one, dials=found) if found else one
                if not one.hosts_open and any(_edits_hosts(tree, word, scripts) for word in _started(launch, one, images)):
                    new = msgspec.structs.replace(new, hosts_open=True)
                changed[id(one)] = new
        if any(changed[id(one)] is not one for one in launch.facts.values()):
            launch = msgspec.structs.replace(launch, facts={platform: changed[id(one)] for platform, one in launch.facts.items()})
        done.append(launch)
    return done


def _started(launch: Launch, facts: LaunchFacts, images: Mapping[str, Image]) -> Iterator[str]:
    """The words of what a launch starts, those of its own image where it does not say."""
    image = image_of(launch, images)
    entrypoint = facts.entrypoint if facts.entrypoint is not None or image is None else image.entrypoint
    command = facts.command if facts.command is not None or image is None else image.command
    for value in (*(entrypoint or ()), *(command or ()))[:200]:
        for option in value.options if isinstance(value, Choice) else (value,):
            if isinstance(option, Known):
                yield from _WORD.findall(option.text[:4000])


def _edits_hosts(tree: Tree, word: str, scripts: dict[str, bool]) -> bool:
    """Whether a word of a command is /etc/hosts itself or a script of the tree that writes there."""
    if word == "/etc/hosts":
        return True
    if "/" not in word and not word.endswith(".sh"):
        return False
    name = word.rpartition("/")[2]
    if not name:
        return False
    if name not in scripts:
        files = [tree.source(path) for path in list(tree.named(name))[:5]]
        scripts[name] = any(file is not None and b"/etc/hosts" in file.data for file in files)
    return scripts[name]


def _of_mount(tree: Tree, volume: str, read: dict[tuple[str, str], tuple[Dial, ...]]) -> Iterator[Dial]:
    """What is dialled because of one mount `./SOURCE:TARGET[:ro]` (the source from the root of the tree)."""
    source, _, rest = volume.partition(":")
    target = rest.partition(":")[0]
    if not source.startswith("./"):
        return
    path = source.removeprefix("./").rstrip("/")
    programs = [program for program in _PROGRAMS if f"{target}/".startswith(program[0])]
    if not programs and tree.has(path):
        programs = [("", _SETTINGS, settings)]
    for lead, wanted, reader in programs:
        members = (path,) if tree.has(path) else (*tree.folder(path), *tree.folder(f"{path}/datasources"), *tree.folder(f"{path}/conf.d"))
        for member in members[:50]:
            # What is mounted as a file is what the target's name says, whatever it is called in the tree.
            name = target if member == path else member
            if wanted.search(name) is None:
                continue
            key = (member, lead)
            if key not in read:
                file = tree.source(member)
                try:
                    read[key] = tuple(reader(file))[:MAX_DIALS] if file is not None else ()
                except UnreadableError:
                    read[key] = ()
            yield from read[key]


def _scalars(node: Node | None) -> Iterator[Scalar]:
    for item in node.items if isinstance(node, Sequence) else (node,):
        if isinstance(item, Scalar) and not item.is_null:
            yield item


def _items(node: Node | None, name: str) -> Iterator[YamlMapping]:
    field = fields(node).get(name)
    for item in field.value.items if field is not None and isinstance(field.value, Sequence) else ():
        if isinstance(item, YamlMapping):
            yield item


def _dial(source: SourceFile, name: str, node: Scalar) -> Dial:
    span = Text(node, source).span(0, len(node.text))
    return Dial(name, Known(node.text, span), span)


def prometheus(source: SourceFile) -> Iterator[Dial]:
    """Scrape targets, alert managers and remote endpoints (https://prometheus.io/docs/prometheus/latest/configuration/configuration/).
    A job whose `relabel_configs` writes `__address__` dials something else than its targets."""
    for document in load(source):
        root = document.root
        for job in _items(root, "scrape_configs"):
            relabelled = any(
                isinstance(label.value, Scalar) and label.value.text == "__address__"
                for rule in _items(job, "relabel_configs") if (label := fields(rule).get("target_label")) is not None
            )
            if not relabelled:
                yield from _targets(source, job, "scrape target")
        alerting = fields(root).get("alerting")
        for manager in _items(alerting.value if alerting is not None else None, "alertmanagers"):
            yield from _targets(source, manager, "alert manager")
        for kind in ("remote_write", "remote_read"):
            for remote in _items(root, kind):
                url = fields(remote).get("url")
                if url is not None and isinstance(url.value, Scalar):
                    yield _dial(source, kind, url.value)


def _targets(source: SourceFile, node: Node, name: str) -> Iterator[Dial]:
    for group in _items(node, "static_configs"):
        field = fields(group).get("targets")
        for scalar in _scalars(field.value if field is not None else None):
            yield _dial(source, name, scalar)


def grafana(source: SourceFile) -> Iterator[Dial]:
    """Data sources that Grafana's server itself asks; `access: direct` is asked by the browser
    (https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources)."""
    for document in load(source):
        for one in _items(document.root, "datasources"):
            entry = fields(one)
            access = entry["access"].value if "access" in entry else None
            url = entry["url"].value if "url" in entry else None
            if isinstance(url, Scalar) and not (isinstance(access, Scalar) and access.text == "direct"):
                yield _dial(source, "data source", url)


_LISTEN: Final = re.compile(rb"(?m)^[ \t]*listen[ \t]+(?:[^\s;:]*:|\[[^\]]*\]:)?(\d{1,5})[^;\n]{0,100};")


def nginx(source: SourceFile) -> Iterator[Dial]:
    """`proxy_pass` and its kin, and the servers of upstream blocks."""
    data = source.data
    inside = [_block(data, found.end()) for found in _UPSTREAM.finditer(data)]
    own = {found[1].decode() for found in _LISTEN.finditer(data)}
    for found in _NGINX.finditer(data):
        name = found[1].decode()
        start, end = found.span(2)
        if name == "server" and not any(begin <= start < stop for begin, stop in inside):
            continue
        text = data[start:end].decode("utf-8", "replace")
        if "$" in text or text.startswith("unix:"):
            continue
        if own and any(one.address.is_loopback and one.address.port in own for one in addresses_of(Known(text))):
            # It listens there itself, in another server of the same file.
            continue
        span = Span(source.path, start, end)
        yield Dial("upstream server" if name == "server" else name, Known(text, span), span)


_SETTINGS: Final = re.compile(r"\.(?:ya?ml|json|toml|conf|cfg|ini|properties|template|tmpl|tpl)$")
_SETTING: Final = re.compile(
    rb"^[ \t]*(?:-[ \t]+)?[\"']?([\w.-]{1,80})[\"']?[ \t]*[:=][ \t]*[\"']?((?:[a-z][a-z0-9+.-]*://(?:[^\s\"'@/]*@)?)?([a-z]+\.(?:docker|containers)\.internal)(?::\d+)?(?:/[^\s\"',]*)?)[\"']?[ \t]*,?[ \t]*\r?$",
    re.MULTILINE,
)
_NOT_DIALLED: Final = re.compile(r"(?i)origin|cors|allow|trusted|domain|server_?name|issuer|redirect|callback|public|external|no_?proxy|sans?$|alias")


def settings(source: SourceFile) -> Iterator[Dial]:
    """The host's names that a file of settings gives as an address, in a line `key: address`; of each name the first. What else stands in the file of a
    program that is not known may be anything."""
    seen: set[bytes] = set()
    for found in _SETTING.finditer(source.data):
        name = found[1].decode()
        if found[3] in seen or _NOT_DIALLED.search(name):
            continue
        seen.add(found[3])
        span = Span(source.path, *found.span(2))
        yield Dial(name, Known(found[2].decode("utf-8", "replace"), span), span)


def _block(data: bytes, start: int) -> tuple[int, int]:
    """Upstream blocks nest nothing."""
    end = data.find(b"}", start)
    return start, end if end >= 0 else len(data)


_PROGRAMS: Final[tuple[tuple[str, re.Pattern[str], Callable[[SourceFile], Iterator[Dial]]], ...]] = (
    ("/etc/prometheus/", re.compile(r"prometheus[^/]*\.ya?ml$"), prometheus),
    ("/etc/grafana/provisioning/", re.compile(r"\.ya?ml$"), grafana),
    ("/etc/nginx/", re.compile(r"\.(?:conf|template)$|/sites-enabled/"), nginx),
)
"""Where a mount must lead to, the files of it that count, and their reader."""

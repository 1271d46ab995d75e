"""Reads that stand as keys in the configuration file of a framework, which takes each of them from the environment as well.

Spring Boot, Quarkus and Micronaut: `spring.datasource.url` in `application.yml` or `.properties` is SPRING_DATASOURCE_URL (docs.spring.io, "Binding From
Environment Variables": dots become underscores, dashes go; Quarkus and Micronaut make underscores of both: quarkus.io/guides/config-reference,
docs.micronaut.io, "Property Sources"). .NET: `Logging:Level` in `appsettings.json` is Logging__Level, in any case (learn.microsoft.com,
"Configuration in ASP.NET Core").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.jsonc import load_jsonc
from stigmer_lint.frontends.yaml_nodes import Document, Mapping, Node, Scalar, load, merged
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known
from stigmer_lint.model.world import EnvRead

_SPRING = re.compile(r"(?:^|/)(?:src/main/resources|config|resources)/(?:config/)?(application|bootstrap)(-[\w-]+)?\.(ya?ml|properties)$")
_DOTNET = re.compile(r"(?:^|/)appsettings(\.[\w-]+)?\.json$")
_LINE = re.compile(rb"^[ \t]*([A-Za-z%][\w.\[\]%\"-]{2,150})[ \t]*[=:][ \t]*([^\r\n]{0,400})", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][\w.-]*)(?::([^}]*))?\}")
_ELSEWHERE = ("SPRING_APPLICATION_JSON", "SPRING_CONFIG_LOCATION", "SPRING_CONFIG_ADDITIONAL_LOCATION", "SPRING_CONFIG_IMPORT", "SPRING_PROFILES_ACTIVE")
"""Where one of these is set, the keys may come from there."""
MAX_KEYS = 3000


def is_keyed(path: str) -> bool:
    """Whether a file is such a configuration file, by its name."""
    return _SPRING.search(path) is not None or _DOTNET.search(path) is not None


def key_reads(source: SourceFile) -> Iterator[EnvRead]:
    """The reads of one file; those of a profile, or of an environment such as Development, are conditional. A file that cannot be read gives none."""
    spring = _SPRING.search(source.path)
    dotnet = _DOTNET.search(source.path)
    try:
        if spring is not None:
            rows = _properties(source) if spring[3] == "properties" else _documents(load(source))
            yield from _spring(rows, aside=spring[2] is not None or spring[1] == "bootstrap")
        elif dotnet is not None:
            for parts, scalar in _flat(load_jsonc(source)):
                yield EnvRead(
                    "__".join(parts), scalar.span, "appsettings.json", "cs", None if scalar.is_null else Known(scalar.text, scalar.span),
                    conditional=dotnet[1] is not None,
                )
    except UnreadableError:
        # Files that are read for their launches are reported where that is done; a template of one is none.
        return


def given_keys(source: SourceFile) -> Iterator[str]:
    """The variables whose place the keys of another file of properties take (`config-redis.properties`), which the program is started with."""
    for key, text, _, aside in _properties(source):
        if text and not aside:
            yield _name(key.replace("-", ""))
            yield _name(key)


def _documents(documents: tuple[Document, ...]) -> Iterator[tuple[str, str, Span, bool]]:
    for document in documents:
        rows = [(".".join(parts), scalar) for parts, scalar in _flat(document.root)]
        aside = any(key in ("spring.profiles", "spring.config.activate.on-profile") for key, _ in rows)
        for key, scalar in rows:
            yield key, scalar.text, scalar.span, aside


def _properties(source: SourceFile) -> Iterator[tuple[str, str, Span, bool]]:
    for hit in _LINE.finditer(source.data):
        key = hit[1].decode("utf-8", "replace")
        # `%dev.` begins a key of one profile in Quarkus.
        yield key.partition(".")[2] if key.startswith("%") else key, hit[2].decode("utf-8", "replace").strip(), Span(source.path, *hit.span(1)), key.startswith("%")


def _spring(rows: Iterator[tuple[str, str, Span, bool]], *, aside: bool) -> Iterator[EnvRead]:
    for key, text, span, own in rows:
        names = dict.fromkeys((_name(key.replace("-", "")), _name(key)))
        held = _PLACEHOLDER.search(text)
        value = _PLACEHOLDER.sub(lambda hit: hit[2] or "", text)
        groups = (*names, *((held[1],) if held is not None else ()), *_ELSEWHERE)
        for name in names:
            yield EnvRead(
                name, span, "configuration key", "java", Known(value, span) if value and (held is None or held[2]) else None,
                groups=tuple(one for one in groups if one != name), conditional=aside or own,
            )


def _name(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", key).strip("_").upper()


def _flat(root: Node | None) -> Iterator[tuple[tuple[str, ...], Scalar]]:
    """The scalars below a node with the keys that lead to them, in order; items of lists by their number."""
    waiting: list[tuple[tuple[str, ...], Node | None]] = [((), root)]
    count = 0
    while waiting:
        parts, node = waiting.pop()
        if isinstance(node, Scalar):
            count += 1
            if parts and count <= MAX_KEYS:
                yield parts, node
        elif isinstance(node, Mapping):
            waiting.extend(((*parts, *field.key.text.split(".")), field.value) for field in reversed(merged(node)))
        elif node is not None:
            waiting.extend(((*parts, str(number)), item) for number, item in reversed(tuple(enumerate(node.items))))

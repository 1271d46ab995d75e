"""Variables that nobody's own code needs to read, because a framework, a runtime or an image reads them."""

from __future__ import annotations

from functools import cache
from typing import Literal, TypeAlias

import msgspec

from stigmer_lint.knowledge.names import fits, tokens
from stigmer_lint.knowledge.tables import rows

Scope: TypeAlias = Literal["global", "image", "generic", "prefix", "application"]
"""global: read wherever that runtime or library runs; image: by that image's entrypoint; generic: so common a name that it says little;
prefix: a family of names; application: passed on by a framework under names that the application chose."""


class FrameworkVariable(msgspec.Struct, frozen=True):
    """Who reads a variable."""

    reader: str
    scope: Scope


_SCOPES: dict[str, Scope] = {"global": "global", "image": "image", "generic": "generic", "prefix": "prefix", "application": "application"}


@cache
def _names() -> dict[str, FrameworkVariable]:
    return {name: FrameworkVariable(reader, _SCOPES[scope]) for name, reader, scope in rows("framework_env", 3)}


@cache
def _families() -> tuple[tuple[str, str, str], ...]:
    return tuple(sorted(((glob, reader, scope) for glob, reader, scope in rows("framework_env_prefixes", 3)), key=lambda row: -len(row[0])))


def is_predefined_argument(name: str) -> bool:
    """Whether a build argument needs no ARG: the builder takes it itself, or hands it on as one of its proxies (docs.docker.com, "Predefined ARGs"
    and "Automatic platform ARGs in the global scope")."""
    known = framework_of(name.upper())
    return known is not None and known.reader.startswith(("BuildKit", "proxy "))


def framework_of(name: str, image: str | None = None) -> FrameworkVariable | None:
    """The framework that reads `name`, None where none is known. `image`: the reference of the image that gets it, for families that
    only one image reads."""
    found = _names().get(name)
    if found is not None:
        return found
    for glob, reader, scope in _families():
        if fits(name, glob):
            if scope.startswith("image:"):
                if image is None or scope[6:] not in image:
                    continue
                return FrameworkVariable(reader, "image")
            return FrameworkVariable(reader, _SCOPES[scope])
    return None


LARAVEL_FILES = {"APP": "app", "BROADCAST": "broadcasting", "CACHE": "cache", "DB": "database", "FILESYSTEM": "filesystems", "LOG": "logging", "MAIL": "mail", "QUEUE": "queue", "SESSION": "session"}
"""First words of Laravel's variables -> the file under config/ that reads them (laravel.com/docs, "Configuration")."""

_OFFICIAL = {
    "postgres": ("POSTGRES_", ("postgres image",)), "postgis/postgis": ("POSTGRES_", ("postgres image",)), "pgvector/pgvector": ("POSTGRES_", ("postgres image",)),
    "mysql": ("MYSQL_", ("mysql/mariadb image",)), "mariadb": ("MARIADB_", ("mariadb image",)), "mongo": ("MONGO_", ("mongo image",)),
    "rabbitmq": ("RABBITMQ_", ("RabbitMQ image",)),
}
"""Images whose own names of a family are all known (hub.docker.com/_/NAME, "Environment Variables"): repository -> what they begin with, and their readers."""

_SAME = {"USERNAME": "USER", "DATABASE": "DB", "PASS": "PASSWORD", "PASSWD": "PASSWORD", "PWD": "PASSWORD"}


def meant_for(name: str, image: str) -> str | None:
    """The variable of a well-known image that a name which it does not read was meant as: another word for the same thing (`POSTGRES_DATABASE`), or a word
    left out (`RABBITMQ_USER`). None where the image is not one of these, or reads the name, or several may be meant."""
    repository = image.partition("@")[0].removeprefix("docker.io/").removeprefix("library/")
    head, slash, tail = repository.rpartition("/")
    family = _OFFICIAL.get(f"{head}{slash}{tail.partition(':')[0]}")
    if family is None or not name.startswith(family[0]) or name in _names():
        return None
    words = [_SAME.get(word, word) for word in tokens(name)]
    # A word that is doubled is one (POSTGRES_POSTGRES_DB).
    wanted = [word for at, word in enumerate(words) if at == 0 or word != words[at - 1]]
    same: list[str] = []
    longer: list[str] = []
    for known, variable in _names().items():
        if known.startswith(family[0]) and variable.reader in family[1]:
            theirs = [_SAME.get(word, word) for word in tokens(known)]
            if wanted == theirs:
                same.append(known)
            elif wanted[-1] in ("USER", "PASSWORD") and any(wanted == theirs[:at] + theirs[at + 1 :] for at in range(1, len(theirs) - 1)):
                longer.append(known)
    found = same or longer
    return found[0] if len(found) == 1 else None

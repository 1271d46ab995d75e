"""The policy file's types. The JSON Schema is generated from these, so every attribute docstring is for users."""

from __future__ import annotations

import fnmatch
from typing import Literal, TypeAlias

import msgspec

from stigmer_lint.model.launch import PLATFORMS, Platform
from stigmer_lint.model.span import SourceFile, Span

Because: TypeAlias = str | None


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How to ask a service whether it works. Exactly one of `http`, `grpc`, `tcp`, `redis` and `postgres` is given."""

    http: str | None = None
    """Path of an HTTP GET, such as `/api/tags`; it starts with a slash."""
    status: int | None = None
    """HTTP status that must be answered; without it any status from 200 to 399 will do. Needs `http`."""
    json: dict[str, str] = {}
    """Parts of the JSON answer and what they must hold. Needs `http`. A key is a dotted path, `name[]` stands for any element of the list
    `name`. In a value, `{env.NAME}` is the container's variable NAME."""
    grpc: str | None = None
    """Service name given to the standard gRPC health check; "" asks for the whole server. A server that has no such check is
    only tested for speaking gRPC."""
    tcp: bool = False
    """Whether an accepted TCP connection is all that is asked."""
    redis: bool = False
    """Whether to ask with a Redis PING."""
    postgres: bool = False
    """Whether to ask with PostgreSQL's first message."""
    tls: bool = False
    """Whether the connection is made with TLS; together with any of the others."""


class Service(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something that containers talk to."""

    address: str
    """Where it listens, as the host sees it: `HOST:PORT`."""
    env: tuple[str, ...] = ()
    """Variables that carry its address into a container. A container that uses the service gets all of them, with the same value."""
    url: str = "{address}"
    """Shape of the variables' value; `{address}` stands for host and port."""
    health: Health | None = None
    """How to ask whether it works; without it, an accepted TCP connection will do."""
    because: Because = None
    """Why the entry is as it is, such as an earlier outage. Shown with every finding that the entry causes."""
    start: tuple[str, ...] = ()
    """Command that starts it on the host when nothing answers at `address`, one list item per argument. Used by `up`."""
    start_env: dict[str, str] = {}
    """Variables for the `start` command, added to those of the caller."""


class Match(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """By what a launch is recognised as one of this container; either of the two will do."""

    image: str | None = None
    """Image reference with its tag, `*` and `?` as wildcards: `ghcr.io/example/worker*`."""
    name: str | None = None
    """Container name (or name of the compose service), `*` and `?` as wildcards."""


class RequiredEnv(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A required variable with a reason."""

    name: str
    """Name of the variable."""
    because: Because = None
    """Why it is required. Shown with every finding that the entry causes."""


class ContainerEnv(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The container's environment. Variables of the services that it uses need not be repeated here."""

    required: tuple[str | RequiredEnv, ...] = ()
    """Variables that every launch sets: names, or `{name: ..., because: ...}`."""
    set: dict[str, str] = {}
    """Values that the reference launcher gives, unless its caller gives others."""
    optional: tuple[str, ...] = ()
    """Further variables that a launch may set; `*` and `?` are wildcards."""
    secret: tuple[str, ...] = ()
    """Variables whose values are never shown and that a launch may set; `*` and `?` are wildcards."""

    @property
    def required_names(self) -> tuple[str, ...]:
        """Names of the required variables, reasons left out."""
        return tuple(one if isinstance(one, str) else one.name for one in self.required)

    def declares(self, name: str) -> bool:
        """Whether `name` is required, set, optional or secret here."""
        return name in self.set or name in self.required_names or any(fnmatch.fnmatchcase(name, p) for p in (*self.optional, *self.secret))


class LaunchSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the reference launcher starts the container."""

    image: str | None = None
    """Image to start; without it, `match.image` where that has no wildcard."""
    network: str = "auto"
    """`auto` (host network on a Linux engine, bridge elsewhere), `bridge`, `host`, or the name of a network."""
    volumes: tuple[str, ...] = ()
    """Volumes as `docker run -v` takes them; `{workspace}` is the folder given on the command line, else the current one."""
    restart: str | None = None
    """Restart policy as `docker run --restart` takes it."""
    command: tuple[str, ...] = ()
    """Arguments after the image, one list item per argument."""
    publish: tuple[str, ...] = ()
    """Published ports as `docker run -p` takes them."""


class Expect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a smoke command must give."""

    exit: int = 0
    """Exit status."""
    output: str | None = None
    """Text that its output must contain."""


class Smoke(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A command that proves that the container does its work. Run by `up` and `verify`."""

    exec: tuple[str, ...]
    """Command run inside the container, one list item per argument."""
    expect: Expect = Expect()
    """What it must give."""
    within: str = "60s"
    """How long it may take: a number and one of `ms`, `s`, `m`."""

    @property
    def seconds(self) -> float:
        """`within` in seconds."""
        for unit, factor in (("ms", 0.001), ("s", 1.0), ("m", 60.0)):
            if self.within.endswith(unit):
                return float(self.within.removesuffix(unit)) * factor
        return float(self.within)


class Container(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A container with its contract."""

    match: Match
    """By what its launches are recognised."""
    source: str | tuple[str, ...] | None = None
    """Folder (or folders) of the tree whose code is inside the image, relative to the root. Read for the env contract."""
    uses: tuple[str, ...] = ()
    """Services that it talks to, by their keys in `services`."""
    env: ContainerEnv = ContainerEnv()
    """Its environment."""
    launch: LaunchSpec | None = None
    """How the reference launcher starts it."""
    smoke: Smoke | None = None
    """A command that proves that it does its work."""
    because: Because = None
    """Why the entry is as it is, such as an earlier outage. Shown with every finding that the entry causes."""

    @property
    def sources(self) -> tuple[str, ...]:
        """`source` as a tuple."""
        if self.source is None:
            return ()
        return (self.source,) if isinstance(self.source, str) else self.source


LauncherPart: TypeAlias = Literal["image", "name", "network", "env", "command", "hosts", "publish", "volumes"]


class LauncherCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A function of yours that starts a container."""

    call: str
    """Name of the function; a dotted name narrows it to a receiver or module."""
    arguments: dict[LauncherPart, int | str]
    """Where each part of the launch is given: a position counted from 0, or the name of a keyword or option."""


class ClientRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A constructor of a client library that must be given its endpoint in container code."""

    call: str
    """Dotted name of the constructor."""
    argument: str
    """Name of the argument that takes the endpoint."""
    reads: tuple[str, ...] = ()
    """Variables that the library itself reads when the argument is not given."""
    default: str | None = None
    """Endpoint that it falls back to."""


IdiomLanguage: TypeAlias = Literal["java", "kotlin", "csharp", "ruby", "rust", "php", "scala", "swift", "go", "python", "javascript", "typescript"]


class LaunchIdiom(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How your code starts containers, as a Semgrep pattern. Looked for by `check --engine all`."""

    languages: tuple[IdiomLanguage, ...]
    """Languages that the pattern is of, as Semgrep calls them."""
    pattern: str
    """Semgrep pattern whose metavariables bind the parts of the launch: `$IMAGE` (and `$TAG`), `$KEY` with `$VALUE` for a variable, `$SETTINGS` for the
    first of several `NAME=VALUE`, `$NETWORK`, `$NAME`, `$KEY` with `$HOST` for a host entry; or `$PROGRAM`, the first word of an argument vector, `$SCRIPT`, a command line. Patterns that
    match at the same beginning are one launch, so parts of a chain of calls can be bound by several."""
    kind: str = "own idiom"
    """What messages call such a launch."""


RuleLevel: TypeAlias = Literal["off", "note", "warning", "error"]


class RuleSetting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A rule's severity with a reason."""

    level: RuleLevel
    """`off`, `note`, `warning` or `error`."""
    because: Because = None
    """Why it is set so. Shown with every finding of the rule."""


class PathSetting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Severities for a part of the tree."""

    match: str
    """Paths that it applies to, relative to the root, in the syntax of .gitignore."""
    rules: dict[str, RuleLevel]
    """Rule code and severity."""
    reason: str
    """Why this part of the tree is different."""


EnvRole: TypeAlias = Literal["dial", "public", "bind", "advertise", "allowlist", "self"]


class Policy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a project's code cannot say of the containers that it starts."""

    version: Literal[1]
    """Version of the file's format: 1."""
    extends: str | None = None
    """Policy that this one adds to: `builtin:NAME` or a path relative to this file, inside the root. The extended policy extends no other.
    Maps are merged key by key at every depth; `resolvers`, `launchers`, `idioms`, `clients`, `paths` and `exclude` are joined, the extended policy's
    entries first; every other value of this file replaces the extended one."""
    platforms: tuple[Platform, ...] = PLATFORMS
    """Platforms on which the launching code must work."""
    resolvers: tuple[str, ...] = ()
    """Functions trusted to turn an address of the host into one that a container can reach. A plain name fits any receiver or module, a
    dotted one narrows it."""
    services: dict[str, Service] = {}
    """What containers talk to, by a name of your choice."""
    containers: dict[str, Container] = {}
    """Containers with their contracts, by a name of your choice."""
    launchers: tuple[LauncherCall, ...] = ()
    """Functions of yours that start containers."""
    clients: tuple[ClientRule, ...] = ()
    """Constructors that must be given their endpoint in container code."""
    idioms: tuple[LaunchIdiom, ...] = ()
    """How your code starts containers in languages that are not read, as Semgrep patterns for `check --engine all`."""
    env_roles: dict[str, EnvRole] = {}
    """What the value of a variable is used for; `*` and `?` are wildcards. `dial`: the container connects out to it. `public`: handed to a
    browser or another outside client. `bind`: listened on. `advertise`: told to others. `allowlist`: compared with. `self`: the
    container's own port. Only for `dial` is a loopback value wrong."""
    rules: dict[str, RuleLevel | RuleSetting] = {}
    """Severity of a rule by its code: `off`, `note`, `warning`, `error`, or `{level: ..., because: ...}`."""
    paths: tuple[PathSetting, ...] = ()
    """Severities for parts of the tree; where several match, the last one wins."""
    exclude: tuple[str, ...] = ()
    """Paths that are not checked, relative to the root, in the syntax of .gitignore."""

    def container_for(self, image: str | None, name: str | None) -> tuple[str, Container] | None:
        """The container whose `match` fits an image reference or a container name (either identifies it); key and value."""
        for key, container in self.containers.items():
            match = container.match
            if (image and match.image and fnmatch.fnmatchcase(image, match.image)) or (
                name and match.name and fnmatch.fnmatchcase(name, match.name)
            ):
                return key, container
        return None

    def service_for(self, env: str, container: Container | None = None) -> tuple[str, Service] | None:
        """The service whose address the env var `env` carries; key and value. Services that `container` uses come first, because two
        containers may give the same name to different services."""
        found = [(key, service) for key, service in self.services.items() if env in service.env]
        used = container.uses if container else ()
        return next((pair for pair in found if pair[0] in used), found[0] if found else None)

    def level_of(self, code: str) -> tuple[RuleLevel | None, Because]:
        """What `rules` says of a rule's severity, and why; (None, None) where it says nothing."""
        setting = self.rules.get(code)
        if isinstance(setting, RuleSetting):
            return setting.level, setting.because
        return setting, None


class LoadedPolicy(msgspec.Struct, frozen=True):
    """A policy with where it came from: `origin` is a path, "builtin:NAME" or "" (no policy); `positions` maps a dotted key
    ("services.ollama.env", list items "resolvers.0") to its place; a place's path is "builtin:NAME" for a shipped policy."""

    policy: Policy
    origin: str
    positions: dict[str, Span]
    sources: tuple[SourceFile, ...] = ()
    """The files that it was read from, the extended one last, for reporters that show a position."""


NO_POLICY = LoadedPolicy(Policy(version=1), "", {})
"""What a run without a policy file works by: every default."""

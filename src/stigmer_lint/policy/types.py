"""The policy file's types. The JSON Schema is generated from these, so every attribute docstring is for users."""

from __future__ import annotations

import fnmatch
from typing import Literal, TypeAlias

import msgspec

from stigmer_lint.model.launch import PLATFORMS, Platform
from stigmer_lint.model.span import Span

Because: TypeAlias = str | None


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    http: str | None = None
    status: int | None = None
    json: dict[str, str] = {}
    grpc: str | None = None
    tcp: bool = False
    redis: bool = False
    postgres: bool = False
    tls: bool = False


class Service(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    address: str
    env: tuple[str, ...] = ()
    url: str = "{address}"
    health: Health | None = None
    because: Because = None
    start: tuple[str, ...] = ()
    start_env: dict[str, str] = {}


class Match(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    image: str | None = None
    name: str | None = None


class RequiredEnv(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    because: Because = None


class ContainerEnv(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    required: tuple[str | RequiredEnv, ...] = ()
    set: dict[str, str] = {}
    optional: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()


class LaunchSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    image: str | None = None
    network: str = "auto"
    volumes: tuple[str, ...] = ()
    restart: str | None = None
    command: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()


class Expect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    exit: int = 0
    output: str | None = None


class Smoke(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    exec: tuple[str, ...]
    expect: Expect = Expect()
    within: str = "60s"


class Container(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    match: Match
    source: str | tuple[str, ...] | None = None
    uses: tuple[str, ...] = ()
    env: ContainerEnv = ContainerEnv()
    launch: LaunchSpec | None = None
    smoke: Smoke | None = None
    because: Because = None


class LauncherCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    call: str
    arguments: dict[str, int | str]


class ClientRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    call: str
    argument: str
    reads: tuple[str, ...] = ()
    default: str | None = None


RuleLevel: TypeAlias = Literal["off", "note", "warning", "error"]


class RuleSetting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    level: RuleLevel
    because: Because = None


class PathSetting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    match: str
    rules: dict[str, RuleLevel]
    reason: str


class Policy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole policy. `Policy(version=1)` is "no policy"."""

    version: Literal[1]
    extends: str | None = None
    platforms: tuple[Platform, ...] = PLATFORMS
    resolvers: tuple[str, ...] = ()
    services: dict[str, Service] = {}
    containers: dict[str, Container] = {}
    launchers: tuple[LauncherCall, ...] = ()
    clients: tuple[ClientRule, ...] = ()
    env_roles: dict[str, Literal["dial", "public", "bind", "advertise", "allowlist", "self"]] = {}
    rules: dict[str, RuleLevel | RuleSetting] = {}
    paths: tuple[PathSetting, ...] = ()
    exclude: tuple[str, ...] = ()

    def container_for(self, image: str | None, name: str | None) -> tuple[str, Container] | None:
        """The container whose `match` fits an image reference or a container name (either identifies it); key and value."""
        for key, container in self.containers.items():
            match = container.match
            if (image and match.image and fnmatch.fnmatchcase(image, match.image)) or (
                name and match.name and fnmatch.fnmatchcase(name, match.name)
            ):
                return key, container
        return None

    def service_for(self, env: str) -> tuple[str, Service] | None:
        """The service whose address the env var `env` carries; key and value."""
        return next(((key, s) for key, s in self.services.items() if env in s.env), None)


class LoadedPolicy(msgspec.Struct, frozen=True):
    """A policy with where it came from: `origin` is a path, "builtin:NAME" or "" (no policy); `positions` maps a dotted key
    ("services.ollama.env", list items "rules.0") to its place."""

    policy: Policy
    origin: str
    positions: dict[str, Span]

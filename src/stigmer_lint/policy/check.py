"""What the types cannot say of a policy: names that must exist, shapes of texts, values that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from stigmer_lint.frontends import yaml_nodes
from stigmer_lint.policy.decode import Positions, Problems, unknown
from stigmer_lint.policy.types import Container, Policy, RequiredEnv, Service

MAX_PATTERN: Final = 200
"""Characters of a wildcard pattern."""

MAX_STARS: Final = 16
"""Stars of a wildcard pattern; more say nothing that fewer do not."""

_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_BINDS: Final = re.compile(r"\$(?:IMAGE|VALUE|SETTINGS|NETWORK|NAME|HOST|PROGRAM|SCRIPT)\b")
_ENV_PATTERN: Final = re.compile(r"[A-Za-z0-9_.*?-]+\Z")
_ADDRESS: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253}):([0-9]{1,5})\Z")
_DURATION: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,3})?(?:ms|s|m)\Z")
_DOTTED: Final = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|/)[A-Za-z_$][\w$]*){0,12}\Z")
_CODE: Final = re.compile(r"[A-Z]{1,6}[0-9]{1,4}\Z")
_HOLE: Final = re.compile(r"\{([^{}]*)\}")


def check(policy: Policy, positions: Positions, root: yaml_nodes.Mapping, problems: Problems, rules: Mapping[str, str] | None) -> None:
    """Add what is wrong to `problems`. `root`: the nodes, for names whose entries could not be decoded. `rules`: known codes and names."""
    judge = _Judge(policy, positions, problems, rules)
    judge.services()
    judge.containers(frozenset(yaml_nodes.fields(yaml_nodes.fields(root)["services"].value) if "services" in yaml_nodes.fields(root) else ()))
    judge.rest()


def _upwards(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[:size]) for size in range(1, len(parts) + 1)]


class _Judge:
    def __init__(self, policy: Policy, positions: Positions, problems: Problems, rules: Mapping[str, str] | None) -> None:
        self.policy = policy
        self.positions = positions
        self.problems = problems
        self.rules = rules
        self.broken = frozenset(part for problem in problems.found for part in _upwards(problem.key))

    def say(self, key: str, text: str) -> None:
        """Note a problem at a dotted key, or at the nearest one above it that was written. Where decoding has already found something
        wrong there or below, this would be its consequence."""
        if key in self.broken:
            return
        at = key
        while at not in self.positions:
            at = at.rpartition(".")[0]
        self.problems.add(self.positions[at], key, text)

    def services(self) -> None:
        for name, service in self.policy.services.items():
            at = f"services.{name}"
            port = _ADDRESS.match(service.address)
            if "://" in service.address:
                self.say(f"{at}.address", f"expected HOST:PORT, found '{service.address}'; a scheme or path belongs in url: http://{{address}}")
            elif port is None or not 0 < int(port[1]) < 65536:
                self.say(f"{at}.address", f"expected HOST:PORT, such as localhost:11434, found '{service.address}'")
            holes = _HOLE.findall(service.url)
            if "address" not in holes:
                self.say(f"{at}.url", f"expected a text that holds {{address}}, found '{service.url}'")
            for hole in holes:
                if hole != "address":
                    self.say(f"{at}.url", f"unknown placeholder '{{{hole}}}'; expected {{address}}")
            self.names(service.env, f"{at}.env")
            self.names(service.start_env, f"{at}.start_env", listed=False)
            self.repeated(service.env, f"{at}.env")
            self.health(service, at)

    def health(self, service: Service, at: str) -> None:
        health = service.health
        if health is None:
            return
        ways = {"http": health.http is not None, "grpc": health.grpc is not None, "tcp": health.tcp, "redis": health.redis, "postgres": health.postgres}
        given = [way for way, is_given in ways.items() if is_given]
        if len(given) != 1:
            found = " and ".join(given) if given else "none"
            self.say(f"{at}.health", f"expected exactly one of {', '.join(ways)}, found {found}")
        if health.http is not None and not health.http.startswith("/"):
            self.say(f"{at}.health.http", f"expected a path that starts with '/', found '{health.http}'")
        if health.status is not None and not 100 <= health.status <= 599:
            self.say(f"{at}.health.status", f"expected an HTTP status from 100 to 599, found {health.status}")
        for key, is_given in (("status", health.status is not None), ("json", bool(health.json))):
            if is_given and health.http is None:
                self.say(f"{at}.health.{key}", "expected beside http; no HTTP answer is looked at otherwise")
        for key, value in health.json.items():
            for hole in _HOLE.findall(value):
                if not hole.startswith("env.") or not _ENV_NAME.match(hole.removeprefix("env.")):
                    self.say(f"{at}.health.json.{key}", f"unknown placeholder '{{{hole}}}'; expected {{env.NAME}}")

    def containers(self, services: Collection[str]) -> None:
        for name, container in self.policy.containers.items():
            at = f"containers.{name}"
            match = container.match
            if not match.image and not match.name:
                self.say(f"{at}.match", "expected image, name or both; without one no launch can be recognised")
            for key, pattern in (("image", match.image), ("name", match.name)):
                if pattern:
                    self.pattern(pattern, f"{at}.match.{key}")
            for index, source in enumerate(container.sources):
                self.inside(source, f"{at}.source" if isinstance(container.source, str) else f"{at}.source.{index}")
            for index, used in enumerate(container.uses):
                if used not in services:
                    self.say(f"{at}.uses.{index}", unknown(used, services, "service") if services else f"unknown service '{used}'; the policy has no services")
            self.repeated(container.uses, f"{at}.uses")
            self.environment(container, at)
            self.launch(container, at)

    def environment(self, container: Container, at: str) -> None:
        env = container.env
        for index, one in enumerate(env.required):
            name, key = (one.name, f"{at}.env.required.{index}.name") if isinstance(one, RequiredEnv) else (one, f"{at}.env.required.{index}")
            self.name(name, key)
        self.names(env.set, f"{at}.env.set", listed=False)
        for part, patterns in (("optional", env.optional), ("secret", env.secret)):
            for index, pattern in enumerate(patterns):
                self.pattern(pattern, f"{at}.env.{part}.{index}")
                if not _ENV_PATTERN.match(pattern):
                    self.say(f"{at}.env.{part}.{index}", f"expected a variable's name, * and ? as wildcards, found '{pattern}'")
        self.repeated(env.required_names, f"{at}.env.required")
        self.contradictions(container, at)

    def contradictions(self, container: Container, at: str) -> None:
        """One variable of one container has one value."""
        given: dict[str, tuple[str, str]] = {}
        for used in container.uses:
            service = self.policy.services.get(used)
            if service is None:
                continue
            value = service.url.replace("{address}", service.address)
            for name in service.env:
                earlier = given.setdefault(name, (used, value))
                if earlier[1] != value:
                    self.say(f"{at}.uses", f"{name} is set twice: services.{earlier[0]} gives it {earlier[1]}, services.{used} gives it {value}")
        for name, value in container.env.set.items():
            if name in given and value != given[name][1]:
                self.say(f"{at}.env.set.{name}", f"{name} is set twice: here to {value!r}, by services.{given[name][0]} to {given[name][1]!r}; leave it to the service")

    def launch(self, container: Container, at: str) -> None:
        if container.launch is not None:
            for index, volume in enumerate(container.launch.volumes):
                for hole in _HOLE.findall(volume):
                    if hole != "workspace":
                        self.say(f"{at}.launch.volumes.{index}", f"unknown placeholder '{{{hole}}}'; expected {{workspace}}")
        if container.smoke is not None:
            if not container.smoke.exec:
                self.say(f"{at}.smoke.exec", "expected a command, one list item per argument, found an empty list")
            if not _DURATION.match(container.smoke.within):
                self.say(f"{at}.smoke.within", f"expected a duration such as 60s, 500ms or 2m, found '{container.smoke.within}'")

    def rest(self) -> None:
        policy = self.policy
        if not policy.platforms:
            self.say("platforms", "expected at least one of linux, macos, windows")
        self.repeated(policy.platforms, "platforms")
        for index, resolver in enumerate(policy.resolvers):
            self.call(resolver, f"resolvers.{index}")
        for index, launcher in enumerate(policy.launchers):
            self.call(launcher.call, f"launchers.{index}.call")
            if not launcher.arguments:
                self.say(f"launchers.{index}.arguments", "expected where the parts of the launch are given, such as {image: 0, env: env}")
            for part, place in launcher.arguments.items():
                if isinstance(place, int) and not 0 <= place <= 100:
                    self.say(f"launchers.{index}.arguments.{part}", f"expected a position from 0 or a name, found {place}")
        for index, idiom in enumerate(policy.idioms):
            if not idiom.languages:
                self.say(f"idioms.{index}.languages", "expected at least one language")
            if not _BINDS.search(idiom.pattern):
                self.say(f"idioms.{index}.pattern", "expected a pattern that binds a part of the launch, such as $IMAGE, $KEY with $VALUE, $PROGRAM or $SCRIPT")
        for index, client in enumerate(policy.clients):
            self.call(client.call, f"clients.{index}.call")
            self.names(client.reads, f"clients.{index}.reads")
        for pattern in policy.env_roles:
            self.pattern(pattern, f"env_roles.{pattern}")
            if not _ENV_PATTERN.match(pattern):
                self.say(f"env_roles.{pattern}", "expected a variable's name, * and ? as wildcards")
        for code in policy.rules:
            self.code(code, f"rules.{code}")
        for index, setting in enumerate(policy.paths):
            self.pattern(setting.match, f"paths.{index}.match")
            for code in setting.rules:
                self.code(code, f"paths.{index}.rules.{code}")
            if not setting.reason.strip():
                self.say(f"paths.{index}.reason", "expected the reason, found an empty text")
        for index, pattern in enumerate(policy.exclude):
            self.pattern(pattern, f"exclude.{index}")

    def code(self, code: str, key: str) -> None:
        if self.rules is None:
            if not _CODE.match(code):
                self.say(key, f"expected a rule code such as STG101, found '{code}'")
            return
        if code in self.rules:
            return
        by_name = {name: known for known, name in self.rules.items()}
        if code in by_name:
            self.say(key, f"expected the rule's code; '{code}' is {by_name[code]}")
        elif code.upper() in self.rules:
            self.say(key, f"unknown rule '{code}'; did you mean '{code.upper()}'?")
        else:
            self.say(key, unknown(code, sorted(self.rules), "rule"))

    def name(self, name: str, key: str) -> None:
        if not _ENV_NAME.match(name):
            self.say(key, f"expected a variable's name, found '{name}'")

    def names(self, names: Iterable[str], key: str, *, listed: bool = True) -> None:
        for index, name in enumerate(names):
            self.name(name, f"{key}.{index}" if listed else f"{key}.{name}")

    def repeated(self, names: tuple[str, ...], key: str) -> None:
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                self.say(f"{key}.{index}", f"'{name}' is given twice")
            seen.add(name)

    def pattern(self, pattern: str, key: str) -> None:
        if not pattern.strip():
            self.say(key, "expected a pattern, found an empty text")
        elif len(pattern) > MAX_PATTERN:
            self.say(key, f"expected a pattern of at most {MAX_PATTERN} characters, found {len(pattern)}")
        elif pattern.count("*") > MAX_STARS:
            self.say(key, f"expected a pattern with at most {MAX_STARS} stars, found {pattern.count('*')}")

    def inside(self, path: str, key: str) -> None:
        parts = path.replace("\\", "/").split("/")
        if path.startswith(("/", "\\")) or path[1:2] == ":" or ".." in parts or not path.strip():
            self.say(key, f"expected a folder inside the root, relative to it, found '{path}'")

    def call(self, name: str, key: str) -> None:
        if not _DOTTED.match(name) or len(name) > MAX_PATTERN:
            self.say(key, f"expected the name of a function, dotted where it must be narrowed, found '{name[:60]}'")


"""What a project's sample of its environment says of the variables that its launching code hands on as they are.

`process.env.OTEL_URL` has no value in the code. Where the `.env.example` beside the program gives it a loopback address, that is what whoever
follows the sample hands to the container."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import msgspec

from stigmer_lint.addresses import addresses_of
from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.config_paths import folder_of
from stigmer_lint.frontends.dotenv import EnvLine, read_dotenv
from stigmer_lint.frontends.file_kinds import is_env_sample
from stigmer_lint.model.launch import EnvSetting, Launch, LaunchFacts, Platform
from stigmer_lint.model.value import Choice, Known, Step, Template, Unknown, Value, alternatives, choose, join

USED: Final = (".env", ".env.local", ".env.development", ".env.dev")
"""Env files that programs load as they stand, in the order in which they count; before what is there to be copied."""

MAX_FOLDERS: Final = 12


class Samples:
    """The sample env files of a tree, read when first asked for."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._files: dict[str, dict[str, EnvLine]] = {}
        self._folders: dict[str, tuple[str, ...]] = {}

    def line(self, path: str, name: str) -> EnvLine | None:
        """The line for a variable in the nearest sample at or above the folder of a file."""
        folder = folder_of(path)
        for _ in range(MAX_FOLDERS):
            for sample in self._in(folder):
                found = self._file(sample).get(name)
                if found is not None:
                    return found
            if not folder:
                return None
            folder = folder.rpartition("/")[0]
        return None

    def _in(self, folder: str) -> tuple[str, ...]:
        """The env files of a folder, those that are used as they stand first."""
        found = self._folders.get(folder)
        if found is None:
            here = sorted(self.tree.folder(folder))
            used = [path for name in USED for path in here if path.rpartition("/")[2] == name]
            found = self._folders[folder] = (*used, *(path for path in here if is_env_sample(path)))
        return found

    def _file(self, path: str) -> dict[str, EnvLine]:
        found = self._files.get(path)
        if found is None:
            found = self._files[path] = {}
            source = self.tree.source(path)
            if source is not None:
                # A sample that cannot be read says nothing here; as a file of configuration it is reported.
                with suppress(UnreadableError):
                    found.update((line.name, line) for line in read_dotenv(source))
        return found

    def filled(self, launch: Launch) -> Launch:
        """The launch with the loopback addresses of the sample among what its variables may be."""
        facts: dict[Platform, LaunchFacts] = {}
        changed = False
        for platform, one in launch.facts.items():
            env = tuple(self._setting(launch, setting) for setting in one.env)
            if any(new is not old for new, old in zip(env, one.env, strict=True)):
                changed = True
                one = msgspec.structs.replace(one, env=env)
            facts[platform] = one
        return msgspec.structs.replace(launch, facts=facts) if changed else launch

    def _setting(self, launch: Launch, setting: EnvSetting) -> EnvSetting:
        if setting.passed or setting.origin != "launch":
            return setting
        value = self._value(setting.value)
        return setting if value is None else msgspec.structs.replace(setting, value=value)

    def _value(self, value: Value) -> Value | None:
        """The value with what a sample says of the variable that it is, where that is loopback; None where there is nothing to add."""
        if any(isinstance(option, Known) and option.text for option in alternatives(value, 8)):
            # The code has a default of its own.
            return None
        options = value.options if isinstance(value, Choice) else (value,)
        added: list[Value] = []
        for option in options:
            hole = option if isinstance(option, Unknown) else None
            if isinstance(option, Template) and isinstance(option.parts[0], Unknown):
                hole = option.parts[0]
            if hole is None or hole.kind != "env" or hole.name is None or hole.span is None:
                continue
            line = self.line(hole.span.path, hole.name)
            if line is None or not isinstance(line.value, Known):
                continue
            if any(one.address.is_loopback for one in addresses_of(line.value)):
                told = msgspec.structs.replace(line.value, trail=(Step(line.span, f"the sample of the environment sets {line.name} here"),))
                added.append(join((told, *option.parts[1:])) if isinstance(option, Template) else told)
        return choose((*options, *added), getattr(value, "span", None)) if added else None


__all__ = ["Samples"]

"""Variables of the env files that a launch in code names (`docker run --env-file`)."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.config_paths import folder_of, inside
from stigmer_lint.frontends.dotenv import read_dotenv
from stigmer_lint.model.launch import EnvSetting, Launch, LaunchFacts, Platform
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Known, Step, Template, Unknown, Value, with_step

_OF_FILE: Final = re.compile(r"come from (?:the|an env) file")


def env_file_settings(tree: Tree, path: str, taken: Step) -> tuple[EnvSetting, ...] | str:
    """The variables of an env file in the raw format of `--env-file`, or why they are not known. `taken`: where a launch names it."""
    source = tree.source(path) if tree.has(path) else None
    if source is None:
        return f"env file {path} is not in the tree"
    try:
        lines = read_dotenv(source, form="raw")
    except UnreadableError as error:
        return f"env file {path}: {error.why}"
    found: list[EnvSetting] = []
    for line in lines:
        value: Value = line.value or Unknown(f"{line.name} is taken from the caller", "env", line.name, line.span)
        found.append(EnvSetting(line.name, with_step(value, taken), line.span, line.name_span, passed=line.value is None, origin="env-file"))
    return tuple(found)


def with_env_files(tree: Tree, launch: Launch) -> Launch:
    """The launch with the variables of the env files that it names, as far as those are in the tree. A relative name is looked for
    from the folder of the launching file, then from the root: where the program will be started is not written anywhere."""
    facts: dict[Platform, LaunchFacts] = {}
    changed = False
    for platform, one in launch.facts.items():
        settings: dict[str, EnvSetting] = {}
        missing = False
        for value in one.env_files:
            found = _settings(tree, launch, value)
            if found is None:
                missing = True
            else:
                settings.update((setting.name, setting) for setting in found)
        if settings:
            changed = True
            given = {setting.name for setting in one.env if not setting.maybe}
            env = (*(s for name, s in settings.items() if name not in given), *one.env)
            reasons = one.env_open if missing else tuple(why for why in one.env_open if not _OF_FILE.search(why))
            one = msgspec.structs.replace(one, env=env, env_open=reasons)
        facts[platform] = one
    return msgspec.structs.replace(launch, facts=facts) if changed else launch


def _settings(tree: Tree, launch: Launch, value: Value) -> tuple[EnvSetting, ...] | None:
    span = getattr(value, "span", None) or Span(launch.span.path, launch.span.start, launch.span.end)
    last = value.parts[-1] if isinstance(value, Template) else value
    name = last.text.rpartition("/")[2] if isinstance(last, Known) and (last is value or "/" in last.text) else ""
    source = tree.source(launch.span.path) if name else None
    if source is not None and launch.language == "shell":
        from stigmer_lint.frontends.written_env import written_env

        taken = Step(span, "this env file is handed over")
        lines = written_env(source, name, launch.span.start)
        if lines:
            return tuple(
                EnvSetting(line.name, with_step(line.value, taken), line.span, line.name_span, origin="env-file") for line in lines if line.value is not None
            )
    if not isinstance(value, Known):
        return None
    for folder in (folder_of(launch.span.path), ""):
        path = inside(folder, value.text)
        if path is not None and tree.has(path):
            found = env_file_settings(tree, path, Step(span, "this env file is handed over"))
            return None if isinstance(found, str) else found
    return None

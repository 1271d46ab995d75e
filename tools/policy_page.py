"""Write docs/policy.md, the reference of the policy file, from its JSON Schema and the shipped policy that shows it whole.

`python tools/policy_page.py` writes; with `--check` it writes nothing and exits with 1 where the page is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import stigmer_policies
from stigmer_lint.policy import schema

PAGE = Path(__file__).resolve().parents[1] / "docs" / "policy.md"

INTRODUCTION = """\
# The policy file

This page is written by `make pages`.

A policy says what the code cannot: which services there are, which variables carry their addresses, which functions are trusted to
resolve them, what a container needs, and why. It is optional. The same file serves `check`, `launch`, `up` and `verify`.

It is found as `stigmer-lint.yaml` or `.stigmer-lint.yaml`, from the checked path upwards to the repository's root, or given with `--policy
FILE`. `--policy builtin:NAME` uses a shipped one: {names}.

- `stigmer-lint policy check [FILE]` validates it. Every error is shown at once, each with file:line:column, the key, and what was expected.
- `stigmer-lint policy explain [CONTAINER]` prints the effective values of a container and where each came from.
- `stigmer-lint policy schema` prints the JSON Schema, for editors:
  `# yaml-language-server: $schema=...` on the first line.

Values are taken as they are written: `off` is the word, `8080` the text of a variable; only numbers and `true`/`false` of keys that
want them are read as such. Patterns know `*` and `?`, at most 16 stars in 200 characters; a policy can hold no regular expression and name
no code to run in the checker.

A shipped policy, whole:

```yaml
{example}```
"""


def text() -> str:
    """The whole page."""
    built = schema.build()
    example = stigmer_policies.path("stigmer").read_text(encoding="utf-8")
    names = ", ".join(f"`builtin:{name}`" for name in stigmer_policies.names())
    parts = [INTRODUCTION.format(names=names, example=example), "## Keys\n", table(built)]
    for name in reached(built):
        body = built["$defs"][name]
        parts += [f"## {TITLES[name]}\n", body["description"] + "\n", table(body)]
    return "\n".join(parts)


TITLES = {
    "Service": "services.NAME",
    "Health": "services.NAME.health",
    "Container": "containers.NAME",
    "Match": "containers.NAME.match",
    "ContainerEnv": "containers.NAME.env",
    "RequiredEnv": "containers.NAME.env.required, an item with a reason",
    "LaunchSpec": "containers.NAME.launch",
    "Smoke": "containers.NAME.smoke",
    "Expect": "containers.NAME.smoke.expect",
    "LauncherCall": "launchers, an item",
    "LaunchIdiom": "idioms, an item",
    "ClientRule": "clients, an item",
    "RuleSetting": "rules.CODE, with a reason",
    "PathSetting": "paths, an item",
}


def reached(built: dict[str, Any]) -> list[str]:
    """The nested types in the order of the page; fails where one has no title yet."""
    assert set(TITLES) == set(built["$defs"]), set(TITLES) ^ set(built["$defs"])
    return list(TITLES)


def table(body: dict[str, Any]) -> str:
    """A row for every key."""
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for key, one in body["properties"].items():
        default = one.get("default")
        shown = "" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        meaning = one["description"].replace("|", "\\|")
        rows.append(f"| `{key}` | {kind(one)} | {shown} | {meaning} |")
    return "\n".join(rows) + "\n"


def kind(one: dict[str, Any]) -> str:
    """What a key's value is, in words."""
    if "anyOf" in one:
        return " or ".join(kind(option) for option in one["anyOf"] if option.get("type") != "null")
    if "$ref" in one:
        return "mapping, below"
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"])
    if isinstance(one["type"], list):
        return "text"
    if one["type"] == "array":
        return f"list: {kind(one['items'])}"
    if one["type"] == "object":
        return f"mapping of names to: {kind(one['additionalProperties'])}"
    return {"string": "text", "integer": "number", "boolean": "`true`, `false`"}[one["type"]]


def main() -> int:
    """0: written, or up to date; 1: --check found it out of date."""
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text():
        return 0
    if "--check" in sys.argv[1:]:
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Begin a rule: its module, its page, and what is left to do. usage: new_rule.py NAME CODE"""

from __future__ import annotations

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "lint_rules" / "stigmer_rules"

MODULE = '''"""WHAT_IT_FINDS, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.rule import Finding, Policy, Rule, World

RULE = Rule(code="{code}", name="{name}", summary="WHAT_IT_FINDS", severity="warning", confidence="medium", since="{version}")


def check(world: World, policy: Policy) -> Iterator[Finding]:
    """A finding for every launch that WHAT_IT_FINDS."""
    for launch in world.launches:
        if launch.any.image is None:
            yield Finding(rule=RULE.code, message="SAY_WHAT_FAILS_AND_WHY.", span=launch.span, launch=launch)
'''

PAGE = """# {name} ({code})

## What it finds

## Why it hurts

## Bad

```go bad
package main

func main() {{
	start() // {code}
}}
```

## Good

```go good
package main

func main() {{
}}
```

## At run time

## When to ignore it

## Limits
"""


def main() -> int:
    """0: both files are there; 2: a name or a code that cannot be one, or a rule that there is."""
    name, code = ([*sys.argv[1:], "", ""])[:2]
    if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", name) or not re.fullmatch(r"STG[1-9][0-9]{2}", code):
        sys.stderr.write("usage: make rule NAME=loopback-in-container CODE=STG101\n")
        return 2
    from stigmer_lint import __version__
    stem = FOLDER / name.replace("-", "_")
    module, page = stem.with_suffix(".py"), stem.with_suffix(".md")
    if module.exists() or page.exists() or any(f"({code})" in other.read_text(encoding="utf-8").split("\n", 1)[0] for other in FOLDER.glob("*.md")):
        sys.stderr.write(f"There is a rule {name} or {code} already.\n")
        return 2
    module.write_text(MODULE.format(code=code, name=name, version=__version__), encoding="utf-8")
    page.write_text(PAGE.format(code=code, name=name), encoding="utf-8")
    sys.stdout.write(f"{module}\n{page}\nNow list the rule in {FOLDER / '__init__.py'} and run `make pages test`.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Where a project's policy is. Apart from reading it: most runs find none, and reading costs start-up."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FILE_NAMES: Final = ("stigmer-lint.yaml", ".stigmer-lint.yaml")
"""Names that are looked for, the first one wins where a folder has both."""


def find_policy(start: Path, root: Path) -> Path | None:
    """The policy file that applies to `start` (a file or folder): the nearest one upwards, `root` included; None where there is none.

    A link that leads out of `root` is passed over: a checked tree does not choose files outside it.
    """
    top = root.resolve()
    here = start.resolve()
    if not here.is_dir():
        here = here.parent
    while here == top or top in here.parents:
        for name in FILE_NAMES:
            candidate = here / name
            if candidate.is_file() and candidate.resolve().is_relative_to(top):
                return candidate
        if here == top:
            return None
        here = here.parent
    return None

"""The data files of this package: tab-separated rows, `#` lines are for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_FOLDER = Path(__file__).parent


def rows(name: str, columns: int) -> Iterator[tuple[str, ...]]:
    """The rows of `knowledge/NAME.tsv`, each cut or padded to `columns` fields; empty lines and lines that start with `#` are left out."""
    for line in (_FOLDER / f"{name}.tsv").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        fields = line.split("\t")
        fields += [""] * (columns - len(fields))
        yield tuple(fields[:columns])

"""The map as JSON, version 1."""

from __future__ import annotations

import msgspec

from stigmer_lint import __version__
from stigmer_lint.mapping.types import Map
from stigmer_lint.report.escape import dumped, encodable


def render(chart: Map) -> str:
    """One document, ASCII only."""
    return dumped({"version": 1, "tool": {"name": "stigmer-lint", "version": __version__}, **_clean(msgspec.to_builtins(chart))})


def _clean(document: dict[str, object]) -> dict[str, object]:
    """Without surrogates, which JSON cannot hold. The document's depth is that of its types."""

    def clean(value: object) -> object:
        if isinstance(value, str):
            return encodable(value)
        if isinstance(value, dict):
            return {clean(key): clean(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [clean(one) for one in value]
        return value

    return {key: clean(value) for key, value in document.items()}

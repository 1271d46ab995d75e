"""Every library dialect, imported for the languages that a tree has."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from stigmer_lint.dialects.base import Dialect

_PLACES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "go": (("docker_sdk_go", "DIALECT"), ("testcontainers", "GO")),
    "python": (("docker_sdk_python", "DIALECT"), ("testcontainers", "PYTHON")),
    "javascript": (("dockerode", "DIALECT"), ("testcontainers", "JAVASCRIPT")),
}
"""Language -> modules of this package with the name of the dialect in each."""


def dialects_of(language: str) -> tuple[Dialect, ...]:
    """The library dialects of a code language ("go", "python", "javascript"; others have none)."""
    return tuple(getattr(import_module(f"stigmer_lint.dialects.{module}"), name) for module, name in _PLACES.get(language, ()))


def every() -> tuple[Dialect, ...]:
    """All dialects."""
    return tuple(one for language in _PLACES for one in dialects_of(language))

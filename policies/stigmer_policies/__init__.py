"""Policies that are shipped, one YAML file each, and the JSON Schema of their format."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable


def path(name: str) -> Traversable:
    """The file of the policy `name` ("baseline", not "builtin:baseline"). Raises KeyError where there is none."""
    if name not in names():
        raise KeyError(name)
    return files(__name__) / f"{name}.yaml"


def schema() -> Traversable:
    """The JSON Schema (draft 2020-12) of a policy file."""
    return files(__name__) / "schema.json"


def names() -> tuple[str, ...]:
    """Names of the shipped policies, sorted."""
    return tuple(sorted(one.name.removesuffix(".yaml") for one in files(__name__).iterdir() if one.name.endswith(".yaml")))

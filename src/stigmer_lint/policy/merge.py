"""What `extends` means: two policies' nodes become one.

Maps are merged key by key at every depth. Five lists of the top level, whose order of writing carries no meaning across files, are
joined with the extended policy's entries first. Every other value of the extending file replaces the extended one.
"""

from __future__ import annotations

from typing import Final

from stigmer_lint.frontends.yaml_nodes import Mapping, Node, Scalar, Sequence, merged

JOINED: Final = frozenset(("resolvers", "launchers", "idioms", "clients", "paths", "exclude"))
"""Lists of the top level that add up."""


def merge(base: Mapping, over: Mapping) -> Mapping:
    """`over` laid upon `base`; every node keeps the place where it was written."""
    return _maps(base, over, top=True)


def _maps(base: Mapping, over: Mapping, *, top: bool = False) -> Mapping:
    """Depth is that of the shallower file, which the reader of YAML bounds."""
    below = {field.key.text: field for field in merged(base)}
    pairs: list[tuple[Node, Node]] = []
    for field in merged(over):
        key: Scalar = field.key
        value: Node = field.value
        other = below.pop(key.text, None)
        if other is not None:
            if isinstance(value, Mapping) and isinstance(other.value, Mapping):
                value = _maps(other.value, value)
            elif top and key.text in JOINED and isinstance(value, Sequence) and isinstance(other.value, Sequence):
                value = Sequence((*other.value.items, *value.items), value.span)
        pairs.append((key, value))
    pairs.extend((field.key, field.value) for field in below.values())
    return Mapping(tuple(pairs), over.span)

"""Provisional."""

from __future__ import annotations

import re

_NAMES = re.compile(r"(?i)(?:^|_)(?:api_?key|key|token|secret|password|passwd|pwd|credentials?)$")


def mask(name: str | None, text: str) -> str:
    """The text as it may be shown."""
    if name and _NAMES.search(name):
        return "***"
    return re.sub(r"(?<=://)([^/@\s:]*):[^/@\s]+@", r"\1:***@", text)

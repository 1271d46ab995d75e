"""What renderers answer."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from stigmer_lint.report.types import Edit


class CannotFix(msgspec.Struct, frozen=True):
    """Why a remedy is not carried out here; `why` completes "no fix: "."""

    why: str


class Written(msgspec.Struct, frozen=True):
    """The edits that carry out a remedy, and what they do in words. `sure` False: they hold only if a guess does."""

    edits: tuple[Edit, ...]
    description: str
    sure: bool = True


Answer: TypeAlias = Written | CannotFix

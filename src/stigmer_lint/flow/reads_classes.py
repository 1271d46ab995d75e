"""Reads that a class, a struct's tags or a schema declares."""

from __future__ import annotations

from collections.abc import Iterator

from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.ir import Unit
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.world import EnvRead


def class_reads(ev: Evaluator, unit: Unit, source: SourceFile, known: dict[str, str]) -> Iterator[EnvRead]:
    """The declared reads of one file."""
    return iter(())

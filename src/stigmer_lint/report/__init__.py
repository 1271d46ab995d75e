"""One file a format. `render` is the only entry; a format's module is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from stigmer_lint.report.layout import Layout
    from stigmer_lint.report.types import Report

Format: TypeAlias = Literal["text", "concise", "json", "sarif", "github", "gitlab", "junit"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render(report: Report, form: Format, layout: Layout) -> str:
    """The whole report in one format, ending in a newline. Holds no secret and no control character of the checked tree."""
    text: str = import_module(f"stigmer_lint.report.{form}").render(report, layout)
    return text

"""What the person at the terminal asked for, as far as it changes how a report looks."""

from __future__ import annotations

import msgspec


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Formats for machines pay no attention to it."""

    color: bool = False
    verbose: bool = False
    quiet: bool = False
    show_gaps: bool = False
    statistics: bool = False

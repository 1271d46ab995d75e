"""From what a rule says must change to the bytes that change.

A rule attaches a `Remedy`, which knows no language. `attach` renders it for the kind of file that the launch is written in, in the user's own
style: the lines that are needed, their quotes, indentation and line ends, and nothing else. Where that cannot be done for sure there is no fix,
and the finding keeps the reason. `repair` carries fixes out: round after round, each checked again as a whole run would, so that a fix which does not clear
its finding, breaks a file or brings another finding is taken back.

Imported when somebody has findings to mend, never before.
"""

from __future__ import annotations

from stigmer_lint.fixes.render import attach

__all__ = ["attach"]

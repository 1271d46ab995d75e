"""The rules. A rule's module holds RULE and check; its page stands beside it."""

from __future__ import annotations

from stigmer_lint.rule import RuleEntry
from stigmer_rules import loopback_in_container

_MODULES = (loopback_in_container,)

RULES: tuple[RuleEntry, ...] = tuple(RuleEntry(module.RULE, module.check, module.__name__.rsplit(".", 1)[-1]) for module in _MODULES)
"""Every rule, in code order."""

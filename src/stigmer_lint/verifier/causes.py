"""The root causes: each with the rule that is about it, in words, with the fix."""

from __future__ import annotations

from stigmer_lint.verifier.types import Cause

RULES = {
    "loopback-in-bridge": "STG101", "sibling-by-loopback": "STG106", "alias-without-gateway": "STG103", "alias-maps-to-loopback": "STG111", "misspelt-alias": "STG111",
    "host-service-on-loopback": "STG109", "published-on-loopback": "STG109", "server-on-loopback": "STG108", "published-port-inside": "STG107",
    "wrong-port": "STG501", "nothing-listens": "STG501", "firewall-drop": "STG501", "firewall-reject": "STG501", "no-such-address": "STG501", "no-answer": "STG501",
    "different-networks": "STG501", "internal-network": "STG501", "no-network": "STG501", "not-attached": "STG501", "refused-unknown": "STG501",
    "default-bridge-without-dns": "STG502", "unknown-name": "STG502", "resolver-silent": "STG502", "name-on-other-network": "STG502",
    "published-to-nothing": "STG501", "closed-at-once": "STG501", "no-port": "STG501", "rootless-loopback": "STG501", "ipv6-off": "STG101",
    "ipv6-first": "STG501", "proxy-answers": "STG501", "proxy-unreachable": "STG501",
    "exited": "STG503", "out-of-memory": "STG503", "restarting": "STG503", "paused": "STG503", "never-started": "STG503", "unhealthy": "STG503", "hung": "STG503",
    "http-not-found": "STG503", "http-unauthorised": "STG503", "http-forbidden": "STG503", "http-error": "STG503", "http-unexpected": "STG503", "json-differs": "STG503",
    "not-serving": "STG503", "grpc-unknown-service": "STG503", "wrong-protocol": "STG503", "tls-to-plain": "STG503", "plain-to-tls": "STG503",
    "unknown-authority": "STG503", "wrong-certificate-name": "STG503", "certificate-expired": "STG503", "tls-failed": "STG503", "smoke-failed": "STG503",
    "env-missing": "STG201", "env-wrong-name": "STG202", "env-group-differs": "STG202", "env-empty": "STG504", "env-quoted": "STG504", "env-overridden": "STG504",
    "env-unresolved": "STG504",
}  # fmt: skip
"""Key of a cause -> code of the rule that is about it. 5xx where only the running system shows it."""


def cause(key: str, text: str, fix: str) -> Cause:
    """A cause with its rule."""
    return Cause(key, RULES[key], text, fix)


__all__ = ["RULES", "cause"]

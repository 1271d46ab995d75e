"""The runtime verifier: what running containers dial, probed from inside them, with the reason why it fails.

`verify` is one whole run; `Request` says what is asked for, `Verification` holds every check and the findings of the rules.
"""

from __future__ import annotations

from stigmer_lint.verifier.types import Cause, Check, Examined
from stigmer_lint.verifier.verify import Request, Verification, verify

__all__ = ["Cause", "Check", "Examined", "Request", "Verification", "verify"]

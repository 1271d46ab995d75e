"""The policy's whole stack on this machine: the host's services, the containers, and the proof that they work together.

`raise_stack` starts what is not there and takes it back where that fails or is interrupted; `take_down` stops what was started, and nothing
else. What was started is written down in the folder `.stigmer-lint` beside the policy (`Ledger`) before anything else is done.
"""

from __future__ import annotations

from stigmer_lint.stack.down import Ended, take_down
from stigmer_lint.stack.ledger import Ledger
from stigmer_lint.stack.up import Order, Raised, order_of, raise_stack

__all__ = ["Ended", "Ledger", "Order", "Raised", "order_of", "raise_stack", "take_down"]

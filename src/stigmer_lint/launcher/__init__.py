"""The reference launcher: containers started from the policy, so that what they dial is reached on the engine at hand.

`plan` says how (pure: policy, engine and caller in, command line and findings out), `start` does it.
"""

from __future__ import annotations

from stigmer_lint.launcher.plan import Caller, Ground, Plan, ground_of, plan
from stigmer_lint.launcher.render import render
from stigmer_lint.launcher.start import Demand, Started, start

__all__ = ["Caller", "Demand", "Ground", "Plan", "Started", "ground_of", "plan", "render", "start"]

"""Static rules, a reference launcher and a runtime verifier for addresses and variables handed to containers."""

__version__ = "0.1.0"

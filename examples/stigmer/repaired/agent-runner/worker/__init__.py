"""The agent-runner: a Temporal worker that runs agents against a language model."""

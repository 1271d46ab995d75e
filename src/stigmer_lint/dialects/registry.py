"""Every library dialect."""

from __future__ import annotations

from stigmer_lint.dialects import docker_sdk_go, docker_sdk_python, dockerode, testcontainers
from stigmer_lint.dialects.base import Dialect

DIALECTS: tuple[Dialect, ...] = (
    docker_sdk_go.DIALECT, docker_sdk_python.DIALECT, dockerode.DIALECT, testcontainers.GO, testcontainers.JAVASCRIPT, testcontainers.PYTHON,
)

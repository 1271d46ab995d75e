"""Env files that scripts write."""

from __future__ import annotations

import time

import pytest

from stigmer_lint.frontends.written_env import written_env
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.value import render


def test_lines_that_are_printed_one_by_one_point_into_the_script() -> None:
    data = b'#!/bin/sh\nport=80\necho "A=http://localhost:80" > app.env\necho other=1 >> b.env\nprintf \'B=2\\n\' >> "$dir/app.env"\ndocker run --env-file app.env x\n'
    lines = written_env(SourceFile("x.sh", data), "app.env", len(data))
    assert [(line.name, render(line.value)) for line in lines] == [("A", "http://localhost:80"), ("B", "2")]
    assert [data[: line.span.start].count(b"\n") + 1 for line in lines] == [3, 5]


@pytest.mark.parametrize(
    "data",
    [b'echo "A=1" >> app.env\n' * 15_000, b"cat >app.env <<A\nX=1\nA\n" * 5_000, b"echo A=" + b" " * 400_000 + b"\n"],
)
def test_long_scripts_take_linear_time(data: bytes) -> None:
    start = time.process_time()
    written_env(SourceFile("x.sh", data), "app.env", len(data))
    assert time.process_time() - start < 3

"""Secrets never appear, and what is no secret stays readable."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stigmer_lint.knowledge.secrets import is_secret, mask

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize(
    "name",
    ["OPENAI_API_KEY", "GITHUB_TOKEN", "POSTGRES_PASSWORD", "DB_PASS", "DB_PWD", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "SECRET_KEY_BASE", "JWT_SECRET", "apiKey",
     "clientSecret", "STRIPE_APIKEY", "SESSION_COOKIE", "PRIVATE_KEY", "PASSWORD", "token", "MYSQL_ROOT_PASSWORD"],
)
def test_secret_names(name: str) -> None:
    assert is_secret(name)
    assert mask(name, "hunter2") == "***"


@pytest.mark.parametrize(
    "name",
    ["PWD", "TOKEN_URL", "PASSWORD_FILE", "SECRET_NAME", "MAX_TOKENS", "TOKENIZERS_PARALLELISM", "KEYCLOAK_URL", "MONKEY", "PUBLIC_KEY", "CACHE_KEY", "KEY", "AUTHOR",
     "OLLAMA_BASE_URL", "COMPASS", "KEYBOARD"],
)
def test_names_that_only_sound_secret(name: str) -> None:
    assert not is_secret(name)
    assert mask(name, "http://localhost:1") == "http://localhost:1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://:pw@host", "redis://:***@host"),
        ("postgres://user:pw@host:5432/db", "postgres://user:***@host:5432/db"),
        ("postgres://u:p@ss@host/db", "postgres://u:***@host/db"),
        ("postgres://u:p/w@host/db", "postgres://u:***@host/db"),
        ("mongodb://u:p@a:1,b:2/db", "mongodb://u:***@a:1,b:2/db"),
        ("nats://u:p@a:1,nats://v:q@b:2", "nats://u:***@a:1,nats://v:***@b:2"),
        ("root:pw@tcp(127.0.0.1:3306)/db", "root:***@tcp(127.0.0.1:3306)/db"),
        ("https://ghp_abcdefghijklmnop1234@github.com/x", "https://***@github.com/x"),
        ("http://h/?token=abc&x=1", "http://h/?token=***&x=1"),
        ("Server=h;Password=pw;Port=1", "Server=h;Password=***;Port=1"),
        ("host=h password=pw port=1", "host=h password=*** port=1"),
        ("host=h password='p w' port=1", "host=h password='***' port=1"),
        ("h:6379,password=pw,ssl=true", "h:6379,password=***,ssl=true"),
        (f"Bearer {JWT}", "Bearer ***"),
        (f"X={JWT}", "X=***"),
        ("key sk-abcdefghijklmnop1234 x", "key *** x"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nrest", "***\nrest"),
        ("-----BEGIN CERTIFICATE-----\nabc", "-----BEGIN CERTIFICATE-----\nabc"),
        ("docker run -e DB_PASSWORD=pw -e A=b img", "docker run -e DB_PASSWORD=*** -e A=b img"),
        ("http://localhost:11434", "http://localhost:11434"),
        ("http://user@host/x", "http://user@host/x"),
        ("http://host:80/@scope/pkg", "http://host:80/@scope/pkg"),
        ("ghcr.io/a/b:1@sha256:0123", "ghcr.io/a/b:1@sha256:0123"),
        ("jdbc:postgresql://localhost/x?user=u&password=p", "jdbc:postgresql://localhost/x?user=u&password=***"),
        ("", ""),
    ],
)
def test_only_the_secret_is_hidden(text: str, shown: str) -> None:
    assert mask("", text) == shown
    assert mask("ADDRESS", text) == shown


@given(
    st.sampled_from(["redis", "postgresql+psycopg2", "http", "amqp"]),
    st.text("abcXYZ019", max_size=5),
    st.text("ABC019!$%^*()-_+.", min_size=8, max_size=12),
)
def test_a_password_in_a_url_never_shows(scheme: str, user: str, password: str) -> None:
    shown = mask("", f"{scheme}://{user}:{password}@localhost:1/db")
    assert password not in shown
    assert "@localhost:1/db" in shown


@given(st.text(max_size=200))
def test_any_text_is_masked_without_error_and_twice_is_once(text: str) -> None:
    once = mask("", text)
    assert mask("", once) == once


@pytest.mark.parametrize("piece", ["eyJ", "a@", "://", "a:b@", "password=", "-----BEGIN", "=", "://a:", "ghp_1", "&x", "-----BEGIN PRIVATE KEY-----"])
def test_hostile_repetition_is_linear(piece: str) -> None:
    started = time.perf_counter()
    mask("", piece * 100_000)
    assert time.perf_counter() - started < 2

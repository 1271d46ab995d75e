"""What a variable is used for."""

from __future__ import annotations

import time

import pytest

from stigmer_lint.knowledge.frameworks import framework_of
from stigmer_lint.knowledge.names import fits, tokens
from stigmer_lint.knowledge.roles import role_of


@pytest.mark.parametrize(
    ("name", "value", "role"),
    [
        ("OLLAMA_BASE_URL", None, "dial"),
        ("STIGMER_LLM_BASE_URL", None, "dial"),
        ("STIGMER_BACKEND_ENDPOINT", None, "dial"),
        ("TEMPORAL_SERVICE_ADDRESS", None, "dial"),
        ("MY_UPSTREAM", None, "dial"),
        ("API_SERVER_ADDR", None, "dial"),
        ("DATABASE_URL", None, "dial"),
        ("TESTING_DATABASE_URL", None, "dial"),
        ("ORDERS_DSN", None, "dial"),
        ("MY_API_BASE", None, "dial"),
        ("SEARXNG_API_URL", None, "dial"),
        ("REDIS_ADDR", None, "dial"),
        ("FRONTEND_ADDR", None, "dial"),
        ("CART_SERVICE_ADDR", None, "dial"),
        ("H_API_URL_PRIVATE", None, "dial"),
        ("redisUrl", None, "dial"),
        ("APP_URL", None, "public"),
        ("BASE_URL", None, "public"),
        ("SITE_URL", None, "public"),
        ("H_API_URL_PUBLIC", None, "public"),
        ("SUPABASE_PUBLIC_URL", None, "public"),
        ("MG_UI_BASEURL", None, "public"),
        ("GOTRUE_EXTERNAL_GOOGLE_REDIRECT_URI", None, "public"),
        ("AUTH_CALLBACK", None, "public"),
        ("COOKIE_DOMAIN", None, "public"),
        ("NEXT_PUBLIC_OLLAMA_URL", None, "public"),
        ("VITE_API_URL", None, "public"),
        ("RPC_ALLOWED_ORIGINS", None, "allowlist"),
        ("DJANGO_ALLOWED_HOSTS", None, "allowlist"),
        ("NO_PROXY", None, "allowlist"),
        ("no_proxy", None, "allowlist"),
        ("SERVER_GRPC_BROADCAST_ADDRESS", None, "advertise"),
        ("KAFKA_ADVERTISED_LISTENERS", None, "advertise"),
        ("--publish-status-address", "localhost", "advertise"),
        ("network.publish_host", "localhost", "advertise"),
        ("MUNINN_LISTEN_HOST", None, "bind"),
        ("METRICS_BIND_ADDR", None, "bind"),
        ("DEBUG_ADDR", "127.0.0.1:6060", "bind"),
        ("ENABLE_SEARCH_ENDPOINT", "true", "other"),
        ("UPSTREAM_REAL_IP_ADDRESS", "127.0.0.1", "allowlist"),
        ("OIDC_AUTH_ENDPOINT", "http://localhost:8080/auth", "public"),
        ("APP_OAUTH2_AUTHORIZATION_URL", "http://localhost:8080/auth", "public"),
        ("OIDC_TOKEN_ENDPOINT", "http://localhost:8080/token", "dial"),
        ("APP_SSHPROXY_ADDRESS", "localhost:30022", "other"),
        ("HOST", "0.0.0.0", "bind"),
        ("HOSTNAME", None, "bind"),
        ("OLLAMA_HOST", "0.0.0.0:11434", "bind"),
        ("OLLAMA_HOST", "http://localhost:11434", "dial"),
        ("TOOL_HOST", "0.0.0.0", "bind"),
        ("TOOL_HOST", "127.0.0.1", "unknown"),
        ("MCP_HOST", "127.0.0.1", "bind"),
        ("HEALTHCHECK_TARGET", None, "self"),
        ("HTTP_PROXY", None, "dial"),
        ("LOG_LEVEL", None, "other"),
        ("TASK_QUEUE", None, "other"),
        ("SOMETHING", None, "unknown"),
        ("SOMETHING", "postgres://localhost/x", "dial"),
        ("APP_URL_X", "postgresql+psycopg2://localhost/x", "dial"),
        ("SOMETHING", "http://localhost:80", "unknown"),
        ("BACKEND_URL", "http://localhost:80", "dial"),
        ("BACKEND_URL", "localhost", "public"),
        ("LOGIN_AUTH_ENDPOINT", "http://localhost:5001/issuer/authorize", "public"),
        ("LOGIN_TOKEN_ENDPOINT", "http://localhost:5001/issuer/token", "dial"),
        ("BACKEND_ENDPOINT", "localhost", "dial"),
    ],
)
def test_role(name: str, value: str | None, role: str) -> None:
    assert role_of(name, value).role == role


def test_the_policy_wins_an_exact_name_before_a_glob() -> None:
    overrides = {"*_URL": "public", "DATABASE_URL": "self", "MY_*": "bind"}
    assert role_of("DATABASE_URL", overrides=overrides).role == "self"
    found = role_of("REDIS_URL", overrides=overrides)
    assert (found.role, found.source, found.default_port) == ("public", "policy", "6379")
    assert role_of("NEXT_PUBLIC_URL", overrides=overrides).source == "policy"


def test_the_image_decides_where_one_name_has_two_uses() -> None:
    assert role_of("OLLAMA_HOST", "127.0.0.1", "ollama/ollama:latest").role == "bind"
    assert role_of("OLLAMA_HOST", "127.0.0.1", "my/app").role == "dial"
    assert role_of("WEBHOOK_URL", None, "ghcr.io/open-webui/open-webui").role == "dial"
    assert role_of("WEBHOOK_URL", None, "n8nio/n8n").role == "public"


def test_a_products_own_address_is_not_what_it_dials() -> None:
    assert role_of("SEARXNG_BASE_URL", None, "docker.io/searxng/searxng:latest").role == "public"
    assert role_of("SEARXNG_BASE_URL", None, "acme/search-worker").role == "dial"


def test_a_word_that_is_any_configuration_key_is_not_the_variable() -> None:
    assert role_of("host", "localhost").role == "unknown"
    assert role_of("http_proxy").role == "dial"


def test_sources_say_how_sure_a_role_is() -> None:
    assert role_of("OLLAMA_BASE_URL").source == "table"
    assert role_of("VITE_X").source == "prefix"
    assert role_of("BACKEND_ENDPOINT").source == "shape"
    assert role_of("X", "redis://localhost").source == "scheme"
    assert role_of("X").source == "unknown"


def test_product_and_port_are_told() -> None:
    assert role_of("OLLAMA_BASE_URL").default_port == "11434"
    assert role_of("MY_QDRANT_ENDPOINT").default_port == "6333"


@pytest.mark.parametrize(
    ("name", "want"),
    [("apiBaseUrl", ("API", "BASE", "URL")), ("API_BASE-URL", ("API", "BASE", "URL")), ("MyHTTPServer", ("MY", "HTTP", "SERVER")), ("a.b", ("A", "B")), ("", ()), ("__", ())],
)
def test_words_of_names(name: str, want: tuple[str, ...]) -> None:
    assert tokens(name) == want


@pytest.mark.parametrize(
    ("name", "glob", "want"),
    [("A_URL", "*_URL", True), ("URL", "*_URL", False), ("X_BIND_ADDRESS", "*_BIND_ADDR*", True), ("AB", "A*B", True), ("A", "A*A", False), ("AXA", "A*A", True), ("A", "A", True)],
)
def test_globs(name: str, glob: str, want: bool) -> None:
    assert fits(name, glob) is want


def test_frameworks() -> None:
    exact = framework_of("PGDATA")
    assert exact is not None
    assert exact.scope == "image"
    family = framework_of("GF_SOMETHING_NEW")
    assert family is not None
    assert family.scope == "prefix"
    browser = framework_of("VITE_ANYTHING")
    assert browser is not None
    assert browser.scope == "application"
    assert framework_of("OLLAMA_SOMETHING_NEW") is None
    assert framework_of("OLLAMA_SOMETHING_NEW", "ollama/ollama") is not None
    assert framework_of("STIGMER_LLM_BASE_URL") is None


def test_roles_are_fast() -> None:
    role_of("WARM")
    started = time.perf_counter()
    for index in range(5000):
        role_of(f"SERVICE_{index}_URL", "http://localhost:80")
    assert time.perf_counter() - started < 1.5

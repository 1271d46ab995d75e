"""Names of variables as words, and of files as what is in them."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=65536)
def tokens(name: str) -> tuple[str, ...]:
    """The words of a name in upper case: `API_BASE_URL`, `apiBaseUrl`, `api-base.url` -> API, BASE, URL."""
    found: list[str] = []
    start = 0
    for at, char in enumerate(name):
        if not char.isalnum():
            if at > start:
                found.append(name[start:at].upper())
            start = at + 1
        elif char.isupper() and at > start and (name[at - 1].islower() or (at + 1 < len(name) and name[at + 1].islower() and name[at - 1].isupper())):
            found.append(name[start:at].upper())
            start = at
    if start < len(name):
        found.append(name[start:].upper())
    return tuple(found)


_TELEMETRY = frozenset({
    "OTEL", "OTLP", "TELEMETRY", "OPENTELEMETRY", "TRACING", "TRACES", "JAEGER", "ZIPKIN", "STATSD", "SENTRY", "DATADOG", "HONEYCOMB", "NEWRELIC", "PYROSCOPE", "POSTHOG",
    "GLITCHTIP", "BUGSNAG", "ROLLBAR",
})  # fmt: skip


def is_telemetry(name: str) -> bool:
    """Whether a variable's name says that it is for watching the program: a program does its work without."""
    return not _TELEMETRY.isdisjoint(tokens(name))


def fits(name: str, glob: str) -> bool:
    """Whether a name fits a glob with `*` (any text). Linear: every literal piece is looked for once, from left to right."""
    return fits_pieces(name, tuple(glob.split("*")))


def fits_pieces(name: str, pieces: tuple[str, ...]) -> bool:
    """`fits` for a glob that is split at its `*` already; one piece is a name without any."""
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return name == first
    if not name.startswith(first) or not name.endswith(last) or len(name) < len(first) + len(last):
        return False
    at = len(first)
    end = len(name) - len(last)
    for piece in pieces[1:-1]:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


_TEST_NAMES = re.compile(r"(?:tests?|testing|(?:integration|e2e)[-_]?tests?|test[-_]?(?:utils?|helpers?|support|harness|lib|common|setup))\.(?:rs|java|kt|cs|rb|ex|exs|go|py|[cm]?[jt]sx?|php)\Z", re.IGNORECASE)
"""What a file of tests, or of what they share, is called whole: `tests.rs` beside a module, `testutil.go`."""
_TEST_PARTS = ("_test.go", "/tests/", "/test/", "/__tests__/", ".test.", ".spec.", "/testdata/", "/fixtures/")


def is_test(path: str) -> bool:
    """Whether a file is test code: its calls say what a test wants, not what the program does."""
    name = path.rsplit("/", 1)[-1]
    slashed = "/" + path
    return any(part in slashed for part in _TEST_PARTS) or name.startswith(("test_", "conftest")) or name.endswith(("_test.py", "_tests.rs", "_test.rs", "_test_helpers.rs")) or _TEST_NAMES.match(name) is not None


_COMMAND = re.compile(r"(?:^|/)(?:cmd|commands?|bin)/([\w-]+)(?:\.\w+$|/)")


def command_of(path: str) -> str | None:
    """The command of a program of several that a file belongs to, by its folder or name (`cmd/api/main.go`, `src/bin/seed.ts`); None for other files."""
    found = _COMMAND.search(path)
    return found[1] if found is not None else None


_TRIAL = re.compile(
    r"(?:^|/)(?:tests?|testing|fixtures?|smoke|\.?ci|(?:[\w-]+[-_])?(?:e2e|integration)(?:[-_]tests?)?|[\w-]+[-_]tests?)/|[-_.](?:tests?|e2e)\.ya?ml$|(?:^|[/_-])tests?\.(?:sh|py|js)$", re.IGNORECASE
)


def is_trial(path: str) -> bool:
    """Whether what a file starts or builds is there to try a program out: it brings what that asks for, and leaves out what that does without."""
    return _TRIAL.search(path) is not None


STORES = frozenset({
    "S3", "AWS", "AZURE", "GCS", "GCP", "GOOGLE", "MINIO", "OSS", "ALIYUN", "R2", "MYSQL", "MARIADB", "POSTGRES", "POSTGRESQL", "PG", "SQLITE", "MSSQL", "ORACLE", "CASSANDRA", "SCYLLA", "MONGO",
    "MONGODB", "DYNAMODB", "REDIS", "VALKEY", "MEMCACHED", "KAFKA", "RABBITMQ", "NATS", "SQS", "PUBSUB", "ELASTICSEARCH", "OPENSEARCH", "CLICKHOUSE", "DUCKDB",
})  # fmt: skip
"""Words by which variables say which store they are about, of those that a program can do with one in place of another."""

_TESTS = frozenset({"TEST", "TESTS", "TESTING", "E2E", "CYPRESS", "PLAYWRIGHT", "PYTEST", "JEST", "VITEST"})


def names_test(name: str) -> bool:
    """Whether a variable is for tests, by its words: `APP_TEST_DSN`, `CYPRESS_baseUrl`."""
    return bool(_TESTS & set(tokens(name)))


_PAGES = frozenset({"FRONTEND", "UI", "APP", "WEB", "SITE", "DASHBOARD"})


def names_page(name: str) -> bool:
    """Whether a variable ends as those do that hold what people open: `APP_FRONTEND_URL`."""
    words = tokens(name)[-2:]
    return len(words) == 2 and words[1] == "URL" and words[0] in _PAGES

"""What a variable's value is used for, told from its name, its value and the image that it is given to.

Order: the policy; prefixes that bundlers inline for browsers; the table of known names; the words of the name; the scheme of the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import msgspec

from stigmer_lint.addresses import addresses
from stigmer_lint.knowledge.names import fits, fits_pieces, tokens
from stigmer_lint.knowledge.tables import rows
from stigmer_lint.model.world import Role

Source: TypeAlias = Literal["policy", "code", "table", "prefix", "shape", "scheme", "unknown"]
"""How sure a role is: said by the user, seen in the reading code, read in a product, a bundler's rule; inferred from the name's words or
the value's scheme."""


class RoleVerdict(msgspec.Struct, frozen=True):
    """A role with what says so. `product` and `default_port`: what is behind the address, where that is known."""

    role: Role
    source: Source
    product: str | None = None
    default_port: str | None = None


class _Known(msgspec.Struct, frozen=True):
    name: str
    verdict: RoleVerdict
    images: tuple[str, ...]


_ROLES: dict[str, Role] = {role: role for role in get_args(Role)}
_NO_OVERRIDES: Mapping[str, str] = MappingProxyType({})
BROWSER_PREFIXES = (
    "NEXT_PUBLIC_", "VITE_", "REACT_APP_", "NUXT_PUBLIC_", "VUE_APP_", "EXPO_PUBLIC_", "GATSBY_", "STORYBOOK_", "PUBLIC_", "NG_APP_", "PARCEL_PUBLIC_",
)
"""What bundlers put into the code that browsers run (facts of Next.js, Vite, CRA, Nuxt, Vue CLI, Expo, Gatsby, Storybook, SvelteKit, Astro)."""


@cache
def _table() -> tuple[dict[str, list[_Known]], tuple[_Known, ...]]:
    """Rows by exact name, and globs, longest literal text first."""
    exact: dict[str, list[_Known]] = {}
    globs: list[_Known] = []
    for name, role, product, port, _, _, images in rows("env_roles", 7):
        is_glob = "*" in name
        source: Source = "shape" if is_glob and product.startswith(("generic", "LLM clients", "OAuth generic")) else "table"
        verdict = RoleVerdict(_ROLES[role], source, product or None, None if port in ("", "-") else port)
        row = _Known(name, verdict, tuple(word for word in images.split("|") if word))
        if is_glob:
            globs.append(row)
        else:
            exact.setdefault(name, []).append(row)
    globs.sort(key=lambda row: -len(row.name))
    return exact, tuple(globs)


@cache
def products() -> dict[str, str | None]:
    """Name word -> usual port of what it names."""
    return {token: None if port == "-" else port for token, port in rows("products", 2)}


def role_of(name: str, value_text: str | None = None, image: str | None = None, overrides: Mapping[str, str] = _NO_OVERRIDES) -> RoleVerdict:
    """The role of variable `name`.

    `value_text`: its value where that is known (a wildcard address or a scheme tells more); `image`: reference of the image that gets it;
    `overrides`: the policy's `env_roles`, name or glob to role (an exact name wins, then the longest glob).
    """
    if overrides:
        said = overrides.get(name)
        if said is None:
            glob = max((glob for glob in overrides if "*" in glob and fits(name, glob)), key=len, default=None)
            said = overrides[glob] if glob is not None else None
        if said is not None:
            known = _from_table(name, value_text, image)
            product = known if known is not None else RoleVerdict("unknown", "unknown")
            return RoleVerdict(_ROLES.get(said, "other"), "policy", product.product, product.default_port)
    return _role(name, value_text, image)


@lru_cache(maxsize=65536)
def _role(name: str, value_text: str | None, image: str | None) -> RoleVerdict:
    """What is known without the policy. Kept, because every rule asks it of every variable, once for each platform."""
    if name.startswith(BROWSER_PREFIXES):
        return RoleVerdict("public", "prefix")
    found = _from_table(name, value_text, image)
    if found is not None:
        return found
    shape = _by_words(name, value_text)
    if shape is not None and shape.role == "dial" and value_text is not None and tokens(name)[-1:] in (("URL",), ("URI",)) and _BARE_HOST.match(value_text.strip()):
        # No client connects to a URL without a scheme: it is put into links.
        return RoleVerdict("public", "shape", shape.product, shape.default_port)
    if shape is not None and shape.role == "dial" and value_text is not None and _PAGE.search(value_text) is not None:
        # Where somebody signs in or out: a browser is sent there.
        return RoleVerdict("public", "shape", shape.product, shape.default_port)
    if shape is not None and shape.role == "dial" and image is not None and _of_itself(name, image):
        # SEARXNG_BASE_URL given to searxng itself is the address that it shows.
        return RoleVerdict("public" if name.upper().endswith(("URL", "URLS")) else "self", "shape", shape.product, shape.default_port)
    if shape is not None and shape.role not in ("public", "other"):
        return shape
    scheme = _by_scheme(value_text)
    # Measured: values with a database's or broker's scheme are dialled whatever the name, so a name that merely sounds public gives way.
    return scheme or shape or RoleVerdict("unknown", "unknown")


_PAGE = re.compile(r"^https?://[^?#\s]*/(?:authorize|end_?session|log-?out|sign-?out|log-?in|sign-?in)/?(?:[?#]|\Z)", re.IGNORECASE)
_BARE_HOST = re.compile(r"[A-Za-z0-9][\w.-]*\Z")
_ITS_OWN = frozenset({"URL", "URLS", "BASE", "HOST", "HOSTNAME", "ADDR", "ADDRESS", "SERVER", "API", "HTTP", "HTTPS", "ENDPOINT", "URI", "SERVICE"})


def _of_itself(name: str, image: str) -> bool:
    """Whether a name is that of the image with words for an address behind it: PACT_BROKER_BASE_URL of pact-broker."""
    own, words = tokens(_image_name(image)), tokens(name)
    return bool(own) and words[: len(own)] == own and len(words) > len(own) and set(words[len(own) :]) <= _ITS_OWN


def _image_name(image: str) -> str:
    """`ghcr.io/a/searxng:1@sha256:..` -> searxng."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()


def _from_table(name: str, value_text: str | None, image: str | None) -> RoleVerdict | None:
    exact, _ = _table()
    # `no_proxy` is NO_PROXY; a bare `host` is any configuration key.
    known = exact.get(name) or (exact.get(name.upper()) if "_" in name else None)
    if not known:
        return None
    if image is not None:
        for row in known:
            if row.images and any(word in image for word in row.images) and not (row.verdict.role == "bind" and _names_another(value_text)):
                return row.verdict
    general = [row.verdict for row in known if not row.images]
    if len(known) > 1 and _listens(value_text):
        # One name, two uses (OLLAMA_HOST): `0.0.0.0` and `:11434` are what a server listens on.
        for row in known:
            if row.verdict.role == "bind":
                return row.verdict
    return general[0] if general else None


def _names_another(value: str | None) -> bool:
    """Whether a value names a host, which nobody listens on."""
    found = addresses(value) if value is not None else ()
    return bool(found) and all(one.kind in ("host-alias", "name", "misspelt-alias") for one in found)


def _listens(value: str | None) -> bool:
    """Whether a value reads as what a server listens on: every interface, or a port alone."""
    if value is None:
        return False
    text = value.strip()
    if text.startswith(":") and text[1:].isdigit():
        return True
    found = addresses(text)
    return bool(found) and all(one.kind == "wildcard" for one in found)


_ADDRESS_WORDS = frozenset({
    "URL", "URLS", "URI", "URIS", "HOST", "HOSTS", "HOSTNAME", "ADDR", "ADDRS", "ADDRESS", "ADDRESSES", "ENDPOINT", "ENDPOINTS", "BASE", "BASEURL", "SERVER",
    "SERVERS", "DSN", "BROKER", "BROKERS", "LOCATION", "CONNECTION", "CONN", "STRING", "UPSTREAM", "UPSTREAMS", "TARGET", "TARGETS", "API", "NODES", "SEEDS",
    "BOOTSTRAP", "PROXY", "BACKEND",
})
_SERVERS = frozenset({
    "SERVICE", "SVC", "SERVER", "BACKEND", "COORDINATOR", "MASTER", "LEADER", "PRIMARY", "REPLICA", "AGENT", "DAEMON", "ORCHESTRATOR", "SCHEDULER", "CONTROLLER",
    "INTERNAL", "PRIVATE", "GRPC", "API", "FRONTEND", "WORKER",
})
_DIAL_LAST = frozenset({"ENDPOINT", "ENDPOINTS", "UPSTREAM", "UPSTREAMS", "DSN", "BROKER", "BROKERS", "BASEURI"})
_PUBLIC_WORDS = frozenset({
    "REDIRECT", "REDIRECTS", "CALLBACK", "COOKIE", "STOREFRONT", "DASHBOARD", "PRESIGN", "PRESIGNED", "HMR", "BROWSER", "LOGOUT", "SIGNOUT", "SIGNIN",
    "WEBSITE", "HOMEPAGE", "CANONICAL", "FRONTEND", "WEBAPP", "PERMALINK", "PIC", "PICTURE", "AVATAR", "THUMBNAIL",
})
_PUBLIC_PAIRS = frozenset({
    ("SITE", "URL"), ("APP", "URL"), ("WEB", "URL"), ("CLIENT", "URL"), ("ROOT", "URL"), ("UI", "URL"), ("UI", "BASEURL"), ("HOST", "URL"),
    ("ASSET", "URL"), ("ASSETS", "URL"), ("STATIC", "URL"), ("MEDIA", "URL"), ("CDN", "URL"), ("LINK", "URL"), ("ERROR", "URL"), ("SUCCESS", "URL"),
    ("RETURN", "URL"), ("CANCEL", "URL"), ("URL", "PREFIX"), ("WEB", "DOMAIN"), ("PUBLIC", "DOMAIN"), ("SHARE", "URL"), ("DOCS", "URL"), ("HOME", "URL"),
})
_NOT_ADDRESSES = frozenset({
    "PORT", "PORTS", "KEY", "TOKEN", "PASSWORD", "SECRET", "PATH", "DIR", "LEVEL", "MODE", "QUEUE", "NAMESPACE", "TIMEOUT", "ENABLED", "DEBUG", "USER", "USERNAME",
    "ISSUER", "VERSION", "FILE", "REGION", "DOMAIN", "SUBJECT",
})


def _by_words(name: str, value: str | None) -> RoleVerdict | None:
    """The role that the words of the name suggest."""
    words = tokens(name)
    if not words:
        return None
    has = frozenset(words)
    last = words[-1]
    pair = (words[-2], last) if len(words) > 1 else ("", last)
    plural_hosts = last in ("HOSTS", "ORIGINS", "DOMAINS", "IPS", "HOSTNAMES", "PROXIES", "URLS", "CIDRS", "ADDRESSES", "NETWORKS")
    if (
        has & {"CORS", "ORIGIN", "ORIGINS", "CSRF", "SAN", "SANS"}
        or ("NO" in has and "PROXY" in has)
        or (plural_hosts and has & {"ALLOWED", "ALLOW", "ALLOWLIST", "WHITELIST", "TRUSTED", "VALID", "PERMITTED", "DNS", "IGNORED"})
    ):
        return RoleVerdict("allowlist", "shape")
    if words[0] in ("ENABLE", "DISABLE", "SKIP") or last in ("ENABLE", "ENABLED", "DISABLED"):
        return RoleVerdict("other", "shape")
    if ("REAL", "IP") in pairwise(words):
        # Whose word nginx takes for the visitor's address.
        return RoleVerdict("allowlist", "shape")
    if has & {"ADVERTISE", "ADVERTISED", "BROADCAST", "ANNOUNCE", "ANNOUNCED", "ADVERTISING"}:
        return RoleVerdict("advertise", "shape")
    if "PUBLISH" in has and last in ("ADDRESS", "ADDR", "HOST", "IP", "HOSTNAME"):
        # `--publish-status-address` of ingress-nginx, `network.publish_host` of Elasticsearch: told to others.
        return RoleVerdict("advertise", "shape")
    if has & {"CLI", "SSH", "SSHD", "SSHPROXY", "SFTP", "VNC"} or (has & {"REGISTRY"} and has & {"DOCKER", "DEPLOY", "IMAGE", "CONTAINER", "PULL", "PUSH"}):
        # Shown to people at a terminal; pulled from by the engine, not by the container.
        return RoleVerdict("other", "shape")
    if has & {"LISTEN", "LISTENER", "LISTENERS", "LISTENING", "BIND", "BINDING"}:
        return RoleVerdict("bind", "shape")
    if last in ("ADDR", "ADDRESS") and has & _SIDE_SERVERS and "://" not in (value or ""):
        return RoleVerdict("bind", "shape")
    if words == ("HOSTNAME",) or (
        _listens(value) and (last in ("HOST", "ADDR", "ADDRESS", "HOSTNAME", "IP", "INTERFACE") or (has & {"METRICS", "PPROF", "DEBUG"} and "://" not in (value or "")))
    ):
        return RoleVerdict("bind", "shape")
    if has & {"JWKS", "JWK"} and last in ("URL", "URI", "ENDPOINT", "HOST"):
        # Fetched by the server that checks a token, as is what tells where the rest is.
        return RoleVerdict("dial", "shape")
    if (("WELL", "KNOWN") in pairwise(words) or (has & {"OIDC", "OAUTH", "OAUTH2", "SSO"} and pair[0] in ("DISCOVERY", "TOKEN", "USERINFO", "INTROSPECTION"))) and last in ("URL", "URI", "ENDPOINT"):
        return RoleVerdict("dial", "shape")
    if last == "DOMAIN" and "://" in (value or ""):
        # What is shown, with its scheme.
        return RoleVerdict("public", "shape")
    if last == "BACKEND" and len(words) > 1 and "RESULT" not in has and ":" not in (value or ""):
        # Which of several implementations it is: CACHE_BACKEND=postgres.
        return RoleVerdict("other", "shape")
    if has & {"HEALTHCHECK", "LIVENESS", "READINESS", "HEALTHZ", "PROBE"} or ("HEALTH" in has and has & {"CHECK", "CMD"}):
        return RoleVerdict("self", "shape")
    if has & {"OIDC", "OAUTH", "OAUTH2", "SSO"} and len(words) > 2 and pair[0] in ("AUTH", "AUTHORIZE", "AUTHORIZATION") and last in ("URL", "URI", "ENDPOINT"):
        # Where a browser is sent to log in.
        return RoleVerdict("public", "shape")
    addressed = last in _ADDRESS_WORDS or "URL" in has
    if "FRONTEND" in has and last in ("ADDR", "ADDRESS", "HOST"):
        return _product(words) or RoleVerdict("dial", "shape")
    if "FRONTEND" in has and words[-2] != "FRONTEND" and addressed:
        # `ADMIN_FRONTEND_REDIS_URL` is the frontend's own dependency.
        product = _product(words)
        if product is not None:
            return product
    if "PUBLIC" in has or ("EXTERNAL" in has and (addressed or last == "DOMAIN")) or has & _PUBLIC_WORDS or pair in _PUBLIC_PAIRS:
        return RoleVerdict("public", "shape")
    if len(words) == 1 or words in (("BASE", "URL"), ("SERVER", "NAME")):
        known = products().get(last, "")
        if known == "":
            return RoleVerdict("public", "shape") if words == ("BASEURL",) else None
    if words in (("BASE", "URL"), ("SERVER", "URL")):
        return RoleVerdict("public", "shape")
    if pair in (("EMAIL", "HOST"), ("MAIL", "HOST")):
        return RoleVerdict("dial", "shape", "smtp", "25")
    found = _glob(name)
    if found is not None:
        return found
    if last in _NOT_ADDRESSES and "://" not in (value or ""):
        return RoleVerdict("other", "shape")
    if last == "ISSUER":
        return RoleVerdict("other", "shape")
    if addressed:
        product = _product(words)
        if product is not None:
            return product
        if has & {"INTERNAL", "PRIVATE"} or (pair[0] in _SERVERS and last != "HOST") or (has & {"SVC", "SERVICE"} and last in ("URL", "URI")):
            return RoleVerdict("dial", "shape")
        if last == "LOCATION" and "://" in (value or ""):
            return RoleVerdict("dial", "shape")
        if last in ("ADDR", "ADDRS", "ADDRESS") and len(words) > 1 and not has & {"METRICS", "HEALTH", "PPROF", "DEBUG", "ADMIN", "HTTP", "HTTPS", "MAC", "EMAIL", "IP"}:
            return RoleVerdict("dial", "shape")
    if last in _DIAL_LAST or pair in (("API", "BASE"), ("BOOTSTRAP", "SERVERS"), ("PROXY", "PASS"), ("CONNECTION", "STRING")):
        return RoleVerdict("dial", "shape")
    return None


_SIDE_SERVERS = frozenset({"METRICS", "PPROF", "DEBUG", "HEALTH", "PROFILER", "PROFILING", "MONITORING"})
"""What a program serves beside its own work, on an address that it is told: `--metrics-addr`, `--debugaddr` of BuildKit."""


def _product(words: tuple[str, ...]) -> RoleVerdict | None:
    """A dial verdict if one of the words names something that is dialled; the last such word says what."""
    known = products()
    for at in range(len(words) - 1, -1, -1):
        joined = f"{words[at - 1]}_{words[at]}" if at else ""
        for word in (joined, words[at]):
            if word in known and not (at == len(words) - 1 and len(words) > 1 and word in ("BROKER", "UPSTREAM", "PROXY")):
                return RoleVerdict("dial", "shape", word.lower(), known[word])
    return None


@lru_cache(maxsize=65536)
def _glob(name: str) -> RoleVerdict | None:
    upper = name.upper()
    for pieces, verdict in _globs():
        if fits_pieces(upper, pieces):
            return verdict
    return None


@cache
def _globs() -> tuple[tuple[tuple[str, ...], RoleVerdict], ...]:
    return tuple((tuple(row.name.upper().split("*")), row.verdict) for row in _table()[1])


_DIALLED_SCHEMES: dict[str, tuple[str, str | None]] = {
    "postgres": ("PostgreSQL", "5432"), "postgresql": ("PostgreSQL", "5432"), "mysql": ("MySQL", "3306"), "mariadb": ("MariaDB", "3306"),
    "mongodb": ("MongoDB", "27017"), "mongodb+srv": ("MongoDB", "27017"), "redis": ("Redis", "6379"), "rediss": ("Redis", "6379"),
    "valkey": ("Valkey", "6379"), "amqp": ("RabbitMQ", "5672"), "amqps": ("RabbitMQ", "5671"), "bolt": ("Neo4j", "7687"), "neo4j": ("Neo4j", "7687"),
    "nats": ("NATS", "4222"), "kafka": ("Kafka", "9092"), "sqlserver": ("SQL Server", "1433"), "oracle": ("Oracle", "1521"),
    "clickhouse": ("ClickHouse", "9000"), "cassandra": ("Cassandra", "9042"), "ldap": ("LDAP", "389"), "ldaps": ("LDAP", "636"), "smtp": ("SMTP", "25"),
    "mqtt": ("MQTT", "1883"), "pulsar": ("Pulsar", "6650"), "cockroachdb": ("CockroachDB", "26257"), "etcd": ("etcd", "2379"), "statsd": ("StatsD", "8125"),
    "memcached": ("Memcached", "11211"), "surrealdb": ("SurrealDB", "8000"), "couchbase": ("Couchbase", "8091"), "influxdb": ("InfluxDB", "8086"),
}


def scheme_port(scheme: str | None) -> str | None:
    """The port that a URL of this scheme means when it names none; None for HTTP, where a bare host is as often a page as a service."""
    if scheme is None:
        return None
    found = _DIALLED_SCHEMES.get("mongodb" if scheme == "mongodb+srv" else scheme.partition("+")[0])
    return found[1] if found is not None else None


def _by_scheme(value: str | None) -> RoleVerdict | None:
    if value is None or "://" not in value:
        return None
    for address in addresses(value):
        # SQLAlchemy writes `postgresql+psycopg2://`.
        scheme = (address.scheme or "").partition("+")[0] if address.scheme != "mongodb+srv" else "mongodb"
        found = _DIALLED_SCHEMES.get(scheme)
        if found is not None:
            return RoleVerdict("dial", "scheme", found[0], found[1])
    return None


__all__ = ["BROWSER_PREFIXES", "RoleVerdict", "Source", "products", "role_of", "scheme_port"]

"""What must never be shown: values whose name or shape says secret, and credentials inside other values.

One scan from left to right and no regular expression: any text is masked in time proportional to its length.
"""

from __future__ import annotations

import re
from functools import cache

from stigmer_lint.knowledge.names import tokens

MASK = "***"

_SECRET_WORDS = frozenset({
    "PASSWORD", "PASSWORDS", "PASSWD", "PASSPHRASE", "PASSCODE", "SECRET", "SECRETS", "CREDENTIAL", "CREDENTIALS", "CREDS", "APIKEY", "APIKEYS", "PRIVATEKEY",
    "ACCESSKEY", "SECRETKEY", "AUTHTOKEN", "ACCESSTOKEN", "REFRESHTOKEN", "PASS", "PSK",
})
_SECRET_LAST = frozenset({"KEY", "KEYS", "TOKEN", "PWD", "PW", "SALT", "JWT", "PAT", "SIGNATURE", "COOKIE", "BEARER", "AUTHKEY", "MNEMONIC", "SEED", "PEPPER"})
_HOLDERS = frozenset({
    "FILE", "PATH", "DIR", "URL", "URI", "ENDPOINT", "HOST", "HOSTNAME", "PORT", "NAME", "TTL", "LENGTH", "SIZE", "ENABLED", "PROVIDER", "ROTATION", "POLICY", "MIN",
    "MAX", "EXPIRY", "EXPIRES", "EXPIRATION", "TYPE", "ALGORITHM", "ALG", "PREFIX", "HEADER", "TIMEOUT", "COUNT", "LIMIT", "BACKEND", "STORE", "MODE", "SECONDS",
    "MINUTES", "HOURS", "DAYS", "REGION", "ARN", "VERSION", "REQUIRED", "ISSUER", "AUDIENCE",
})
"""Last words of names that say where a secret is or how it is handled, not what it is."""
_OPEN_KEYS = frozenset({"PUBLIC", "PRIMARY", "FOREIGN", "SORT", "PARTITION", "CACHE", "SHORTCUT", "INDEX", "HOT", "ROUTING"})
_TOKEN_PREFIXES = (
    "sk-", "sk_live_", "sk_test_", "rk_live_", "pk_live_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "xapp-", "hf_",
    "npm_", "pypi-", "AKIA", "ASIA", "AIza", "ya29.", "dop_v1_", "SG.", "lin_api_", "tskey-", "dckr_pat_", "gsk_", "nvapi-",
)
_PARAMETERS = frozenset({
    "password", "passwd", "pwd", "pass", "token", "access_token", "refresh_token", "id_token", "api_key", "apikey", "api-key", "key", "secret", "client_secret",
    "sig", "signature", "authtoken", "accountkey", "sharedaccesskey", "x-amz-signature", "x-amz-credential", "x-api-key", "authorization",
    "user password", "jwt",
})
"""Names of URL parameters and connection-string settings whose value is a secret."""
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+=~")
_URL_END = frozenset(" \t\r\n\"'`<>")


def is_secret(name: str, value: str | None = None) -> bool:
    """Whether the variable's value must not be shown: its name says so, or the value has the shape of a token, JWT or private key."""
    return _named_secret(name) or (value is not None and _shaped(value.strip()))


def _named_secret(name: str) -> bool:
    words = tokens(name)
    if not words or words == ("PWD",) or words == ("OLDPWD",):
        return False
    last = words[-1]
    if last in _HOLDERS:
        return False
    if any(word in _SECRET_WORDS for word in words):
        return True
    if last in ("ID",) and len(words) > 2 and words[-2] == "KEY" and words[-3] == "ACCESS":
        return True
    if last not in _SECRET_LAST:
        return "PRIVATE" in words and "KEY" in words
    if last in ("KEY", "KEYS"):
        return len(words) > 1 and not any(word in _OPEN_KEYS for word in words)
    return True


def _shaped(text: str) -> bool:
    return _token(text) or ("-----BEGIN" in text and "PRIVATE KEY" in text)


def _token(word: str) -> bool:
    """Whether one word is an access token by its own format."""
    if len(word) < 16:
        return False
    if word.startswith("eyJ") and word.count(".") == 2:
        return True
    return word.startswith(_TOKEN_PREFIXES) and (any(char.isdigit() for char in word) or len(word) > 30)


def mask(name: str, text: str) -> str:
    """`text` as it may be shown: all of it is `***` where variable `name` is secret ("" for no variable), else only the secrets in it:
    `redis://:***@host`, `password=***`, tokens, keys."""
    if not text:
        return text
    if name and _named_secret(name):
        return MASK
    if "-----BEGIN" in text:
        text = _mask_pem(text)
    if "@" in text:
        text = _mask_userinfo(text)
    if "=" in text:
        text = _mask_parameters(text)
    return _mask_tokens(text)


def _mask_pem(text: str) -> str:
    out: list[str] = []
    at = 0
    while True:
        begin = text.find("-----BEGIN", at)
        if begin < 0:
            out.append(text[at:])
            return "".join(out)
        head = text.find("-----", begin + 10)
        if head < 0 or "PRIVATE KEY" not in text[begin:head]:
            stop = begin + 10 if head < 0 else head + 5
            out.append(text[at:stop])
            at = stop
            continue
        tail = text.find("-----END", head)
        end = text.find("-----", tail + 8) if tail >= 0 else -1
        out.append(text[at:begin] + MASK)
        if tail < 0 or end < 0:
            return "".join(out)
        at = end + 5


def _mask_userinfo(text: str) -> str:
    """Passwords in `scheme://user:password@host` and `user:password@tcp(host)`."""
    out: list[str] = []
    at = 0
    for begin, end in _credential_areas(text):
        if begin < at:
            continue
        colon = text.find(":", begin, end)
        out.append(text[at:begin])
        if colon >= 0:
            out.append(text[begin : colon + 1] + (MASK if end > colon + 1 else ""))
        elif _token(text[begin:end]) or end - begin >= 32:
            # `https://TOKEN@host`: a user name is shorter.
            out.append(MASK)
        else:
            out.append(text[begin:end])
        at = end
    out.append(text[at:])
    return "".join(out)


def _credential_areas(text: str) -> list[tuple[int, int]]:
    """Ranges of `user:password` in front of an `@`."""
    found: list[tuple[int, int]] = []
    at = text.find("://")
    if at < 0:
        # A Go DSN or bare `user:password@host`.
        start = 0
        for index, char in enumerate(text):
            if char in _URL_END or char in ",;":
                start = index + 1
            elif char == "@":
                colon = text.find(":", start, index)
                # `image:tag@sha256:...` is a digest.
                if colon >= 0 and not text.startswith("sha256:", index + 1):
                    found.append((start, index))
                start = index + 1
        return found
    while at >= 0:
        begin = at + 3
        following = text.find("://", begin)
        limit = len(text) if following < 0 else following
        end = begin
        sign = -1
        slash = -1
        while end < limit and text[end] not in _URL_END:
            if text[end] == "@":
                if slash < 0 or text.find(":", begin, slash) >= 0:
                    sign = end
            elif text[end] in "/?#" and slash < 0:
                slash = end
            end += 1
        if slash >= 0 and sign > slash and _plain_port(text[begin:slash]):
            # `http://host:80/@scope`: the sign belongs to the path.
            sign = text.rfind("@", begin, slash)
        if sign >= 0:
            found.append((begin, sign))
        at = following
    return found


def _plain_port(authority: str) -> bool:
    port = authority.rpartition("@")[2].rpartition(":")
    return not port[1] or port[2].isdigit()


def _mask_parameters(text: str) -> str:
    """`password=...`, `?token=...`, `AccountKey=...`: the value up to the next separator."""
    out: list[str] = []
    at = 0
    start = 0
    index = 0
    while index < len(text):
        char = text[index]
        if char in "?&; \t\r\n,\"'{(":
            start = index + 1
        elif char == "=":
            key = text[start:index].strip().lstrip("-").lower()
            if key in _PARAMETERS or (key and _named_secret(key)):
                end = index + 1
                quote = text[end : end + 1] if text[end : end + 1] in "\"'" else ""
                end += len(quote)
                stops = quote or "&; \t\r\n,\"'"
                while end < len(text) and text[end] not in stops:
                    end += 1
                if end > index + 1 + len(quote):
                    out.append(text[at : index + 1] + quote + MASK)
                    at = end
                index = end
                start = end
                continue
            start = index + 1
        index += 1
    out.append(text[at:])
    return "".join(out)


@cache
def _token_begins() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, (*_TOKEN_PREFIXES, "eyJ"))))


def _mask_tokens(text: str) -> str:
    if _token_begins().search(text) is None:
        return text
    out: list[str] = []
    index = 0
    while index < len(text):
        end = index
        while end < len(text) and text[end] in _WORD:
            end += 1
        if end == index:
            out.append(text[index])
            index += 1
            continue
        word = text[index:end]
        head, equals, tail = word.rpartition("=") if "=" in word.rstrip("=") else ("", "", word)
        out.append(head + equals + (MASK if _token(tail) else tail))
        index = end
    return "".join(out)

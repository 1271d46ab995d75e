"""A policy as a pack of Semgrep rules, for people who run Semgrep already and do not want another tool.

Semgrep's free engine follows values inside one function of one file, so the pack says less than `check` does; its header says what is left
out. Making it needs no Semgrep. The patterns are Semgrep's: https://semgrep.dev/docs/writing-rules/pattern-syntax and
https://semgrep.dev/docs/writing-rules/data-flow/taint-mode.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from stigmer_lint.knowledge.roles import BROWSER_PREFIXES
from stigmer_lint.knowledge.tables import rows
from stigmer_lint.policy.types import LoadedPolicy, Policy, RuleLevel

LANGUAGES: Final = {"go": ("go",), "python": ("python",), "javascript": ("javascript", "typescript"), "java": ("java",)}
"""Name of a rule's part -> the languages as Semgrep calls them."""

_BIN: Final = r"=~/^(.*\/)?(docker|podman|nerdctl)$/"
_HOST_FLAG: Final = "=~/^--net(work)?=host$/"
_ENV_FLAG: Final = "=~/^(-e|--env)$/"
_NET_FLAG: Final = "=~/^--net(work)?$/"


class _Shape(msgspec.Struct, frozen=True):
    """A place where a value becomes a variable of a container. `pattern` binds $ARG and, where the name is apart, $KEY; `unless` are
    patterns of the same place where the container shares the host's network."""

    pattern: str
    unless: tuple[str, ...] = ()
    keyed: bool = False


def _lists(pattern: str) -> _Shape:
    """A shape with two holes: what goes before `docker`'s arguments has been filled in, <> stands for the arguments."""
    return _Shape(
        pattern.replace("<>", f'..., "{_ENV_FLAG}", $ARG, ...'),
        (pattern.replace("<>", f'..., "{_HOST_FLAG}", ...'), pattern.replace("<>", f'..., "{_NET_FLAG}", "host", ...')),
    )


_SHAPES: Final[dict[str, tuple[_Shape, ...]]] = {
    "go": (
        _lists(f'exec.Command("{_BIN}", <>)'),
        _lists(f'exec.CommandContext($CTX, "{_BIN}", <>)'),
        _lists("append($ARGS, <>)"),
        _lists("[]string{<>}"),
        _Shape("container.Config{..., Env: []string{..., $ARG, ...}, ...}"),
        _Shape("testcontainers.ContainerRequest{..., Env: map[string]string{..., $KEY: $ARG, ...}, ...}", keyed=True),
    ),
    "python": (
        _lists(f'["{_BIN}", <>]'),
        _lists(f'("{_BIN}", <>)'),
        _Shape(
            "$C.containers.$RUN(..., environment={..., $KEY: $ARG, ...}, ...)",
            ('$C.containers.$RUN(..., network_mode="host", ...)', '$C.containers.$RUN(..., network="host", ...)'),
            keyed=True,
        ),
        _Shape(
            "$C.containers.$RUN(..., environment=[..., $ARG, ...], ...)",
            ('$C.containers.$RUN(..., network_mode="host", ...)', '$C.containers.$RUN(..., network="host", ...)'),
        ),
        _Shape("$C.with_env($KEY, $ARG)", keyed=True),
    ),
    "javascript": (
        _lists(f'$SPAWN("{_BIN}", [<>], ...)'),
        _Shape("$D.createContainer({..., Env: [..., $ARG, ...], ...}, ...)", ('$D.createContainer({..., HostConfig: {..., NetworkMode: "host", ...}, ...}, ...)',)),
        _Shape("$C.withEnvironment({..., $KEY: $ARG, ...})", keyed=True),
    ),
    "java": (
        _lists(f'new ProcessBuilder("{_BIN}", <>)'),
        _lists(f'List.of("{_BIN}", <>)'),
        _lists(f'Arrays.asList("{_BIN}", <>)'),
        _lists(f'new String[]{{"{_BIN}", <>}}'),
        _Shape("(GenericContainer $C).withEnv($KEY, $ARG)", keyed=True),
        _Shape("new $T(...). ... .withEnv($KEY, $ARG)", keyed=True),
    ),
}

_HOST_NETWORK: Final = {
    "go": (f'exec.Command("{_BIN}", <>)', f'exec.CommandContext($CTX, "{_BIN}", <>)'),
    "python": (f'["{_BIN}", <>]', f'("{_BIN}", <>)'),
    "javascript": (f'$SPAWN("{_BIN}", [<>], ...)',),
    "java": (f'new ProcessBuilder("{_BIN}", <>)', f'List.of("{_BIN}", <>)', f'Arrays.asList("{_BIN}", <>)'),
}

_GUARDS: Final = {
    "go": ("if runtime.GOOS == $OS { ... }", "if runtime.GOOS != $OS { ... }", "switch runtime.GOOS { case $OS: ... }"),
    "python": (
        "if sys.platform == $OS: ...", "if sys.platform.startswith(...): ...", "if platform.system() == $OS: ...", "if os.name == $OS: ...",
        "$A if sys.platform == $OS else $B", "$A if platform.system() == $OS else $B", '$A if $C else "=~/\\.internal/"', '"=~/\\.internal/" if $C else $B',
    ),
    "javascript": (
        "if (process.platform === $OS) { ... }", "process.platform === $OS ? $A : $B", '$C ? $A : "=~/\\.internal/"', '$C ? "=~/\\.internal/" : $B',
    ),
    "java": ('if (System.getProperty("os.name"). ... .$M(...)) { ... }', '$C ? $A : "=~/\\.internal/"', '$C ? "=~/\\.internal/" : $B'),
}  # fmt: skip
"""Where the code decides by platform, so that loopback may be right."""

_INPUTS: Final = {
    "go": ("os.Getenv(...)",),
    "python": ("os.environ.get($N)", "os.getenv($N)", "os.environ[...]"),
    "javascript": ("process.env.$NAME",),
    "java": ("System.getenv($N)", "System.getProperty($N)"),
}
"""Expressions whose value the code does not show."""

_PARAMETERS: Final = {
    "go": ("func $F(..., $P $T, ...) $R { ... }", "func $F(..., $P $T, ...) { ... }"),
    "python": ("def $F(..., $P, ...): ...", "def $F(..., $P: $T, ...): ..."),
    "javascript": ("function $F(..., $P, ...) { ... }", "(..., $P, ...) => $BODY", "function $F(..., $P: $T, ...) { ... }"),
    "java": ("$R $F(..., $T $P, ...) { ... }",),
}

_DEFAULTED: Final = {
    "python": ("def $F(..., $P=$D, ...): ...", "def $F(..., $P: $T = $D, ...): ..."),
    "javascript": ("function $F(..., $P = $D, ...) { ... }", "(..., $P = $D, ...) => $BODY"),
}
"""Parameters that show what they are when nobody gives them."""

_FALLBACKS: Final = {
    "python": ('$V = os.environ.get($N, "$D")\n...', '$V = os.getenv($N, "$D")\n...', '$V = "$D"\n...'),
    "javascript": ('const $V = $N ?? "$D";\n...', 'const $V = $N || "$D";\n...', 'const $V = "$D";\n...'),
}
"""Names of a whole file, for functions below; $D is a text. Constants are Semgrep's own to follow."""

_HOST: Final = r"(?:localhost|(?:[\w-]+\.)+localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|0\.0\.0\.0)"
_LOOPBACK: Final = rf"(?:^|[^\w.-]){_HOST}(?:$|[^\w.-])"
_MISSPELT: Final = (
    r"(?i)(?:^|[^\w.-])(?:docker[.-]host[.-]internal|host-docker[.-]internal|host[.]docker-internal|hosts[.]docker[.]internal|host[.]dockers[.]internal"
    r"|host[.]docker[.](?!internal(?:$|[^\w.-]))inter?n?a?l?s?|internal[.]docker[.]host|dockerhost[.]internal|host[.]container[.]internal|host[.]docker[.]local)(?:$|[^\w.-])"
)
_NOT_DIALLED_WORDS: Final = (
    "PUBLIC", "EXTERNAL", "CORS", "ORIGINS?", "CSRF", "ALLOWED", "TRUSTED", "NO_PROXY", "ADVERTISED?", "LISTEN(?:ERS?)?", "BIND", "CALLBACK", "REDIRECT",
    "COOKIE", "DASHBOARD", "BROWSER", "FRONTEND", "WEBSITE", "HEALTH(?:CHECK)?", "SITE_URL", "APP_URL", "WEB_URL", "CLIENT_URL", "ROOT_URL", "UI_URL",
)  # fmt: skip

_NOT_SAID: Final = (
    "values that come from another function or another file, from configuration, compose or .env files",
    "launches that are not in Go, Python, JavaScript, TypeScript or Java",
    "addresses in a container's command, and variables that are given as --env=NAME=VALUE or -eNAME=VALUE in one argument",
    "arguments that are put together otherwise than by the literals and appends of the patterns",
    "the platforms of the policy, beyond leaving out code that decides by platform",
    "container contracts (STG2xx), resolvers that are incomplete (STG104), siblings and ports (STG106, STG107), servers (STG108, STG109)",
    "host aliases without a gateway (STG103): whether one is added elsewhere is not seen",
    "the engine's own address (STG102), and functions that choose the host's network because an address is loopback (STG105)",
    "servers of the launching program that listen on a bridge's address (STG110), clients without an endpoint (STG301) or with one that is written in the code (STG302), and everything at run time",
    "the policy's `launchers`, `clients`, `containers` and `extends`' own text; `because` is shown where a service has one",
)


def pack(loaded: LoadedPolicy) -> str:
    """The rules as a YAML document with a header of comments; the same text for the same policy."""
    import yaml

    policy = loaded.policy
    rules = [rule for part, languages in LANGUAGES.items() for rule in _rules(policy, part, languages)]
    header = [
        "# Rules for Semgrep, made by `stigmer-lint policy semgrep`" + (f" from {_line(loaded.origin)}." if loaded.origin else "."),
        "# Run: semgrep scan --metrics=off --config THIS_FILE PATH",
        "# They find, in Go, Python, JavaScript, TypeScript and Java: STG101, STG102 (for the policy's services), STG105, STG110, STG111.",
        "# They do not find:",
        *(f"# - {text}" for text in _NOT_SAID),
        "# A function that turns loopback into a host's alias is known to them only by the policy's `resolvers`"
        + ("." if policy.resolvers else ", which name none: what passes through one is reported."),
    ]
    off = [code for code in ("STG101", "STG102", "STG105", "STG110", "STG111") if policy.level_of(code)[0] == "off"]
    header += [f"# Off by the policy: {', '.join(off)}."] if off else []
    return "\n".join(header) + "\n" + str(yaml.safe_dump({"rules": rules}, sort_keys=False, allow_unicode=True, width=140))


def _line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _rules(policy: Policy, part: str, languages: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    kinds = (
        ("STG101", "loopback-in-container", _LOOPBACK, "ERROR", "A loopback address is given to a container, where it is the container itself."),
        ("STG110", "hard-coded-gateway-ip", _gateways(), "WARNING", "The address of one engine's gateway is given to a container; other engines have others."),
        ("STG111", "misspelt-host-alias", _MISSPELT, "ERROR", "A misspelt host alias is given to a container; no engine knows the name."),
    )
    for code, name, text, severity, message in kinds:
        level = _severity(policy, code, severity)
        if level is None:
            continue
        base = {"languages": list(languages), "severity": level, "message": f"{code}: {message}", "metadata": {"stigmer": code, "name": name}}
        found.append({"id": f"{code}.{name}.{part}.written", **base, **_written(policy, part, code, text)})
        found.append({"id": f"{code}.{name}.{part}.followed", **base, **_followed(policy, part, code, text)})
    level = _severity(policy, "STG105", "WARNING")
    if level is not None and set(policy.platforms) - {"linux"}:
        message = "STG105: The host's network is relied on, which only a Linux engine shares with a container."
        flags = [f'..., "{_HOST_FLAG}", ...', f'..., "{_NET_FLAG}", "host", ...']
        places = [{"pattern": shape.replace("<>", flag)} for shape in _HOST_NETWORK[part] for flag in flags]
        found.append({
            "id": f"STG105.host-network-off-linux.{part}", "languages": list(languages), "severity": level, "message": message,
            "metadata": {"stigmer": "STG105", "name": "host-network-off-linux"},
            "patterns": [{"pattern-either": places}, *_outside(part), *_excused("STG105")],
        })  # fmt: skip
    level = _severity(policy, "STG102", "ERROR")
    if level is not None and policy.resolvers:
        found += [rule for key, service in policy.services.items() for rule in _service(policy, part, languages, level, key, service.env, service.because)]
    return found


def _severity(policy: Policy, code: str, default: str) -> str | None:
    level: RuleLevel | None = policy.level_of(code)[0]
    return None if level == "off" else {"error": "ERROR", "warning": "WARNING", "note": "INFO"}[level] if level else default


def _gateways() -> str:
    addresses = sorted(re.escape(address) for address, *_ in rows("gateway_ips", 2))
    return rf"(?:^|[^\d.])(?:{'|'.join(addresses)})(?:$|[^\d.])"


def _not_dialled(policy: Policy) -> str:
    """A pattern of the names that are not dialled, to stand in a negative look-ahead."""
    said = dict(policy.env_roles)
    known = {name: role for name, role, *_, images in rows("env_roles", 7) if not images}
    roles = {**known, **said}
    words = "|".join(_NOT_DIALLED_WORDS)
    prefixes = "|".join(re.escape(prefix) for prefix in BROWSER_PREFIXES)
    covered = re.compile(rf"(?:\w*_)?(?:{words})(?:_\w*)?\Z|(?:{prefixes})")
    names = sorted(name for name, role in roles.items() if role not in ("dial", "role") and not covered.match(name.replace("*", "_")))
    dialled = sorted(name for name, role in said.items() if role == "dial")
    globs = "|".join(re.escape(name).replace(r"\*", r"\w*").replace(r"\?", r"\w") for name in names)
    but = "|".join(re.escape(name).replace(r"\*", r"\w*").replace(r"\?", r"\w") for name in dialled)
    unless = rf"(?!(?:{but})(?:\W|$))" if but else ""
    return rf"{unless}(?:(?:{globs})(?:\W|$)|(?:\w*_)?(?:{words})(?:_\w*)?(?:\W|$)|(?:{prefixes}))"


_BEFORE: Final = r"(?:[\w.]+\()?(?:[furbFURB]{0,2}[\"'`])?"
"""What may stand in code before a text's first character."""


def _groups(policy: Policy, part: str) -> list[tuple[list[dict[str, Any]], list[dict[str, Any]], bool]]:
    """The shapes whose values hold the name, and those where it is apart: patterns, conditions on the name, whether it is apart."""
    groups: list[tuple[list[dict[str, Any]], list[dict[str, Any]], bool]] = []
    for keyed in (False, True):
        shapes = [
            {"patterns": [{"pattern": shape.pattern}, *({"pattern-not": one} for one in shape.unless)]} for shape in _SHAPES[part] if shape.keyed is keyed
        ]
        apart = [{"metavariable-regex": {"metavariable": "$KEY", "regex": rf"^{_BEFORE}(?!{_not_dialled(policy)})\w"}}] if keyed else []
        if shapes:
            groups.append((shapes, apart, keyed))
    return groups


def _written(policy: Policy, part: str, code: str, text: str) -> dict[str, Any]:
    """The value itself shows the address."""
    resolved = "|".join(re.escape(name.rsplit(".", 1)[-1]) for name in policy.resolvers)
    unless = rf"(?![\s\S]*\b(?:{resolved})\()" if resolved else ""
    flags, body = ("(?i)", text.removeprefix("(?i)")) if text.startswith("(?i)") else ("", text)
    places = []
    for shapes, apart, keyed in _groups(policy, part):
        name = "" if keyed else rf"(?!{_not_dialled(policy)})\w+="
        regex = rf"{flags}^{unless}{_BEFORE}{name}[\s\S]*?{body.replace('(?:^|', '(?:(?<==)|^|', 1)}"
        at = {"metavariable-regex": {"metavariable": "$ARG", "regex": regex}}
        places.append({"patterns": [{"pattern-either": shapes}, *apart, at, *_mapped(part), {"focus-metavariable": "$ARG"}]})
    return {"patterns": [{"pattern-either": places}, *_outside(part), *_excused(code)]}


def _outside(part: str) -> list[dict[str, Any]]:
    return [{"pattern-not-inside": guard} for guard in _GUARDS[part]]


def _excused(code: str) -> list[dict[str, Any]]:
    """A comment that suppresses the rule for `check` does so here: on the line, or alone on the line above."""
    comment = rf"stigmer: ?ignore\[[^\]\n]*{code}[^\]\n]*\][ \t]*[^\s*-][^\n]*"
    return [{"pattern-not-inside": {"pattern-regex": rf"(?m)(?:^[ \t]*(?:#|//|/\*)[ \t]*{comment}\n[^\n]*|^[^\n]*(?:#|//|/\*)[ \t]*{comment})"}}]


def _mapped(part: str) -> list[dict[str, Any]]:
    """A name that the launch itself maps is no misspelling and no accident."""
    gateway = {"python": '$G = "=~/add-host.*host-gateway/"\n...', "javascript": 'const $G = "=~/add-host.*host-gateway/";\n...'}
    return [{"pattern-not-inside": gateway[part]}] if part in gateway else []


def _sinks(policy: Policy, part: str, code: str, text: str) -> list[dict[str, Any]]:
    """Values that do not show the address themselves: those the other rule reports."""
    found = []
    flags, body = ("(?i)", text.removeprefix("(?i)")) if text.startswith("(?i)") else ("", text)
    hidden = {"metavariable-regex": {"metavariable": "$ARG", "regex": rf"{flags}^(?![\s\S]*{body.replace('(?:^|', '(?:(?<==)|^|', 1)})"}}
    for shapes, apart, keyed in _groups(policy, part):
        regex = rf"^(?:{_BEFORE}(?!{_not_dialled(policy)})\w+=|[A-Za-z_$][\w$.]*$)"
        name = apart if keyed else [{"metavariable-regex": {"metavariable": "$ARG", "regex": regex}}]
        found.append({"patterns": [{"pattern-either": shapes}, *name, hidden, {"focus-metavariable": "$ARG"}, *_excused(code)]})
    return found


def _sanitizers(policy: Policy) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in policy.resolvers:
        found += [{"pattern": f"{name}(...)"}] + ([] if "." in name else [{"pattern": f"$X.{name}(...)"}])
    return found


def _followed(policy: Policy, part: str, code: str, text: str) -> dict[str, Any]:
    """The address is in a variable of the same function or of the file."""
    not_inside = [*({"pattern-not-inside": guard} for guard in _GUARDS[part]), *_mapped(part)]
    regex = {"metavariable-regex": {"metavariable": "$D", "regex": rf"[\s\S]*{text.removeprefix('(?i)')}"}}
    if text.startswith("(?i)"):
        regex["metavariable-regex"]["regex"] = "(?i)" + regex["metavariable-regex"]["regex"]
    sources: list[dict[str, Any]] = [{"patterns": [{"pattern": '"$D"'}, regex, *not_inside]}]
    sources += [{"patterns": [{"pattern-inside": place}, {"pattern": "$V"}, regex, *not_inside]} for place in _FALLBACKS.get(part, ())]
    rule: dict[str, Any] = {"mode": "taint", "pattern-sources": sources, "pattern-sinks": _sinks(policy, part, code, text)}
    if policy.resolvers:
        rule["pattern-sanitizers"] = _sanitizers(policy)
    return rule


def _service(
    policy: Policy, part: str, languages: Sequence[str], level: str, key: str, env: Sequence[str], because: str | None
) -> list[dict[str, Any]]:
    """An address whose value the code does not show reaches a service's variable past every resolver."""
    if not env:
        return []
    names = "|".join(re.escape(name) for name in env)
    sinks = []
    for shape in _SHAPES[part]:
        at = {"metavariable": "$KEY" if shape.keyed else "$ARG", "regex": rf"^{_BEFORE}(?:{names}){'(?:$|[^A-Za-z0-9_])' if shape.keyed else '='}"}
        sinks.append({"patterns": [{"pattern": shape.pattern}, *({"pattern-not": one} for one in shape.unless), {"metavariable-regex": at}, {"focus-metavariable": "$ARG"}, *_excused("STG102")]})
    unless = [{"pattern-not-inside": place} for place in _DEFAULTED.get(part, ())]
    sources = [{"patterns": [{"pattern-inside": place}, *unless, {"focus-metavariable": "$P"}]} for place in _PARAMETERS[part]]
    said = f" {because}" if because else ""
    message = f"STG102: The address of {key} reaches a container without passing {' or '.join(policy.resolvers)}.{said}"
    return [{
        "id": f"STG102.unresolved-host-address.{re.sub(r'[^A-Za-z0-9_-]', '-', key)}.{part}", "languages": list(languages), "severity": level, "message": message,
        "metadata": {"stigmer": "STG102", "name": "unresolved-host-address"}, "mode": "taint",
        "pattern-sources": [*sources, *({"pattern": one} for one in _INPUTS[part])], "pattern-sinks": sinks, "pattern-sanitizers": _sanitizers(policy),
    }]  # fmt: skip

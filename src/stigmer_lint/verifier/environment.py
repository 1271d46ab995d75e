"""The environment itself: what must be there, what was changed on the way in, and values that cannot be an address."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterator, Mapping, Sequence

from stigmer_lint.addresses import addresses
from stigmer_lint.knowledge.roles import role_of
from stigmer_lint.knowledge.secrets import MASK, mask
from stigmer_lint.policy.types import Container as PolicyContainer
from stigmer_lint.policy.types import Policy, RequiredEnv
from stigmer_lint.verifier.causes import cause
from stigmer_lint.verifier.lower import live_env
from stigmer_lint.verifier.plan import unquoted
from stigmer_lint.verifier.types import Cause, Check, Container, Inside

_OWN = frozenset({"PATH", "HOME", "HOSTNAME", "PWD", "OLDPWD", "SHLVL", "_", "TERM", "LANG", "LC_ALL", "USER", "LOGNAME", "SHELL"})
"""Changed by every shell and entrypoint."""


def env_checks(container: Container, inside: Inside | None, policy: Policy, entry: PolicyContainer | None) -> Iterator[Check]:
    """The checks that need no probe, in the order of the policy and then of the environment."""
    live = dict(live_env(container, inside))
    told: set[str] = set()
    if entry is not None:
        for check in _contract(container, live, policy, entry):
            told.update(check.names)
            yield check
    for name, configured in container.env:
        if name in told:
            continue
        value = live.get(name, configured)
        role = role_of(name, value or None, container.image, dict(policy.env_roles))
        dialled = role.role == "dial" or policy.service_for(name, entry) is not None
        if dialled and not value.strip():
            yield _failed(container, name, value, entry, cause("env-empty", f"{name} is set and empty; clients take that for no address, or fail on it", "give it a value, or do not set it (an unset ${VAR} gives the empty text)"))
        elif value != value.strip(" \"'") and unquoted(value) != value and (dialled or addresses(unquoted(value))):
            yield _failed(container, name, value, entry, cause("env-quoted", f"the value of {name} has its quotes in it: {shown(name, value, entry)}", "leave the quotes out: --env-file and -e keep them"))
        elif dialled and ("${" in value or value.startswith("$")):
            yield _failed(container, name, value, entry, cause("env-unresolved", f"{name} holds a variable that nobody replaced: {shown(name, value, entry)}", "let the launcher fill it in; engines do not"))
    yield from _overridden(container, inside, policy, entry, live)


def shown(name: str, value: str, entry: PolicyContainer | None) -> str:
    """A variable's value as it may be shown: also the policy says what is secret."""
    if entry is not None and any(fnmatch.fnmatchcase(name, pattern) for pattern in entry.env.secret):
        return MASK
    return mask(name, value)


def _overridden(container: Container, inside: Inside | None, policy: Policy, entry: PolicyContainer | None, live: Mapping[str, str]) -> Iterator[Check]:
    if inside is None or not inside.processes:
        return
    for name, configured in container.env:
        seen = [process for process in inside.processes if name in process.environ and process.environ[name] != configured]
        if not seen or name in _OWN:
            continue
        value = live.get(name, configured)
        ours = entry is not None and (entry.env.declares(name) or policy.service_for(name, entry) is not None)
        if not ours and role_of(name, value, container.image, dict(policy.env_roles)).role != "dial":
            continue
        who = seen[-1]
        text = f"{name} is configured as {shown(name, configured, entry)}, and process {who.name} ({who.pid}) has {shown(name, value, entry)}: the entrypoint changed it"
        yield _failed(container, name, value, entry, cause("env-overridden", text, "correct the entrypoint, or give the value where the entrypoint takes it from"))


def _contract(container: Container, live: Mapping[str, str], policy: Policy, entry: PolicyContainer) -> Iterator[Check]:
    known = [*entry.env.required_names, *(name for key in entry.uses if key in policy.services for name in policy.services[key].env)]
    for required in entry.env.required:
        name, because = (required.name, required.because) if isinstance(required, RequiredEnv) else (required, None)
        yield _required(container, name, live, known, entry, because or entry.because, None)
    for key in entry.uses:
        service = policy.services.get(key)
        if service is None:
            continue
        present = [name for name in service.env if live.get(name, "").strip()]
        for name in service.env:
            if name not in present:
                yield _required(container, name, live, known, entry, service.because, key, present)
        values = {name: live[name] for name in present}
        if len(set(values.values())) > 1:
            listed = ", ".join(f"{name}={shown(name, value, entry)}" for name, value in values.items())
            found = cause("env-group-differs", f"the variables of {key} have different values: {listed}", "set all of them to the same address")
            yield _failed(container, present[-1], values[present[-1]], entry, found, tuple(present), service.because, key)
        elif present:
            yield Check(
                container=container.name, kind="env", subject=", ".join(present), names=tuple(present), value=shown(present[0], values[present[0]], entry), outcome="pass",
                service=key, tried="read from the processes' environment",
            )  # fmt: skip


def _required(
    container: Container, name: str, live: Mapping[str, str], known: Sequence[str], entry: PolicyContainer, because: str | None, service: str | None,
    present: Sequence[str] = (),
) -> Check:  # fmt: skip
    value = live.get(name)
    if value is not None and value.strip():
        return Check(
            container=container.name, kind="env", subject=name, names=(name,), value=shown(name, value, entry), outcome="pass", service=service,
            tried="read from the processes' environment",
        )  # fmt: skip
    if value is not None:
        found = cause("env-empty", f"{name} is set and empty", "give it a value (an unset ${VAR} gives the empty text)")
    else:
        found = _missing(name, live, known, service, present)
    return _failed(container, name, value, entry, found, (name,), because, service)


def _missing(name: str, live: Mapping[str, str], known: Sequence[str], service: str | None, present: Sequence[str]) -> Cause:
    strangers = [one for one in live if one not in known and one not in _OWN]
    near = difflib.get_close_matches(name, strangers, n=1, cutoff=0.8)
    if near:
        return cause("env-wrong-name", f"{name} is not set; {near[0]} is, which is another name", f"write {name} instead of {near[0]}")
    if present:
        return cause("env-wrong-name", f"{name} is not set; of the names of {service} only {', '.join(present)} {'is' if len(present) == 1 else 'are'}", f"set {name} as well, to the same value")
    return cause("env-missing", f"{name} is not set; the program falls back to its own default, which is loopback for most clients", f"set {name}; -e {name} without a value sets nothing where the caller has none")


def _failed(
    container: Container, name: str, value: str | None, entry: PolicyContainer | None, why: Cause, names: tuple[str, ...] = (), because: str | None = None, service: str | None = None
) -> Check:
    return Check(
        container=container.name, kind="env", subject=name, names=names or (name,), value=None if value is None else shown(name, value, entry), outcome="fail",
        service=service, tried="read from the processes' environment", cause=why, because=because,
    )  # fmt: skip


__all__ = ["env_checks", "shown"]

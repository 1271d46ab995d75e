"""The rules. A rule's module holds RULE and check; its page stands beside it."""

from __future__ import annotations

from stigmer_lint.rule import RuleEntry
from stigmer_rules import (
    address_not_logged,
    client_at_loopback,
    env_drift,
    env_group_incomplete,
    hard_coded_gateway_ip,
    host_alias_without_gateway,
    host_network_off_linux,
    implicit_client_endpoint,
    launch_without_readiness,
    launchers_disagree,
    loopback_bound_host_service,
    loopback_bound_server,
    loopback_default_in_image,
    loopback_in_container,
    malformed_suppression,
    misspelt_host_alias,
    name_not_resolved,
    not_understood,
    partial_resolver,
    read_env_not_set,
    required_env_missing,
    set_env_never_read,
    sibling_by_loopback,
    sibling_by_published_port,
    sibling_out_of_reach,
    unhealthy_service,
    unknown_env,
    unreachable,
    unreadable_file,
    unresolved_host_address,
    unused_suppression,
)

_MODULES = (
    loopback_in_container,
    unresolved_host_address,
    host_alias_without_gateway,
    partial_resolver,
    host_network_off_linux,
    hard_coded_gateway_ip,
    misspelt_host_alias,
    malformed_suppression,
    unused_suppression,
    not_understood,
    unreadable_file,
    required_env_missing,
    env_group_incomplete,
    read_env_not_set,
    launchers_disagree,
    set_env_never_read,
    unknown_env,
    implicit_client_endpoint,
    client_at_loopback,
    unreachable,
    name_not_resolved,
    unhealthy_service,
    env_drift,
    sibling_by_loopback,
    sibling_by_published_port,
    sibling_out_of_reach,
    loopback_bound_server,
    loopback_bound_host_service,
    loopback_default_in_image,
    address_not_logged,
    launch_without_readiness,
)

RULES: tuple[RuleEntry, ...] = tuple(
    sorted((RuleEntry(module.RULE, module.check, module.__name__.rsplit(".", 1)[-1]) for module in _MODULES), key=lambda entry: entry.rule.code)
)
"""Every rule, in code order."""

"""Making mailboxes, users and allowances on the broker, and waiting until they are in force."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # typed, but its re-exports are implicit
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from runtime import clock
from runtime.messaging import acls
from runtime.messaging.connection import MECHANISM
from runtime.settings import KafkaProtocol
from schemas.services import RESERVED
from schemas.topics import mailbox, topic_specs

AGENCY_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
TIMEOUT_SECONDS: Final = 10.0
ITERATIONS: Final = 8192  # of SCRAM, when a password is stored


class NotInForce(Exception):
    """The broker took a change but does not show it yet; the change is named."""


def connect(
    servers: str, user: str, password: str, *, protocol: KafkaProtocol = KafkaProtocol.TLS, ca: Path | None = None
) -> AdminClient:
    """Return a client that may administer; nothing is connected yet."""
    config: dict[str, Any] = {
        "bootstrap.servers": servers,
        "client.id": "accord-admin",
        "security.protocol": protocol.value,
        "sasl.mechanism": MECHANISM,
        "sasl.username": user,
        "sasl.password": password,
        "log_level": 2,
    }
    if ca is not None:
        config["ssl.ca.location"] = str(ca)
    return AdminClient(config)


def prepare(admin: AdminClient, passwords: Mapping[str, str]) -> None:
    """Make the users of our own services, with what they may do whatever agencies there are."""
    make_users(admin, passwords)
    allow(admin, acls.of_services())


def provision_agency(
    admin: AdminClient, agency_id: str, password: str, *, hosted: bool, replicas: int | None = None
) -> None:
    """Make the mailbox and the user of an agency, and let those read it who may; repeating it is harmless.

    `replicas` stands in for the topic file's where there are fewer brokers, as in development.
    Raises `ValueError` for an id that is none, or that is the name of one of our own users.
    """
    if AGENCY_ID.fullmatch(agency_id) is None or agency_id in RESERVED:
        raise ValueError("not an agency's id")
    make_mailboxes(admin, [agency_id], replicas=replicas)
    make_users(admin, {agency_id: password})
    set_hosting(admin, agency_id, hosted=hosted)
    allow(admin, acls.of_agency(agency_id))


def remove_agency(admin: AdminClient, agency_id: str) -> None:
    """Take an agency's user off the broker, and all that it may do; repeating it is harmless.

    The broker asks at each request what its sender may do, so a connection that is open is of no use from then on.
    The mailbox stays until its retention has emptied it, and with it what our own readers may do there: a worker that
    loses the right to read a topic in the middle would end, and every other mailbox would wait.
    """
    forbid(admin, acls.of_agency(agency_id))
    remove_users(admin, [agency_id])


def set_hosting(admin: AdminClient, agency_id: str, *, hosted: bool) -> None:
    """Let the hosted services read this agency's mailbox, or stop them."""
    change = allow if hosted else forbid
    change(admin, acls.of_host(agency_id))


def make_mailboxes(admin: AdminClient, agency_ids: Iterable[str], *, replicas: int | None = None) -> None:
    """Make the mailboxes that are not there, and wait until each can be written to."""
    topics = [mailbox(agency_id) for agency_id in agency_ids]
    for future in admin.create_topics(
        [_topic(name, replicas) for name in topics], request_timeout=TIMEOUT_SECONDS
    ).values():
        _ignoring(future.result, KafkaError.TOPIC_ALREADY_EXISTS)
    _wait_until(lambda: _have_leaders(admin, topics), "mailboxes")


def make_users(admin: AdminClient, passwords: Mapping[str, str]) -> None:
    """Make users, or give those that are there the password named now."""
    if not passwords:
        return
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    changes: list[Any] = [
        UserScramCredentialUpsertion(user, info, secret.encode()) for user, secret in passwords.items()
    ]
    for future in admin.alter_user_scram_credentials(changes, request_timeout=TIMEOUT_SECONDS).values():
        future.result()
    _wait_until(lambda: _users_exist(admin, list(passwords)), "users")


def remove_users(admin: AdminClient, users: Iterable[str]) -> None:
    """Remove users, those that are there, and wait until the broker knows none of them."""
    user_names = list(users)
    changes: list[Any] = [UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512) for user in user_names]
    for future in admin.alter_user_scram_credentials(changes, request_timeout=TIMEOUT_SECONDS).values():
        _ignoring(future.result, KafkaError.RESOURCE_NOT_FOUND)
    _wait_until(lambda: not any(_users_exist(admin, [user]) for user in user_names), "users removed")


def allow(admin: AdminClient, allowances: Iterable[acls.AclRule]) -> None:
    """Allow what is listed, and wait until the broker goes by it."""
    bindings = {allowance.binding() for allowance in allowances}
    for future in admin.create_acls(sorted(bindings), request_timeout=TIMEOUT_SECONDS).values():
        future.result()
    _wait_until(lambda: bindings <= set(in_force(admin)), "allowances")


def forbid(admin: AdminClient, allowances: Iterable[acls.AclRule]) -> None:
    """Take back what is listed, and wait until the broker goes by it."""
    unwanted = {allowance.binding() for allowance in allowances}
    filters = [
        AclBindingFilter(
            binding.restype,
            binding.name,
            binding.resource_pattern_type,
            binding.principal,
            binding.host,
            binding.operation,
            binding.permission_type,
        )
        for binding in sorted(unwanted)
    ]
    for future in admin.delete_acls(filters, request_timeout=TIMEOUT_SECONDS).values():
        future.result()
    _wait_until(lambda: not unwanted & set(in_force(admin)), "allowances taken back")


def in_force(admin: AdminClient) -> list[object]:
    """Return every allowance that the broker goes by now."""
    anything: Any = None
    everything = AclBindingFilter(
        ResourceType.ANY, anything, ResourcePatternType.ANY, anything, anything, AclOperation.ANY, AclPermissionType.ANY
    )
    return list(admin.describe_acls(everything, request_timeout=TIMEOUT_SECONDS).result())


def _topic(name: str, replicas: int | None) -> NewTopic:
    (spec,) = (spec for spec in topic_specs() if spec.topic.startswith(acls.MAILBOXES))
    settings = {key: str(value) for key, value in spec.settings.items()}
    # Whoever writes, the broker keeps it plain: a batch in a codec that a reader lacks would end Faust again and again.
    settings["compression.type"] = "uncompressed"
    if replicas is not None:
        settings["min.insync.replicas"] = str(max(1, min(replicas - 1, int(settings["min.insync.replicas"]))))
    return NewTopic(name, spec.partitions, replicas or spec.replicas, config=settings)


def _have_leaders(admin: AdminClient, topics: list[str]) -> bool:
    existing = admin.list_topics(timeout=TIMEOUT_SECONDS).topics
    return all(
        topic in existing
        and existing[topic].partitions
        and all(p.leader >= 0 for p in existing[topic].partitions.values())
        for topic in topics
    )


def _users_exist(admin: AdminClient, users: list[str]) -> bool:
    described: Any = admin.describe_user_scram_credentials(users, request_timeout=TIMEOUT_SECONDS)
    try:
        return all(future.result().scram_credential_infos for future in described.values())
    except KafkaException as failed:
        if failed.args[0].code() == KafkaError.RESOURCE_NOT_FOUND:
            return False
        raise


def _ignoring(result: Callable[[], object], accepted: int) -> None:
    try:
        result()
    except KafkaException as failed:
        if failed.args[0].code() != accepted:
            raise


def _wait_until(claim: Callable[[], bool], change: str) -> None:
    # What the controller took reaches the broker a moment later: a client that asks at once may be refused.
    deadline = clock.monotonic() + TIMEOUT_SECONDS
    while not claim():
        if clock.monotonic() > deadline:
            raise NotInForce(change)
        time.sleep(0.02)

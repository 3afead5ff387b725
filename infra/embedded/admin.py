"""Who may do what on a broker: users, topics and rules, each really there when the call returns."""

# mypy: disable-error-code="attr-defined"
# (confluent_kafka.admin passes its names on without saying so.)

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from infra.embedded.kafka import Kafka
from infra.embedded.unready import Unready

ANSWER_WITHIN = 15.0
SCRAM_ITERATIONS = 4096  # the least the broker takes: its passwords are random, so stretching gains nothing


@dataclass(frozen=True, slots=True)
class Access:
    """One thing a user may do: an operation on the topic or group of a name, or on all whose name begins so."""

    user: str
    operation: Literal["READ", "WRITE", "DESCRIBE", "CREATE", "DELETE", "ALTER"]
    kind: Literal["TOPIC", "GROUP"]
    name: str
    prefixed: bool = False

    def binding(self) -> AclBinding:
        return AclBinding(*self._terms())

    def filter(self) -> AclBindingFilter:
        return AclBindingFilter(*self._terms())

    def _terms(self) -> tuple[Any, ...]:
        pattern = ResourcePatternType.PREFIXED if self.prefixed else ResourcePatternType.LITERAL
        operation, allowed = AclOperation[self.operation], AclPermissionType.ALLOW
        return ResourceType[self.kind], self.name, pattern, f"User:{self.user}", "*", operation, allowed


def connect(kafka: Kafka) -> AdminClient:
    """Return the administrator's client of `kafka`."""
    return AdminClient(kafka.settings())


def ensure_user(client: AdminClient, name: str, password: str) -> None:
    """Let `name` in by `password`, and by no other."""
    ensure_users(client, {name: password})


def ensure_users(client: AdminClient, passwords: Mapping[str, str]) -> None:
    """Let each user in by that password, and by no other."""
    how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, SCRAM_ITERATIONS)
    wanted: list[Any] = [
        UserScramCredentialUpsertion(name, how, password.encode()) for name, password in passwords.items()
    ]
    _settle(client.alter_user_scram_credentials(wanted))
    for name in passwords:
        _until(partial(_is_user, client, name), f"user {name}")


def remove_user(client: AdminClient, name: str) -> None:
    """Let `name` in no more; one who is not there is no fault."""
    if _is_user(client, name):
        _settle(client.alter_user_scram_credentials([UserScramCredentialDeletion(name, ScramMechanism.SCRAM_SHA_512)]))
        _until(lambda: not _is_user(client, name), f"user {name}, removed")


def ensure_topic(
    client: AdminClient, name: str, partitions: int, config: Mapping[str, str | int] | None = None
) -> None:
    """Have the topic with that configuration; one that is there keeps its partitions, as growth breaks order."""
    words = {key: str(value) for key, value in (config or {}).items()}
    try:
        _settle(client.create_topics([NewTopic(name, partitions, replication_factor=-1, config=words)]))
    except KafkaException as refusal:
        if _code(refusal) != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        _configure(client, name, words)
    _until(lambda: _has_leaders(client, name), f"topic {name}")


def remove_topic(client: AdminClient, name: str) -> None:
    """Have the topic no more, nor what was in it; one that is not there is no fault."""
    try:
        _settle(client.delete_topics([name]))
    except KafkaException as refusal:
        if _code(refusal) != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise
    _until(lambda: name not in client.list_topics(timeout=ANSWER_WITHIN).topics, f"topic {name}, removed")


def ensure_acls(client: AdminClient, accesses: Iterable[Access]) -> None:
    """Allow each of `accesses`; all else stays refused."""
    wanted = tuple(accesses)
    if wanted:
        _settle(client.create_acls([access.binding() for access in wanted]))
    for access in wanted:
        _until(partial(_is_allowed, client, access), f"rule {access}")


def remove_acls(client: AdminClient, accesses: Iterable[Access]) -> None:
    """Allow none of `accesses` any more."""
    unwanted = tuple(accesses)
    if unwanted:
        _settle(client.delete_acls([access.filter() for access in unwanted]))
    for access in unwanted:
        _until(partial(_is_refused, client, access), f"rule {access}, removed")


def _settle(asked: Any) -> None:
    """Wait for every answer of a call of the client; raise the first refusal."""
    for answer in asked.values():
        answer.result(ANSWER_WITHIN)


def _code(refusal: KafkaException) -> int:
    return int(refusal.args[0].code())


def _is_user(client: AdminClient, name: str) -> bool:
    try:
        _settle(client.describe_user_scram_credentials([name]))
    except KafkaException as refusal:
        if _code(refusal) == KafkaError.RESOURCE_NOT_FOUND:
            return False
        raise
    return True


def _configure(client: AdminClient, name: str, words: Mapping[str, str]) -> None:
    if words:
        entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in words.items()]
        resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
        _settle(client.incremental_alter_configs([resource]))


def _has_leaders(client: AdminClient, name: str) -> bool:
    topic = client.list_topics(name, timeout=ANSWER_WITHIN).topics[name]
    return topic.error is None and bool(topic.partitions) and all(p.leader >= 0 for p in topic.partitions.values())


def _is_allowed(client: AdminClient, access: Access) -> bool:
    return access.binding() in client.describe_acls(access.filter()).result(ANSWER_WITHIN)


def _is_refused(client: AdminClient, access: Access) -> bool:
    return not _is_allowed(client, access)


def _until(claim: Callable[[], bool], what: str) -> None:
    """Wait until the broker, which takes a moment to learn of a change, acts on it."""
    deadline = time.monotonic() + ANSWER_WITHIN
    while not claim():
        if time.monotonic() >= deadline:
            raise Unready(f"The broker did not come to {what}", "See its log, and run it again.")
        time.sleep(0.01)

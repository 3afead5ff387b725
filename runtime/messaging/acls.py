"""Who may do what on the broker, as data: everything that is not listed here is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # typed, but its re-exports are implicit
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from schemas.topics import mailbox

MAILBOXES: Final = "to."
RELAY: Final = "relay"
READERS: Final = ("exchange", "notifications", "dashboard", "intake")  # read on behalf of the agencies they host


@dataclass(frozen=True, slots=True)
class AclRule:
    """One thing that one principal may do."""

    user: str
    operation: AclOperation
    resource: ResourceType
    name: str
    prefixed: bool = False

    def binding(self) -> AclBinding:
        """Return it in the broker's own form."""
        pattern = ResourcePatternType.PREFIXED if self.prefixed else ResourcePatternType.LITERAL
        principal, host = f"User:{self.user}", "*"
        return AclBinding(self.resource, self.name, pattern, principal, host, self.operation, AclPermissionType.ALLOW)


def of_services() -> tuple[AclRule, ...]:
    """Return what services may do whatever agencies there are: the relay writes, readers have their own groups."""
    writes = (
        AclRule(RELAY, AclOperation.WRITE, ResourceType.TOPIC, MAILBOXES, prefixed=True),
        AclRule(RELAY, AclOperation.DESCRIBE, ResourceType.TOPIC, MAILBOXES, prefixed=True),
    )
    groups = tuple(
        AclRule(service, AclOperation.READ, ResourceType.GROUP, name, prefixed)
        for service in READERS
        for name, prefixed in ((service, False), (f"{service}.", True))
    )
    return writes + groups


def of_agency(agency_id: str) -> tuple[AclRule, ...]:
    """Return what the agency itself may do: read its own mailbox in groups of its own name."""
    topic = mailbox(agency_id)
    return (
        AclRule(agency_id, AclOperation.READ, ResourceType.TOPIC, topic),
        AclRule(agency_id, AclOperation.DESCRIBE, ResourceType.TOPIC, topic),
        AclRule(agency_id, AclOperation.READ, ResourceType.GROUP, f"{agency_id}.", prefixed=True),
    )


def of_host(agency_id: str) -> tuple[AclRule, ...]:
    """Return what the services may do that read this one agency's mailbox for it."""
    topic = mailbox(agency_id)
    return tuple(
        AclRule(service, operation, ResourceType.TOPIC, topic)
        for service in READERS
        for operation in (AclOperation.READ, AclOperation.DESCRIBE)
    )

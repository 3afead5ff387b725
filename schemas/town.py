"""A running town, as `accord up` writes it down: where everything is and who is in it.

It names files that hold secrets, and never holds one, save in a database address
of the development profile.
"""

from typing import Literal, Self

from pydantic import model_validator

from schemas.codes import AgencyFlag, AgencyKind, Purpose
from schemas.services import ServiceName
from schemas.strict_model import StrictModel
from schemas.values import AgencyRef, PersonRef, Slug

Role = Literal[
    "advocate",
    "liaison",
    "case_worker",
    "counsellor",
    "attorney",
    "coordinator",
    "privacy_officer",
    "auditor",
    "administrator",
    "system",
]


class IssuerPlace(StrictModel):
    """Where tokens come from."""

    url: str
    token_url: str
    jwks_url: str


class KafkaUser(StrictModel):
    """A principal of the broker."""

    user: str
    password_file: str


class KafkaPlace(StrictModel):
    """Where the broker is, and as whom its topics are administered."""

    bootstrap_servers: str
    security_protocol: str
    sasl_mechanism: str
    admin_user: str
    admin_password_file: str
    users: dict[str, KafkaUser]


class DatabasePlace(StrictModel):
    """Where the database is; one address a role."""

    host: str
    port: int
    name: str
    urls: dict[str, str]


class TownAgency(StrictModel):
    """An agency, its system principal and its mailbox; one that is closed stays in the list, and is nobody."""

    id: AgencyRef
    name: str
    kind: AgencyKind
    flags: tuple[AgencyFlag, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    profile: Slug = "default"
    client_id: str
    key_file: str
    kafka_user: str
    kafka_password_file: str
    mailbox: str
    active: bool = True

    @model_validator(mode="after")
    def _own_its_mailbox(self) -> Self:
        if self.mailbox != f"to.{self.id}":
            raise ValueError("the mailbox is another agency's")
        return self


class TownPerson(StrictModel):
    """A person of one agency, with roles, who signs in with a passphrase; one who was removed stays in the list."""

    id: PersonRef
    name: str
    agency: AgencyRef
    roles: tuple[Role, ...]
    passphrase_file: str
    active: bool = True


class Process(StrictModel):
    """A running process, where it writes, and the address at which it says whether it is ready (`/readyz`)."""

    pid: int
    log: str
    url: str | None = None
    restarts: int = 0  # since the town was started


class Town(StrictModel):
    """Everything a person or a program needs in order to use a running town."""

    version: Literal[1] = 1
    profile: Literal["development", "production"]
    run: str
    services: dict[ServiceName, str]
    issuer: IssuerPlace
    kafka: KafkaPlace
    database: DatabasePlace
    agencies: tuple[TownAgency, ...]
    people: tuple[TownPerson, ...]
    processes: dict[Slug, Process]

    @model_validator(mode="after")
    def _house_everyone(self) -> Self:
        ids = [agency.id for agency in self.agencies]
        if len(set(ids)) != len(ids):
            raise ValueError("two agencies have one id")
        if not {person.agency for person in self.people} <= set(ids):
            raise ValueError("a person is of no agency here")
        return self

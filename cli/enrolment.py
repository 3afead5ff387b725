"""Taking agencies and people in and out while the town runs: keys, mailbox, allowances, register."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from joserfc.jwk import ECKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from cli import town
from cli.errors import SetupError
from cli.member import Member
from cli.run import Run
from cli.session import within
from runtime.auth import passwords
from runtime.keyring import development_keyring
from runtime.messaging import admin, quotas
from runtime.register import enrolment as register
from runtime.register.enrolment import NewAgency, Standing
from runtime.settings import KafkaProtocol
from schemas.topics import mailbox
from schemas.town import Town, TownAgency, TownPerson

ROLE = "accord_admin"
MOST_REPLICAS = 3
AGENCIES = text("SELECT agency_id FROM register.agency")
PEOPLE = text("SELECT person_ref FROM register.person")


class NameTaken(SetupError):
    """Somebody has this name already."""


@dataclass(frozen=True, slots=True)
class EnrolledIds:
    """The agencies and people in the register; of the agencies, those that have a mailbox too."""

    agencies: frozenset[str]
    people: frozenset[str]


def take_in_agency(run: Run, agency: NewAgency) -> TownAgency:
    """Take an agency into the running town; raises `NameTaken` where one has its id.

    One that was interrupted half-way is taken in again from the start.
    """
    with _running(run) as place:
        if any(entry.id == agency.agency_id for entry in place.agencies):
            raise NameTaken(
                f"{agency.agency_id} is in this town already", "Choose another id; see `accord agency list`."
            )
        (added,) = add_agencies(run, place, [agency])
        town.write(run, place.model_copy(update={"agencies": (*place.agencies, added)}))
    return added


def change_profile(run: Run, agency_id: str, profile: str) -> TownAgency:
    """Give an agency of the running town the rules of another jurisdiction."""
    with _running(run) as place:
        agency = next((entry for entry in place.agencies if entry.id == agency_id), None)
        if agency is None:
            raise SetupError(f"There is no agency {agency_id} in this town", "See `accord agency list`.")

        async def change(session: AsyncSession) -> None:
            await register.set_profile(session, agency_id, profile)
            await session.commit()

        within(place, ROLE, change)
        changed = agency.model_copy(update={"profile": profile})
        agencies = tuple(changed if entry.id == agency_id else entry for entry in place.agencies)
        town.write(run, place.model_copy(update={"agencies": agencies}))
    return changed


def take_in_person(run: Run, member: Member) -> TownPerson:
    """Take a person into the running town; raises `NameTaken` where somebody has their name."""
    name_taken = NameTaken(
        f"{member.person_ref} is in this town already", "Choose another name; see `accord person list`."
    )
    with _running(run) as place:
        if any(entry.id == member.person_ref for entry in place.people):
            raise name_taken
        if not any(entry.id == member.agency_id and entry.active for entry in place.agencies):
            raise SetupError(f"There is no agency {member.agency_id} in this town", "See `accord agency list`.")
        try:
            (person,) = add_people(run, place, [member])
        except register.AlreadyEnrolled:
            raise name_taken from None
        town.write(run, place.model_copy(update={"people": (*place.people, person)}))
    return person


def take_out_person(run: Run, agency_id: str, person_ref: str) -> None:
    """Take a person out of the running town; raises `SetupError` where nobody active has that name there."""
    with _running(run) as place:
        if not any(
            (person.id, person.agency, person.active) == (person_ref, agency_id, True) for person in place.people
        ):
            raise SetupError(f"There is nobody {person_ref} at {agency_id}", "See `accord person list`.")

        async def remove(session: AsyncSession) -> None:
            await register.remove_person(session, agency_id, person_ref)
            await session.commit()

        within(place, ROLE, remove)
        town.write(run, _without(place, {person_ref}, set()))


def close_agency(run: Run, agency_id: str, *, sure: bool) -> None:
    """Take an agency, its people, its system and its user of the broker out of the running town.

    Raises `SetupError` where there is none, and unless `sure` where survivors' cases or releases hang on it.
    One that was interrupted half-way is closed again from the start.
    """
    with _running(run) as place:
        if not any(agency.id == agency_id and agency.active for agency in place.agencies):
            raise SetupError(f"There is no agency {agency_id} in this town", "See `accord agency list`.")
        if not sure:
            _refuse_what_hangs_on(place, agency_id)

        async def close(session: AsyncSession) -> None:
            await register.close_agency(session, agency_id)
            await session.commit()

        within(place, ROLE, close)
        with _answering_broker():
            admin.remove_agency(administrator_of(place), agency_id)
            _quotas(place).remove_quotas(agency_id)
        people = {person.id for person in place.people if person.agency == agency_id}
        town.write(run, _without(place, people, {agency_id}))


def add_agencies(run: Run, place: Town, agencies: Sequence[NewAgency]) -> tuple[TownAgency, ...]:
    """Take agencies in: each with its system's key, its case-sealing key, its mailbox and its user of the broker.

    The register comes last: what it names is there. Repeating it is harmless.
    """
    keys = development_keyring(run.keys)
    for agency in agencies:
        keys.create(agency.agency_id)
    _admit(run, place, agencies)
    systems = {agency.agency_id: _system_key(run, agency.agency_id) for agency in agencies}

    async def enrol(session: AsyncSession) -> None:
        for agency in agencies:
            await register.enrol_agency(session, agency, systems[agency.agency_id][1])
        await session.commit()

    within(place, ROLE, enrol)
    return tuple(_place_of(run, agency, systems[agency.agency_id][0]) for agency in agencies)


def add_people(run: Run, place: Town, members: Sequence[Member]) -> tuple[TownPerson, ...]:
    """Take people in, each with a passphrase made for them; repeating it is harmless."""
    # Short enough to type in a demo.
    files = {member.person_ref: run.secret_file(f"person-{member.person_ref}", size=9) for member in members}

    async def enrol(session: AsyncSession) -> None:
        for member in members:
            hashed = passwords.hash_passphrase(files[member.person_ref].read_text().strip())
            await register.enrol_person(session, member.enrolled(hashed))
        await session.commit()

    within(place, ROLE, enrol)
    return tuple(
        TownPerson(
            id=member.person_ref,
            name=member.name,
            agency=member.agency_id,
            roles=member.roles,
            passphrase_file=str(files[member.person_ref]),
        )
        for member in members
    )


def enrolled_ids(place: Town) -> EnrolledIds:
    """Return the agencies and people that need not be taken in again."""

    async def listed(session: AsyncSession) -> tuple[frozenset[str], frozenset[str]]:
        agencies = await session.scalars(AGENCIES)
        people = await session.scalars(PEOPLE)
        return frozenset(agencies), frozenset(people)

    agencies, people = within(place, ROLE, listed)
    topics = administrator_of(place).list_topics(timeout=admin.TIMEOUT_SECONDS).topics
    return EnrolledIds(frozenset(agency_id for agency_id in agencies if mailbox(agency_id) in topics), people)


def administrator(servers: str, user: str, password: str) -> AdminClient:
    """Return the client that administers a run's broker."""
    return admin.connect(servers, user, password, protocol=KafkaProtocol.PLAINTEXT)


@contextmanager
def _running(run: Run) -> Iterator[Town]:
    """Yield the running town, which nobody else changes meanwhile."""
    town.read(run.folder)
    if run.holder() is None:
        raise SetupError(f"The town in {run.folder} is not running", f"Start it with `accord up --run {run.folder}`.")
    with run.changing():
        yield town.read(run.folder)


def administrator_of(place: Town) -> AdminClient:
    """Return the client that administers a running town's broker."""
    return administrator(place.kafka.bootstrap_servers, place.kafka.admin_user, _admin_password(place))


def _quotas(place: Town) -> quotas.Administrator:
    servers, user = place.kafka.bootstrap_servers, place.kafka.admin_user
    return quotas.Administrator(servers, user, _admin_password(place), KafkaProtocol.PLAINTEXT)


def _admin_password(place: Town) -> str:
    return Path(place.kafka.admin_password_file).read_text().strip()


def _admit(run: Run, place: Town, agencies: Sequence[NewAgency]) -> None:
    client = administrator_of(place)
    with _answering_broker():
        replicas = min(MOST_REPLICAS, len(client.list_topics(timeout=admin.TIMEOUT_SECONDS).brokers))
        for agency in agencies:
            password = run.secret(_kafka_secret(agency.agency_id))
            admin.provision_agency(client, agency.agency_id, password, hosted=True, replicas=replicas)
            _quotas(place).set_quotas(agency.agency_id)


@contextmanager
def _answering_broker() -> Iterator[None]:
    try:
        yield
    except (KafkaException, admin.NotInForce, quotas.QuotasRefused) as refusal:
        raise SetupError(f"The broker does not answer: {refusal}", "Start the town with `accord up`.") from refusal


def _refuse_what_hangs_on(place: Town, agency_id: str) -> None:
    async def standing(session: AsyncSession) -> Standing:
        return await register.standing(session, agency_id)

    hangs = within(place, ROLE, standing)
    if hangs.home or hangs.granted:
        problem = (
            f"{agency_id} is home of {hangs.home} cases, and {hangs.granted} releases of its records are in force: "
            "nobody of it can stop them or answer those survivors once it is closed"
        )
        fix = "Have its people stop what should stop and tell the survivors whom to ask; then close it with --yes."
        raise SetupError(problem, fix)


def _without(place: Town, people: Set[str], agencies: Set[str]) -> Town:
    """Return the town with these people and agencies inactive."""
    left = tuple(
        person.model_copy(update={"active": False}) if person.id in people else person for person in place.people
    )
    closed = tuple(
        agency.model_copy(update={"active": False}) if agency.id in agencies else agency for agency in place.agencies
    )
    return place.model_copy(update={"people": left, "agencies": closed})


def _kafka_secret(agency_id: str) -> str:
    return f"kafka-agency-{agency_id}"


def _place_of(run: Run, agency: NewAgency, key_file: Path) -> TownAgency:
    return TownAgency(
        id=agency.agency_id,
        name=agency.name,
        kind=agency.kind,
        flags=tuple(sorted(agency.flags)),
        purposes=tuple(sorted(agency.purposes)),
        profile=agency.profile,
        client_id=agency.agency_id,
        key_file=str(key_file),
        kafka_user=agency.agency_id,
        kafka_password_file=str(run.secret_file(_kafka_secret(agency.agency_id))),
        mailbox=mailbox(agency.agency_id),
    )


def _system_key(run: Run, agency_id: str) -> tuple[Path, dict[str, object]]:
    """Return the file of the system's private key, made on first use, and the public part."""
    name = f"system-{agency_id}.jwk"
    file = run.folder / "secrets" / name
    if not file.exists():
        new_key = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}, private=True)
        new_key.ensure_kid()
        file = run.keep_secret(name, json.dumps(new_key.as_dict(private=True)))
    key = ECKey.import_key(json.loads(file.read_text()))
    return file, dict(key.as_dict(private=False))

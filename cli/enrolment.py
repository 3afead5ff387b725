"""Taking agencies and people in while the town runs: register, keys, mailbox, allowances, and nothing restarted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from joserfc.jwk import ECKey

from cli.fixture import Member
from cli.run import Run
from runtime.access import passphrases
from runtime.bus import admin
from runtime.database.engine import engine, sessions
from runtime.keys import UnsafeLocalKeyring
from runtime.register.enrolment import NewAgency, enrol_agency, enrol_person
from runtime.settings import KafkaProtocol
from schemas.topics import mailbox
from schemas.town import Town, TownAgency, TownPerson


def add_agency(run: Run, town: Town, agency: NewAgency) -> TownAgency:
    """Take an agency in, with its system's key, its case-sealing key, its mailbox and its user of the broker."""
    UnsafeLocalKeyring(run.keys, production=False).create(agency.agency_id)
    jwk_file, public = _system_key(run, agency.agency_id)
    asyncio.run(_enrol_agency(town, agency, public))
    password_file = run.secret_file(f"kafka-agency-{agency.agency_id}")
    place = town.kafka
    client = admin.connect(
        place.bootstrap_servers,
        place.admin_user,
        Path(place.admin_password_file).read_text().strip(),
        protocol=KafkaProtocol(place.security_protocol),
    )
    admin.admit(client, agency.agency_id, password_file.read_text().strip(), hosted=True, replicas=1)  # one broker
    return TownAgency(
        id=agency.agency_id,
        name=agency.name,
        kind=agency.kind,
        flags=tuple(sorted(agency.flags)),
        purposes=tuple(sorted(agency.purposes)),
        client_id=agency.agency_id,
        key_file=str(jwk_file),
        kafka_user=agency.agency_id,
        kafka_password_file=str(password_file),
        mailbox=mailbox(agency.agency_id),
    )


def add_person(run: Run, town: Town, member: Member) -> TownPerson:
    """Take a person in, with a passphrase made for them."""
    passphrase_file = run.secret_file(f"person-{member.person_ref}", size=9)  # short enough to type in a demo
    hashed = passphrases.hash_passphrase(passphrase_file.read_text().strip())
    asyncio.run(_enrol_person(town, member, hashed))
    return TownPerson(
        id=member.person_ref,
        name=member.name,
        agency=member.agency_id,
        roles=member.roles,
        passphrase_file=str(passphrase_file),
    )


def _system_key(run: Run, agency_id: str) -> tuple[Path, dict[str, object]]:
    """Return the file of the system's private key, made on first use, and the public part."""
    name = f"system-{agency_id}.jwk"
    file = run.folder / "secrets" / name
    if not file.exists():
        made = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}, private=True)
        made.ensure_kid()
        file = run.keep_secret(name, json.dumps(made.as_dict(private=True)))
    key = ECKey.import_key(json.loads(file.read_text()))
    return file, dict(key.as_dict(private=False))


async def _enrol_agency(town: Town, agency: NewAgency, public_jwk: dict[str, object]) -> None:
    bound = engine(town.database.urls["accord_admin"], pool_size=1)
    async with sessions(bound)() as session:
        await enrol_agency(session, agency, public_jwk)
        await session.commit()
    await bound.dispose()


async def _enrol_person(town: Town, member: Member, hashed: str) -> None:
    bound = engine(town.database.urls["accord_admin"], pool_size=1)
    async with sessions(bound)() as session:
        await enrol_person(session, member.enrolled(hashed))
        await session.commit()
    await bound.dispose()

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.services import SERVICES
from schemas.town import Town
from tests.architecture.named import ROOT

TOWN: dict[str, Any] = {
    "version": 1,
    "profile": "development",
    "run": "/run/accord",
    "services": {"intake": "http://127.0.0.1:8001", "law_enforcement_bridge": "http://127.0.0.1:8003"},
    "issuer": {"url": "http://127.0.0.1:8000", "token_url": "http://127.0.0.1:8000/token", "jwks_url": "http://x/jwks"},
    "kafka": {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "admin_user": "admin",
        "admin_password_file": "/run/accord/admin",
        "users": {"relay": {"user": "relay", "password_file": "/run/accord/relay"}},
    },
    "database": {
        "host": "127.0.0.1",
        "port": 5432,
        "name": "accord",
        "urls": {"accord_intake": "postgresql+psycopg://accord_intake:canary@127.0.0.1:5432/accord"},
    },
    "agencies": [
        {
            "id": "harbor-house",
            "name": "Harbor House",
            "kind": "shelter",
            "flags": ["confidentiality_bound"],
            "purposes": ["shelter", "emergency_safety"],
            "client_id": "harbor-house",
            "key_file": "/run/accord/harbor-house.jwk",
            "kafka_user": "harbor-house",
            "kafka_password_file": "/run/accord/harbor-house.kafka",
            "mailbox": "to.harbor-house",
        }
    ],
    "people": [
        {
            "id": "sam",
            "name": "Sam",
            "agency": "harbor-house",
            "roles": ["case_worker"],
            "passphrase_file": "/run/accord/sam",
        }
    ],
    "processes": {"intake": {"pid": 7, "log": "/run/accord/intake.log"}},
}
AGENCY, PERSON = TOWN["agencies"][0], TOWN["people"][0]


def test_a_town_reads_as_it_was_written() -> None:
    town = Town.model_validate(TOWN)

    assert Town.model_validate_json(town.model_dump_json()) == town
    assert town.agencies[0].mailbox == "to.harbor-house"


def test_a_town_shows_no_address_that_holds_a_password() -> None:
    assert "canary" not in f"{Town.model_validate(TOWN)!r}"


@pytest.mark.parametrize(
    "wrong",
    [
        {"agencies": [AGENCY, AGENCY]},
        {"agencies": [AGENCY | {"mailbox": "to.county-sheriff"}]},
        {"agencies": [AGENCY | {"kind": "church"}]},
        {"people": [PERSON | {"agency": "county-sheriff"}]},
        {"people": [PERSON | {"roles": ["superuser"]}]},
        {"services": {"payroll": "http://127.0.0.1:1"}},
        {"version": 2},
        {"secrets": {}},
    ],
)
def test_a_town_that_does_not_hold_together_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Town.model_validate(TOWN | wrong)


def test_l10_there_is_one_list_of_services() -> None:
    assert {place.parent.name for place in (ROOT / "services").glob("*/main.py")} == set(SERVICES)

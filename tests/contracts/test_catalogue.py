"""The catalogue of the domain, section 17, line by line."""

from itertools import pairwise

import pytest

from schemas import facts
from schemas.categories import DataCategory
from schemas.facts import Categorised, DirectiveFact, Fact
from schemas.registry import CONTRACTS, contract, contract_mask, is_directive_fact
from schemas.taxonomy import ALL, categories_of

SURVIVOR = "identity safe_contact location demographics needs children"
INCIDENT = f"{SURVIVOR} incident_summary incident_narrative alleged_offender weapons_risk medical evidence"
PLAN = "plan_summary plan_escape plan_contacts plan_locations children order_terms"
ORDER = "identity children location alleged_offender weapons_risk order_terms order_service"

MAY_CARRY = {
    "incident": {"reported": INCIDENT, "updated": INCIDENT},
    "risk": {"assessed": "risk_result risk_answers weapons_risk"},
    "safety_plan": {"created": PLAN, "updated": PLAN, "reviewed": PLAN},
    "near_miss": {"logged": "plan_summary plan_escape"},
    "alert": {
        "raised": "incident_summary location safe_contact identity weapons_risk",
        "acknowledged": "incident_summary",
        "closed": "incident_summary",
    },
    "consent": {"granted": "", "refused": "", "narrowed": "", "revoked": "", "expiring": ""},
    "disclosure": {"compelled": "", "emergency_opened": ""},
    "protective_order": {
        "requested": ORDER,
        "issued": ORDER,
        "served": ORDER,
        "service_failed": ORDER,
        "hearing_set": ORDER,
        "modified": ORDER,
        "violated": ORDER,
        "expiring": ORDER,
        "expired": ORDER,
        "vacated": ORDER,
    },
    "referral": {
        "created": " ".join(DataCategory),
        "accepted": "referral_status location",
        "declined": "referral_status",
        "info_requested": "referral_status",
        "in_progress": "referral_status",
        "completed": "referral_status",
        "contact_failed": "referral_status",
        "withdrawn": "referral_status",
        "overdue": "referral_status",
        "conflict_checked": "referral_status",
    },
    "notice": {"sent": "safe_contact", "failed": "safe_contact", "corrected": "safe_contact"},
}
LINES = {f"accord.{subject}.{verb}.v1": words for subject, verbs in MAY_CARRY.items() for verb, words in verbs.items()}


def descendants(of: type[Categorised]) -> set[type[Categorised]]:
    return {of}.union(*(descendants(child) for child in of.__subclasses__()))


DESCENDANTS = [model for model in descendants(Categorised) if model.__module__.startswith("schemas.")]
OURS = sorted(DESCENDANTS, key=lambda model: model.__name__)


def test_the_catalogue_is_all_there_is() -> None:
    assert set(CONTRACTS) == set(LINES)


@pytest.mark.parametrize("type_name", LINES)
def test_a_fact_carries_only_categories_of_its_catalogue_line(type_name: str) -> None:
    assert set(categories_of(contract_mask(type_name))) == set(LINES[type_name].split())


def test_every_fact_with_a_type_is_in_the_catalogue() -> None:
    typed = {model for model in OURS if issubclass(model, Fact) and "type" in vars(model)}

    assert typed == set(CONTRACTS.values())


def test_the_facts_together_can_say_every_field() -> None:
    mask = 0
    for type_name in CONTRACTS:
        mask |= contract_mask(type_name)

    assert mask == ALL


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_a_field_keeps_the_category_its_blocks_gave_it(model: type[Categorised]) -> None:
    lineage = [step for step in model.__mro__ if issubclass(step, Categorised)]

    for (_, base), name in ((pair, name) for pair in pairwise(lineage) for name in pair[1].field_categories):
        assert model.field_categories[name] is base.field_categories[name]


def test_directive_facts_are_those_of_consent_and_disclosure() -> None:
    type_names = {type_name for type_name in CONTRACTS if is_directive_fact(type_name)}

    assert type_names == {name for name in CONTRACTS if name.split(".")[1] in {"consent", "disclosure"}}
    assert all(issubclass(contract(name), DirectiveFact) for name in type_names)


def test_an_unknown_type_is_not_guessed() -> None:
    assert not is_directive_fact("accord.consent.dreamt.v1")
    with pytest.raises(KeyError):
        contract("accord.consent.dreamt.v1")


def test_every_public_name_of_the_contracts_is_there() -> None:
    assert all(hasattr(facts, name) for name in facts.__all__)

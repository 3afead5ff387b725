from typing import Annotated, ClassVar
from uuid import UUID

import pytest

from schemas.categories import DataCategory, Local, Mark, Needs, Routing, Terms
from schemas.facts import Categorised, DirectiveFact, Fact
from schemas.registry import CONTRACTS
from schemas.values import Text200


def test_a_field_without_a_category_fails_at_import() -> None:
    with pytest.raises(TypeError, match=r"Diary\.entry names 0 categories"):

        class Diary(Categorised):
            entry: Text200 | None = None


def test_a_category_that_only_a_part_of_the_type_names_is_none() -> None:
    with pytest.raises(TypeError, match=r"Diary\.needs names 0 categories: its outer type names one"):

        class Diary(Categorised):
            needs: Needs[Text200] | None = None


def test_a_field_of_two_categories_fails_at_import() -> None:
    with pytest.raises(TypeError, match=r"Diary\.needs names 2 categories"):

        class Diary(Categorised):
            needs: Annotated[str | None, DataCategory.NEEDS, DataCategory.IDENTITY] = None


def test_a_field_not_in_the_taxonomy_fails_at_import_with_a_fix() -> None:
    with pytest.raises(TypeError, match=r'the line "needs\.shoe_size", at the end of FIELDS in schemas/taxonomy\.py'):

        class Shoes(Categorised):
            shoe_size: Needs[Text200 | None] = None


def test_a_field_known_under_another_category_is_not_known() -> None:
    with pytest.raises(TypeError, match=r'add the line "needs\.given_name"'):

        class Names(Categorised):
            given_name: Needs[Text200 | None] = None


def test_a_fact_holds_nothing_that_is_local() -> None:
    with pytest.raises(TypeError, match=r"Noted\.remark may not be local"):

        class Noted(Fact):
            type: ClassVar[str] = "accord.remark.noted.v1"
            remark: Local[Text200 | None] = None


def test_a_form_may_hold_what_stays_in_the_service() -> None:
    class Form(Categorised):
        remark: Local[Text200 | None] = None

    assert Form(remark="stays here").remark == "stays here"


def test_a_fact_of_the_survivor_holds_no_terms_of_a_directive() -> None:
    with pytest.raises(TypeError, match=r"Noted\.directive_ref may not be terms"):

        class Noted(Fact):
            directive_ref: Terms[UUID]


def test_a_directive_fact_holds_no_field_of_the_survivor() -> None:
    with pytest.raises(TypeError, match=r"NeedsGranted\.needs has a category"):

        class NeedsGranted(DirectiveFact):
            needs: Needs[tuple[str, ...] | None] = None


@pytest.mark.parametrize("name", ["incident.reported.v1", "accord.incident.reported", "accord.Incident.reported.v1"])
def test_a_type_not_named_as_a_past_fact_fails_at_import(name: str) -> None:
    with pytest.raises(TypeError, match=r"accord\.<subject>\.<verb>\.v<n>"):
        type("Noted", (Fact,), {"type": name, "__module__": __name__, "__annotations__": {"type": ClassVar[str]}})


def test_a_fact_has_one_routing_field_as_a_second_would_leak() -> None:
    routed = {name for contract in CONTRACTS.values() for name in contract.model_fields if _mark(contract, name)}

    assert routed == {"case_ref"}


def _mark(contract: type[Fact], name: str) -> bool:
    return Mark.ROUTING in contract.model_fields[name].metadata


def test_a_form_may_say_which_case_it_is_about() -> None:
    class Form(Categorised):
        case_ref: Routing[UUID]

    assert Form.field_categories == {}

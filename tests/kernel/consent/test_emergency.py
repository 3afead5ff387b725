"""An emergency is a basis of its own, with a ceiling of its own and sixty minutes."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.consent import Directive, Reason, decide, emergency_ceiling
from schemas.categories import DataCategory
from schemas.codes import AgencyFlag, AgencyKind, Basis, Purpose
from schemas.taxonomy import ALL, bit, category_mask, mask_of
from tests.kernel.consent.strategies import any_categories, instants
from tests.support.consent import NOON, TICK, TOWN, a_denial, a_grant, a_table, an_agency, an_ask

HOUR = timedelta(minutes=60)
MEDICAL = ("medical.care_needed", "medical.strangulation")
REQUEST = an_ask(by="county-sheriff", of="st-anne-hospital", purpose=Purpose.EMERGENCY_SAFETY, person="lee")


def an_emergency(
    *categories: DataCategory,
    of: str = "st-anne-hospital",
    starts_at: datetime = NOON,
    ends_at: datetime = NOON + HOUR,
    purpose: Purpose = Purpose.EMERGENCY_SAFETY,
) -> Directive:
    return a_grant(
        *(categories or DataCategory),
        to="county-sheriff",
        by=of,
        purpose=purpose,
        starts_at=starts_at,
        ends_at=ends_at,
        basis=Basis.EMERGENCY,
    )


def test_an_emergency_opens_its_own_ceiling_and_no_more() -> None:
    decision = decide(REQUEST, a_table(an_emergency()), NOON)

    named = ("identity", "safe_contact", "location", "weapons_risk", "risk_result", "order_terms", "order_service")
    whole = sum(category_mask(DataCategory(name)) for name in (*named, "plan_contacts"))
    assert decision.mask == (whole | mask_of(MEDICAL)) & ~bit("location.meeting_place")
    assert decision.basis is Basis.EMERGENCY


def test_minute_sixty_one_is_closed_whatever_the_row_says() -> None:
    table = a_table(an_emergency(ends_at=NOON + 8 * HOUR))

    assert decide(REQUEST, table, NOON + HOUR - TICK).until == NOON + HOUR
    assert decide(REQUEST, table, NOON + HOUR).reason is Reason.ENDED


def test_an_emergency_may_end_sooner() -> None:
    assert decide(REQUEST, a_table(an_emergency(ends_at=NOON + TICK)), NOON + TICK).mask == 0


def test_a_denial_binds_an_emergency() -> None:
    denial = a_denial(DataCategory.LOCATION, by="st-anne-hospital", to="county-sheriff")

    decision = decide(REQUEST, a_table(an_emergency(), denials=[denial]), NOON)

    assert decision.mask & category_mask(DataCategory.LOCATION) == 0
    assert decision.mask & category_mask(DataCategory.IDENTITY)


def test_where_the_survivor_forbade_override_no_emergency_opens() -> None:
    decision = decide(REQUEST, a_table(an_emergency(), no_override=True), NOON)

    assert (decision.mask, decision.reason) == (0, Reason.OUTSIDE_CEILING)


def test_an_emergency_is_about_safety_or_it_cannot_be_read() -> None:
    table = a_table(an_emergency(purpose=Purpose.INVESTIGATION))

    assert table.unreadable_grants == 1
    assert decide(an_ask("county-sheriff", "st-anne-hospital", Purpose.INVESTIGATION), table, NOON).mask == 0


def test_of_a_shelters_records_no_place_is_opened() -> None:
    unbound = an_agency("open-door", AgencyKind.SHELTER)

    assert emergency_ceiling(unbound) & category_mask(DataCategory.LOCATION) == 0
    assert emergency_ceiling(TOWN["st-anne-hospital"]) & bit("location.current_place")


@given(any_categories, instants, st.sampled_from(sorted(AgencyKind)))
def test_no_emergency_ever_opens_a_bound_nonprofits_records(
    named: frozenset[DataCategory], since: datetime, kind: AgencyKind
) -> None:
    bound = an_agency("bound", kind, AgencyFlag.CONFIDENTIALITY_BOUND)
    table = a_table(an_emergency(*named, of="bound", starts_at=since))

    request = an_ask(by="county-sheriff", of=bound, purpose=Purpose.EMERGENCY_SAFETY)

    assert decide(request, table, NOON).mask == 0


@pytest.mark.parametrize("flags", [(), (AgencyFlag.CONFIDENTIALITY_BOUND,)])
def test_a_custodian_of_unknown_kind_stays_closed_as_if_bound(flags: tuple[AgencyFlag, ...]) -> None:
    assert emergency_ceiling(an_agency("stranger", None, *flags)) & ALL == 0

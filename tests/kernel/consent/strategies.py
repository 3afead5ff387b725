"""What survivors might say, agencies ask and clocks show: small enough that things meet."""

from hypothesis import settings
from hypothesis import strategies as st

from kernel.consent import Directive, Request
from schemas.categories import DataCategory
from schemas.codes import Basis, DirectiveEffect, DirectiveState, Purpose
from schemas.taxonomy import FIELDS, mask_of
from tests.world.consent import DAY, NOON, TICK, a_denial, a_directive, a_grant, an_ask

patiently = settings(deadline=None, max_examples=100)

AGENCIES = ("bay-hotline", "harbor-house", "county-sheriff", "riverside-legal", "county-cell")
PURPOSES = (Purpose.SHELTER, Purpose.ADVOCACY, Purpose.ORDER_ENFORCEMENT, Purpose.CASE_CONFERENCE, Purpose.COORDINATION)
CATEGORIES = (
    DataCategory.IDENTITY,
    DataCategory.LOCATION,
    DataCategory.SUBSTANCE_USE,
    DataCategory.RISK_RESULT,
    DataCategory.REFERRAL_STATUS,
)
PATHS = tuple(path for path in FIELDS if path.partition(".")[0] in CATEGORIES)
INSTANTS = (NOON - 2 * DAY, NOON - DAY, NOON - TICK, NOON, NOON + TICK, NOON + DAY, NOON + 2 * DAY)

agencies = st.sampled_from(AGENCIES)
purposes = st.sampled_from(PURPOSES)
instants = st.sampled_from(INSTANTS)
categories = st.frozensets(st.sampled_from(CATEGORIES), min_size=1)
any_categories = st.frozensets(st.sampled_from(DataCategory), min_size=1)
releases = st.sampled_from((Basis.RELEASE, Basis.STATUTE))
mostly = st.sampled_from((True, True, True, False))
states = st.sampled_from((DirectiveState.ACTIVE, DirectiveState.ACTIVE, DirectiveState.REVOKED, DirectiveState.DRAFT))


@st.composite
def scopes(draw: st.DrawFn) -> dict[str, frozenset[str] | frozenset[DataCategory]]:
    """Draw what a directive names: categories, some of them narrowed, some fields excepted."""
    named = draw(categories)
    within = st.sampled_from([path for path in PATHS if path.partition(".")[0] in named])
    only = draw(st.frozensets(within, max_size=3))
    excepted = draw(st.frozensets(st.sampled_from(PATHS), max_size=3))
    return {"categories": named, "only_fields": only, "excepted_fields": excepted}


@st.composite
def grants(draw: st.DrawFn, bases: st.SearchStrategy[Basis] = releases) -> Directive:
    return a_directive(
        DirectiveEffect.PERMIT,
        **draw(scopes())
        | {
            "custodian": draw(agencies),
            "recipient": draw(agencies),
            "purpose": draw(purposes),
            "valid_from": draw(instants),
            "valid_until": draw(instants),
            "state": draw(states),
            "basis": draw(bases),
            "started": draw(mostly),
            "ended": not draw(mostly),
        },
    )


@st.composite
def denials(draw: st.DrawFn) -> Directive:
    return a_directive(
        DirectiveEffect.DENY,
        **draw(scopes())
        | {
            "custodian": draw(agencies),
            "recipient": draw(agencies),
            "purpose": draw(st.none() | purposes),
            "valid_from": draw(instants),
            "valid_until": draw(st.none() | instants),
            "state": draw(states),
        },
    )


@st.composite
def asks(draw: st.DrawFn) -> Request:
    """Draw what one agency asks of another."""
    by = draw(agencies)
    of = draw(agencies.filter(lambda agency: agency != by))
    asked = mask_of(draw(st.frozensets(st.sampled_from(PATHS), min_size=1)))
    return an_ask(by, of, draw(st.none() | purposes), draw(st.sampled_from((mask_of(FIELDS), asked))))


said = st.lists(grants() | denials(), max_size=8)

# One way and one purpose, so that everything said is about what is asked.
near_grants = st.builds(
    lambda named, since, until: a_grant(*named, starts_at=since, ends_at=until), any_categories, instants, instants
)
near_denials = st.builds(lambda named, since: a_denial(*named, starts_at=since), any_categories, instants)
near = st.lists(near_grants | near_denials, max_size=6)

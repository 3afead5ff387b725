"""What survivors might say, agencies ask and clocks show: so few that what is said meets what is asked."""

from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from kernel.consent import Directive, Request
from schemas.categories import DataCategory
from schemas.codes import Basis, DirectiveEffect, DirectiveState, Purpose
from schemas.taxonomy import ALL, FIELDS, mask_of
from tests.support.consent import DAY, NOON, TICK, a_block_on, a_denial, a_directive, a_grant, an_ask

WAYS = (
    ("bay-hotline", "harbor-house", Purpose.SHELTER),
    ("bay-hotline", "harbor-house", Purpose.ADVOCACY),
    ("harbor-house", "bay-hotline", Purpose.SHELTER),
    ("bay-hotline", "county-sheriff", Purpose.EMERGENCY_SAFETY),
    ("bay-hotline", "county-cell", Purpose.COORDINATION),
    ("bay-hotline", "riverside-legal", Purpose.LEGAL_REPRESENTATION),
)
CATEGORIES = (
    DataCategory.IDENTITY,
    DataCategory.LOCATION,
    DataCategory.ALLEGED_OFFENDER,
    DataCategory.SUBSTANCE_USE,
    DataCategory.RISK_RESULT,
    DataCategory.REFERRAL_STATUS,
)
PATHS = tuple(path for path in FIELDS if path.partition(".")[0] in CATEGORIES)
INSTANTS = (NOON - DAY, NOON - TICK, NOON, NOON + TICK, NOON + DAY)

ways = st.sampled_from(WAYS[:1] * 4 + WAYS)
instants = st.sampled_from(INSTANTS)
starts = st.sampled_from((NOON - 2 * DAY, NOON - 2 * DAY, *INSTANTS))
ends = st.sampled_from((NOON + 2 * DAY, NOON + 2 * DAY, *INSTANTS))
categories = st.frozensets(st.sampled_from(CATEGORIES), min_size=1)
any_categories = st.frozensets(st.sampled_from(DataCategory), min_size=1)
releases = st.sampled_from((Basis.RELEASE, Basis.STATUTE))
booleans = st.booleans()
mostly = st.sampled_from((True,) * 5 + (False,))
states = st.sampled_from((DirectiveState.ACTIVE,) * 5 + (DirectiveState.REVOKED, DirectiveState.DRAFT))


narrowing = st.frozensets(st.sampled_from(PATHS), max_size=3)
parts = st.frozensets(st.sampled_from(PATHS), min_size=1)
denied_ends = st.none() | ends
stray_purposes = st.sampled_from((None, Purpose.INVESTIGATION, Purpose.ADVOCACY))


# A strategy is made once: to make and validate it at each draw took a third of the time of a property.
@cache
def paths_within(named: frozenset[DataCategory]) -> st.SearchStrategy[frozenset[str]]:
    """Return a strategy for some fields of the categories named."""
    paths = [path for path in PATHS if path.partition(".")[0] in named]
    return st.frozensets(st.sampled_from(paths), max_size=3)


@cache
def this_purpose_or_any(purpose: Purpose) -> st.SearchStrategy[Purpose | None]:
    """Return a strategy for the purposes of a denial: all of them, or this one."""
    return st.sampled_from((None, purpose))


@st.composite
def scopes(draw: st.DrawFn) -> dict[str, frozenset[str] | frozenset[DataCategory]]:
    """Draw what a directive names: categories, some of them narrowed, some fields excepted."""
    named = draw(categories)
    only = draw(paths_within(named))
    return {"categories": named, "only_fields": only, "excepted_fields": draw(narrowing)}


any_scope = scopes()


@st.composite
def grants(draw: st.DrawFn, bases: st.SearchStrategy[Basis] = releases) -> Directive:
    custodian, recipient, purpose = draw(ways)
    return a_directive(
        DirectiveEffect.PERMIT,
        **draw(any_scope)
        | {
            "custodian": custodian,
            "recipient": recipient,
            "purpose": purpose,
            "valid_from": draw(starts),
            "valid_until": draw(ends),
            "after_conflict_check": draw(booleans),
            "state": draw(states),
            "basis": draw(bases),
            "started": draw(mostly),
            "ended": not draw(mostly),
        },
    )


@st.composite
def denials(draw: st.DrawFn) -> Directive:
    custodian, recipient, purpose = draw(ways)
    return a_directive(
        DirectiveEffect.DENY,
        **draw(any_scope)
        | {
            "custodian": custodian,
            "recipient": recipient,
            "purpose": draw(this_purpose_or_any(purpose)),
            "valid_from": draw(starts),
            "valid_until": draw(denied_ends),
            "state": draw(states),
        },
    )


@st.composite
def asks(draw: st.DrawFn) -> Request:
    """Draw what one agency asks of another, nearly always with a purpose."""
    custodian, recipient, purpose = draw(ways)
    part = mask_of(draw(parts))
    stated = purpose if draw(mostly) else draw(stray_purposes)
    return an_ask(recipient, custodian, stated, ALL if draw(mostly) else part)


@st.composite
def asks_by_somebody(draw: st.DrawFn) -> Request:
    """Draw what a person asks, an agency's system that names nobody, or nobody for the agency as such."""
    person, unnamed = draw(st.sampled_from(((None, False), (None, True), ("sam", False), ("lee", False))))
    return replace(draw(asks()), person_ref=person, unnamed=unnamed)


blocks = st.builds(
    lambda person, at, state: replace(a_block_on(person, at=at), state=state),
    st.sampled_from(("sam", "lee", "nobody-known")),
    st.sampled_from(("harbor-house", "county-sheriff", None)),
    states,
)
directive_lists = st.lists(grants() | grants() | denials(), min_size=3, max_size=10)

# One way and one purpose, so that everything said is about what is asked.
near_grants = st.builds(
    lambda named, since, until: a_grant(*named, starts_at=since, ends_at=until), any_categories, starts, ends
)
near_denials = st.builds(lambda named, since: a_denial(*named, starts_at=since), any_categories, starts)
near = st.lists(near_grants | near_denials, max_size=6)

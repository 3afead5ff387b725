"""What one partner may write of a survivor is bounded, and a stop does not grow with what others wrote."""

from uuid import UUID

from services.consent import stops
from services.consent.domain.drafts import MOST_STANDING
from tests.services.consent.conftest import Desk, a_denial, a_permit

# Many rows of one agency, like one of its own: what somebody with a grudge writes in a night.
MANY = """
INSERT INTO register.directive (subject_id, custodian, recipient, effect, purpose, categories, valid_from, valid_until,
    state, taxonomy_version, drafted_by, drafted_at)
SELECT subject_id, custodian, recipient, %(effect)s, purpose, categories, valid_from, valid_until, %(state)s,
    taxonomy_version, drafted_by, drafted_at
FROM register.directive, generate_series(1, %(count)s) WHERE directive_ref = %(ref)s
"""
SUBJECT = "SELECT subject_id FROM register.directive WHERE directive_ref = %(ref)s"


def add(desk: Desk, ref: str, count: int, effect: str = "permit", state: str = "draft") -> None:
    params = {"ref": ref, "count": count, "effect": effect, "state": state}
    with desk.town.database.superuser() as connection:
        connection.execute(MANY, params)


async def test_m7_one_agency_drafts_so_many_and_no_more(desk: Desk) -> None:
    case_ref = await desk.case()
    drafted = await desk.draft(case_ref, a_permit())
    add(desk, drafted["directive_ref"], MOST_STANDING - 1)

    refused = await desk.people["ana"].post(f"/v1/cases/{case_ref}/directives", json=a_permit("identity"))

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_directives")


async def test_m7_what_she_denies_at_home_is_never_turned_away(desk: Desk) -> None:
    case_ref = await desk.case()
    drafted = await desk.draft(case_ref, a_permit())
    add(desk, drafted["directive_ref"], MOST_STANDING)

    denied = await desk.people["ana"].post(f"/v1/cases/{case_ref}/directives", json=a_denial("location"))
    stopped = await desk.people["ana"].post(f"/v1/cases/{case_ref}/revocation")

    assert denied.status_code == 201
    assert stopped.status_code == 200
    assert len(stopped.json()["ended"]) == MOST_STANDING + 1


async def test_m7_a_stop_reads_what_it_ends(desk: Desk) -> None:
    case_ref = await desk.case()
    ref = await desk.permit(case_ref)
    add(desk, ref, 500, effect="deny", state="active")
    add(desk, ref, 500, state="superseded")
    ((subject_id,),) = desk.rows(SUBJECT, ref=ref)

    async with desk.town.session("accord_consent") as session:
        live = await stops.live_permits(session, subject_id)
        chain = await stops.chain(session, subject_id, UUID(ref))

    assert [str(summary.ref) for summary in (*live, *chain)] == [ref, ref]
    assert (await desk.stop(ref)).json()["ended"] == [ref]

"""Confirming a stop at the desk: the shelter is told and confirms, the hotline sees who has not."""

from schemas.codes import AgencyKind
from services.dashboard.navigation import RELEASES, TASKS
from tests.services.dashboard.conftest import Square
from tests.services.dashboard.desk_forms import PageForms, send
from tests.services.dashboard.test_field_request_pages import both

TO_CONFIRM = "She stopped a release to you: confirm that you use it no more"

# As the relay notes it.
RELAYED = """
UPDATE register.directive SET relayed = true
WHERE subject_id = (SELECT subject_id FROM register."case" WHERE case_ref = %s)
"""


async def test_a_stop_is_confirmed_where_the_task_leads(square: Square) -> None:
    ana, hers, sam, theirs = await both(square)
    case, shared = hers.removesuffix("/requests"), theirs.removesuffix("/requests")
    square.sql(RELAYED, case.rpartition("/")[2])
    stopped = await send(ana, f"{case}/stop", "/stop")
    assert stopped.status_code == 303, stopped.text

    to_do = await sam.get(f"{TASKS}?view=unassigned")
    assert TO_CONFIRM in to_do.text
    before = (await ana.get(f"{case}/acknowledgements")).text
    page = await sam.get(f"{shared}/acknowledgements")
    (act,) = [action for action in PageForms(page.text).forms if action.startswith(f"{shared}/acknowledgements/")]
    confirmed = await send(sam, f"{shared}/acknowledgements", act)

    assert "Not confirmed yet" in before
    assert "We use it no more" in page.text
    assert confirmed.headers["location"] == f"{shared}/acknowledgements?done=acknowledged"
    after = (await sam.get(confirmed.headers["location"])).text
    assert "We use it no more" not in after
    assert "Not confirmed yet" not in (await ana.get(f"{case}/acknowledgements")).text
    assert TO_CONFIRM not in (await sam.get(f"{TASKS}?view=unassigned")).text


async def test_nobody_was_told_to_stop(square: Square) -> None:
    hotline = await square.agency(AgencyKind.HOTLINE)
    ana = await square.sign_in(await square.person(hotline, "advocate"))
    case_ref = await square.town.open_case(hotline)

    page = (await ana.get(f"{RELEASES}/{case_ref}/acknowledgements")).text

    assert "Nobody was told to stop" in page

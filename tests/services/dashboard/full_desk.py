"""Agencies whose desks have something of everything: a case with its papers, people, mail and what stands still."""

from uuid import UUID

from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from services.dashboard.navigation import CASES, MESSAGES, ORDERS, PEOPLE, REFERRALS, RELEASES, TASKS
from services.dashboard.page_drafts import SAVE
from services.dashboard.pages.open_session_pages import OWN
from tests.services.dashboard.browser import OWN_FORM, Browser, Read
from tests.services.dashboard.conftest import Square
from tests.services.dashboard.desk_forms import send
from tests.services.dashboard.form_walk import DeskForm, forms_before
from tests.services.dashboard.test_case_pages import TYPED_FIELDS
from tests.services.dashboard.test_health_pages import set_aside
from tests.services.dashboard.test_order_pages import recorded
from tests.services.dashboard.test_release_pages import POLICE, considered, evidence, post

Forms = dict[str, DeskForm]
NEW = f"{CASES}/new"
TAKEN_ON = "UPDATE carrying.task SET state = 'claimed', person_ref = %s WHERE task_ref = %s"
ON_CALL = """
INSERT INTO tasks.shift (agency_id, queue, person_ref, starts_at, ends_at)
VALUES (%s, 'casework', %s, now(), now() + interval '1 hour')
"""
# As the relay notes it.
RELAYED = "UPDATE register.directive SET relayed = true WHERE directive_ref = %s"
REFERRAL = {"to_agency_ref": "harbor-house", "service_code": "shelter", "purpose": "shelter", "priority": "urgent"}


async def forms_of_all(square: Square) -> list[DeskForm]:
    """Fill the desks and return every form that stands before somebody there, one a route and step."""
    hotline = await square.agency(AgencyKind.HOTLINE)
    roles = ("advocate", "advocate", "administrator", "privacy_officer", "advocate", "coordinator")
    refs = [await square.person(hotline, role) for role in roles]
    ana, mia, boss, officer, nia, cora = [await square.sign_in(ref) for ref in refs]
    sam = await square.sign_in(await square.person("harbor-house", "case_worker"))
    lee = await square.sign_in(await square.person("county-sheriff", "liaison"))
    await square.sign_in(refs[0])  # the same person at another browser
    case = await told_case(ana)
    await square.deliver(hotline)
    closed = await closed_case(ana)
    denial = await _releases(square, ana, case)
    assert (await nia.submit(f"{case}/opening", reason_code="covering")).status_code == 303
    await _referral(square, hotline, ana, case)
    shared = await _ask_for_more(square, sam, case)
    ended = await end_release(square, ana, case)
    await set_aside(square, hotline)
    await recorded(lee)
    tasks = await _tasks(square, hotline, case, refs[0])
    screens = await start_screens(ana, case)
    await square.deliver("county-sheriff")
    waiting = await newcomer(boss)
    walks: list[tuple[Browser, tuple[str, ...]]] = [
        (ana, (case, closed, f"{case}/intake", f"{denial}/lift", f"{REFERRALS}?view=sent", MESSAGES, OWN)),
        (ana, (*tasks, *screens, f"{case}/near-misses", f"{case}/plan/review", f"{case}/near-misses/new")),
        (cora, (f"{TASKS}/duty", f"{TASKS}/duty/shift")),
        (mia, (f"{case}/opening",)),
        (nia, (denial,)),  # as the second person, who has said why
        (boss, (PEOPLE, f"{PEOPLE}/{refs[1]}", f"{PEOPLE}/sessions")),
        (officer, (waiting, "/app/health", f"{case}/exclusion")),
        (sam, (REFERRALS, MESSAGES, f"{shared}/new", ended)),
        (ana, (f"{RELEASES}/{case.rpartition('/')[2]}/requests",)),
        (lee, (ORDERS,)),
    ]
    forms = [form for browser, starts in walks for form in await forms_before(browser, *starts)]
    return list({f"{form.template} {form.action.rpartition('/')[2]}": form for form in reversed(forms)}.values())


async def told_case(ana: Browser) -> str:
    """Take a case in with all that was told, and a draft of another beside it; return the address of its page."""
    typed = Read((await ana.get(NEW)).text).fields | {"nickname": "Kept for later"}
    await ana.client.post(SAVE, data=typed, headers=OWN_FORM)
    opened = await ana.submit(NEW, **TYPED_FIELDS)
    assert opened.status_code == 303, opened.text
    place = str(opened.headers["location"]).partition("?")[0]
    assert (await ana.submit(f"{place}/plan", routes="Kitchen door")).status_code == 303
    return place


async def closed_case(ana: Browser) -> str:
    """Open a case and close it; return the address of its page."""
    place = str((await ana.submit(NEW)).headers["location"]).partition("?")[0]
    assert (await ana.submit(f"{place}/closing", reason_code="completed")).status_code == 303
    return place


async def _releases(square: Square, ana: Browser, case: str) -> str:
    """Have a release in force, one drafted, and a denial that waits for a second person; return the denial's page."""
    ref = case.rpartition("/")[2]
    place = f"{RELEASES}/{ref}"
    taking_part = {"participation": "yes", "spoken": "spoken"}
    assert (await post(ana, await ana.get(f"{place}/participation"), taking_part)).status_code == 303
    denied = {"recipient": "lantern-counselling", "categories": ["location"]}
    assert (await post(ana, await ana.get(f"{place}/deny"), denied)).status_code == 303
    (denial,) = {link for link in Read((await ana.get(place)).text).links if f"{place}/release/" in link}
    status = [DataCategory.REFERRAL_STATUS, DataCategory.IDENTITY]
    await square.town.direct(UUID(ref), "harbor-house", Purpose.SHELTER, status)
    await post(ana, await considered(ana, UUID(ref)), {"step": "drafts", "yes": [POLICE], "asked": ["needs"]})
    lifting = await ana.get(f"{denial}/lift")
    await post(ana, lifting, evidence(lifting))
    return denial


async def _tasks(square: Square, hotline: str, case: str, person: str) -> tuple[str, ...]:
    """Have a task that nobody has, one that is taken on, and somebody on call; return the pages with their forms."""
    case_ref = UUID(case.rpartition("/")[2])
    refs = [await square.task(hotline, case_ref) for _ in range(2)]
    square.sql(TAKEN_ON, person, refs[1])
    square.sql(ON_CALL, hotline, person)
    return f"{TASKS}/{refs[0]}", f"{TASKS}/{refs[1]}", f"{TASKS}/several?row={refs[0]}.1"


async def start_screens(ana: Browser, case: str) -> tuple[str, str, str]:
    """Have a screen that was started and one that is complete; return their pages and that of the list."""
    assert (await ana.submit(f"{case}/near-misses/new", what_happened="He stood at the gate")).status_code == 303
    pages = []
    for complete in (False, True):
        started = await send(ana, f"{case}/risk", "/risk", instrument="accord-first.1")
        assert started.status_code == 303, started.text
        page = str(started.headers["location"])
        if complete:
            answers = {f"item_b{number}": "no" for number in range(1, 11)}
            assert (await send(ana, page, page, **answers)).status_code == 303
        pages.append(page)
    return f"{case}/risk", pages[0], pages[1]


async def _ask_for_more(square: Square, sam: Browser, case: str) -> str:
    """Have the shelter ask about a case; return its page of what was asked."""
    own = await square.town.case_ref_of(UUID(case.rpartition("/")[2]), "harbor-house")
    place = f"{RELEASES}/{own}/requests"
    fields = Read((await sam.get(f"{place}/new")).text).fields
    named = {"custodian_ref": fields["custodian_ref"], "purpose": "shelter", "categories": "children"}
    assert (await send(sam, f"{place}/new", "/new", **named, reason="She needs a cot")).status_code == 303
    return place


async def end_release(square: Square, ana: Browser, case: str) -> str:
    """Have a release to the shelter stopped after something was relayed; return where the shelter acknowledges it."""
    ref = case.rpartition("/")[2]
    release = await square.town.direct(UUID(ref), "harbor-house", Purpose.ADVOCACY, [DataCategory.NEEDS])
    square.sql(RELAYED, release)
    stopped = await send(ana, f"{RELEASES}/{ref}/stop", "/stop", ref=str(release))
    assert stopped.status_code == 303, stopped.text
    return f"{RELEASES}/{await square.town.case_ref_of(UUID(ref), 'harbor-house')}/acknowledgements"


async def _referral(square: Square, hotline: str, ana: Browser, case: str) -> None:
    sent = await send(ana, f"{REFERRALS}/new?case={case.rpartition('/')[2]}", "/new", **REFERRAL)
    assert sent.status_code == 303, sent.text
    await square.deliver("harbor-house")
    await square.deliver(hotline)


async def newcomer(boss: Browser) -> str:
    """Ask for a person; return the page on which a privacy officer confirms them."""
    form = Read((await boss.get(f"{PEOPLE}/new")).text).fields
    fields = form | {"name": "Rosa Vega", "roles": "advocate"}
    answer = await boss.client.post(f"{PEOPLE}/new", data=fields, headers=OWN_FORM)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]

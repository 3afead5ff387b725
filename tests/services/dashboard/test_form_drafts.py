"""Every form that takes time keeps what is typed into it, at its own page; nothing of one case shows in another."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from wtforms import Field, SelectMultipleField, StringField, TextAreaField
from wtforms.fields import HiddenField

from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from services.dashboard.forms.assignment_forms import ReferralAssignmentForm
from services.dashboard.forms.case_forms import AssignmentForm, CaseSearchForm, ClosingForm, NicknameForm
from services.dashboard.forms.desk_form import DeskForm
from services.dashboard.forms.field_request_forms import AskForMoreForm
from services.dashboard.forms.incident_forms import IncidentForm, IntakeForm
from services.dashboard.forms.ledger_forms import LedgerFilterForm
from services.dashboard.forms.order_forms import (
    EndForm,
    HearingForm,
    IssueForm,
    ModifyForm,
    OrderSearchForm,
    PaperForm,
    RecordOrderForm,
    ServeForm,
    ViolationForm,
)
from services.dashboard.forms.people_forms import LeavingForm, NewPersonForm, RolesForm
from services.dashboard.forms.plan_forms import NearMissForm, PlanForm, ReviewForm
from services.dashboard.forms.referral_forms import AcceptanceForm, CodeSearchForm, NewReferralForm
from services.dashboard.forms.release_forms import (
    ConsiderForm,
    DenyForm,
    EvidenceForm,
    LiftForm,
    ParticipationForm,
    SignForm,
)
from services.dashboard.forms.risk_forms import OverrideBandForm, QuestionnaireForm
from services.dashboard.forms.task_forms import ShiftForm
from services.dashboard.navigation import CASES, ORDERS, PEOPLE, REFERRALS, RELEASES, TASKS
from services.dashboard.page_drafts import DISCARD, SAVE
from tests.services.dashboard.browser import OWN_FORM, Browser, Read
from tests.services.dashboard.conftest import Square
from tests.services.dashboard.desk_forms import PageForms, send

# What searches, or is chosen row by row with a recommendation already there.
SEARCHES = {CaseSearchForm, OrderSearchForm, CodeSearchForm, LedgerFilterForm, ReferralAssignmentForm}
BASES = {PaperForm, EvidenceForm}  # no page shows them as they are
OFFER = "You have unsaved work from"
ROLES = ("attorney", "administrator")


@dataclass(frozen=True)
class Draftable:
    """A form that keeps drafts: its own page, a field to type into, what is typed, and where it stands if elsewhere."""

    form: type[DeskForm]
    page: str
    name: str = ""
    typed: str = "canary"
    stands_at: str = ""


# In the words of `places_of`; forms of no case are of the agency's people.
FORMS = (
    Draftable(IntakeForm, "{case}/intake", "narrative"),
    Draftable(IncidentForm, "{incident}/versions", "narrative"),
    Draftable(PlanForm, "{case}/plan", "pets"),
    Draftable(NicknameForm, "{case}/nickname", "nickname"),
    Draftable(AssignmentForm, "{case}/assignment"),
    Draftable(ClosingForm, "{case}/closing", "reason_code", "completed"),
    Draftable(RecordOrderForm, f"{ORDERS}/new?case={{ref}}", "court_name"),
    Draftable(IssueForm, "{order}/step/issuance", "court_name"),
    Draftable(ModifyForm, "{order}/step/modification", "court_name"),
    Draftable(ServeForm, "{order}/step/service", "service_status", "failed"),
    Draftable(ViolationForm, "{order}/step/violation", "violated_on", "2026-01-17"),
    Draftable(HearingForm, "{order}/step/hearing", "hearing_at", "2026-01-17T09:00"),
    Draftable(EndForm, "{order}/step/end", "ended_on", "2026-01-17"),
    Draftable(NewReferralForm, f"{REFERRALS}/new?case={{ref}}", "priority", "day"),
    Draftable(AcceptanceForm, "{referral}/acceptance", "advocate_name", stands_at="{referral}"),
    Draftable(ConsiderForm, f"{RELEASES}/{{ref}}/new", "until", "2027-01-17"),
    Draftable(SignForm, f"{RELEASES}/{{ref}}/sign", "document_ref"),
    Draftable(DenyForm, f"{RELEASES}/{{ref}}/deny", "categories", "identity"),
    Draftable(LiftForm, f"{RELEASES}/{{ref}}/release/{{denial}}/lift", "method", "written"),
    Draftable(ParticipationForm, f"{RELEASES}/{{ref}}/participation", "participation", "no"),
    Draftable(ReviewForm, "{planned}/plan/review", "changes"),
    Draftable(NearMissForm, "{case}/near-misses/new", "what_happened"),
    Draftable(QuestionnaireForm, "{started}", "item_b1", "yes"),
    Draftable(OverrideBandForm, "{screened}/override", "reason", stands_at="{screened}"),
    Draftable(ShiftForm, f"{TASKS}/duty/shift", "starts_at", "2099-01-17T18:00"),
    Draftable(AskForMoreForm, f"{RELEASES}/{{shared}}/requests/new", "reason"),
    Draftable(NewPersonForm, f"{PEOPLE}/new", "name"),
    Draftable(RolesForm, f"{PEOPLE}/{{colleague}}/roles", "roles", "counsellor"),
    Draftable(LeavingForm, f"{PEOPLE}/{{colleague}}/leaving"),
)


def all_forms(base: type[DeskForm] = DeskForm) -> Iterator[type[DeskForm]]:
    for form in base.__subclasses__():
        yield form
        yield from all_forms(form)


def takes_time(form: type[DeskForm]) -> bool:
    """Tell whether a form asks for text, or for more than two choices."""
    fields: list[Field] = [field for field in form() if not isinstance(field, HiddenField)]
    typed = [field for field in fields if isinstance(field, StringField | TextAreaField | SelectMultipleField)]
    return bool(typed) or len(fields) > 2


def test_every_form_that_takes_time_keeps_drafts() -> None:
    ours = {form for form in all_forms() if form.__module__.startswith("services.")}

    assert {form for form in ours if takes_time(form) and not form.keeps_draft} == SEARCHES
    assert {form for form in ours if form.keeps_draft} - BASES == {entry.form for entry in FORMS}


async def places_of(square: Square, agency: str, browser: Browser) -> dict[str, str]:
    """Make a case with all that a form may be about; return the address of each."""
    opened = await browser.submit(f"{CASES}/new", narrative="He came back.", known_as="Nela")
    case = str(opened.headers["location"]).partition("?")[0]
    ref = case.rpartition("/")[2]
    order = await browser.submit(f"{ORDERS}/new?case={ref}", status="temporary", respondents="R. Calder")
    colleague = await square.person(agency, "advocate")
    await talk(browser, ref)
    denied = await browser.submit(f"{RELEASES}/{ref}/deny", recipient="county-sheriff", categories="identity")
    assert [answer.status_code for answer in (opened, order, denied)] == [303, 303, 303], denied.text
    ((denial,),) = square.sql(DENIAL, UUID(ref))
    hotline = await square.town.open_case("bay-hotline")
    await square.town.direct(hotline, agency, Purpose.LEGAL_REPRESENTATION, [DataCategory.REFERRAL_STATUS])
    await square.referral(agency, hotline, purpose="legal_representation", service_code="legal_aid")
    await square.deliver(agency)
    ((incident,),) = square.sql("SELECT incident_ref FROM intake.incident WHERE case_ref = %s", UUID(ref))
    return {
        "case": case,
        "ref": ref,
        "incident": f"{case}/incidents/{incident}",
        "order": str(order.headers["location"]).partition("?")[0],
        "colleague": colleague,
        "denial": str(denial),
        "shared": str(await square.town.case_ref_of(hotline, agency)),
        "planned": await planned(browser),
        "started": await screened(browser, case),
        "screened": await screened(browser, case, **{f"item_b{number}": "no" for number in range(1, 11)}),
    }


async def planned(browser: Browser) -> str:
    """Open a case with a plan; return the address of its page."""
    place = str((await browser.submit(f"{CASES}/new")).headers["location"]).partition("?")[0]
    assert (await browser.submit(f"{place}/plan", goals="A home")).status_code == 303
    return place


async def screened(browser: Browser, case: str, **answers: str) -> str:
    """Start a risk screen, and complete it where there are answers; return its page."""
    started = await send(browser, f"{case}/risk", "/risk", instrument="accord-first.1")
    page = str(started.headers["location"])
    if answers:
        assert (await send(browser, page, page, **answers)).status_code == 303
    return page


DENIAL = """SELECT directive_ref FROM register.directive JOIN register."case" USING (subject_id)
    WHERE case_ref = %s AND effect = 'deny'"""


async def talk(browser: Browser, ref: str) -> None:
    """Write down a draft of her yes."""
    page = f"{RELEASES}/{ref}/new"
    await browser.submit(f"{RELEASES}/{ref}/participation", participation="yes", spoken="spoken")
    way, until = "harbor-house|shelter", (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    typed = {"step": "drafts", "ways": way, "yes": way, "categories": "needs", "asked": "needs", "until": until}
    answer = await browser.submit(page, **typed)
    assert answer.status_code == 303, answer.text


async def referrals_of(browser: Browser) -> list[str]:
    links = Read((await browser.get(REFERRALS)).text).links
    return [link for link in links if re.fullmatch(rf"{REFERRALS}/[0-9a-f-]{{36}}", link)]


async def form_page(browser: Browser, entry: Draftable, places: dict[str, str]) -> str:
    """Return the page on which the form stands before anybody typed."""
    if entry.form is IncidentForm:
        act = f"{places['incident']}/correction"
        forms = PageForms((await browser.get(places["case"])).text).forms
        return (await browser.client.post(act, data=forms[act], headers=OWN_FORM)).text
    return (await browser.get((entry.stands_at or entry.page).format(**places))).text


async def type_into(browser: Browser, entry: Draftable, places: dict[str, str]) -> None:
    """Type into a form, as its page saves it a second later."""
    forms = PageForms(await form_page(browser, entry, places)).forms
    (fields,) = [fields for action, fields in forms.items() if "page" in fields and action != DISCARD]
    assert fields["page"] == entry.page.format(**places), entry
    typed = {entry.name: entry.typed} if entry.name else {}
    saved = await browser.client.post(SAVE, data=fields | typed, headers=OWN_FORM | {"HX-Request": "true"})
    assert saved.text.startswith("Saved "), (entry, saved.text)


async def offered(browser: Browser, entry: Draftable, places: dict[str, str]) -> tuple[str, str]:
    """Return the page that offers the unsaved work, and the address where it is gone on with."""
    page = (await browser.get((entry.stands_at or entry.page).format(**places))).text
    own = entry.page.format(**places)
    addresses = [link for link in Read(page).links if "draft=" in link and link.startswith(own)]
    return page, addresses[0] if addresses else ""


def holds(text: str, entry: Draftable) -> bool:
    """Tell whether a page shows what was typed into a form."""
    forms = PageForms(text).forms.values()
    return (entry.typed == "canary" and "canary" in text) or any(f.get(entry.name) == entry.typed for f in forms)


async def test_what_is_typed_outlives_a_sign_out_in_its_case_alone(square: Square) -> None:
    agency = await square.agency(AgencyKind.LEGAL_AID)
    person = await square.person(agency, *ROLES)
    browser = await square.sign_in(person)
    first, second = [await places_of(square, agency, browser) for _ in "ab"]
    first["referral"], second["referral"] = await referrals_of(browser)

    for entry in FORMS:
        await type_into(browser, entry, first)
    await browser.sign_out()
    again = await square.sign_in(person)

    for entry in FORMS:
        page, address = await offered(again, entry, first)
        resumed = await again.get(address)
        assert OFFER in page, entry
        assert resumed.status_code == 200, entry
        assert OFFER not in resumed.text, entry
        if entry.name:
            assert not holds(page, entry), entry
            assert holds(resumed.text, entry), entry
        if entry.page.format(**second) != entry.page.format(**first):
            elsewhere = await form_page(again, entry, second)
            carried = await again.get(address.replace(*swapped(entry, first, second)))
            assert not [text for text in (elsewhere, carried.text) if OFFER in text or "canary" in text], entry


def swapped(entry: Draftable, first: dict[str, str], second: dict[str, str]) -> tuple[str, str]:
    """Return the page of a form in one case, and its page in the other."""
    return entry.page.format(**first), entry.page.format(**second)

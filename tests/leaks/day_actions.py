"""What the people of the town do in a day, every word of it a canary."""

import time
from typing import Any, Final

from kernel.consent import ceiling
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.taxonomy import category_mask
from tests.leaks.canaries import YEARS
from tests.leaks.canary_generator import ABSENT
from tests.leaks.scene import Scene, instant
from tests.support.waits import PATIENCE

# To whom the survivor lets go as much as an agency of that kind may ever see for that purpose.
RELEASES: Final = (
    ("harbor-house", "shelter"),
    ("county-sheriff", "order_enforcement"),
    ("lantern-counselling", "counselling"),
    ("riverside-legal", "legal_representation"),
    ("st-anne-hospital", "medical_care"),
    ("county-cell", "coordination"),
)
AFTER_A_CHECK: Final = ("legal_representation", "alleged_offender")


def open_case(scene: Scene) -> str:
    """Open a case that takes part; the words of her choice are canaries."""
    opened = scene.does("ana", "intake", "POST /v1/cases", scene.body("intake", "CaseRequest"))
    case_ref = str(opened["case_ref"])
    take_part(scene, case_ref)
    return case_ref


def take_part(scene: Scene, case_ref: str) -> None:
    """Record her choice to take part."""
    explained = {"evidence__explained_by": "ana", "evidence__language": "es", "evidence__text_version": "2026-1"}
    chosen = scene.body("consent", "ParticipationRequest", "evidence", participation="yes", **explained)
    scene.does("ana", "consent", f"PUT /v1/cases/{case_ref}/participation", chosen)


def release(scene: Scene, case_ref: str, **more: Any) -> dict[str, str]:
    """Record a signed release to each agency; return the directives by agency."""
    signed = {to: sign(scene, case_ref, to, purpose, **more) for to, purpose in RELEASES}
    return signed | {"watch": sign(scene, case_ref, "bay-hotline", "advocacy", by="lee", custodian="county-sheriff")}


def reach_of(scene: Scene, agency_id: str, purpose: str) -> list[str]:
    """Return all that an agency may be permitted for a purpose."""
    kind = next(agency.kind for agency in scene.town.agencies if agency.id == agency_id)
    most = ceiling(kind, Purpose(purpose))
    return [category.value for category in DataCategory if most & category_mask(category)]


def draft(scene: Scene, case_ref: str, recipient: str, purpose: str, **more: Any) -> dict[str, Any]:
    """Draft one provision."""
    # The offender goes to a lawyer after a conflict check, by a directive of its own, which would open nothing here.
    named = [category for category in reach_of(scene, recipient, purpose) if (purpose, category) != AFTER_A_CHECK]
    provision = {"effect": "permit", "recipient": recipient, "purpose": purpose, "categories": named}
    provision |= {"valid_until": instant(60), "asked_one_by_one": named, **more}
    return scene.does("ana", "consent", f"POST /v1/cases/{case_ref}/directives", provision)


def signature(scene: Scene, by: str = "ana") -> dict[str, Any]:
    """Return how she signed, each word of it a canary."""
    part2 = scene.body("consent", "Part2Request")
    return scene.body(
        "consent",
        "SignatureRequest",
        "evidence",
        method="e_signed",
        signed_at=instant(),
        explained_by=by,
        language="es",
        text_version="2026-1",
        signer_role="survivor",
        signer_conflict_check=ABSENT,
        part2=part2,
    )


def sign(scene: Scene, case_ref: str, recipient: str, purpose: str, *, by: str = "ana", **more: Any) -> str:
    """Draft one provision and have it signed."""
    directive = draft(scene, case_ref, recipient, purpose, **more)
    ref = str(directive["directive_ref"])
    scene.does(by, "consent", f"POST /v1/directives/{ref}/signature", signature(scene, by), If_Match=directive["etag"])
    return ref


HAPPENED: Final = {"happened_on": "2026-02-01"}


def tell(scene: Scene, case_ref: str) -> None:
    """Write down an incident, its correction, a plan and a better one, and what the plan learns from."""
    usual = {"occurred_on": "2026-01-02"}
    path = f"/v1/cases/{case_ref}"
    incident = scene.does("ana", "intake", f"POST {path}/incidents", scene.body("intake", "IncidentRequest", **usual))
    newer = scene.body("intake", "IncidentVersionRequest", **usual, changed=["correction"])
    scene.does("ana", "intake", f"POST {path}/incidents/{incident['incident_ref']}/versions", newer)
    first = scene.does("ana", "intake", f"POST {path}/plans", scene.body("intake", "PlanRequest"))
    better = scene.body("intake", "PlanRequest")
    second = scene.does("ana", "intake", f"POST {path}/plans", better, If_Match=first["etag"])
    scene.does("ana", "intake", f"POST {path}/near-misses", scene.body("intake", "NearMissRequest", **HAPPENED))
    review = scene.body("intake", "ReviewRequest", review__held_on="2026-03-01", review__attendees=["ana"])
    scene.does("ana", "intake", f"POST {path}/plans/reviews", review, If_Match=second["etag"])
    screen(scene, path)
    decide_at_the_desk(scene, path)


def screen(scene: Scene, path: str) -> None:
    """Screen twice: a band that is raised while it is made, and one that is raised afterwards."""
    calm = [{"code": f"b{number}", "answer": "no"} for number in range(1, 11)]
    high: dict[str, Any] = {"override__band": "high", "belief": False}
    for body in (
        scene.body("intake", "ScreenCompletionRequest", answers=calm, **high),
        scene.body("intake", "ScreenCompletionRequest", answers=calm, override=ABSENT, belief=False),
    ):
        started = scene.does("ana", "intake", f"POST {path}/risk-screens", {"instrument_id": "accord-first"})
        place = f"{path}/risk-screens/{started['screen_ref']}"
        done = scene.does("ana", "intake", f"POST {place}/completion", body, If_Match=started["etag"])
    raised = scene.body("intake", "OverrideRequest", override__band="high")
    scene.does("ana", "intake", f"POST {place}/override", raised, If_Match=done["etag"])


def decide_at_the_desk(scene: Scene, path: str) -> None:
    """Name the case, look for it by that name, hand it over, close it and reopen it."""
    named = scene.body("intake", "NicknameRequest", "nickname")
    scene.does("ana", "intake", f"PUT {path}/nickname", named, If_Match=version_of(scene, path))
    scene.does("ana", "intake", "POST /v1/cases/search", named)
    for step, body in (
        ("PUT {}/assignment", {"person_refs": ["ana", "mia"]}),
        ("POST {}/closing", {"reason_code": "completed"}),
        ("POST {}/reopening", None),
    ):
        scene.does("ana", "intake", step.format(path), body, If_Match=version_of(scene, path))


def version_of(scene: Scene, path: str) -> str:
    """Return the version of a case that its next change has to name, as an entity tag."""
    return f'"{scene.people["ana"].does("intake", "GET", path)["version"]}"'


def record_orders(scene: Scene, case_ref: str) -> None:
    """Have the sheriff's liaison record orders and all that becomes of them."""
    service, usual = "law_enforcement_bridge", _order(scene)
    requested = scene.body(service, "OrderRequest", case_ref=case_ref, **{**usual, "status": "requested"})
    order = scene.does("lee", service, "POST /v1/orders", requested)
    path = f"/v1/orders/{order['order_ref']}"
    usual["respondents__0__respondent_ref"] = order["service"][0]["respondent_ref"]
    issued = scene.body(service, "IssuanceRequest", **{**usual, "status": "temporary"})
    order = scene.does("lee", service, f"POST {path}/issuance", issued, If_Match=order["etag"])
    hearing = scene.body(service, "HearingRequest", cji_fields=[])
    order = scene.does("lee", service, f"POST {path}/hearing", hearing)
    changed = scene.body(service, "ModificationRequest", **{**usual, "status": ABSENT}, modification="correction")
    order = scene.does("lee", service, f"POST {path}/modification", changed, If_Match=order["etag"])
    for news in ("in_hand", "served"):
        service_report = _service(scene, news, order)
        order = scene.does("lee", service, f"POST {path}/service", service_report, If_Match=order["etag"])
    scene.does("lee", service, f"POST {path}/violation", scene.body(service, "ViolationRequest", cji_fields=[]))
    scene.does("lee", service, f"POST {path}/end", scene.body(service, "EndRequest", cji_fields=[]))
    _record_failed_service(scene, case_ref)


def _order(scene: Scene) -> dict[str, Any]:
    ends = scene.nursery.new(YEARS[0], "end of an order", "an order: expires_on").core
    usual = {"cji_fields": [], "expiry": "dated", "court_time_zone": "America/Los_Angeles", "expires_on": ends}
    return {**usual, "respondents__0__respondent_ref": ABSENT}


def _record_failed_service(scene: Scene, case_ref: str) -> None:
    service = "law_enforcement_bridge"
    final = scene.body(service, "OrderRequest", case_ref=case_ref, **{**_order(scene), "status": "final"})
    order = scene.does("lee", service, "POST /v1/orders", final)
    for news in ("in_hand", "failed"):
        service_report = _service(scene, news, order)
        path = f"/v1/orders/{order['order_ref']}/service"
        order = scene.does("lee", service, f"POST {path}", service_report, If_Match=order["etag"])


def _service(scene: Scene, news: str, order: dict[str, Any]) -> dict[str, Any]:
    only = {"in_hand": ("received_on", "attempts", "served_at", "failure_reason"), "served": ("failure_reason",)}
    left_out = dict.fromkeys(only.get(news, ("served_at",)), ABSENT)
    at = {"served_at": instant()} if news == "served" else {}
    waiting = "pending" if news == "in_hand" else "in_hand"
    on = next(record["respondent_ref"] for record in order["service"] if record.get("service_status") == waiting)
    usual = {"cji_fields": [], "respondent_ref": on, "service_status": news}
    return scene.body("law_enforcement_bridge", "ServiceRequest", **{**usual, **left_out, **at})


def refer(scene: Scene, case_ref: str) -> None:
    """Send referrals, each answered in another way, and log one."""
    acceptance = scene.body("referrals", "AcceptanceBlock")
    accepted = _referral(scene, case_ref)
    scene.does("sam", "referrals", f"PUT /v1/referrals/{accepted}/assignment", {"person_ref": "sam"})
    state = _answer(scene, accepted, "acceptance", acceptance)
    state = _answer(scene, accepted, "start", None, state)
    _answer(scene, accepted, "completion", scene.body("referrals", "CompletionBlock"), state)
    _answer(scene, _referral(scene, case_ref), "decline", scene.body("referrals", "DeclineBlock"))
    questioned = _referral(scene, case_ref)
    state = _answer(scene, questioned, "question", None)
    state = _answer(scene, questioned, "acceptance", scene.body("referrals", "AcceptanceBlock"), state)
    _answer(scene, questioned, "contact-failure", scene.body("referrals", "ContactFailureBlock"), state)
    called_back = scene.does("ana", "referrals", "POST /v1/referrals", _referral_body(scene, case_ref))
    path = f"/v1/referrals/{called_back['referral_ref']}"
    withdrawal = scene.body("referrals", "WithdrawalBlock", reason_code="sender")
    scene.does("ana", "referrals", f"POST {path}/withdrawal", withdrawal)
    logged = _referral_body(scene, case_ref) | {"mode": "logged"}
    scene.does("ana", "referrals", "POST /v1/referrals", logged)
    ask_for_more(scene, case_ref)


def ask_for_more(scene: Scene, case_ref: str) -> None:
    """Have the shelter ask to see more, twice: she says no, and it is taken back."""
    own = _received(scene)[0]["case_ref"]
    for who in ("ana", "sam"):
        body = scene.body(
            "consent", "FieldsRequest", "asked", custodian_ref="bay-hotline", purpose="shelter", categories=["children"]
        )
        request = scene.does("sam", "consent", f"POST /v1/cases/{own}/field-requests", body)
        received = scene.people["ana"].does("consent", "GET", f"/v1/cases/{case_ref}/field-requests")["requests"][-1]
        if who == "ana":
            no = scene.body("consent", "DeclineRequest", "evidence", by="survivor")
            place = f"POST /v1/field-requests/{received['request_ref']}/decline"
            scene.does("ana", "consent", place, no, If_Match='"1"')
        else:
            place = f"POST /v1/field-requests/{request['request_ref']}/withdrawal"
            scene.does("sam", "consent", place, None, If_Match='"1"')


def _referral_body(scene: Scene, case_ref: str) -> dict[str, Any]:
    return scene.body(
        "referrals",
        "ReferralRequest",
        case_ref=case_ref,
        to_agency_ref="harbor-house",
        kind="service",
        mode="live",
        purpose="shelter",
        follows_ref=ABSENT,
    )


def _referral(scene: Scene, case_ref: str) -> str:
    """Send a referral and return the reference by which its receiver knows it."""
    before = {row["referral_ref"] for row in _received(scene)}
    scene.does("ana", "referrals", "POST /v1/referrals", _referral_body(scene, case_ref))
    (new,) = {row["referral_ref"] for row in _received(scene)} - before
    return str(new)


def _received(scene: Scene) -> list[dict[str, Any]]:
    page = scene.people["sam"].does("referrals", "GET", "/v1/referrals?direction=received&limit=200")
    referrals: list[dict[str, Any]] = page["referrals"]
    return referrals


def _answer(
    scene: Scene, ref: str, how: str, body: dict[str, Any] | None, state: dict[str, Any] | None = None
) -> dict[str, Any]:
    now = state or scene.people["sam"].does("referrals", "GET", f"/v1/referrals/{ref}")
    return scene.does("sam", "referrals", f"POST /v1/referrals/{ref}/{how}", body, If_Match=now["etag"])


def stop(scene: Scene, case_ref: str, directives: dict[str, str]) -> None:
    """Refuse one draft, stop one directive by telephone, then everything; the shelter acknowledges what it is told."""
    own = _received(scene)[0]["case_ref"]
    refused = draft(scene, case_ref, "lantern-counselling", "case_conference")
    path = f"/v1/directives/{refused['directive_ref']}/refusal"
    scene.does("ana", "consent", f"POST {path}", If_Match=refused["etag"])
    revocation = scene.body("consent", "RevocationRequest", "evidence", by="survivor")
    scene.does("ana", "consent", f"POST /v1/directives/{directives['county-cell']}/revocation", revocation)
    revocation = scene.body("consent", "RevocationRequest", "evidence", by="survivor")
    scene.does("ana", "consent", f"POST /v1/cases/{case_ref}/revocation", revocation)
    for ending in scene.people["sam"].does("consent", "GET", f"/v1/cases/{own}/acknowledgements")["acknowledgements"]:
        scene.does("sam", "consent", f"POST /v1/directives/{ending['directive_ref']}/acknowledgement")
    denied = draft(scene, case_ref, "harbor-house", "shelter", effect="deny", valid_until=None)
    path = f"/v1/directives/{denied['directive_ref']}"
    waiting = scene.does("ana", "consent", f"POST {path}/lifting", signature(scene), If_Match=denied["etag"])
    scene.does("mia", "consent", f"POST {path}/confirmation", If_Match=waiting["etag"])
    died = scene.body("consent", "DeathRequest", died_on="2026-01-03")
    scene.does("ana", "consent", f"PUT /v1/cases/{case_ref}/death", died)
    scene.does("ana", "consent", f"POST /v1/cases/{case_ref}/death/correction")


def drain(scene: Scene) -> None:
    """Wait until nothing is on its way any more."""
    waiting = "SELECT (SELECT count(*) FROM carrying.outbox) + (SELECT count(*) FROM ledger.pending)"
    unread = """
        SELECT count(*) FROM carrying.offer AS o WHERE o.state = 'relayed' AND (
            SELECT count(*) FROM carrying.inbox AS i WHERE i.message_ref = o.message_ref) < 2
    """
    deadline = time.monotonic() + PATIENCE
    with scene.superuser() as connection:
        while any(connection.execute(query).fetchone() != (0,) for query in (waiting, unread)):
            assert time.monotonic() < deadline, "something is still on its way"
            time.sleep(0.1)

"""Accepted means enforced: each field of each form has an effect that a test shows, or there is no such field."""

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from fastapi.routing import APIRoute
from pydantic import BaseModel

from tests.architecture.named import missing_tests

SERVICES = (
    "intake",
    "consent",
    "law_enforcement_bridge",
    "referrals",
    "notifications",
    "exchange",
    "audit",
    "tasks",
    "dashboard",
)
CONSENT = "tests/services/consent"
DRAFTING, SIGNING, ENFORCED = (
    f"{CONSENT}/test_drafts.py",
    f"{CONSENT}/test_signatures.py",
    f"{CONSENT}/test_enforced.py",
)
GRANTS, STOPS = f"{CONSENT}/test_grants.py", f"{CONSENT}/test_revocation_api.py"
NUMBERS = "tests/services/law_enforcement_bridge/test_order_numbers.py"
PREVIEWS = f"{CONSENT}/test_previews.py"
REFERRALS, ORDERS = "tests/services/referrals", "tests/services/law_enforcement_bridge/test_api.py"
ASKS = f"{CONSENT}/test_field_requests.py"
SCREENS = "tests/services/intake/test_risk_screens.py"
DENIALS, OWN_PEOPLE = f"{CONSENT}/test_denials.py", "tests/services/intake/test_people.py"
INTAKE, EXCHANGE = "tests/services/intake/test_api.py", "tests/services/exchange"
TASKS, DUTY = "tests/services/tasks/test_api.py", "tests/services/tasks/test_duty.py"
READ_BACK = f"{ENFORCED}::test_what_evidences_a_grant_is_read_back"
PART_2 = f"{GRANTS}::test_the_nine_part_2_elements_are_asked_for_and_never_kept"
CJI = f"{ORDERS}::test_criminal_justice_values_go_to_no_nonprofit"
NARROWING = f"{CONSENT}/test_denials.py::test_narrowing_is_in_force_at_once_without_a_signature"
SEVERAL = f"{EXCHANGE}/test_openings.py::test_openings_keep_the_requested_order_and_omit_the_absent"
EXACTLY = f"{GRANTS}::test_a_draft_opens_nothing_and_its_signature_what_it_names"

# What a field of a category says is a fact's: one test tells all of them on every route and opens them again.
ROUND_TRIP = "tests/services/test_fields.py::test_what_is_told_opens_again"
# Every other field, by its form, with the test that shows what it does.
EFFECTS: dict[str, dict[str, str]] = {
    "CaseRequest": {"channel": f"{INTAKE}::test_a_case_can_be_read_by_its_own_agency"},
    "ClosingRequest": {
        "reason_code": "tests/services/intake/test_closure.py::test_a_closed_case_says_why_and_is_readable"
    },
    "ColleagueOpeningRequest": {
        "reason_code": "tests/services/intake/test_colleague_openings.py::test_a_colleague_opens_a_case_by_a_reason"
    },
    "ScreenRequest": {
        "instrument_id": f"{SCREENS}::test_an_instrument_that_is_not_loaded_is_refused",
        "instrument_version": f"{SCREENS}::test_a_version_is_named",
    },
    "ScreenCompletionRequest": {
        "belief": f"{SCREENS}::test_a_belief_counts_where_the_instrument_asks",
    },
    "OverrideRequest": {"override": f"{SCREENS}::test_a_person_raises_a_band_and_never_lowers_one"},
    "Override": dict.fromkeys(("band", "reason"), f"{SCREENS}::test_a_person_raises_a_band_and_never_lowers_one"),
    "CertificationRequest": {"certified_until": f"{SCREENS}::test_a_licensed_instrument_needs_a_certificate"},
    "PersonRequest": {
        "name": f"{OWN_PEOPLE}::test_people_are_listed_page_by_page_and_counted",
        "roles": f"{OWN_PEOPLE}::test_whoever_is_added_waits_for_a_privacy_officer",
    },
    "RolesRequest": {"roles": f"{OWN_PEOPLE}::test_a_role_that_is_taken_away_ends_at_once"},
    "LeavingRequest": {"successor_ref": f"{OWN_PEOPLE}::test_who_is_taken_out_is_nobody_at_the_next_request"},
    "ExclusionRequest": {
        "person_ref": f"{DENIALS}::test_a_privacy_officer_shuts_a_colleague_out",
        "agency_ref": f"{DENIALS}::test_whether_a_person_works_elsewhere_is_not_answered",
    },
    "NicknameRequest": {"nickname": "tests/services/intake/test_nicknames.py::test_a_case_is_found_by_its_name"},
    "CaseSearchRequest": {
        "nickname": "tests/services/intake/test_nicknames.py::test_a_case_is_found_by_its_name",
        "case_code": "tests/services/intake/test_nicknames.py::test_a_case_is_found_by_its_code",
    },
    "AssignmentRequest": {"person_refs": "tests/services/intake/test_assignment.py::test_a_case_is_handed_over"},
    "IncidentVersionRequest": {"changed": f"{INTAKE}::test_a_correction_is_the_next_version"},
    "PlanRequest": {"closed": f"{INTAKE}::test_after_a_closed_plan_comes_a_new_one"},
    "ParticipationRequest": {
        "participation": f"{STOPS}::test_taking_no_part_closes_all_at_once_without_evidence",
        "evidence": f"{GRANTS}::test_taking_part_says_how_it_was_explained",
    },
    "ChoiceEvidence": dict.fromkeys(
        ("method", "language", "text_version", "explained_by"),
        f"{ENFORCED}::test_how_a_choice_was_explained_is_kept",
    ),
    "DeathRequest": {"died_on": f"{STOPS}::test_after_a_death_only_what_survives_it_is_open"},
    "DirectiveRequest": {
        "effect": f"{CONSENT}/test_denials.py::test_a_denial_is_in_force_at_once_and_outlasts_any_grant",
        "custodian": f"{GRANTS}::test_a_release_runs_one_way",
        "recipient": f"{GRANTS}::test_a_release_runs_one_way",
        "purpose": f"{DRAFTING}::test_another_way_purpose_or_period_overlaps_nothing",
        "categories": EXACTLY,
        "everything": f"{CONSENT}/test_denials.py::test_everything_is_denied_in_one_word",
        "excepted_fields": f"{ENFORCED}::test_fields_narrow_what_a_category_opens",
        "only_fields": f"{ENFORCED}::test_fields_narrow_what_a_category_opens",
        "excluded_person_ref": f"{CONSENT}/test_denials.py::test_a_blocked_person_finds_nothing_on_any_route",
        "excluded_agency_ref": f"{CONSENT}/test_denials.py::test_l2_where_a_person_works_is_named_with_them",
        "valid_from": f"{GRANTS}::test_a_grant_to_come_is_not_told_before_it_starts",
        "valid_until": f"{SIGNING}::test_the_end_comes_no_later_than_ninety_days_after_signing",
        "starts_when": f"{REFERRALS}/test_conditions.py::test_d2_a_clear_check_starts_the_release",
        "ends_when": f"{REFERRALS}/test_conditions.py::test_h11_a_closed_referral_ends_its_release",
        "survives_death": f"{STOPS}::test_after_a_death_only_what_survives_it_is_open",
        "asked_one_by_one": f"{ENFORCED}::test_l14_each_named_on_purpose_is_taken",
        "supersedes_ref": NARROWING,
        "adds_to_ref": f"{GRANTS}::test_an_unlabelled_overlap_is_refused_a_labelled_one_adds",
        "basis": f"{ENFORCED}::test_a_form_grants_on_no_other_basis",
    },
    "ReferralAssignmentRequest": {
        "person_ref": f"{REFERRALS}/test_assignment.py::test_an_assigned_referral_is_on_ones_own_list",
        "instead_of": f"{REFERRALS}/test_assignment.py::test_it_is_passed_on_and_given_back",
    },
    "ConsideredGrant": dict.fromkeys(
        ("recipient", "purpose", "categories", "valid_until"),
        f"{PREVIEWS}::test_a_preview_is_what_is_enforced_once_it_is_signed",
    )
    | dict.fromkeys(
        ("excepted_fields", "only_fields", "valid_from", "starts_when", "supersedes_ref", "adds_to_ref"),
        f"{PREVIEWS}::test_each_term_of_a_grant_is_compared",
    ),
    "ComparisonRequest": {"considered": f"{PREVIEWS}::test_one_that_cannot_be_drafted_says_why_beside_the_others"},
    "SignatureRequest": {
        "method": f"{GRANTS}::test_a_spoken_grant_is_refused",
        "signed_at": f"{STOPS}::test_m3_a_paper_from_before_a_no_grants_nothing",
        "language": f"{CONSENT}/test_receipt.py::test_a_receipt_has_every_mandatory_member",
        "text_version": f"{CONSENT}/test_receipt.py::test_a_receipt_has_every_mandatory_member",
        "explained_by": READ_BACK,
        "signer_role": f"{SIGNING}::test_a_minor_signs_alone_where_the_profile_says_so",
        "signer_conflict_check": f"{SIGNING}::test_a_minor_and_a_guardian_who_is_no_abuser_sign_together",
        "second_signer": f"{SIGNING}::test_a_minor_and_a_guardian_who_is_no_abuser_sign_together",
        "witness_ref": READ_BACK,
        "second_channel": READ_BACK,
        "interpreter_ref": READ_BACK,
        "document_ref": READ_BACK,
        "asked_considerations": READ_BACK,
        "receipt_asked": f"{CONSENT}/test_read_routes.py::test_a_receipt_that_was_asked_for_is_held",
        "receipt_channel_ref": READ_BACK,
        "part2": PART_2,
    },
    "Part2Request": dict.fromkeys(
        (
            "patient_name",
            "discloser",
            "description",
            "recipients",
            "right_to_revoke",
            "how_to_revoke",
            "expiry",
            "signature",
            "signed_on",
        ),
        PART_2,
    )
    | {"intermediary_members": f"{ENFORCED}::test_intermediaries_are_on_the_sealed_record"},
    "FieldsRequest": dict.fromkeys(("custodian_ref", "reason"), f"{ASKS}::test_only_the_custodian_reads_why")
    | dict.fromkeys(("purpose", "categories"), f"{ASKS}::test_a_release_of_something_else_answers_nothing"),
    "DeclineRequest": dict.fromkeys(("by", "channel"), f"{ASKS}::test_her_no_is_kept_as_she_said_it"),
    "RevocationRequest": {
        "by": f"{ENFORCED}::test_who_stopped_it_and_how_is_kept",
        "channel": f"{ENFORCED}::test_who_stopped_it_and_how_is_kept",
        "told_at": f"{CONSENT}/test_revocation_api.py::test_when_she_said_it_is_kept",
    },
    "OrderRequest": {
        "cji_fields": CJI,
        "case_ref": f"{ORDERS}::test_police_record_an_order_in_their_own_case",
    },
    "OrderSearchRequest": {"order_number": f"{NUMBERS}::test_an_order_is_found_by_its_number_however_written"},
    "IssuanceRequest": {"cji_fields": CJI},
    "ModificationRequest": {"cji_fields": CJI},
    "ServiceRequest": {"cji_fields": CJI},
    "HearingRequest": {"cji_fields": CJI},
    "ViolationRequest": {"cji_fields": CJI},
    "EndRequest": {"cji_fields": CJI},
    "ReferralRequest": {
        "case_ref": f"{REFERRALS}/test_api.py::test_a_referral_opens_at_the_receiver_as_far_as_released",
        "purpose": f"{REFERRALS}/test_api.py::test_without_a_release_the_refusal_is_recorded_and_none_sent",
    },
    "ReferralSearchRequest": {
        "spoken_code": f"{REFERRALS}/test_spoken_codes.py::test_both_sides_find_a_referral_by_its_code"
    },
    "ConflictCheckRequest": dict.fromkeys(
        ("case_ref", "conflict_check"), f"{REFERRALS}/test_conditions.py::test_d2_a_clear_check_starts_the_release"
    ),
    "OpeningRequest": {"purpose": f"{EXCHANGE}/test_openings.py::test_a_purpose_is_stated_in_a_word_of_the_list"},
    "OpeningsRequest": {
        "purpose": f"{EXCHANGE}/test_openings.py::test_a_purpose_is_stated_in_a_word_of_the_list",
        "message_refs": SEVERAL,
    },
    "DecisionRequest": {
        "planned_until": "tests/services/notifications/test_brake.py::test_m6_what_came_after_the_look_stays_held"
    },
    "HandlingRequest": {
        "handled": f"{EXCHANGE}/test_mail_queue.py::test_a_mark_that_is_taken_away_puts_the_message_back"
    },
    "OfferingRequest": {"to": f"{EXCHANGE}/test_offers.py::test_it_goes_only_to_those_who_are_named_if_any_are"},
    "TaskAssignmentRequest": {"person_ref": f"{TASKS}::test_a_task_is_handed_over_to_a_colleague"},
    "TaskSnoozeRequest": dict.fromkeys(("until", "reason_code"), f"{TASKS}::test_a_task_is_put_off_for_a_reason"),
    "TaskFlagRequest": {"flagged": f"{TASKS}::test_a_list_holds_what_is_asked_for"},
    "TaskCompletionRequest": {"outcome_code": f"{TASKS}::test_a_task_is_claimed_and_done"},
    "TaskAssignmentsRequest": dict.fromkeys(("tasks", "person_ref"), f"{TASKS}::test_a_bulk_step_tells_of_each_row"),
    "TaskSnoozesRequest": dict.fromkeys(
        ("tasks", "until", "reason_code"), f"{TASKS}::test_several_tasks_are_put_off_and_flagged"
    ),
    "TaskFlagsRequest": dict.fromkeys(("tasks", "flagged"), f"{TASKS}::test_several_tasks_are_put_off_and_flagged"),
    "NamedTask": dict.fromkeys(("task_ref", "version"), f"{TASKS}::test_a_bulk_step_tells_of_each_row"),
    "DutyRosterRequest": {"shifts": f"{DUTY}::test_an_administrator_says_who_is_on_call"},
    "ShiftBlock": dict.fromkeys(
        ("queue", "person_ref", "starts_at", "ends_at"), f"{DUTY}::test_an_administrator_says_who_is_on_call"
    ),
}


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models of ours that an annotation names, with those within; a part of a told field comes with it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        categories = getattr(annotation, "field_categories", {})
        for name, field in annotation.model_fields.items():
            if name not in categories:
                yield from models_in(field.annotation)
    for part in get_args(annotation):
        yield from models_in(part)


@cache
def forms() -> dict[str, type[BaseModel]]:
    """Return every model that a request of some service may hold, by its name."""
    models: dict[str, type[BaseModel]] = {}
    for service in SERVICES:
        routes = importlib.import_module(f"services.{service}.api").routes
        for router in routes if isinstance(routes, tuple) else (routes,):
            for route in (candidate for candidate in router.routes if isinstance(candidate, APIRoute)):
                for body in route.dependant.body_params:
                    models |= {model.__name__: model for model in models_in(body.field_info.annotation)}
    return models


def own_fields(form: type[BaseModel]) -> set[str]:
    """Return the fields of a form that are of no category."""
    return set(form.model_fields) - set(getattr(form, "field_categories", {}))


def test_each_field_of_a_form_is_told_or_has_a_test_of_its_own() -> None:
    fields = {name: own_fields(form) for name, form in forms().items()}

    assert {name: names for name, names in fields.items() if names} == {name: set(EFFECTS[name]) for name in EFFECTS}


def test_no_effect_is_claimed_of_a_form_that_is_gone() -> None:
    assert set(EFFECTS) <= set(forms())


def test_each_effect_names_a_test_that_is_there() -> None:
    named = {ROUND_TRIP, *(test for fields in EFFECTS.values() for test in fields.values())}

    assert missing_tests("\n".join(sorted(named))) == []

"""The safety plan, its reviews, and what nearly went wrong."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from fastapi import Response

from runtime import disclosure
from runtime.database.unit_of_work import UnitOfWork
from runtime.http import (
    Absent,
    CreatedResources,
    FieldError,
    IfMatch,
    Invalid,
    PreconditionRequired,
    Stale,
    etag,
    replayed_by,
    require_match,
    router,
)
from runtime.register import Subject
from schemas.codes import PlanStatus, ReviewTrigger
from services.intake import case_status, colleague_openings, domain, plan_reviews, plan_store
from services.intake.api.lookup import REFUSALS, MayReadCases, MayWriteCases, own_subject, readable_subject
from services.intake.requests import NearMissRequest, PlanRequest, ReviewRequest
from services.intake.responses import NearMissesResponse, NearMissResponse, PlanResponse
from services.intake.staff import working_at

routes = router("/v1/cases", most_bytes=256 * 1024, refusals=REFUSALS)


async def as_written(case_ref: UUID, unit: MayWriteCases, answer: Response) -> PlanResponse:
    """Show the safety plan that was written, as it is now."""
    await readable_subject(unit, case_ref)
    plan = await plan_store.plan_of(unit.session, unit.agency_id, case_ref)
    if plan is None:
        raise Absent
    answer.headers["Location"] = f"/v1/cases/{case_ref}"
    answer.headers["ETag"] = etag(plan.version)
    return PlanResponse.of(plan)


@routes.post("/{case_ref}/plans", status_code=201, response_model=PlanResponse, response_model_exclude_none=True)
@replayed_by(as_written)
async def write_plan(
    case_ref: UUID, form: PlanRequest, unit: MayWriteCases, answer: Response, if_match: IfMatch = None
) -> PlanResponse:
    """Write the safety plan: the first version, or with If-Match the one that supersedes the version read."""
    subject = await own_subject(unit, case_ref)
    plan = await plan_store.plan_of(unit.session, unit.agency_id, case_ref, to_change=True)
    if plan is None or plan.status is not PlanStatus.ACTIVE:
        written = await _begin_plan(unit, case_ref, form, subject, if_match)
    else:
        require_match(if_match, plan.version)
        near_misses = await plan_store.count_near_misses(unit.session, unit.agency_id, case_ref)
        written, fact = domain.replace_plan(plan, form, near_misses, subject.at, closes=form.closed)
        await plan_store.keep_plan(unit.session, unit.agency_id, written)
        await disclosure.offer(unit, fact, subject)
    await _looked_at(unit, written, form.next_review_on, subject)
    await plan_reviews.plan_rehearsal(unit, written, form.last_rehearsed_on, subject.at)
    answer.headers["Location"] = f"/v1/cases/{case_ref}"
    answer.headers["ETag"] = etag(written.version)
    return PlanResponse.of(written)


async def _begin_plan(
    unit: UnitOfWork, case_ref: UUID, form: PlanRequest, subject: Subject, if_match: str | None
) -> domain.Plan:
    if if_match is not None:
        raise Stale
    near_misses = await plan_store.count_near_misses(unit.session, unit.agency_id, case_ref)
    plan, fact = domain.begin_plan(uuid4(), case_ref, form, near_misses, subject.at, closes=form.closed)
    if not await plan_store.add_plan(unit.session, unit.agency_id, plan):
        raise PreconditionRequired
    await disclosure.offer(unit, fact, subject)
    return plan


@routes.post(
    "/{case_ref}/plans/reviews", status_code=201, response_model=PlanResponse, response_model_exclude_none=True
)
@replayed_by(as_written)
async def review_plan(
    case_ref: UUID, form: ReviewRequest, unit: MayWriteCases, answer: Response, if_match: IfMatch = None
) -> PlanResponse:
    """Record that the plan was looked at again and stands: when, with whom, why, and what came of it.

    Those who attended are people of the agency.  The near misses that were logged so far are reviewed with it.
    """
    subject = await own_subject(unit, case_ref)
    plan = await plan_store.plan_of(unit.session, unit.agency_id, case_ref, to_change=True)
    if plan is None:
        raise Absent
    require_match(if_match, plan.version)
    await _check_attendees(unit, form)
    near_misses = await plan_store.count_near_misses(unit.session, unit.agency_id, case_ref)
    reviewed, fact = domain.review_plan(plan, form.review, form.next_review_on, near_misses, subject.at)
    await plan_store.keep_plan(unit.session, unit.agency_id, reviewed)
    await disclosure.offer(unit, fact, subject)
    await _looked_at(unit, reviewed, form.next_review_on, subject)
    answer.headers["Location"] = f"/v1/cases/{case_ref}"
    answer.headers["ETag"] = etag(reviewed.version)
    return PlanResponse.of(reviewed)


@routes.get("/{case_ref}/near-misses", response_model=NearMissesResponse, response_model_exclude_none=True)
async def list_near_misses(case_ref: UUID, unit: MayReadCases) -> NearMissesResponse:
    """List the agency's own near misses of a case, oldest first. What was told is read by an opening.

    A case on which only colleagues work is refused (409 `colleagues_case`), as `GET /v1/cases/{case_ref}` is.
    """
    subject = await readable_subject(unit, case_ref)
    await colleague_openings.require_open(unit, case_ref, subject.at)
    near_misses = await plan_store.near_misses_of(unit.session, unit.agency_id, case_ref)
    return NearMissesResponse(near_misses=[NearMissResponse.of(near_miss) for near_miss in near_misses])


async def as_logged(
    case_ref: UUID, near_miss_ref: CreatedResources, unit: MayWriteCases, answer: Response
) -> NearMissResponse:
    """Show the near miss that was logged, as it is now."""
    await readable_subject(unit, case_ref)
    near_misses = await plan_store.near_misses_of(unit.session, unit.agency_id, case_ref)
    logged = next((near_miss for near_miss in near_misses if near_miss.near_miss_ref == near_miss_ref), None)
    if logged is None:
        raise Absent
    answer.headers["Location"] = f"/v1/cases/{case_ref}/near-misses"
    return NearMissResponse.of(logged)


@routes.post(
    "/{case_ref}/near-misses", status_code=201, response_model=NearMissResponse, response_model_exclude_none=True
)
@replayed_by(as_logged)
async def log_near_miss(
    case_ref: UUID, form: NearMissRequest, unit: MayWriteCases, answer: Response
) -> NearMissResponse:
    """Log what nearly went wrong, what worked and what failed: the plan is to be reviewed the same day."""
    subject = await own_subject(unit, case_ref)
    earlier = await plan_store.count_near_misses(unit.session, unit.agency_id, case_ref)
    near_miss, fact = domain.log_near_miss(uuid4(), case_ref, form, earlier, subject.at)
    await plan_store.add_near_miss(unit.session, unit.agency_id, near_miss)
    unit.created = near_miss.near_miss_ref
    await disclosure.offer(unit, fact, subject)
    await plan_reviews.force(unit, case_ref, ReviewTrigger.NEAR_MISS, subject.at, unit.person_ref)
    await case_status.note_change(unit.session, unit.agency_id, case_ref, subject.at)
    answer.headers["Location"] = f"/v1/cases/{case_ref}/near-misses"
    return NearMissResponse.of(near_miss)


async def _looked_at(unit: UnitOfWork, plan: domain.Plan, next_review_on: date | None, subject: Subject) -> None:
    """Carry out what follows a version and a review alike."""
    await plan_store.review_near_misses(unit.session, unit.agency_id, plan.case_ref, subject.at)
    await plan_reviews.plan_next(unit, plan, next_review_on)
    await case_status.note_change(unit.session, unit.agency_id, plan.case_ref, subject.at)


async def _check_attendees(unit: UnitOfWork, form: ReviewRequest) -> None:
    refs = form.review.attendees
    colleagues = await working_at(unit.session, unit.agency_id, refs)
    strangers = [index for index, ref in enumerate(refs) if ref not in colleagues]
    if strangers:
        raise Invalid([FieldError(f"body.review.attendees.{index}", "no_colleague") for index in strangers])

"""Whether the release of now lets a receiver see how a referral stands: without one nothing is sent."""

from __future__ import annotations

from kernel.consent import Decision, Reason, Request, decide
from runtime.register import Subject
from schemas.categories import DataCategory
from schemas.codes import Purpose
from schemas.taxonomy import category_mask


def release_for(subject: Subject, sender: str, receiver: str, purpose: Purpose | None) -> Decision:
    """Return what of a referral's state the sender's releases open to the receiver now."""
    mine, theirs = subject.cases[sender], subject.cases.get(receiver)
    if theirs is None or not theirs.active:
        return Decision(0, (), subject.sv, subject.at, Reason.NOTHING_GRANTED)
    asked = category_mask(DataCategory.REFERRAL_STATUS)
    return decide(Request(theirs.agency, mine.agency, purpose, asked), subject.table, subject.at)

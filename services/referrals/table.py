"""The columns of a referral, and what a statement asks of a row."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, MetaData, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY

from schemas.codes import ReferralMode
from services.referrals.domain import UNANSWERED

INSTANT = DateTime(timezone=True)
COLUMNS = (
    Column("referral_ref", Uuid, primary_key=True),
    Column("case_ref", Uuid),
    Column("sending_agency", Text),
    Column("receiving_agency", Text),
    Column("receiver_ref", Uuid),
    Column("kind", Text),
    Column("mode", Text),
    Column("service_code", Text),
    Column("priority", Text),
    Column("purpose", Text),
    Column("state", Text),
    Column("version", Integer),
    Column("created_at", INSTANT),
    Column("changed_at", INSTANT),
    Column("answer_by", INSTANT),
    Column("overdue_since", INSTANT),
    Column("follows_ref", Uuid),
    Column("conflict_check", Text),
    Column("reason_code", Text),
    Column("outcome_code", Text),
    Column("spoken_code", Text),
)
ROWS = Table(
    "referral",
    MetaData(schema="referrals"),
    *COLUMNS,
    Column("subject_id", BigInteger),
    Column("consent_sv", BigInteger),  # under which consent the receiver was last allowed to see it, and until when
    Column("consent_until", INSTANT),
)
SUBJECT = Table(
    "subject", MetaData(schema="register"), Column("subject_id", BigInteger, primary_key=True), Column("sv", BigInteger)
)
CASE = Table(
    "case",
    MetaData(schema="register"),
    Column("subject_id", BigInteger),
    Column("agency_id", Text),
    Column("case_ref", Uuid),
)
PERSON = Table(
    "person",
    MetaData(schema="register"),
    Column("person_ref", Text),
    Column("agency_id", Text),
    Column("roles", ARRAY(Text)),
    Column("active", Boolean),
)
ASSIGNMENT = Table(
    "assignment",
    MetaData(schema="referrals"),
    Column("receiver_ref", Uuid, primary_key=True),
    Column("agency_id", Text),
    Column("person_ref", Text),
    Column("assigned_at", INSTANT),
)
NOW = func.register.instant(type_=INSTANT)
IS_LIVE = ROWS.c.mode == ReferralMode.LIVE
WAITS = ROWS.c.state.in_(UNANSWERED)
IS_OPEN = text("mode = 'live' AND state IN ('sent', 'needs_info', 'accepted', 'in_progress')")  # as in the index
IS_LATE = ROWS.c.overdue_since.is_not(None) & WAITS

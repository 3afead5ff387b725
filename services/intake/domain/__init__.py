"""The rules of intake: cases, incidents, safety plans and risk screens."""

from services.intake.domain.cases import (
    CaseState,
    CaseStatus,
    ColleagueReason,
    close_case,
    reopen_case,
)
from services.intake.domain.contacts import contacts_end_at
from services.intake.domain.incidents import (
    Incident,
    IncidentState,
    check_police_report,
    contexts,
    correct,
    elapsed_band,
    report,
)
from services.intake.domain.instruments import RiskInstrument, RiskItem, RiskRule, check_answers, result_of
from services.intake.domain.near_misses import NearMiss, log_near_miss
from services.intake.domain.plans import SECTIONS, Plan, begin_plan, replace_plan, review_plan, sections
from services.intake.domain.refusal import CaseStepNotPossible
from services.intake.domain.risk_screens import (
    EarlierScreen,
    RiskScreen,
    ScreenState,
    abandon_screen,
    complete_screen,
    forces_review,
    override_band,
    start_screen,
)

__all__ = [
    "SECTIONS",
    "CaseState",
    "CaseStatus",
    "CaseStepNotPossible",
    "ColleagueReason",
    "EarlierScreen",
    "Incident",
    "IncidentState",
    "NearMiss",
    "Plan",
    "RiskInstrument",
    "RiskItem",
    "RiskRule",
    "RiskScreen",
    "ScreenState",
    "abandon_screen",
    "begin_plan",
    "check_answers",
    "check_police_report",
    "close_case",
    "complete_screen",
    "contacts_end_at",
    "contexts",
    "correct",
    "elapsed_band",
    "forces_review",
    "log_near_miss",
    "override_band",
    "reopen_case",
    "replace_plan",
    "report",
    "result_of",
    "review_plan",
    "sections",
    "start_screen",
]

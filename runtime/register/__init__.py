"""Who exists: agencies, subjects, their cases and directives, and the fair lock on each subject."""

from runtime.database.clock import instant
from runtime.register.agencies import agencies_with_mailboxes, agency
from runtime.register.cases import case_key, join_case, open_case, raise_version
from runtime.register.snapshots import Snapshot, snapshots
from runtime.register.subjects import (
    CaseOf,
    Subject,
    hold,
    hold_all,
    hold_exclusive,
    hold_own,
    hold_subjects,
    hold_without_keys,
    subjects_of,
)

__all__ = [
    "CaseOf",
    "Snapshot",
    "Subject",
    "agencies_with_mailboxes",
    "agency",
    "case_key",
    "hold",
    "hold_all",
    "hold_exclusive",
    "hold_own",
    "hold_subjects",
    "hold_without_keys",
    "instant",
    "join_case",
    "open_case",
    "raise_version",
    "snapshots",
    "subjects_of",
]

"""Who exists: agencies, subjects, their cases and directives, and the fair lock on each subject.

>>> from runtime import register
>>> from runtime.http import Absent
>>> async def agencies_of(unit, case_ref):
...     subject = await register.lock_shared(unit.session, case_ref)  # a revocation waits until we commit
...     if subject is None:
...         raise Absent
...     return sorted(subject.cases)
"""

from runtime.database.clock import database_now
from runtime.register.agencies import agencies_with_mailboxes, agency
from runtime.register.cases import case_key, join_case, open_case, raise_version
from runtime.register.snapshots import Snapshot, snapshots
from runtime.register.subjects import (
    CaseOf,
    Subject,
    lock_cases,
    lock_exclusive,
    lock_own_case,
    lock_shared,
    lock_subjects,
    lock_without_keys,
    read_again,
    subjects_of,
)

__all__ = [
    "CaseOf",
    "Snapshot",
    "Subject",
    "agencies_with_mailboxes",
    "agency",
    "case_key",
    "database_now",
    "join_case",
    "lock_cases",
    "lock_exclusive",
    "lock_own_case",
    "lock_shared",
    "lock_subjects",
    "lock_without_keys",
    "open_case",
    "raise_version",
    "read_again",
    "snapshots",
    "subjects_of",
]

"""Holding a subject by one plan, made once a connection."""

from alembic import op

revision = "0007"
down_revision = "0006"

HOLDING = (
    "register.hold_subjects(bigint[])",
    "register.hold_cases(uuid[])",
    "register.hold_exclusive(uuid)",
)


def upgrade() -> None:
    """Have the functions that hold keep their plan.

    The length of the array makes PostgreSQL plan anew at every call, and it comes to the same plan: half of the call.
    """
    for name in HOLDING:
        op.execute(f"ALTER FUNCTION {name} SET plan_cache_mode = force_generic_plan")

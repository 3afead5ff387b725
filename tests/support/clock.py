"""The one clock that decides, moved ahead of the machine's: `register.instant()` of a database."""

from typing import Any

import psycopg

MOVED = """
CREATE OR REPLACE FUNCTION register.instant() RETURNS timestamptz LANGUAGE sql VOLATILE
AS $$SELECT clock_timestamp() + interval '{seconds} seconds'$$
"""


def set_clock(superuser: "psycopg.Connection[Any]", seconds: float) -> None:
    """Let the database's clock be so many seconds ahead; zero puts it right."""
    superuser.execute(MOVED.format(seconds=seconds))

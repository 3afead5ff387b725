from tests.support.broker_env import fabric
from tests.support.database import database

__all__ = ["database", "fabric"]

from tests.world.carrying import fabric
from tests.world.database import database

__all__ = ["database", "fabric"]

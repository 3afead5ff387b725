"""One PostgreSQL: engines, roles and migrations.

>>> from runtime.database.clock import database_now
>>> from runtime.database.engine import engine, sessions
>>> bound = engine("postgresql+psycopg://accord_referrals@localhost/accord", service="referrals")
>>> async with sessions(bound)() as session:
...     now = await database_now(session)
...     await session.commit()
"""

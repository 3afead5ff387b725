"""The fabric between agencies: one mailbox an agency, sealed letters, headers that name no category.

>>> from datetime import UTC, datetime
>>> from uuid import UUID
>>> from runtime.messaging import headers
>>> at = datetime(2026, 3, 2, tzinfo=UTC)
>>> routing = headers.Routing(UUID(int=1), "accord.referral.accepted.v1", "harbor-house", UUID(int=2), at, 7)
>>> headers.read(headers.write(routing)) == routing
True
"""

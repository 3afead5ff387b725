"""Writes that may be sent again: what was done is not done again for a day, and its answer is made anew.

The client's Idempotency-Key is never stored, and no answer is: kept are the digest of the request, the status and the
reference of what was made, under a name that is derived from the key.  So a thief of the table can neither test a guess
of a body nor read an answer, and another actor who sends the same key finds nothing.

A repeat is answered by the route's own `again`, which reads what there is now: consent is decided anew, the look is
on record, and what is no longer to be seen is absent.  What closes something, and what opens, is carried out
each time, whatever key it comes with: a stop that is answered is a stop that was done.
"""

from __future__ import annotations

import hmac
import re
import struct
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeVar
from uuid import UUID

from fastapi import Depends
from fastapi.routing import APIRoute
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from runtime.database.unit_of_work import UnitOfWork
from runtime.http.body import Body
from runtime.http.problems import Problem

METHODS = frozenset({"POST", "PUT", "PATCH"})
HEADER = "Idempotency-Key"

LOCK = text("SELECT carrying.lock_repeat(:high, :low)")
FIND = text("""
SELECT body_digest, status, made, created_at > clock_timestamp() - interval '24 hours' AS fresh
FROM carrying.idempotency WHERE agency_id = :agency_id AND actor = :actor AND route = :route AND key = :key
""")
FORGET = text("""
DELETE FROM carrying.idempotency WHERE agency_id = :agency_id AND actor = :actor AND route = :route AND key = :key
""")
KEEP = text("""
INSERT INTO carrying.idempotency (agency_id, actor, route, key, body_digest, status, made)
VALUES (:agency_id, :actor, :route, :key, :digest, :status, :made)
""")
# Of the same agency only, which is all that the wall lets this role see.
SWEEP = text("""
DELETE FROM carrying.idempotency WHERE agency_id = :agency_id AND (actor, route, key) IN (
    SELECT actor, route, key FROM carrying.idempotency WHERE agency_id = :agency_id
    AND created_at <= clock_timestamp() - interval '24 hours' LIMIT 2000)
""")
SWEEP_LOCK = text("SELECT carrying.lock_sweep(:agency_id)")
SWEEP_EVERY = 64  # answers kept, about

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
BodyPredicate = Callable[[Mapping[str, Any]], bool]
_VISIBLE = re.compile(r"[\x21-\x7e]{1,128}")
_MARK = "_accord_repeats"


@dataclass(frozen=True, slots=True)
class RepeatPolicy:
    """What a repeat of a request does at one endpoint: `again` answers it, or it is carried out each time.

    `closes` tells by the body whether this request is a stop; a stop is carried out each time.
    """

    again: Callable[..., Any] | None = None
    closes: BodyPredicate | None = None
    key_required: bool = False

    def is_stop(self, parsed: Any) -> bool:
        """Tell whether a request with this body closes something."""
        return self.closes is not None and self.closes(parsed if isinstance(parsed, dict) else {})


def stops(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that only ever closes: it is carried out each time and passes before all else."""
    return _marked(endpoint, RepeatPolicy(closes=lambda _: True))


def never_replayed(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that shows what consent allows now and changes nothing, or nothing more when it is done again.

    It is carried out each time.
    """
    return _marked(endpoint, RepeatPolicy())


def replayed_by(
    again: Callable[..., Any], *, unless: BodyPredicate | None = None, key_required: bool = False
) -> Callable[[Endpoint], Endpoint]:
    """Mark an endpoint whose repeats under one key are not done again but answered by the endpoint `again`.

    `unless` tells by the body which requests close something: these are done each time.  With `key_required`, a
    request without a key answers 400: a repeat would do harm.
    """
    return lambda endpoint: _marked(endpoint, RepeatPolicy(again, unless, key_required))


def repeat_policy_of(endpoint: Callable[..., Any]) -> RepeatPolicy | None:
    """Return what an endpoint's mark says of repeats, or None where it has none."""
    marked: RepeatPolicy | None = getattr(endpoint, _MARK, None)
    return marked


def _marked(endpoint: Endpoint, repeats: RepeatPolicy) -> Endpoint:
    setattr(endpoint, _MARK, repeats)
    return endpoint


async def _created_resources(request: Request) -> UUID:
    ref: UUID = request.state.created
    return ref


CreatedResources = Annotated[
    UUID, Depends(_created_resources)
]  # in the signature of an `again`: what the first request made


def replay_handler(route: APIRoute, policy: RepeatPolicy) -> Handler | None:
    """Return the handler that answers a repeat, with the form of the route's own answers."""
    if policy.again is None:
        return None
    replay_route = APIRoute(
        route.path,
        policy.again,
        methods=route.methods,
        response_model=route.response_model,
        response_model_exclude_none=route.response_model_exclude_none,
        status_code=route.status_code,
    )
    return replay_route.get_route_handler()


def idempotency_key_of(request: Request, *, required: bool) -> str | None:
    """Return the request's Idempotency-Key, or None; refuse a malformed one, or none where one is required."""
    key = request.headers.get(HEADER)
    if key is None:
        if required:
            raise Problem("idempotency_key_missing")
        return None
    if not _VISIBLE.fullmatch(key):
        raise Problem("idempotency_key_malformed")
    return key


async def replay_or_run(
    unit: UnitOfWork, request: Body, key: str, route: str, handler: Handler, replay: Handler
) -> Response:
    """Answer by `handler` and keep in the same transaction that it was done, or by `again` where it was."""
    record = IdempotencyRecord.of(unit, request, key, f"{request.method} {route}")
    stored = await _stored_response(unit, record)
    if stored is not None:
        request.state.created = stored.created
        unit.repeated = True
        response = await replay(request)
        response.status_code = stored.status
        return response
    response = await handler(request)
    if response.status_code < 300:
        await _store_response(unit, record, response.status_code)
    return response


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """The identity of a write under an Idempotency-Key: the row it locks, and the digest of the request."""

    row_key: dict[str, str]
    digest: bytes
    lock: dict[str, int]

    @classmethod
    def of(cls, unit: UnitOfWork, request: Body, key: str, route: str) -> IdempotencyRecord:
        """Return the record of a request: the key is kept as a digest that differs by agency, actor and route."""
        owner = "\0".join((unit.agency_id, unit.actor, route)).encode()
        secret = hmac.digest(key.encode(), b"accord idempotency v1\0" + owner, "sha256")
        name = hmac.digest(secret, b"name", "sha256")
        version = request.headers.get("if-match", "").encode("latin-1")
        request_bytes = b"\0".join(
            (request.url.path.encode(), request.scope.get("query_string", b""), version, request.raw)
        )
        high, low = struct.unpack(">ii", name[:8])
        return cls(
            row_key={"agency_id": unit.agency_id, "actor": unit.actor, "route": route, "key": name.hex()},
            digest=hmac.digest(secret, b"request\0" + request_bytes, "sha256"),
            lock={"high": high, "low": low},
        )


class _StoredResponse(NamedTuple):
    status: int
    created: UUID | None


async def _stored_response(unit: UnitOfWork, record: IdempotencyRecord) -> _StoredResponse | None:
    if not await unit.session.scalar(LOCK, record.lock):
        raise Problem("still_running")
    # A second statement: its snapshot is taken after the lock, so what was just committed is seen.
    row = (await unit.session.execute(FIND, record.row_key)).one_or_none()
    if row is None:
        return None
    if not row.fresh:
        await unit.session.execute(FORGET, record.row_key)
        return None
    if not hmac.compare_digest(bytes(row.body_digest), record.digest):
        raise Problem("idempotency_key_reused")
    return _StoredResponse(row.status, row.made)


async def _store_response(unit: UnitOfWork, record: IdempotencyRecord, status: int) -> None:
    if record.digest[0] % SWEEP_EVERY == 0:
        await delete_expired(unit)
    params = {"digest": record.digest, "status": status, "made": unit.created}
    await unit.session.execute(KEEP, record.row_key | params)


async def delete_expired(unit: UnitOfWork) -> None:
    """Forget what this unit's agency did more than a day ago, unless another request is at it."""
    params = {"agency_id": unit.agency_id}
    if await unit.session.scalar(SWEEP_LOCK, params):
        await unit.session.execute(SWEEP, params)

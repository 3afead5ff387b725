"""Writes that may be sent again: the answer of the first one is given once more, for a day.

The client's Idempotency-Key is never stored.  Everything kept is derived from it: the name under which the answer
is found, the digest of the request, and the key that seals the answer.  So a thief of the table can neither test a
guess of a body nor read an answer, and another actor who sends the same key finds nothing.

An answer that ended its unit, an opening, is never kept: it holds what consent let be seen at that instant, and an
opening sent again is decided again.  All other answers of our services hold references, states and instants.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import struct
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from runtime.http.body import Body
from runtime.http.problems import Problem
from runtime.unit import Unit

METHODS = frozenset({"POST", "PUT", "PATCH"})
HEADER = "Idempotency-Key"
KEPT_HEADERS = ("etag", "location", "link")
NONCE_BYTES = 12

# Two-number advisory locks are a space of their own: they never meet the locks of subjects.
LOCK = text("SELECT pg_try_advisory_xact_lock(:high, :low)")
FIND = text("""
SELECT body_digest, status, media_type, body, headers,
    created_at > clock_timestamp() - interval '24 hours' AS fresh
FROM carrying.idempotency WHERE agency_id = :agency_id AND actor = :actor AND route = :route AND key = :key
""")
FORGET = text("""
DELETE FROM carrying.idempotency WHERE agency_id = :agency_id AND actor = :actor AND route = :route AND key = :key
""")
KEEP = text("""
INSERT INTO carrying.idempotency (agency_id, actor, route, key, body_digest, status, media_type, body, headers)
VALUES (:agency_id, :actor, :route, :key, :digest, :status, :media_type, :body, CAST(:headers AS jsonb))
""")
# Of the same agency only, which is all that the wall lets this role see.
SWEEP = text("""
DELETE FROM carrying.idempotency WHERE agency_id = :agency_id AND (actor, route, key) IN (
    SELECT actor, route, key FROM carrying.idempotency WHERE agency_id = :agency_id
    AND created_at <= clock_timestamp() - interval '24 hours' LIMIT 2000)
""")
SWEEP_LOCK = text("SELECT pg_try_advisory_xact_lock(:space, hashtext(:agency_id))")
SWEEP_SPACE = 0x5EE9
SWEEP_EVERY = 64  # answers kept, about

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_VISIBLE = re.compile(r"[\x21-\x7e]{1,128}")
_MARK = "_accord_key_required"


def key_required(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint whose repeat would do harm: without an Idempotency-Key it answers 400."""
    setattr(endpoint, _MARK, True)
    return endpoint


def is_required(endpoint: Callable[..., Any]) -> bool:
    """Tell whether an endpoint is marked by `key_required`."""
    return bool(getattr(endpoint, _MARK, False))


def key_of(request: Request, *, required: bool) -> str | None:
    """Return the request's Idempotency-Key, or None; refuse a malformed one, or none where one is required."""
    if request.method not in METHODS:
        return None
    key = request.headers.get(HEADER)
    if key is None:
        if required:
            raise Problem("idempotency_key_missing")
        return None
    if not _VISIBLE.fullmatch(key):
        raise Problem("idempotency_key_malformed")
    return key


async def once(unit: Unit, read: Body, key: str | None, route: str, handler: Handler) -> Response:
    """Return the kept answer to this request, or let the handler answer and keep it in the same transaction."""
    if key is None:
        return await handler(read)
    repeat = _Repeat.of(unit, read, key, f"{read.method} {route}")
    kept = await _kept(unit, repeat)
    if kept is not None:
        return kept
    answer = await handler(read)
    if not unit.ended and answer.status_code < 300 and isinstance(getattr(answer, "body", None), bytes):
        await _keep(unit, repeat, answer)
    return answer


@dataclass(frozen=True, slots=True)
class _Repeat:
    place: dict[str, str]
    digest: bytes
    lock: dict[str, int]
    seal: AESGCM = field(repr=False)
    bound_to: bytes

    @classmethod
    def of(cls, unit: Unit, read: Body, key: str, route: str) -> _Repeat:
        whose = "\0".join((unit.agency_id, unit.actor, route)).encode()
        secret = hmac.digest(key.encode(), b"accord idempotency v1\0" + whose, "sha256")
        name = hmac.digest(secret, b"name", "sha256")
        version = read.headers.get("if-match", "").encode("latin-1")
        asked = b"\0".join((read.url.path.encode(), read.scope.get("query_string", b""), version, read.raw))
        high, low = struct.unpack(">ii", name[:8])
        return cls(
            place={"agency_id": unit.agency_id, "actor": unit.actor, "route": route, "key": name.hex()},
            digest=hmac.digest(secret, b"request\0" + asked, "sha256"),
            lock={"high": high, "low": low},
            seal=AESGCM(hmac.digest(secret, b"seal", "sha256")),
            bound_to=whose + b"\0" + name,
        )


async def _kept(unit: Unit, repeat: _Repeat) -> Response | None:
    if not await unit.session.scalar(LOCK, repeat.lock):
        raise Problem("still_running")
    # A second statement: its snapshot is taken after the lock, so an answer just committed is seen.
    row = (await unit.session.execute(FIND, repeat.place)).one_or_none()
    if row is None:
        return None
    if not row.fresh:
        await unit.session.execute(FORGET, repeat.place)
        return None
    if not hmac.compare_digest(bytes(row.body_digest), repeat.digest):
        raise Problem("idempotency_key_reused")
    try:
        body = repeat.seal.decrypt(row.body[:NONCE_BYTES], row.body[NONCE_BYTES:], repeat.bound_to)
    except InvalidTag:
        raise Problem("broken") from None
    return Response(body, status_code=row.status, media_type=row.media_type, headers=row.headers)


async def _keep(unit: Unit, repeat: _Repeat, answer: Response) -> None:
    nonce = os.urandom(NONCE_BYTES)
    if repeat.digest[0] % SWEEP_EVERY == 0:
        await sweep(unit)
    kept = {
        "digest": repeat.digest,
        "status": answer.status_code,
        "media_type": answer.headers.get("content-type"),
        "body": nonce + repeat.seal.encrypt(nonce, bytes(answer.body), repeat.bound_to),
        "headers": json.dumps({name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}),
    }
    await unit.session.execute(KEEP, repeat.place | kept)


async def sweep(unit: Unit) -> None:
    """Forget the answers of this unit's agency that are older than a day, unless another request is at it."""
    whose = {"agency_id": unit.agency_id}
    if await unit.session.scalar(SWEEP_LOCK, whose | {"space": SWEEP_SPACE}):
        await unit.session.execute(SWEEP, whose)

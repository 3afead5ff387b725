"""What time brings to consent: a grant that starts later, an end that came or comes near, what is still to be told.

Nothing opens or closes by this clock: the decision reads the instants itself.  It only tells.
"""

from __future__ import annotations

from runtime import register
from runtime.http.wiring import Wiring
from runtime.rounds import commit, going_round, noting_failure, on_behalf
from runtime.unit import Unit
from services.consent import changing, due
from services.consent.domain import Provision, of_ending, of_expiry, of_grant
from services.consent.due import Due, Word
from services.consent.ground import Ground

ACTOR = "system:consent"
EVERY_SECONDS = 20.0


async def tick(wiring: Wiring) -> None:
    """Tell what is due, agency by agency, each thing in a transaction of its own."""
    async with wiring.sessions() as session:
        custodians = await due.custodians(session)
    for agency_id in custodians:
        with noting_failure():
            await _of_agency(wiring, agency_id)


async def _of_agency(wiring: Wiring, agency_id: str) -> None:
    async with on_behalf(wiring.sessions, wiring.keys, agency_id, ACTOR) as unit:
        things = [] if unit is None else await due.of_agency(unit.session, agency_id)
    for thing in things:
        async with on_behalf(wiring.sessions, wiring.keys, agency_id, ACTOR) as unit:
            if unit is None:
                return
            await _tell(unit, thing)
            await commit(unit)


async def _tell(unit: Unit, thing: Due) -> None:
    """Tell one thing if it is still so: the subject is held, and what it allows now is what counts."""
    subject = await register.hold(unit.session, thing.case_ref)
    if subject is None:
        return
    ground = Ground(unit, subject, thing.case_ref)
    if thing.word is Word.UNTOLD:
        await changing.tell_late(ground, subject)
        return
    one = await due.provision(unit.session, subject.subject_id, thing.directive_ref)
    stands = one is not None and (one.directive.ended if thing.word is Word.ENDED else _is_open(ground, one))
    if one is None or not stands or not await due.take(unit.session, unit.agency_id, one.ref, thing.word):
        return
    if thing.word is Word.GRANTED:
        await changing.tell(unit, subject, [of_grant(one, thing.case_ref, subject.at)])
    elif thing.word is Word.ENDED:
        await changing.tell(unit, subject, [of_ending(one, thing.case_ref, subject.at)])
    else:
        await changing.tell(unit, subject, [of_expiry(one, thing.case_ref, subject.at)])


def _is_open(ground: Ground, one: Provision) -> bool:
    subject = ground.subject
    return subject.table.participating and one.in_force(subject.at)


ticking = going_round(tick, every=EVERY_SECONDS)

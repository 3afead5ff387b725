"""What decisions are compared with: four engines and plain Python, each asked what the kernel is asked.

Each engine is set up as its documentation recommends, once: policies parsed, a token signed, a bundle built.  Whoever
asks states agency, purpose and instant, and gets the categories that are open.  Where an engine only says yes or no, it
is asked of each category, in one batch where it has such a thing.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from kernel.consent import Directive, Request
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Basis, DirectiveEffect, DirectiveState, Purpose

Ask = Callable[[], frozenset[str]]
NAMES: Final = ("biscuit", "vakt", "cedar", "rego")
REGO: Final = """
package consent

import rego.v1

visible contains category if {
    some grant in data.grants
    grant.recipient == input.recipient
    grant.purpose == input.purpose
    grant.since <= input.now
    input.now < grant.until
    some category in grant.categories
}
"""


def installed(grants: Sequence[Directive], request: Request, at: datetime) -> Iterator[tuple[str, Ask, Ask | None]]:
    """Yield each engine that is here, by name: what asks for every category, and what asks for one if that is less."""
    makers = {"biscuit": _biscuit, "vakt": _vakt, "cedar": _cedar, "rego": _rego}
    for name in NAMES:
        try:
            every, one = makers[name](grants, request, at)
        except ImportError:
            continue
        yield name, every, one


def _seconds(at: datetime | None) -> int:
    assert at is not None
    return int(at.timestamp())


def _biscuit(grants: Sequence[Directive], request: Request, at: datetime) -> tuple[Ask, None]:
    """Set up a token that holds the grants; each question builds an authorizer of it and queries that."""
    engine = importlib.import_module("biscuit_auth")
    token = engine.BiscuitBuilder()
    for number, one in enumerate(grants):
        said = {"to": one.recipient, "purpose": str(one.purpose), "since": one.valid_from, "until": one.valid_until}
        token.add_fact(engine.Fact(f"grant({number}, {{to}}, {{purpose}}, {{since}}, {{until}})", said))
        for category in one.categories:
            token.add_fact(engine.Fact(f"names({number}, {{category}})", {"category": category.value}))
    signed = token.build(engine.KeyPair().private_key)
    visible = engine.Rule(
        "visible($category) <- asks($to, $purpose), time($now), grant($grant, $to, $purpose, $since, $until), "
        "$since <= $now, $now < $until, names($grant, $category)"
    )
    patient = engine.AuthorizerBuilder().limits()
    patient.max_time = timedelta(seconds=1)  # it gives up after a millisecond, and other work may take that away

    def every() -> frozenset[str]:
        asked = engine.AuthorizerBuilder()
        asked.set_limits(patient)
        said = {"to": request.agency.agency_id, "purpose": str(request.purpose)}
        asked.add_fact(engine.Fact("asks({to}, {purpose})", said))
        asked.add_fact(engine.Fact("time({now})", {"now": at}))
        return frozenset(fact.terms[0] for fact in asked.build(signed).query(visible))

    return every, None


def _vakt(grants: Sequence[Directive], request: Request, at: datetime) -> tuple[Ask, Ask]:
    """Set up a guard over policies of rules; it says yes or no of one category."""
    engine, rules = importlib.import_module("vakt"), importlib.import_module("vakt.rules")
    storage = engine.MemoryStorage()
    for number, one in enumerate(grants):
        lasts = rules.And(rules.GreaterOrEqual(_seconds(one.valid_from)), rules.Less(_seconds(one.valid_until)))
        storage.add(
            engine.Policy(
                number,
                effect=engine.ALLOW_ACCESS,
                subjects=[rules.Eq(one.recipient)],
                actions=[rules.Eq(str(one.purpose))],
                resources=[rules.In(*(category.value for category in one.categories))],
                context={"now": lasts},
            )
        )
    guard = engine.Guard(storage, engine.RulesChecker())

    def those(categories: Iterable[str]) -> frozenset[str]:
        said = {"subject": request.agency.agency_id, "action": str(request.purpose), "context": {"now": _seconds(at)}}
        return frozenset(one for one in categories if guard.is_allowed(engine.Inquiry(resource=one, **said)))

    return lambda: those(_ALL), lambda: those(_ONE)


def _cedar(grants: Sequence[Directive], request: Request, at: datetime) -> tuple[Ask, Ask]:
    """Set up parsed policies and entities; the categories of a grant are its children."""
    engine = importlib.import_module("cedarpy")
    policies = engine.PolicySet.from_str(
        "".join(
            f'permit(principal == Agency::"{one.recipient}", action == Action::"{one.purpose}", '
            f'resource in Grant::"{number}") when {{ context.now >= {_seconds(one.valid_from)} && '
            f"context.now < {_seconds(one.valid_until)} }};"
            for number, one in enumerate(grants)
        )
    )
    within = {
        category: [{"type": "Grant", "id": str(number)} for number, one in enumerate(grants) if category in named(one)]
        for category in _ALL
    }
    entities = engine.Entities.from_json_str(
        json.dumps(
            [{"uid": {"type": "Category", "id": one}, "attrs": {}, "parents": over} for one, over in within.items()]
        )
    )

    def those(categories: Sequence[str]) -> frozenset[str]:
        said = {
            "principal": {"type": "Agency", "id": request.agency.agency_id},
            "action": {"type": "Action", "id": str(request.purpose)},
            "context": {"now": _seconds(at)},
        }
        asked = [said | {"resource": {"type": "Category", "id": one}} for one in categories]
        answers = engine.is_authorized_batch(asked, policies, entities)
        return frozenset(one for one, answer in zip(categories, answers, strict=True) if answer.allowed)

    return lambda: those(_ALL), lambda: those(_ONE)


def _rego(grants: Sequence[Directive], request: Request, at: datetime) -> tuple[Ask, None]:
    """Set up a bundle built of the rule and the grants as data; each question sets its input."""
    engine = importlib.import_module("regopy")
    builder, asking = engine.Interpreter(), engine.Interpreter()
    builder.add_data({"grants": [_row(one) for one in grants]})
    builder.add_module("consent", REGO)
    bundle = builder.build(None, ["consent/visible"])

    def every() -> frozenset[str]:
        said = {"recipient": request.agency.agency_id, "purpose": str(request.purpose), "now": _seconds(at)}
        asking.set_input(said)
        (answer,) = asking.query_bundle_entrypoint(bundle, "consent/visible").results
        return frozenset(answer.expressions[0])

    return every, None


def _row(grant: Directive) -> dict[str, Any]:
    return {
        "recipient": grant.recipient,
        "purpose": str(grant.purpose),
        "since": _seconds(grant.valid_from),
        "until": _seconds(grant.valid_until),
        "categories": sorted(named(grant)),
    }


def named(grant: Directive) -> frozenset[str]:
    """Return the names of the categories of a grant."""
    return frozenset(category.value for category in grant.categories)


_ALL: Final = tuple(category.value for category in DataCategory)
_ONE: Final = (DataCategory.NEEDS.value,)

Ceilings = Mapping[tuple[AgencyKind | None, Purpose | None], frozenset[DataCategory]]


class Plainly(NamedTuple):
    """What plain Python says of a request: the kernel's answer, by category and without fields."""

    visible: Set[DataCategory]
    relied_on: tuple[Any, ...]
    reason: str | None
    basis: Basis | None
    until: datetime | None


def plain_visible(
    request: Request, directives: Iterable[Directive], ceilings: Ceilings, at: datetime
) -> Set[DataCategory]:
    """Return the categories that are open, as anybody would write it down: sets, dates, and denials taken away."""
    if request.purpose not in request.agency.purposes:
        return frozenset()
    granted, denied = set[DataCategory](), set[DataCategory]()
    custodian, recipient, purpose = request.custodian.agency_id, request.agency.agency_id, request.purpose
    for said in directives:
        if said.state is not DirectiveState.ACTIVE or said.custodian != custodian or said.recipient != recipient:
            continue
        if said.effect is DirectiveEffect.DENY:
            if said.purpose in (None, purpose) and said.valid_from <= at:
                denied |= said.categories
        elif said.purpose == purpose and said.valid_until is not None and said.valid_from <= at < said.valid_until:
            granted |= said.categories
    return (granted - denied) & ceilings.get((request.agency.kind, purpose), frozenset())


def plain_decision(request: Request, directives: Iterable[Directive], ceilings: Ceilings, at: datetime) -> Plainly:
    """Return the whole decision: what is open, on whose word, until when; or why nothing is."""
    if request.purpose not in request.agency.purposes:
        return Plainly(frozenset(), (), "purpose_not_registered", None, None)
    grants, denied = list[Directive](), set[DataCategory]()
    custodian, recipient, purpose = request.custodian.agency_id, request.agency.agency_id, request.purpose
    for said in directives:
        if said.state is not DirectiveState.ACTIVE or said.custodian != custodian or said.recipient != recipient:
            continue
        if said.effect is DirectiveEffect.DENY:
            if said.purpose in (None, purpose) and said.valid_from <= at:
                denied |= said.categories
        elif said.purpose == purpose and said.valid_until is not None and said.valid_from <= at < said.valid_until:
            grants.append(said)
    left = ceilings.get((request.agency.kind, purpose), frozenset()) - denied
    relied_on = [said for said in grants if said.categories & left]
    if not relied_on:
        return Plainly(frozenset(), (), "nothing_granted", None, None)
    visible = frozenset().union(*(said.categories for said in relied_on)) & left
    refs = tuple(sorted({said.directive_ref for said in relied_on}))
    until = min(said.valid_until for said in relied_on if said.valid_until is not None)
    return Plainly(visible, refs, None, max(said.basis for said in relied_on), until)

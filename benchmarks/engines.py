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
    """Yield each installed engine by name: a query for every category, and one for a single category if cheaper."""
    makers = {"biscuit": _biscuit, "vakt": _vakt, "cedar": _cedar, "rego": _rego}
    for name in NAMES:
        try:
            every, single = makers[name](grants, request, at)
        except ImportError:
            continue
        yield name, every, single


def _seconds(at: datetime | None) -> int:
    assert at is not None
    return int(at.timestamp())


def _biscuit(grants: Sequence[Directive], request: Request, at: datetime) -> tuple[Ask, None]:
    """Set up a token that holds the grants; each question builds an authorizer of it and queries that."""
    engine = importlib.import_module("biscuit_auth")
    token = engine.BiscuitBuilder()
    for number, grant in enumerate(grants):
        terms = {
            "to": grant.recipient,
            "purpose": str(grant.purpose),
            "since": grant.valid_from,
            "until": grant.valid_until,
        }
        token.add_fact(engine.Fact(f"grant({number}, {{to}}, {{purpose}}, {{since}}, {{until}})", terms))
        for category in grant.categories:
            token.add_fact(engine.Fact(f"names({number}, {{category}})", {"category": category.value}))
    signed = token.build(engine.KeyPair().private_key)
    visible = engine.Rule(
        "visible($category) <- asks($to, $purpose), time($now), grant($grant, $to, $purpose, $since, $until), "
        "$since <= $now, $now < $until, names($grant, $category)"
    )
    patient = engine.AuthorizerBuilder().limits()
    patient.max_time = timedelta(seconds=1)  # it gives up after a millisecond, and other work may take that away

    def every() -> frozenset[str]:
        authorizer = engine.AuthorizerBuilder()
        authorizer.set_limits(patient)
        parameters = {"to": request.agency.agency_id, "purpose": str(request.purpose)}
        authorizer.add_fact(engine.Fact("asks({to}, {purpose})", parameters))
        authorizer.add_fact(engine.Fact("time({now})", {"now": at}))
        return frozenset(fact.terms[0] for fact in authorizer.build(signed).query(visible))

    return every, None


def _vakt(grants: Sequence[Directive], request: Request, at: datetime) -> tuple[Ask, Ask]:
    """Set up a guard over policies of rules; it says yes or no of one category."""
    engine, rules = importlib.import_module("vakt"), importlib.import_module("vakt.rules")
    storage = engine.MemoryStorage()
    for number, grant in enumerate(grants):
        lasts = rules.And(rules.GreaterOrEqual(_seconds(grant.valid_from)), rules.Less(_seconds(grant.valid_until)))
        storage.add(
            engine.Policy(
                number,
                effect=engine.ALLOW_ACCESS,
                subjects=[rules.Eq(grant.recipient)],
                actions=[rules.Eq(str(grant.purpose))],
                resources=[rules.In(*(category.value for category in grant.categories))],
                context={"now": lasts},
            )
        )
    guard = engine.Guard(storage, engine.RulesChecker())

    def those(categories: Iterable[str]) -> frozenset[str]:
        inquiry = {
            "subject": request.agency.agency_id,
            "action": str(request.purpose),
            "context": {"now": _seconds(at)},
        }
        return frozenset(
            category for category in categories if guard.is_allowed(engine.Inquiry(resource=category, **inquiry))
        )

    return lambda: those(_ALL), lambda: those(_SINGLE)


def _cedar(grants: Sequence[Directive], request: Request, at: datetime) -> tuple[Ask, Ask]:
    """Set up parsed policies and entities; the categories of a grant are its children."""
    engine = importlib.import_module("cedarpy")
    policies = engine.PolicySet.from_str(
        "".join(
            f'permit(principal == Agency::"{grant.recipient}", action == Action::"{grant.purpose}", '
            f'resource in Grant::"{number}") when {{ context.now >= {_seconds(grant.valid_from)} && '
            f"context.now < {_seconds(grant.valid_until)} }};"
            for number, grant in enumerate(grants)
        )
    )
    within = {
        category: [
            {"type": "Grant", "id": str(number)} for number, grant in enumerate(grants) if category in named(grant)
        ]
        for category in _ALL
    }
    entities = engine.Entities.from_json_str(
        json.dumps(
            [
                {"uid": {"type": "Category", "id": category}, "attrs": {}, "parents": over}
                for category, over in within.items()
            ]
        )
    )

    def those(categories: Sequence[str]) -> frozenset[str]:
        question = {
            "principal": {"type": "Agency", "id": request.agency.agency_id},
            "action": {"type": "Action", "id": str(request.purpose)},
            "context": {"now": _seconds(at)},
        }
        questions = [question | {"resource": {"type": "Category", "id": category}} for category in categories]
        answers = engine.is_authorized_batch(questions, policies, entities)
        return frozenset(category for category, answer in zip(categories, answers, strict=True) if answer.allowed)

    return lambda: those(_ALL), lambda: those(_SINGLE)


def _rego(grants: Sequence[Directive], request: Request, at: datetime) -> tuple[Ask, None]:
    """Set up a bundle built of the rule and the grants as data; each question sets its input."""
    engine = importlib.import_module("regopy")
    builder, asking = engine.Interpreter(), engine.Interpreter()
    builder.add_data({"grants": [_row(grant) for grant in grants]})
    builder.add_module("consent", REGO)
    bundle = builder.build(None, ["consent/visible"])

    def every() -> frozenset[str]:
        question = {"recipient": request.agency.agency_id, "purpose": str(request.purpose), "now": _seconds(at)}
        asking.set_input(question)
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
_SINGLE: Final = (DataCategory.NEEDS.value,)

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
    for directive in directives:
        if (
            directive.state is not DirectiveState.ACTIVE
            or directive.custodian != custodian
            or directive.recipient != recipient
        ):
            continue
        if directive.effect is DirectiveEffect.DENY:
            if directive.purpose in (None, purpose) and directive.valid_from <= at:
                denied |= directive.categories
        elif (
            directive.purpose == purpose
            and directive.valid_until is not None
            and directive.valid_from <= at < directive.valid_until
        ):
            granted |= directive.categories
    return (granted - denied) & ceilings.get((request.agency.kind, purpose), frozenset())


def plain_decision(request: Request, directives: Iterable[Directive], ceilings: Ceilings, at: datetime) -> Plainly:
    """Return the whole decision: what is open, on whose word, until when; or why nothing is."""
    if request.purpose not in request.agency.purposes:
        return Plainly(frozenset(), (), "purpose_not_registered", None, None)
    grants, denied = list[Directive](), set[DataCategory]()
    custodian, recipient, purpose = request.custodian.agency_id, request.agency.agency_id, request.purpose
    for directive in directives:
        if (
            directive.state is not DirectiveState.ACTIVE
            or directive.custodian != custodian
            or directive.recipient != recipient
        ):
            continue
        if directive.effect is DirectiveEffect.DENY:
            if directive.purpose in (None, purpose) and directive.valid_from <= at:
                denied |= directive.categories
        elif (
            directive.purpose == purpose
            and directive.valid_until is not None
            and directive.valid_from <= at < directive.valid_until
        ):
            grants.append(directive)
    left = ceilings.get((request.agency.kind, purpose), frozenset()) - denied
    relied_on = [directive for directive in grants if directive.categories & left]
    if not relied_on:
        return Plainly(frozenset(), (), "nothing_granted", None, None)
    visible = frozenset().union(*(directive.categories for directive in relied_on)) & left
    refs = tuple(sorted({directive.directive_ref for directive in relied_on}))
    until = min(directive.valid_until for directive in relied_on if directive.valid_until is not None)
    return Plainly(visible, refs, None, max(directive.basis for directive in relied_on), until)

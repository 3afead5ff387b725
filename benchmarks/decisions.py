"""Decisions: what may this agency see, now, for this purpose

A survivor gave six grants, to four agencies and for five purposes; Harbor House asks the hotline's record for shelter.
Measured are `mask` (what is open, fenced by dates, purposes, ceilings and persons) and `decide` (with the reason, on
whose word, until when), against plain Python over the same directives and against the engines that can be installed.
All of them are asked the same and answer alike, category by category; only the kernel knows fields and ceilings too.
vakt and cedarpy say yes or no and are asked once a category, as a batch where they take one; what one single category
costs them is noted, since whoever needs no more would ask no more.  Everything here computes and waits for nothing, so
it is timed by the CPU time of this process.  The kernel and plain Python have the request at hand; the engines state
theirs each time, since they have no other way to be asked.  What `mask` comes to with its request built each time too
is a figure of its own.

Where the limit lies, by taking parts of `mask` away one by one: of some 0.125 us an empty call with three arguments is
0.04, the two dates 0.03, cutting masks of 188 bits 0.04, and finding the line and reading what it says the rest.  The
other guards cost nothing here, since they stand in what is looked up: a request that is not for a registered purpose,
or is special in any way, has a key under which nothing is settled, and where a person is shut out no line is settled.
Both are then weighed.  The request computes its key and its ceiling once, when it is built, which takes 0.32 us.

Compiling six grants misses its goal for a like reason: a directive is seventeen fields in words, checked one by one,
since what is not exactly right must close.  About two fifths of the time go into checking and reading the
grants, a quarter into their lines, a seventh into the table itself.  What a form of grant comes to in bits is read once
and kept; the first compile of a process, with nothing read, is noted.  It happens once for each change of consent.  In
memory a grant is its reference (100 bytes for the 16 that matter), two instants, its key, and
the few small objects by which a decision tells on whose word it rests; the ten thousand people that a process keeps at
most are under 40 MB.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import cycle
from typing import Final
from uuid import uuid4

from benchmarks import measurement, sealing
from benchmarks.engines import Ask, Ceilings, installed, plain_decision, plain_visible
from benchmarks.measurement import Goal, Measured, Work, keep, measured_text, ratio
from kernel.consent import ConsentTable, Directive, Request, ceiling, compile_table, decide, explain, mask
from schemas.categories import DataCategory
from schemas.codes import AgencyKind, Purpose
from schemas.taxonomy import categories_of
from tests.support.consent import NOON, a_grant, an_ask

SCRIPT: Final = "decisions"
# All of it computes in this process and waits for nothing, so CPU time is its time.
in_turns = partial(measurement.in_turns, clock=time.process_time, share=0.1)
KIND: Final = DataCategory
PEOPLE: Final = 500
CEILINGS: Final[Ceilings] = {
    (kind, purpose): frozenset(categories_of(ceiling(kind, purpose))) for kind in AgencyKind for purpose in Purpose
}


def six_grants() -> list[Directive]:
    """Return six grants of one survivor, each with a reference and instants of its own, as rows give them."""
    terms = [
        (
            "harbor-house",
            Purpose.SHELTER,
            (KIND.IDENTITY, KIND.SAFE_CONTACT, KIND.NEEDS, KIND.CHILDREN, KIND.WEAPONS_RISK, KIND.REFERRAL_STATUS),
        ),
        ("harbor-house", Purpose.ADVOCACY, (KIND.IDENTITY, KIND.NEEDS)),
        ("county-sheriff", Purpose.ORDER_ENFORCEMENT, (KIND.IDENTITY, KIND.ORDER_TERMS, KIND.RISK_RESULT)),
        ("riverside-legal", Purpose.LEGAL_REPRESENTATION, (KIND.IDENTITY, KIND.INCIDENT_SUMMARY, KIND.ORDER_TERMS)),
        ("riverside-legal", Purpose.COMPENSATION, (KIND.IDENTITY, KIND.FINANCIAL)),
        ("county-cell", Purpose.COORDINATION, (KIND.REFERRAL_STATUS,)),
    ]
    grants = [a_grant(*named, to=to, purpose=purpose) for to, purpose, named in terms]
    # A row's references and instants are objects of its own.
    return [
        replace(
            grant,
            directive_ref=uuid4(),
            valid_from=grant.valid_from.replace(microsecond=0),
            valid_until=(grant.valid_until or NOON).replace(microsecond=0),
        )
        for grant in grants
    ]


def over(do: Callable[[], object]) -> Work:
    """Return the work of doing something over and over, the single time not taken: it would cost as much."""

    def work(units: int) -> None:
        for _ in range(units):
            do()

    return work


def masks(request: Request, table: ConsentTable) -> Work:
    def work(units: int) -> None:
        for _ in range(units):
            mask(request, table, NOON)

    return work


def asked_and_masked(request: Request, table: ConsentTable) -> Work:
    agency, custodian, purpose, requested_mask = (
        request.agency,
        request.custodian,
        request.purpose,
        request.requested_mask,
    )

    def work(units: int) -> None:
        for _ in range(units):
            mask(Request(agency, custodian, purpose, requested_mask), table, NOON)

    return work


def decisions(request: Request, table: ConsentTable) -> Work:
    def work(units: int) -> None:
        for _ in range(units):
            decide(request, table, NOON)

    return work


def alike(request: Request, grants: list[Directive], table: ConsentTable, asks: dict[str, Ask]) -> None:
    """Refuse to compare what does not answer the same."""
    open_now = set(categories_of(mask(request, table, NOON)))
    assert open_now == set(categories_of(decide(request, table, NOON).mask))
    assert open_now == plain_visible(request, grants, CEILINGS, NOON)
    assert open_now == plain_decision(request, grants, CEILINGS, NOON).visible
    for name, ask in asks.items():
        assert ask() == {category.value for category in open_now}, name


def compare() -> None:
    """Measure mask and decision against the engines and against plain Python."""
    grants = six_grants()
    request, table = an_ask(), compile_table(grants, sv=7, participating=True)
    engines = {name: (every, single) for name, every, single in installed(grants, request, NOON)}
    alike(request, grants, table, {name: every for name, (every, _) in engines.items()})
    candidates: dict[str, Work] = {
        "mask": masks(request, table),
        "decide": decisions(request, table),
        "mask, its request built too": asked_and_masked(request, table),
        "plain Python, what is open": over(partial(plain_visible, request, grants, CEILINGS, NOON)),
        "plain Python, whole decision": over(partial(plain_decision, request, grants, CEILINGS, NOON)),
        "explain, all categories": over(partial(explain, request, table, NOON)),
    }
    candidates |= {name: over(every) for name, (every, _) in engines.items()}
    candidates |= {f"{name}, one category": over(single) for name, (_, single) in engines.items() if single is not None}
    results = in_turns(candidates)
    against_engines(results, list(engines))
    plain = results["plain Python, what is open"], results["plain Python, whole decision"]
    ratio(SCRIPT, "mask against plain Python", results["mask"], plain[0], Goal(15))
    ratio(SCRIPT, "decision against plain Python", results["decide"], plain[1], Goal(5))
    microseconds = 1e6 / results["explain, all categories"].rate
    keep(
        SCRIPT,
        "explanation of all 25 categories",
        microseconds,
        "us",
        compared={
            "explain": measured_text(results["explain, all categories"]),
            "decide": measured_text(results["decide"]),
        },
    )


def against_engines(results: dict[str, Measured], names: list[str]) -> None:
    """Keep how mask and decision stand to the engine that was fastest."""
    if not names:
        return
    fastest = max(names, key=lambda name: results[name].rate)
    left_out = sorted({"biscuit", "vakt", "cedar", "rego"} - set(names))
    others = {f"also_{name}": measured_text(results[name]) for name in names if name != fastest}
    others |= {
        name.replace(", ", "_for_"): measured_text(results[name]) for name in results if name.endswith("one category")
    }
    missing = ", ".join(left_out) or "none"
    ratio(
        SCRIPT,
        "mask against the fastest engine",
        results["mask"],
        results[fastest],
        Goal(400),
        left_out=missing,
        **others,
    )
    stated = results["mask, its request built too"]
    ratio(SCRIPT, "mask with its request built against the fastest engine", stated, results[fastest])
    ratio(
        SCRIPT, "decision against the fastest engine", results["decide"], results[fastest], Goal(45), left_out=missing
    )


def compiling() -> None:
    """Measure what compiling six grants costs and what a compiled person holds in memory."""
    people = cycle([six_grants() for _ in range(PEOPLE)])
    again = six_grants()
    results = in_turns(
        {
            "six grants of somebody else": over(lambda: compile_table(next(people), sv=7, participating=True)),
            "the same six again": over(lambda: compile_table(again, sv=7, participating=True)),
            "an empty table": over(lambda: compile_table((), sv=7, participating=True)),
        }
    )
    compared = {name: measured_text(candidate) for name, candidate in results.items()}
    compiled = results["six grants of somebody else"]
    keep(
        SCRIPT,
        "compile of six grants",
        1e6 / compiled.rate,
        "us",
        Goal(3, at_most=True),
        compiled.spread,
        compared,
        the_first_ever=f"{first_compile():,.0f} us, nothing read before",
    )
    keep(SCRIPT, "memory of six compiled grants", bytes_per_person(), "bytes a person", Goal(1000, at_most=True))


def first_compile() -> float:
    """Return the microseconds that the first compile of a fresh process takes."""
    program = (
        "import time; from benchmarks.decisions import six_grants; from kernel.consent import compile_table; "
        "grants = six_grants(); began = time.perf_counter(); compile_table(grants, sv=7, participating=True); "
        "print((time.perf_counter() - began) * 1e6)"
    )
    took = [
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout) for _ in range(3)
    ]
    return statistics.median(took)


def bytes_per_person() -> float:
    """Return what a person's compiled table keeps in memory, with all that only this table refers to."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tables = [compile_table(six_grants(), sv=7, participating=True) for _ in range(PEOPLE)]
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / len(tables)


def explaining() -> None:
    """Measure what it adds to an offer to tell each recipient's decision category by category."""
    ready = sealing.ready()
    subject, home = ready.subject, ready.subject.cases[sealing.HOME].agency
    carried = ready.offering().cutting.carried
    requests = [
        Request(subject.cases[to].agency, home, purpose, carried, None, True, ready.fact.cji_mask())
        for to, purpose in sealing.GRANTED
    ]

    def explained(units: int) -> None:
        for _ in range(units):
            sealing.whole(1)
            for request in requests:
                explain(request, subject.table, NOON)

    results = in_turns({"offering": sealing.whole, "offering with explanations": explained}, share=0.3)
    pairs = zip(results["offering"].rates, results["offering with explanations"].rates, strict=True)
    added = sorted((without / with_it - 1) * 100 for without, with_it in pairs)
    keep(
        SCRIPT,
        "explaining the decisions of an offer adds",
        statistics.median(added),
        "% to decide, cut and seal",
        Goal(15, at_most=True),
        compared={name: measured_text(candidate) for name, candidate in results.items()},
        between=f"{added[0]:.1f} and {added[-1]:.1f} %",
    )


def main() -> None:
    """Measure, and keep the figures."""
    compare()
    compiling()
    explaining()


if __name__ == "__main__":
    main()

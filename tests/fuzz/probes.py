"""schemathesis against one service: what it sends, as whom, with which real references, and what it finds wrong."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, events, from_schema
from schemathesis.generation.meta import TestPhase

from runtime.http.pagination import cursor_of
from tests.fuzz.all_services import Street
from tests.fuzz.valid_requests import Good, Stock
from tests.support.rounds import seed
from tests.support.town import PEOPLE

SERVICES: Final = Path(__file__).parents[2] / "services"
EVERYBODY: Final = (*PEOPLE, "olu", "system:harbor-house", "system:county-cell", "system:county-sheriff")
UNDOCUMENTED: Final = frozenset(
    {
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    }
)
# What no list of ours would give out as its cursor, though it is spelled like one.
CURSORS: Final = tuple(
    cursor_of(*position)
    for position in (
        (),
        ("x",),
        (1, 2),
        (2**70, 2**70),
        (-1, 5),
        (0, 2**63 - 1),
        (True, False),
        ("\x00", "\ud800"),
        ("0001-01-01T00:00:00+23:59", "00000000-0000-4000-8000-000000000000"),
        ("9999-12-31T23:59:59.999999-23:59", "00000000-0000-4000-8000-000000000000"),
        ("9999-12-31T23:59:59-23:59", 0),
        ("2026-03-02T12:00:00", "00000000-0000-4000-8000-000000000000"),
        ("00000000-0000-4000-8000-000000000000",),
    )
)
# Their list takes seconds to write, as their bodies have a hundred fields.
VAST: Final = (
    "report_incident",
    "correct_incident",
    "write_plan",
    "send_referral",
    "record_order",
    "issue_order",
    "modify_order",
)
SERVER_ERROR: Final = "not_a_server_error"


@dataclass(frozen=True)
class Effort:
    """How much is tried of each operation of a service."""

    drawn: int  # made up at random
    listed: int  # of what schemathesis lists systematically: this many, and ever fewer of the rest
    walks: int  # along what answers lead to
    vast: int  # of how many operations that take a whole case in one body, the systematic list is gone through


@dataclass
class ProbeResult:
    """The answers of one service, and the findings about them."""

    answers: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    succeeded: set[str] = field(default_factory=set)
    checks: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, str]] = field(default_factory=list)

    @property
    def cases(self) -> int:
        return self.answers.total()

    def count(self, *checks: str) -> int:
        """Return how often one of these checks found something."""
        return sum(check in checks for check, _ in self.wrong)

    def take(self, recorder: Any) -> None:
        """Count one scenario's answers and findings."""
        for case_id, interaction in recorder.interactions.items():
            if interaction.response is None:
                self.wrong.append(("no_answer", recorder.label))
                continue
            status = interaction.response.status_code
            self.answers[status] += 1
            label = recorder.cases[case_id].value.operation.label if case_id in recorder.cases else recorder.label
            self.operations[label] += 1
            if status < 300:
                self.succeeded.add(label)
        for case_id, checks in recorder.checks.items():
            for check in checks:
                self.checks[check.name] += 1
                if check.status is not Status.SUCCESS:
                    self.wrong.append((check.name, _failure_text(recorder, case_id, check)))


def _failure_text(recorder: Any, case_id: str, check: Any) -> str:
    failure = getattr(check.failure_info, "failure", None)
    sample = getattr(check.failure_info, "code_sample", "")
    answer = recorder.interactions[case_id].response if case_id in recorder.interactions else None
    content = b"" if answer is None else answer.content or b""
    message = " ".join(str(getattr(failure, "message", failure)).split())
    return f"{recorder.label}: {message}\n    {sample}\n    {content[:400].decode(errors='replace')}"


class Asker:
    """Decides for each case who asks it, and whether it is about something that is there."""

    def __init__(self, service: str, street: Street, stock: Stock, effort: Effort) -> None:
        self.street = street
        self.stock = stock
        self.effort = effort
        self.by = Random(f"{seed()}/routes/{service}")  # noqa: S311 - it has to come again
        self.listed: Counter[str] = Counter()
        self.asks: dict[str, str] = {}

    def keeps(self, case: Any) -> bool:
        """Tell whether a case is sent: of those that are listed systematically, the later the fewer."""
        if case.meta is None or case.meta.phase.name is not TestPhase.COVERAGE:
            return True
        self.listed[case.operation.label] += 1
        return self.by.random() * self.listed[case.operation.label] < self.effort.listed

    def equips(self, case: Any) -> Any:
        """Put something real into a case, where that spoils nothing that it is about, and name who asks it."""
        fitting = [good for good in self.stock.get(_name(case), ()) if good.path.keys() == _names(case)]
        if not fitting or case.meta is None or case.meta.phase.name is TestPhase.STATEFUL:
            self.asks[case.id] = self.by.choice(EVERYBODY) if case.meta is None else self._regular(case)
            return case
        good = self.by.choice(fitting)
        if not case.meta.is_negative_at(ParameterLocation.PATH) and self.by.random() < 0.85:
            case.path_parameters = dict(good.path)
        if case.meta.generation.mode.is_positive:
            self._fill(case, good)
        self.asks[case.id] = good.who if self.by.random() < 0.8 else self.by.choice(EVERYBODY)
        return case

    def _fill(self, case: Any, good: Good) -> None:
        if good.body is not None and self.by.random() < 0.35:
            case.body = good.body
        if "cursor" in _parameters(case) and self.by.random() < 0.3:
            case.query["cursor"] = self.by.choice(CURSORS)
        if good.query and self.by.random() < 0.5:
            case.query.update(good.query)
        if good.headers and self.by.random() < 0.8:
            case.headers.update(good.headers)

    def _regular(self, case: Any) -> str:
        """Return one person for a whole walk: what one person makes, another need not find."""
        goods = self.stock.get(_name(case), ())
        return goods[0].who if goods else "ana"

    def token(self, case: Any) -> str:
        """Return the token of whoever asks this case."""
        return self.street.token(self.asks.get(case.id) or self._regular(case))


def _name(case: Any) -> str:
    return str(case.operation.definition.raw["operationId"])


def _names(case: Any) -> set[str]:
    return set((case.path_parameters or {}).keys())


def _parameters(case: Any) -> set[str]:
    return {parameter.get("name", "") for parameter in case.operation.definition.raw.get("parameters", ())}


def probe(service: str, street: Street, stock: Stock, effort: Effort) -> ProbeResult:
    """Let schemathesis try a service in every way it knows, and return what came of it."""
    schema = schemathesis.openapi.from_dict(_described(service), config=_config(street.addresses[service], effort))
    asker = Asker(service, street, stock, effort)

    @schema.hook("filter_case")
    def keeps(_: Any, case: Any) -> bool:
        return asker.keeps(case)

    @schema.hook("map_case")
    def equips(_: Any, case: Any) -> Any:
        return asker.equips(case)

    @schema.auth(refresh_interval=None)
    class Bearer:
        def get(self, case: Any, _: Any) -> str:
            return asker.token(case)

        def set(self, case: Any, data: str, _: Any) -> None:
            case.headers["Authorization"] = f"Bearer {data}"

    result = ProbeResult()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            result.take(event.recorder)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            fault = event.value if isinstance(event, events.NonFatalError) else event.exception
            result.wrong.append((type(fault).__name__, f"{getattr(event, 'label', '')}: {fault}"))
    return result


def _described(service: str) -> dict[str, Any]:
    described: dict[str, Any] = json.loads((SERVICES / service / "openapi.json").read_text())
    return described


REFUSED = [400, 401, 403, 404, 405, 409, 412, 413, 414, 415, 422, 428, 429, 431]  # the last may be too much of it


def _config(address: str, effort: Effort) -> SchemathesisConfig:
    # A rule of the domain may refuse what is well formed, and a version may be stale: the document says so. No schema
    # can say how large a whole document may be.
    accepted = ["2xx", 401, 403, 404, 409, 412, 413, 422, 428]
    short = Random(f"{seed()}/vast").sample(VAST, len(VAST) - effort.vast)  # noqa: S311 - it has to come again
    left_out = {"include-operation-id": short, "phases": {"coverage": {"enabled": False}}}
    return SchemathesisConfig.from_dict(
        {
            "operations": [left_out] if short else [],
            "seed": seed(),
            "base-url": address,
            "workers": 1,
            "continue-on-failure": True,
            "request-timeout": 20,
            "generation": {"max-examples": effort.drawn, "database": "none", "no-shrink": True},
            "phases": {"stateful": {"max-steps": 4, "generation": {"max-examples": effort.walks}}},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": accepted},
                "negative_data_rejection": {"expected-statuses": REFUSED},
            },
        }
    )

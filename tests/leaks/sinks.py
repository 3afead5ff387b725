"""Every place that what was told could get out by: what is read of it, and what may lie there by a written decision."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.leaks import reading, reading_files, reading_servers
from tests.leaks.scene import Scene
from tests.leaks.searching import Hit, Searcher, pieces_of

Read = Callable[[Scene], Iterator[tuple[str, bytes]]]

# What may lie where, and who decided it. Of what was told, nothing may, anywhere.
AS_IT_CAME: Final = "docs/decisions/0019: a letter that cannot be read is kept as it came, for a person to look at"
ON_THE_BROKER: Final = "whoever holds the relay's password put it there: our own writer seals"
ON_THE_RECEIPT: Final = "services/consent/domain/receipt.py: its custodian reads back who was there and what was shown"
OF_A_SIGNATURE: Final = "services/consent/README.md: references and codes that evidence a release are kept beside it"
TYPED_AGAIN: Final = "runtime/auth/issuer/page.py: who mistyped is shown the name again, in the same browser"
END_OF_AN_ORDER: Final = "services/law_enforcement_bridge/README.md: the instants that its clock needs are kept"
BY_ITS_DIRECTIVE: Final = "runtime/disclosure/offers.py: the offer of a directive's fact names it, to end with it"
STORED: Final[Mapping[str, str]] = {
    "poison": AS_IT_CAME,
    "evidence": OF_A_SIGNATURE,
    "end of an order": END_OF_AN_ORDER,
    "reference of a directive": BY_ITS_DIRECTIVE,
}
KEPT: Final = {use.replace(" ", "_"): why for use, why in STORED.items()}


@dataclass(frozen=True)
class Sink:
    """One place: how it is read, and which uses of a canary may lie there, each with its reason."""

    name: str
    read: Read
    may: Mapping[str, str]


@dataclass(frozen=True)
class Swept:
    """What a sweep of one sink saw."""

    sink: str
    bytes_read: int
    hits: tuple[Hit, ...]


def a_sink(name: str, read: Read, **may: str) -> Sink:
    return Sink(name, read, {use.replace("_", " "): why for use, why in may.items()})


SINKS: Final = (
    a_sink("output of the APIs", reading_files.output_of_apis),
    a_sink("output of the workers", reading_files.output_of_workers),
    a_sink("output of the relay", reading_files.output_of_the_relay),
    a_sink("output of the issuer", reading_files.output_of_the_issuer),
    a_sink("output of processes that failed", reading_files.output_of_the_failed),
    a_sink("log lines, read as JSON", reading_files.log_lines),
    a_sink("log of PostgreSQL", reading_files.log_of_postgres),
    a_sink("log of Kafka", reading_files.log_of_kafka),
    a_sink("spans", reading.spans),
    a_sink("metrics", reading.metrics),
    a_sink("headers of telemetry", reading.headers_of_telemetry),
    a_sink("status lines and headers", reading.heads),
    a_sink("bodies of problems", reading.problems),
    a_sink("answers that open nothing", reading.answers, evidence=ON_THE_RECEIPT, end_of_an_order=END_OF_AN_ORDER),
    a_sink("ETags, cursors and links", reading.cursors),
    a_sink("tokens", reading.tokens),
    a_sink("pages of the board", reading.pages, typed=TYPED_AGAIN),
    a_sink("cookies", reading.cookies),
    a_sink("API descriptions and health", reading.descriptions),
    a_sink("models printed and refused", reading.models),
    a_sink("names and settings of topics", reading_servers.topics),
    a_sink("keys of messages", reading_servers.keys, poison=ON_THE_BROKER),
    a_sink("headers of messages", reading_servers.headers, poison=ON_THE_BROKER),
    a_sink("bodies of messages", reading_servers.bodies, poison=ON_THE_BROKER),
    a_sink("consumer groups and offsets", reading_servers.groups),
    a_sink("log segments", reading_files.segments, poison=ON_THE_BROKER),
    a_sink("register", reading_servers.register, evidence=OF_A_SIGNATURE),
    a_sink("offers, outbox and inbox", reading_servers.carrying, reference_of_a_directive=BY_ITS_DIRECTIVE),
    a_sink("parked messages", reading_servers.parked, poison=AS_IT_CAME),
    a_sink("kept answers", reading_servers.kept_answers),
    a_sink("ledger", reading_servers.ledger),
    a_sink("tables of the services", reading_servers.services, **KEPT),
    a_sink("sessions of the board", reading_servers.sessions),
    a_sink("dump", reading_servers.dump, **KEPT),
    a_sink("activity and statistics", reading_servers.activity, **KEPT),
    a_sink("data files", reading_files.data_files, **KEPT),
    a_sink("write-ahead log", reading_files.write_ahead_log, **KEPT),
    a_sink("command lines", reading_files.command_lines),
    a_sink("environments", reading_files.environments),
    a_sink("temporary files", reading_files.temporary_files),
    a_sink("core files and crash reports", reading_files.crash_reports),
    a_sink("run folder", reading_files.run_folder),
    a_sink("notices", reading_files.notices),
    a_sink("words of the command line", reading_servers.command_line),
)


def sweep(scene: Scene, sink: Sink, searcher: Searcher) -> Swept:
    """Read a sink whole and return what lies there that may not; a sink of which nothing was read is no clean one."""
    size, found = 0, list[Hit]()
    for where, data in sink.read(scene):
        size += len(data)
        for place, piece in pieces_of(where, data):
            found += searcher.search(place, piece)
    assert size, f"nothing was read of {sink.name}"
    return Swept(sink.name, size, tuple(hit for hit in found if not hit.uses <= sink.may.keys()))

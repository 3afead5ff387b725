"""Every place that what was told could get out by: what is read of it, and what may lie there by a written decision."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.leaks import file_readers, server_readers, sink_readers
from tests.leaks.scene import Scene
from tests.leaks.search import Hit, Searcher, pieces_of

Read = Callable[[Scene], Iterator[tuple[str, bytes]]]

# What may lie where, and who decided it. Of what was told, nothing may, anywhere.
AS_IT_CAME: Final = "docs/decisions/0019: a letter that cannot be read is kept as it came, for a person to look at"
ON_THE_BROKER: Final = "whoever holds the relay's password put it there: our own writer seals"
ON_THE_RECEIPT: Final = "services/consent/domain/receipt.py: its custodian reads back who was there and what was shown"
OF_A_SIGNATURE: Final = "services/consent/README.md: references and codes that evidence a release are kept beside it"
TYPED_AGAIN: Final = "devstack/issuer/page.py: who mistyped is shown the name again, in the same browser"
END_OF_AN_ORDER: Final = "services/law_enforcement_bridge/README.md: the instants that its clock needs are kept"
BY_ITS_DIRECTIVE: Final = "runtime/disclosure/offers.py: the offer of a directive's fact names it, to end with it"
IN_ITS_TASK: Final = "docs/decisions/0046: a task holds the instant at which it is due"
ASKED_OF_HER: Final = "services/consent/README.md: why an agency asks for more is the custodian's to read"
AT_ITS_DESK: Final = (
    "services/intake/README.md: what an agency calls its case is shown to its own people who may read it"
)
STORED: Final[Mapping[str, str]] = {
    "poison": AS_IT_CAME,
    "evidence": OF_A_SIGNATURE,
    "end of an order": END_OF_AN_ORDER,
    "reference of a directive": BY_ITS_DIRECTIVE,
    "day of a review": IN_ITS_TASK,
}
STORED_KWARGS: Final = {use.replace(" ", "_"): why for use, why in STORED.items()}


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
    a_sink("output of the APIs", file_readers.output_of_apis),
    a_sink("output of the workers", file_readers.output_of_workers),
    a_sink("output of the relay", file_readers.output_of_the_relay),
    a_sink("output of the issuer", file_readers.output_of_the_issuer),
    a_sink("output of processes that failed", file_readers.output_of_the_failed),
    a_sink("log lines, read as JSON", file_readers.log_lines),
    a_sink("log of PostgreSQL", file_readers.log_of_postgres),
    a_sink("log of Kafka", file_readers.log_of_kafka),
    a_sink("spans", sink_readers.spans),
    a_sink("metrics", sink_readers.metrics),
    a_sink("headers of telemetry", sink_readers.headers_of_telemetry),
    a_sink("status lines and headers", sink_readers.heads),
    a_sink("bodies of problems", sink_readers.problems),
    a_sink(
        "answers that open nothing",
        sink_readers.answers,
        evidence=ON_THE_RECEIPT,
        end_of_an_order=END_OF_AN_ORDER,
        nickname=AT_ITS_DESK,
        day_of_a_review=IN_ITS_TASK,
        asked=ASKED_OF_HER,
    ),
    a_sink("ETags, cursors and links", sink_readers.cursors),
    a_sink("tokens", sink_readers.tokens),
    a_sink("pages of the board", sink_readers.pages, typed=TYPED_AGAIN),
    a_sink("cookies", sink_readers.cookies),
    a_sink("API descriptions and health", sink_readers.descriptions),
    a_sink("models printed and refused", sink_readers.models),
    a_sink("names and settings of topics", server_readers.topics),
    a_sink("keys of messages", server_readers.keys, poison=ON_THE_BROKER),
    a_sink("headers of messages", server_readers.headers, poison=ON_THE_BROKER),
    a_sink("bodies of messages", server_readers.bodies, poison=ON_THE_BROKER),
    a_sink("consumer groups and offsets", server_readers.groups),
    a_sink("log segments", file_readers.segments, poison=ON_THE_BROKER),
    a_sink("register", server_readers.register, evidence=OF_A_SIGNATURE),
    a_sink("offers, outbox and inbox", server_readers.carrying, reference_of_a_directive=BY_ITS_DIRECTIVE),
    a_sink("parked messages", server_readers.parked, poison=AS_IT_CAME),
    a_sink("kept answers", server_readers.kept_answers),
    a_sink("ledger", server_readers.ledger),
    a_sink("tables of the services", server_readers.services, **STORED_KWARGS),
    a_sink("sessions of the board", server_readers.sessions),
    a_sink("dump", server_readers.dump, **STORED_KWARGS),
    a_sink("activity and statistics", server_readers.activity, **STORED_KWARGS),
    a_sink("data files", file_readers.data_files, **STORED_KWARGS),
    a_sink("write-ahead log", file_readers.write_ahead_log, **STORED_KWARGS),
    a_sink("command lines", file_readers.command_lines),
    a_sink("environments", file_readers.environments),
    a_sink("temporary files", file_readers.temporary_files),
    a_sink("core files and crash reports", file_readers.crash_reports),
    a_sink("run folder", file_readers.run_folder),
    a_sink("notices", file_readers.notices),
    a_sink("words of the command line", server_readers.command_line),
)


def sweep(scene: Scene, sink: Sink, searcher: Searcher) -> Swept:
    """Read a sink whole and return what lies there that may not; a sink of which nothing was read is no clean one."""
    size, hits = 0, list[Hit]()
    for where, data in sink.read(scene):
        size += len(data)
        for place, piece in pieces_of(where, data):
            hits += searcher.search(place, piece)
    assert size, f"nothing was read of {sink.name}"
    return Swept(sink.name, size, tuple(hit for hit in hits if not hit.uses <= sink.may.keys()))

"""Everything that may be said to an operator.  What is not on these lists is dropped or refused."""

from __future__ import annotations

from typing import Final

# On spans and metric labels.  Never an address, a path, a query, a client or an exception's text.
ATTRIBUTES: Final = frozenset(
    {
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "error.type",
        "messaging.system",
        "messaging.operation.type",
        "accord.service",
        "accord.act",
        "accord.agency",
        "accord.type",
        "accord.outcome",
        "accord.reason",
        "accord.count",
        "accord.consumer",
    }
)

# Names of other libraries' own that may be an argument of their log lines.  Numbers and classes of errors need no list.
LIBRARY_NAMES: Final = frozenset({"commit", "livelock", "Monitor.sampler", "Recovery.stats", "table_cleanup"})

# In log lines, beside at, level, service, event, trace_id, logger, error and where.
LOGGED: Final = frozenset(
    {
        "act",
        "actor",
        "agency",
        "attempt",
        "category",
        "client_id",
        "code",
        "consumer",
        "count",
        "directive_ref",
        "error_id",
        "group",
        "host",
        "index",
        "instance",
        "message_ref",
        "method",
        "missing",
        "offset",
        "partition",
        "pid",
        "port",
        "process",
        "profile",
        "reason",
        "recipient",
        "route",
        "seconds",
        "sequence",
        "shard",
        "size",
        "state",
        "status",
        "step",
        "sv",
        "table",
        "topic",
        "type",
        "version",
    }
)

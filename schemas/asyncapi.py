"""The AsyncAPI 3.0 document: what a partner's program finds in its mailbox."""

import re
from typing import Any, Final

from schemas.facts import Fact
from schemas.registry import CONTRACTS, PLANNED
from schemas.topics import TopicSpec, topic_specs

CONTENT_TYPE: Final = "application/vnd.accord.sealed"
BINDING: Final = "0.5.0"

_UUID: Final = {"type": "string", "format": "uuid"}
_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {**_UUID, "description": "The message's own reference; the same when it is sent again."},
    "ce_type": {"type": "string", "pattern": r"^accord\.[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$"},
    "ce_source": {"type": "string", "pattern": "^/agencies/[a-z0-9-]{2,40}$"},
    "ce_subject": {**_UUID, "description": "The recipient's own case reference."},
    "ce_time": {
        "type": "string",
        "format": "date-time",
        "description": "Exact for a fact of your own; else a minute, at most six minutes before it.",
    },
    "ce_sequence": {
        "type": "string",
        "description": "The order within one case and recipient: from 1, one more for each message that is sent.",
    },
    "ce_dataschema": {"type": "string", "pattern": "^urn:accord:contract:"},
    "content-type": {"type": "string", "const": CONTENT_TYPE},
}
_DESCRIPTION: Final = (
    "Sealed copies of facts, one mailbox an agency.  A value is noise until it is opened over the HTTP API:"
    " opening is decided by the consent of that moment, and is on record.  No header names a purpose,"
    " a release or a category."
)


def document() -> dict[str, Any]:
    """Return the document, made from the catalogue and the topic files."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Accord mailboxes", "version": "1.0.0", "description": _DESCRIPTION},
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": _server()},
        "channels": {_channel_name(spec): _channel(spec) for spec in topic_specs()},
        "operations": {f"read.{_channel_name(spec)}": _operation(spec) for spec in topic_specs()},
        "components": {
            "messages": {name: _message(fact) for name, fact in CONTRACTS.items()},
            "schemas": {"envelope": _envelope()},
            "securitySchemes": {"scram": {"type": "scramSha512"}},
        },
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka-secure",
        "description": "The broker of your cell; each agency has its own principal, which reads its own mailbox only.",
        "variables": {"bootstrap": {"description": "host:port, given to you with your credentials"}},
        "security": [{"$ref": "#/components/securitySchemes/scram"}],
    }


def _channel_name(spec: TopicSpec) -> str:
    return re.sub(r"[{}]", "", spec.topic)


def _channel(spec: TopicSpec) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": spec.topic,
        "description": spec.says,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in CONTRACTS},
        "bindings": {"kafka": _topic(spec)},
    }
    if "{agency}" in spec.topic:
        channel["parameters"] = {"agency": {"description": "your agency's id", "examples": ["harbor-house"]}}
    return channel


def _topic(spec: TopicSpec) -> dict[str, Any]:
    settings = {**spec.settings, "cleanup.policy": [spec.settings["cleanup.policy"]]}
    return {
        "partitions": spec.partitions,
        "replicas": spec.replicas,
        "topicConfiguration": settings,
        "bindingVersion": BINDING,
    }


def _operation(spec: TopicSpec) -> dict[str, Any]:
    group = {"type": "string", "description": "your agency's id, a full stop, and a name of your own"}
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{_channel_name(spec)}"},
        "summary": "Read what was put into your mailbox; delivery is at least once, so go by ce_id.",
        "bindings": {"kafka": {"groupId": group, "bindingVersion": BINDING}},
    }


def _message(fact: type[Fact]) -> dict[str, Any]:
    summary = (fact.__doc__ or "").splitlines()[0]
    planned = fact.type in PLANNED
    return {
        "name": fact.type,
        "title": fact.__name__,
        "summary": f"{summary} Planned: no service offers it yet." if planned else summary,
        "contentType": CONTENT_TYPE,
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/envelope"},
                {"type": "object", "properties": {"ce_type": {"type": "string", "const": fact.type}}},
            ]
        },
        "payload": {"type": "string", "contentEncoding": "binary", "description": "the sealed body"},
        "correlationId": {"location": "$message.header#/ce_id"},
        "bindings": {"kafka": {"key": _UUID, "bindingVersion": BINDING}},
        "x-accord-contract": {"$ref": f"{fact.type}.json"},
        **({"x-accord-status": "planned"} if planned else {}),
    }


def _envelope() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": _HEADERS,
        "required": list(_HEADERS),
    }

"""The AsyncAPI document holds together, by the rules of AsyncAPI 3.0 and the Kafka bindings 0.5.0."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from schemas.asyncapi import BINDING, CONTENT_TYPE, document
from schemas.publish import FOLDER
from schemas.registry import CONTRACTS

DOCUMENT = document()

REFERENCE = {"type": "object", "required": ["$ref"], "additionalProperties": False, "properties": {"$ref": {}}}
BY_NAME = {"type": "object", "propertyNames": {"pattern": r"^[\w\d\.\-_]+$"}, "minProperties": 1}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    named = {name: {} for name in required} | properties
    return {"type": "object", "required": required, "additionalProperties": False, "properties": named}


KAFKA_TOPIC = closed(
    ["partitions", "replicas", "topicConfiguration", "bindingVersion"],
    topic={"type": "string"},
    partitions={"type": "integer", "minimum": 1},
    replicas={"type": "integer", "minimum": 1},
    bindingVersion={"const": "0.5.0"},
    topicConfiguration={
        "type": "object",
        "properties": {
            "cleanup.policy": {"type": "array", "items": {"enum": ["compact", "delete"]}},
            "retention.ms": {"type": "integer", "minimum": -1},
        },
    },
)
KAFKA_GROUP = closed(
    ["bindingVersion"], groupId={"type": "object"}, clientId={"type": "object"}, bindingVersion={"const": "0.5.0"}
)
KAFKA_KEY = closed(["bindingVersion"], key={"type": "object"}, bindingVersion={"const": "0.5.0"})
SHAPE = closed(
    ["asyncapi", "info", "channels", "operations", "components"],
    asyncapi={"const": "3.0.0"},
    defaultContentType={"type": "string"},
    info=closed(["title", "version"], description={"type": "string"}),
    servers=BY_NAME
    | {
        "additionalProperties": closed(
            ["host", "protocol"],
            description={"type": "string"},
            variables=BY_NAME,
            security={"type": "array", "items": REFERENCE},
        )
    },
    channels=BY_NAME
    | {
        "additionalProperties": closed(
            ["address", "messages"],
            description={"type": "string"},
            parameters={"additionalProperties": closed([], description={}, examples={"type": "array"})},
            messages=BY_NAME | {"additionalProperties": REFERENCE},
            bindings=closed(["kafka"], kafka=KAFKA_TOPIC),
        )
    },
    operations=BY_NAME
    | {
        "additionalProperties": closed(
            ["action", "channel"],
            action={"enum": ["send", "receive"]},
            channel=REFERENCE,
            summary={"type": "string"},
            bindings=closed(["kafka"], kafka=KAFKA_GROUP),
        )
    },
    components=closed(
        ["messages", "schemas", "securitySchemes"],
        securitySchemes={"additionalProperties": closed(["type"], type={"const": "scramSha512"})},
        messages=BY_NAME
        | {
            "additionalProperties": {
                "type": "object",
                "required": ["name", "title", "contentType", "headers", "payload"],
                "properties": {
                    "summary": {"type": "string", "minLength": 10},
                    "correlationId": closed(
                        ["location"], location={"type": "string", "pattern": r"^\$message\.(header|payload)#/"}
                    ),
                    "bindings": closed(["kafka"], kafka=KAFKA_KEY),
                },
            }
        },
    ),
)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def target(reference: str) -> Any:
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_the_document_has_the_shape_of_asyncapi_3() -> None:
    jsonschema.Draft202012Validator.check_schema(SHAPE)
    jsonschema.Draft202012Validator(SHAPE).validate(DOCUMENT)


@pytest.mark.parametrize("reference", sorted(set(references(DOCUMENT))))
def test_every_reference_leads_somewhere(reference: str) -> None:
    if reference.startswith("#/"):
        assert target(reference)
    else:
        assert (FOLDER / reference).exists()


def test_every_fact_may_be_in_a_mailbox_and_nothing_else() -> None:
    assert set(DOCUMENT["components"]["messages"]) == set(CONTRACTS)
    assert set(DOCUMENT["channels"]["to.agency"]["messages"]) == set(CONTRACTS)
    assert DOCUMENT["channels"]["to.agency"]["address"] == "to.{agency}"
    assert set(DOCUMENT["channels"]["to.agency"]["parameters"]) == {"agency"}


def test_an_operation_reads_a_channel_of_this_document() -> None:
    for operation in DOCUMENT["operations"].values():
        assert target(operation["channel"]["$ref"]) in DOCUMENT["channels"].values()


@pytest.mark.parametrize("type_name", CONTRACTS)
def test_the_headers_of_a_message_are_schemas(type_name: str) -> None:
    message = DOCUMENT["components"]["messages"][type_name]

    jsonschema.Draft202012Validator.check_schema(message["headers"])
    assert message["contentType"] == CONTENT_TYPE
    assert message["bindings"]["kafka"]["bindingVersion"] == BINDING


def test_no_header_names_a_purpose_a_release_or_a_category() -> None:
    envelope = json.dumps(DOCUMENT["components"]["schemas"]["envelope"]["properties"])

    assert not [word for word in ("purpose", "release", "categor", "directive", "mask") if word in envelope]

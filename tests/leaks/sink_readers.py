"""What was answered, exported and printed, as bytes to look through."""

import base64
import binascii
import json
import re
import traceback
from collections.abc import Iterator
from pprint import pformat
from typing import Any

from google.protobuf.message import Message  # type: ignore[import-untyped]  # it ships no types
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import BaseModel, ValidationError

from schemas.registry import CONTRACTS
from tests.leaks.capture import Answer
from tests.leaks.scene import Scene

ABSENT_REF = "00000000-0000-4000-8000-000000000000"
CODED = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
Pieces = Iterator[tuple[str, bytes]]


def spans(scene: Scene) -> Pieces:
    """Yield each export of spans as it came, and read."""
    yield from _exports(scene, "traces", ExportTraceServiceRequest())


def metrics(scene: Scene) -> Pieces:
    """Yield each export of numbers as it came, and read."""
    yield from _exports(scene, "metrics", ExportMetricsServiceRequest())


def _exports(scene: Scene, signal: str, read: Message) -> Pieces:
    for export in scene.collector.of(signal):
        read.ParseFromString(export.body)
        yield f"{signal}", export.body
        yield f"{signal}, read", str(read).encode()


def headers_of_telemetry(scene: Scene) -> Pieces:
    for export in scene.collector.exports:
        yield "an export", export.path.encode() + b"\n" + export.head


def heads(scene: Scene) -> Pieces:
    for answer in scene.recorder.answers:
        yield answer.request, answer.head


def problems(scene: Scene) -> Pieces:
    yield from _bodies(scene, lambda answer: answer.status >= 400 and not _is_page(answer))


def answers(scene: Scene) -> Pieces:
    """Yield each good answer but openings, the one place for what was told."""
    yield from _bodies(scene, lambda answer: answer.status < 400 and not answer.opens and not _is_page(answer))


def pages(scene: Scene) -> Pieces:
    yield from _bodies(scene, _is_page)


def _bodies(scene: Scene, accepts: Any) -> Pieces:
    for answer in scene.recorder.answers:
        if accepts(answer) and answer.body:
            yield f"{answer.request} {answer.status}", answer.body


def _is_page(answer: Answer) -> bool:
    return b"text/html" in answer.head.lower()


def cursors(scene: Scene) -> Pieces:
    """Yield each ETag, link, location and cursor, as it is and decoded."""
    for answer in scene.recorder.answers:
        lines = [line for line in answer.head.split(b"\n") if line.lower().startswith((b"etag", b"link", b"location"))]
        lines += re.findall(rb'"cursor": ?"[^"]*"', answer.body)
        for text in lines:
            yield answer.request, text
            yield from _decoded(answer.request, text)


def cookies(scene: Scene) -> Pieces:
    for answer in scene.recorder.answers:
        for cookie in answer.cookies:
            yield answer.request, cookie.encode()
            yield from _decoded(answer.request, cookie.encode())


def tokens(scene: Scene) -> Pieces:
    """Yield the tokens that people hold, and what is written in them."""
    for name, person in scene.people.items():
        if person.token:
            yield name, person.token.encode()
            yield from _decoded(name, person.token.encode())
    for answer in scene.recorder.answers:
        if answer.url == scene.town.issuer.token_url:
            yield answer.request, answer.head + b"\n" + answer.body


def _decoded(where: str, text: bytes) -> Pieces:
    for coded in CODED.findall(text):
        plain = coded.rstrip(b"=")
        try:
            yield f"{where}, decoded", base64.urlsafe_b64decode(plain + b"=" * (-len(plain) % 4))
        except (binascii.Error, ValueError):
            continue


def descriptions(scene: Scene) -> Pieces:
    """Yield the descriptions and health pages that services give anybody."""
    addresses = {name: str(process.url) for name, process in scene.town.processes.items() if process.url}
    for name, url in {**addresses, **scene.asked_too}.items():
        for path in ("/openapi.json", "/healthz", "/readyz"):
            answer = scene.client.get(url + path)
            yield f"{name} {path}", answer.content


def models(scene: Scene) -> Pieces:
    """Yield everything that a contract's model and its refusals show of themselves."""
    for sown in scene.sown_facts:
        fact = sown.fact(ABSENT_REF)
        yield sown.type, printed(fact).encode()
        yield f"{sown.type}, refused", refusals(CONTRACTS[sown.type], sown.content).encode()
    for model, fields in scene.printed_too:
        yield model.__name__, (printed(model.model_validate(fields)) + refusals(model, fields)).encode()


def printed(model: BaseModel) -> str:
    """Return all that printing a model, or what is in it, shows."""
    text = f"{model!r} {model} {list((model,))} {pformat(model)} {[*model.__rich_repr__()]}"  # type: ignore[misc]
    inside = (item for value in vars(model).values() for item in (value if isinstance(value, tuple) else (value,)))
    return text + "".join(printed(part) for part in inside if isinstance(part, BaseModel))


def refusals(model: type[BaseModel], fields: dict[str, Any]) -> str:
    """Return all that refusing what is wrong in each field shows: text, errors and traceback."""
    first = next(iter(fields.values()))
    word = first if isinstance(first, str) else json.dumps(fields, ensure_ascii=False)
    bad: list[Any] = [
        fields | {word: word},
        {name: [word, {word: word}] for name in fields},
        {name: {word: value} for name, value in fields.items()},
        {name: json.dumps(value, ensure_ascii=False) * 2 for name, value in fields.items()},
        word,
    ]
    texts = []
    for document in bad:
        try:
            model.model_validate_json(json.dumps(document))
        except ValidationError as refused:
            texts.append(f"{refused} {refused!r} {''.join(traceback.format_exception(refused))}")
            texts.append(str(refused.errors(include_input=False, include_context=False)))
    return "\n".join(texts)

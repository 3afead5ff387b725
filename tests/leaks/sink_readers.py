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

NOBODY = "00000000-0000-4000-8000-000000000000"
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
    for one in scene.heard.answers:
        yield one.asked, one.head


def problems(scene: Scene) -> Pieces:
    yield from _bodies(scene, lambda one: one.status >= 400 and not _is_page(one))


def answers(scene: Scene) -> Pieces:
    """Yield each good answer but openings, the one place for what was told."""
    yield from _bodies(scene, lambda one: one.status < 400 and not one.opens and not _is_page(one))


def pages(scene: Scene) -> Pieces:
    yield from _bodies(scene, _is_page)


def _bodies(scene: Scene, wanted: Any) -> Pieces:
    for one in scene.heard.answers:
        if wanted(one) and one.body:
            yield f"{one.asked} {one.status}", one.body


def _is_page(one: Answer) -> bool:
    return b"text/html" in one.head.lower()


def cursors(scene: Scene) -> Pieces:
    """Yield what leads on or names a version, and what is coded in it."""
    for one in scene.heard.answers:
        said = [line for line in one.head.split(b"\n") if line.lower().startswith((b"etag", b"link", b"location"))]
        said += re.findall(rb'"cursor": ?"[^"]*"', one.body)
        for text in said:
            yield one.asked, text
            yield from _decoded(one.asked, text)


def cookies(scene: Scene) -> Pieces:
    for one in scene.heard.answers:
        for cookie in one.cookies:
            yield one.asked, cookie.encode()
            yield from _decoded(one.asked, cookie.encode())


def tokens(scene: Scene) -> Pieces:
    """Yield the tokens that people hold, and what is written in them."""
    for name, person in scene.people.items():
        if person.token:
            yield name, person.token.encode()
            yield from _decoded(name, person.token.encode())
    for one in scene.heard.answers:
        if one.url == scene.town.issuer.token_url:
            yield one.asked, one.head + b"\n" + one.body


def _decoded(where: str, text: bytes) -> Pieces:
    for coded in CODED.findall(text):
        plain = coded.rstrip(b"=")
        try:
            yield f"{where}, decoded", base64.urlsafe_b64decode(plain + b"=" * (-len(plain) % 4))
        except (binascii.Error, ValueError):
            continue


def descriptions(scene: Scene) -> Pieces:
    """Yield what services say of themselves to anybody who asks."""
    addresses = {name: str(one.url) for name, one in scene.town.processes.items() if one.url}
    for name, url in {**addresses, **scene.asked_too}.items():
        for path in ("/openapi.json", "/healthz", "/readyz"):
            answer = scene.client.get(url + path)
            yield f"{name} {path}", answer.content


def models(scene: Scene) -> Pieces:
    """Yield everything that a contract's model and its refusals show of themselves."""
    for sown in scene.told:
        fact = sown.fact(NOBODY)
        yield sown.type, shown(fact).encode()
        yield f"{sown.type}, refused", refusals(CONTRACTS[sown.type], sown.said).encode()
    for model, said in scene.printed_too:
        yield model.__name__, (shown(model.model_validate(said)) + refusals(model, said)).encode()


def shown(model: BaseModel) -> str:
    """Return all that printing a model, or what is in it, shows."""
    said = f"{model!r} {model} {list((model,))} {pformat(model)} {[*model.__rich_repr__()]}"  # type: ignore[misc]
    inside = (item for value in vars(model).values() for item in (value if isinstance(value, tuple) else (value,)))
    return said + "".join(shown(one) for one in inside if isinstance(one, BaseModel))


def refusals(model: type[BaseModel], said: dict[str, Any]) -> str:
    """Return all that refusing what is wrong in each field shows: text, errors and traceback."""
    first = next(iter(said.values()))
    word = first if isinstance(first, str) else json.dumps(said, ensure_ascii=False)
    bad: list[Any] = [
        said | {word: word},
        {name: [word, {word: word}] for name in said},
        {name: {word: value} for name, value in said.items()},
        {name: json.dumps(value, ensure_ascii=False) * 2 for name, value in said.items()},
        word,
    ]
    told = []
    for one in bad:
        try:
            model.model_validate_json(json.dumps(one))
        except ValidationError as refused:
            told.append(f"{refused} {refused!r} {''.join(traceback.format_exception(refused))}")
            told.append(str(refused.errors(include_input=False, include_context=False)))
    return "\n".join(told)

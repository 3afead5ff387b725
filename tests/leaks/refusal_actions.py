"""What the edge, the rules and the database refuse, every word of it a canary."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final
from uuid import uuid4

import httpx

from cli.tokens import person_token
from tests.leaks.canaries import CanaryPool
from tests.leaks.scene import Scene
from tests.support.waits import PATIENCE

USE: Final = "refused"
# Who may come as far as the form of each service.
WHO: Final[Mapping[str, str]] = {
    "intake": "ana",
    "consent": "ana",
    "referrals": "ana",
    "law_enforcement_bridge": "lee",
    "exchange": "ana",
    "audit": "priya",
    "tasks": "ana",
    "notifications": "ana",
    "dashboard": "cora",
}


def routes_of(scene: Scene) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Yield every route: its service, method, template and description."""
    for service, description in scene.descriptions.items():
        for template, methods in description["paths"].items():
            for method, operation in methods.items():
                yield service, method.upper(), template, operation


def form_of(operation: Mapping[str, Any]) -> str | None:
    """Return the name of the form that a route takes, if it takes one."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    for schema in (content, *content.get("anyOf", ())):
        if "$ref" in schema:
            return str(schema["$ref"].rpartition("/")[2])
    return None


def bad_bodies(nursery: CanaryPool, place: str, good: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield bodies that are refused, each for another reason."""

    def word() -> str:
        return nursery.word(USE, place)

    def raw(value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False).encode()

    yield raw(dict.fromkeys(good, word()))
    nested = {word(): word()}
    yield raw({name: nested for name in good})
    yield raw({name: [nested, word()] for name in good})
    yield raw({**good, word(): word()})
    yield raw(word())
    yield raw([word()])
    yield raw(dict.fromkeys(good, (word() + " ") * 150))
    yield b'{"narrative": "' + word().encode()
    yield word().encode()
    yield b'{"narrative": "' + word().encode() + b'\\u0000"}'
    yield b'{"narrative": "' + word().encode() + b'\x00"}'
    yield b'{"narrative": "' + word().encode() + b'\\ud800"}'
    yield raw({"narrative": word() + "\u202e"})
    name = json.dumps(word())
    yield f"{{{name}: 1, {name}: 2}}".encode()
    yield raw({"narrative": word()}).replace(b"}", b', "count": NaN}')
    yield word().encode("utf-16")
    yield raw({"narrative": word() * 100_000})


def send_bad_bodies(scene: Scene, case_ref: str) -> int:
    """Send each route with a form what it refuses; return how many were refused."""
    requests = [
        (service, method, template, raw)
        for service, method, template, operation in routes_of(scene)
        if (form := form_of(operation))
        for raw in bad_bodies(scene.nursery, f"{service} {form}", _good(scene, service, form))
    ]
    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = list(pool.map(lambda request: _send(scene, case_ref, *request), requests))
    return sum(answer.status_code >= 400 for answer in answers)


def _good(scene: Scene, service: str, form: str) -> Mapping[str, Any]:
    return (
        scene.body(service, form, USE) if form != "ModificationRequest" else scene.body(service, form, USE, status=None)
    )


def _send(scene: Scene, case_ref: str, service: str, method: str, template: str, raw: bytes) -> httpx.Response:
    path = template.replace("{case_ref}", case_ref)
    for name in ("{directive_ref}", "{message_ref}", "{order_ref}", "{referral_ref}", "{incident_ref}", "{task_ref}"):
        path = path.replace(name, str(uuid4()))
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token_of(scene, WHO[service])}"}
    return scene.client.request(method, scene.town.services[service] + path, content=raw, headers=headers)  # type: ignore[index]


def token_of(scene: Scene, who: str) -> str:
    """Return the bearer token of a person."""
    person = scene.people[who]
    person.token = person.token or person_token(scene.town, who)
    return person.token


def send_strange_addresses(scene: Scene, case_ref: str) -> None:
    """Put canaries into paths, queries and headers of every route; some of them are answered all the same."""
    requests = [request for route in routes_of(scene) for request in _strange(scene, case_ref, *route)]
    with ThreadPoolExecutor(max_workers=8) as pool:  # a refusal takes its time, whoever else waits
        list(
            pool.map(
                lambda request: scene.client.request(request.pop("method"), request.pop("url"), **request), requests
            )
        )


def _strange(
    scene: Scene, case_ref: str, service: str, method: str, template: str, operation: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    def slug(where: str) -> str:
        return scene.nursery.slug(USE, f"{service} {method} {template}: {where}")

    parameters = operation.get("parameters", ())
    url, path = scene.town.services[service], template  # type: ignore[index]
    for name in [parameter["name"] for parameter in parameters if parameter["in"] == "path"]:
        path = path.replace(f"{{{name}}}", slug(name))
    queries = {parameter["name"]: slug(parameter["name"]) for parameter in parameters if parameter["in"] == "query"}
    honest, token = template.replace("{case_ref}", case_ref), token_of(scene, WHO[service])
    yield _request(method, url + path, token, {}, slug)
    yield _request(method, url + honest, token, queries, slug)
    yield _request(method, url + honest, token, {slug("query"): slug("query")}, slug)
    yield _request(method, url + honest, slug("token"), {}, slug)
    yield _request(slug("method"), url + honest, token, {}, slug)
    yield _request(method, f"{url}/{slug('path')}/%00{slug('path')}", token, {}, slug)


def _request(
    method: str, url: str, token: str, queries: Mapping[str, str], slug: Callable[[str], str]
) -> dict[str, Any]:
    headers = {
        "Authorization": f"Bearer {token}",
        "User-Agent": slug("user-agent"),
        "Referer": f"http://{slug('referer')}.test/",
        "Cookie": f"accord-session={slug('cookie')}; {slug('cookie')}=1",
        "traceparent": f"00-{slug('traceparent')}-00f067aa0ba902b7-01",
        "tracestate": f"{slug('tracestate')}={slug('tracestate')}",
        "baggage": f"{slug('baggage')}={slug('baggage')}",
        "X-Request-Id": slug("request id"),
        "X-Forwarded-For": slug("forwarded"),
        "Accept-Language": slug("language"),
        "If-Match": f'"{slug("if-match")}"',
        "Idempotency-Key": slug("key"),
    }
    body = json.dumps({}) if method in ("POST", "PUT") else None
    typed = {"Content-Type": "application/json"} if body else {}
    options = {"params": dict(queries), "headers": {**headers, **typed}, "content": body}
    return {"method": method, "url": url, **options}


def send_valid_traces(scene: Scene, case_ref: str) -> None:
    """Send a trace of one's own beside a state full of canaries: the state goes nowhere."""
    for _ in range(3):
        headers = {
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "tracestate": f"vendor={scene.nursery.slug(USE, 'tracestate')}",
        }
        scene.people["ana"].ask("intake", "GET", f"/v1/cases/{case_ref}", **headers)


def repeat_under_one_key(scene: Scene, case_ref: str) -> None:
    """Send two different bodies under one key: the second is refused; and one body twice: it is done once."""
    key = scene.nursery.slug(USE, "Idempotency-Key")
    path = f"/v1/cases/{case_ref}/incidents"
    first = scene.body("intake", "IncidentRequest", occurred_on="2026-01-02")
    other = scene.body("intake", "IncidentRequest", USE, occurred_on="2026-01-02")
    answers = [
        scene.people["ana"].ask("intake", "POST", path, body, Idempotency_Key=key) for body in (first, first, other)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 422]


def ask_the_issuer(scene: Scene) -> None:
    """Sign in with canaries, by form and by page."""
    issuer = scene.town.issuer

    def slug(place: str) -> str:
        return scene.nursery.slug(USE, f"issuer: {place}")

    for grant in ("password", "client_credentials", "authorization_code", "refresh_token", slug("grant")):
        names = ("username", "password", "client_assertion", "client_id", "code", "refresh_token", "code_verifier")
        form = {"grant_type": grant, **{name: slug(name) for name in names}}
        scene.client.post(issuer.token_url, data=form)
    params = {name: slug(name) for name in ("client_id", "redirect_uri", "state", "scope", "nonce", "code_challenge")}
    scene.client.get(f"{issuer.url}/authorize", params={**params, "response_type": "code"})
    scene.client.post(
        f"{issuer.url}/authorize", params=params, data={name: slug(name) for name in ("name", "passphrase")}
    )


# A database that says no by itself, each in its own words: what it says quotes the row.
TRAPS: Final = {
    "check": ("ALTER TABLE consent.choice ADD CONSTRAINT trap CHECK (false) NOT VALID",
              "ALTER TABLE consent.choice DROP CONSTRAINT trap"),
    "unique": ("CREATE UNIQUE INDEX trap ON consent.choice ((evidence::text)) WHERE recorded_at > '{since}'",
               "DROP INDEX consent.trap"),
    "raise": ("""CREATE FUNCTION consent.trap() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN RAISE EXCEPTION 'no: %', NEW.evidence USING DETAIL = NEW.evidence::text; END $$;
                 CREATE TRIGGER trap BEFORE INSERT ON consent.choice FOR EACH ROW EXECUTE FUNCTION consent.trap()""",
              "DROP TRIGGER trap ON consent.choice; DROP FUNCTION consent.trap"),
    "cast": ("""CREATE FUNCTION consent.trap() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN NEW.recorded_at = NEW.evidence->>'text_version'; RETURN NEW; END $$;
                CREATE TRIGGER trap BEFORE INSERT ON consent.choice FOR EACH ROW EXECUTE FUNCTION consent.trap()""",
             "DROP TRIGGER trap ON consent.choice; DROP FUNCTION consent.trap"),
    "right": ("REVOKE INSERT ON consent.choice FROM accord_consent",
              "GRANT INSERT ON consent.choice TO accord_consent"),
}  # fmt: skip
END_CONNECTIONS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('accord_intake', 'accord_consent')
"""


@contextmanager
def trapped(scene: Scene, set_up: str, taken_down: str) -> Iterator[None]:
    """Make the database refuse what a service writes."""
    with scene.superuser() as connection:
        since = connection.execute("SELECT clock_timestamp()::timestamptz").fetchone()
        assert since is not None
        connection.execute(set_up.replace("{since}", str(since[0])).encode())
        try:
            yield
        finally:
            connection.execute(taken_down.encode())


def run_into_the_database(scene: Scene, case_ref: str) -> int:
    """Let the database refuse rows that hold canaries; return how many requests failed for it."""
    failed = 0
    for name, (set_up, taken_down) in TRAPS.items():
        with trapped(scene, set_up, taken_down):
            # What it refuses may still have been written, so these are canaries of the column that they were meant for.
            choice = scene.body("consent", "ParticipationRequest", "evidence", participation="no")
            for _ in range(1 + (name == "unique")):
                answer = scene.people["ana"].ask("consent", "PUT", f"/v1/cases/{case_ref}/participation", choice)
            failed += answer.status_code >= 400
    return failed


def lose_connections(scene: Scene, case_ref: str) -> None:
    """End the database's side of every connection while people write."""
    for _ in range(3):
        with scene.superuser() as connection:
            connection.execute(END_CONNECTIONS)
        incident = scene.body("intake", "IncidentRequest", occurred_on="2026-01-02")
        scene.people["ana"].ask("intake", "POST", f"/v1/cases/{case_ref}/incidents", incident)
    deadline = time.monotonic() + PATIENCE
    for service, path in (("intake", f"/v1/cases/{case_ref}"), ("consent", f"/v1/cases/{case_ref}/directives")):
        while scene.people["ana"].ask(service, "GET", path).status_code != 200:
            assert time.monotonic() < deadline, f"{service} does not come back"
            time.sleep(0.1)

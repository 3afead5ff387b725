"""An agency's own system, written by somebody who has town.json, the documentation, and none of our code."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from confluent_kafka import Consumer
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.support.waits import PATIENCE

DIRECT: dict[str, Any] = {"trust_env": False, "timeout": 20}


class Outsider:
    """One agency's system: it reads its mailbox from Kafka, and opens what came over HTTP."""

    def __init__(self, town_json: Path, agency_id: str) -> None:
        self.town = json.loads(town_json.read_text())
        (self.agency,) = (agency for agency in self.town["agencies"] if agency["id"] == agency_id)

    def token(self) -> str:
        """Return a token for the system, asked for by its own key (private_key_jwt)."""
        key = ECKey.import_key(json.loads(Path(self.agency["key_file"]).read_text()))
        client, url, now = self.agency["client_id"], self.town["issuer"]["token_url"], int(time.time())
        claims = {"iss": client, "sub": client, "aud": url, "iat": now, "exp": now + 60, "jti": str(uuid4())}
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key),
        }
        answer = httpx.post(url, data=form, **DIRECT)
        return str(answer.raise_for_status().json()["access_token"])

    def mail(self, group: str, count: int, *, within: float = PATIENCE) -> list[dict[str, Any]]:
        """Return the next `count` messages in the mailbox that this group has not had; it has had them then."""
        consumer = Consumer(self._settings(group))
        consumer.subscribe([self.agency["mailbox"]])
        deadline, messages = time.monotonic() + within, list[dict[str, Any]]()
        try:
            while len(messages) < count:
                assert time.monotonic() < deadline, f"{len(messages)} of {count} messages came"
                message: Any = consumer.poll(0.2)
                if message is not None and not message.error():
                    headers = {name: value.decode() for name, value in message.headers()}
                    messages.append({"headers": headers, "key": message.key().decode(), "body": message.value()})
            consumer.commit(asynchronous=False)
        finally:
            consumer.close()
        return messages

    def opens(self, message_ref: str, purpose: str) -> httpx.Response:
        """Ask the exchange to open a message for a purpose."""
        url = f"{self.town['services']['exchange']}/v1/messages/{message_ref}/opening"
        bearer = {"Authorization": f"Bearer {self.token()}"}
        return httpx.post(url, json={"purpose": purpose}, headers=bearer, **DIRECT)

    def _settings(self, group: str) -> dict[str, Any]:
        kafka = self.town["kafka"]
        return {
            "bootstrap.servers": kafka["bootstrap_servers"],
            "security.protocol": kafka["security_protocol"],
            "sasl.mechanism": kafka["sasl_mechanism"],
            "sasl.username": self.agency["kafka_user"],
            "sasl.password": Path(self.agency["kafka_password_file"]).read_text().strip(),
            "group.id": f"{self.agency['id']}.{group}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }

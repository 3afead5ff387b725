"""What an agency's user of the broker may cost it (KIP-546); librdkafka has no such call, aiokafka the wire types."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from aiokafka.client import AIOKafkaClient  # type: ignore[import-untyped]
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from aiokafka.protocol.api import Request, RequestStruct, Response  # type: ignore[import-untyped]
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String  # type: ignore[import-untyped]

from runtime.messaging.connection import MECHANISM
from runtime.settings import KafkaProtocol

MiB: Final = 1024.0**2
# A mailbox of two weeks is read in minutes at that rate, and no reader takes the broker from the others.
AGENCY: Final[Mapping[str, float]] = {
    "producer_byte_rate": 1.0,  # bytes a second: it may write nothing, and refused tries cost as well
    "consumer_byte_rate": 4 * MiB,
    "request_percentage": 50.0,  # of one thread of the broker
}
USER: Final = "user"
_TEXT: Final = String("utf-8")
_ENTITY: Final = Array(("entity_type", _TEXT), ("entity_name", _TEXT))


class QuotasRefused(Exception):
    """The broker does not take them, or does not answer; its code or the error is named."""


class _Altered(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", _TEXT), ("entity", _ENTITY))),
    )


class _Alter(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _Altered
    SCHEMA = Schema(
        (
            "entries",
            Array(("entity", _ENTITY), ("ops", Array(("key", _TEXT), ("value", Float64), ("remove", Boolean)))),
        ),
        ("validate_only", Boolean),
    )


class _AlterQuotas(Request[_Alter]):  # type: ignore[misc]  # as above
    API_KEY: ClassVar[int] = 49

    def __init__(self, user: str, values: Mapping[str, float], *, remove: bool) -> None:
        self._user = user
        self._operations = [(name, value, remove) for name, value in values.items()]

    def build(self, request_struct_class: type[_Alter]) -> _Alter:
        return request_struct_class([([(USER, self._user)], self._operations)], False)


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who sets quotas, and where."""

    servers: str
    user: str
    password: str = field(repr=False)
    protocol: KafkaProtocol = KafkaProtocol.TLS
    context: Any = None

    def set_quotas(self, user: str, values: Mapping[str, float] = AGENCY) -> None:
        """Bound what a user may cost; repeating it is harmless. Raises `QuotasRefused`."""
        self._alter(_AlterQuotas(user, values, remove=False))

    def remove_quotas(self, user: str, values: Mapping[str, float] = AGENCY) -> None:
        """Forget the bounds of a user; repeating it is harmless. Raises `QuotasRefused`."""
        self._alter(_AlterQuotas(user, values, remove=True))

    def _alter(self, request: _AlterQuotas) -> None:
        codes = [code for code, *_ in self.send(request).entries if code]
        if codes:
            raise QuotasRefused(codes[0])

    def send(self, request: Request[Any]) -> Any:
        """Return what the broker answers to a request; raises `QuotasRefused`."""

        async def sent() -> Any:
            client = AIOKafkaClient(
                bootstrap_servers=self.servers,
                security_protocol=self.protocol.value,
                sasl_mechanism=MECHANISM,
                sasl_plain_username=self.user,
                sasl_plain_password=self.password,
                ssl_context=self.context,
            )
            try:
                await client.bootstrap()
                return await client.send(client.get_random_node(), request)
            except KafkaError as failed:
                raise QuotasRefused(type(failed).__name__) from None
            finally:
                await client.close()

        # A thread of its own: whoever calls may be within a loop.
        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(asyncio.run, sent()).result()

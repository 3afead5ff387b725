"""Where a request comes from, as far as we believe it."""

from __future__ import annotations

from starlette.requests import HTTPConnection


def client_address(connection: HTTPConnection, trusted_proxies: int) -> str:
    """Return the address of the client: the peer's, or what the outermost proxy of ours saw.

    Each proxy adds its peer at the end of X-Forwarded-For, so only the last entries were not written by the client.
    """
    if trusted_proxies:
        addresses = [
            address.strip() for line in connection.headers.getlist("x-forwarded-for") for address in line.split(",")
        ]
        if len(addresses) >= trusted_proxies:
            return addresses[-trusted_proxies]
    return "" if connection.client is None else connection.client.host

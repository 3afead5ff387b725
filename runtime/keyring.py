"""Keys that agencies hold: a keyring wraps a case key under its custodian's own key."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from typing import Protocol

from kernel.sealing.keys import unwrap, wrap
from runtime.settings import KeyringSettings, ProcessSettings, Profile

log = logging.getLogger(__name__)
KEY_BYTES = 32


class KeyringError(Exception):
    """An agency's key is not there, or the keyring may not be used here."""


class Keyring(Protocol):
    """What holds the agencies' keys; they never leave it."""

    async def wrap(self, agency_id: str, key: bytes, context: bytes) -> bytes:
        """Return `key` wrapped under the agency's key and bound to `context`."""

    async def unwrap(self, agency_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Return the key within `wrapped`; raises `kernel.sealing.NotOpenable` where anything differs."""


class UnsafeLocalKeyring:
    """A folder of key files, one an agency, for development: whoever reads the folder reads everything."""

    def __init__(self, folder: Path, *, production: bool) -> None:
        if production:
            raise KeyringError("the local keyring is refused under the production profile; name a KMS")
        self._folder = folder
        self._keys: dict[str, bytes] = {}
        log.warning("unsafe_local_keyring")

    def create(self, agency_id: str) -> None:
        """Make the agency's key, once; a key that is there stays."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(self._path(agency_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))

    async def wrap(self, agency_id: str, key: bytes, context: bytes) -> bytes:
        """Return `key` wrapped under the agency's key and bound to `context`."""
        return wrap(self._key(agency_id), key, context)

    async def unwrap(self, agency_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Return the key within `wrapped`; raises `kernel.sealing.NotOpenable` where anything differs."""
        return unwrap(self._key(agency_id), wrapped, context)

    def _path(self, agency_id: str) -> Path:
        return self._folder / f"{agency_id}.key"

    def _key(self, agency_id: str) -> bytes:
        if agency_id not in self._keys:
            try:
                key = self._path(agency_id).read_bytes()
            except OSError as missing:
                raise KeyringError("no key for this agency") from missing
            if len(key) != KEY_BYTES:
                raise KeyringError("the agency's key has the wrong length")
            self._keys[agency_id] = key
        return self._keys[agency_id]


class NoKeyring:
    """What a process has that was told of no keyring: it opens nothing."""

    async def wrap(self, agency_id: str, key: bytes, context: bytes) -> bytes:  # noqa: ARG002 - the protocol names them
        """Raise `KeyringError`."""
        raise KeyringError("this process was told of no keyring")

    async def unwrap(self, agency_id: str, wrapped: bytes, context: bytes) -> bytes:  # noqa: ARG002 - the protocol names them
        """Raise `KeyringError`."""
        raise KeyringError("this process was told of no keyring")


def keyring_from(settings: ProcessSettings) -> Keyring:
    """Return the keyring that a process was told of; raises `KeyringError` where that may not be used."""
    if not isinstance(settings, KeyringSettings):
        return NoKeyring()
    return UnsafeLocalKeyring(settings.keys, production=settings.profile is Profile.PRODUCTION)


def development_keyring(folder: Path) -> UnsafeLocalKeyring:
    """Return the keyring of a development run, in which `cli` makes the key of an agency that it takes in."""
    return UnsafeLocalKeyring(folder, production=False)

"""Signed notes, checkpoints and receipts, as c2sp.org writes them down.

signed-note v1 (Ed25519), tlog-checkpoint v1, tlog-cosignature v1 for witnesses (Ed25519) and
tlog-proof@v1.  What a note says is not to be believed before a known key's signature held.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kernel.ledger.merkle import HASH_BYTES, leaf_hash, verify_inclusion

SIGNS = b"\x01"
WITNESSES = b"\x04"
MOST_SIGNATURES = 100
PROOF = "c2sp.org/tlog-proof@v1"

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+=*)")
_VKEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)")
_SKEY = re.compile(r"PRIVATE\+KEY\+" + _VKEY.pattern)
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class Malformed(ValueError):
    """This is not written as the format asks."""


class NotSigned(ValueError):
    """No known key signed this, or one that claims it did not."""


class NotIncluded(ValueError):
    """The proof does not lead from the entry to the signed root."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A text that holds, and who signed it: witnesses with the second they did."""

    text: str
    by: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size and the root that a log stands by."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the note text to sign."""
        return "\n".join((self.origin, str(self.size), _base64(self.root), *self.extensions, ""))


@dataclass(frozen=True, slots=True)
class Proof:
    """A receipt: the entry at `index` is under the root that `checkpoint`, a signed note, names."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    def text(self) -> str:
        """Return the receipt as it is kept and sent (*.tlog-proof)."""
        extra = [f"extra {_base64(self.extra)}"] if self.extra else []
        return "\n".join((PROOF, *extra, f"index {self.index}", *map(_base64, self.path), "", self.checkpoint))


def new_keys(name: str, algorithm: bytes = SIGNS) -> tuple[str, str]:
    """Return a fresh signing key and its verifier key, as text (skey, vkey)."""
    seed = Ed25519PrivateKey.generate()
    public = seed.public_key().public_bytes_raw()
    key_id = _key_id(name, algorithm, public).hex()
    skey = f"PRIVATE+KEY+{name}+{key_id}+{_base64(algorithm + seed.private_bytes_raw())}"
    vkey = f"{name}+{key_id}+{_base64(algorithm + public)}"
    _verifier(vkey)
    return skey, vkey


def vkey_of(skey: str) -> str:
    """Return the verifier key that belongs to a signing key."""
    name, key_id, algorithm, key = _signer(skey)
    return f"{name}+{key_id.hex()}+{_base64(algorithm + key.public_key().public_bytes_raw())}"


def name_of(skey: str) -> str:
    """Return the name that a signing key signs under."""
    return _signer(skey)[0]


def sign(text: str, skey: str, *more: str) -> str:
    """Return the note that says `text` with the signature of each key, in that order."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Malformed("a note's text is lines without control characters")
    lines = []
    for name, key_id, algorithm, key in map(_signer, (skey, *more)):
        if algorithm != SIGNS:
            raise Malformed("a witness key cosigns")
        lines.append(_signature_line(name, key_id, key.sign(text.encode())))
    return "\n".join((text, *lines, ""))


def cosign(note: str, skey: str, at: int) -> str:
    """Return `note`, a checkpoint that this witness found consistent, with its cosignature."""
    text, _ = _split(note)
    name, key_id, algorithm, key = _signer(skey)
    if algorithm != WITNESSES:
        raise Malformed("a signing key does not witness")
    signature = at.to_bytes(8) + key.sign(_witnessed(text, at))
    return f"{note}{_signature_line(name, key_id, signature)}\n"


def verify(note: str, *vkeys: str) -> Signed:
    """Return what `note` says and which of `vkeys` signed it; others' signatures do not matter.

    Refuse it when none of them signed, and also when one signature in their name is false.
    """
    text, signatures = _split(note)
    verifiers = {verifier[:2]: verifier for verifier in map(_verifier, vkeys)}
    by: dict[str, int | None] = {}
    for name, key_id, signature in signatures:
        verifier = verifiers.get((name, key_id))
        if verifier is not None:
            by[name] = _signed_at(text, signature, verifier[2], verifier[3])
    if not by:
        raise NotSigned
    return Signed(text, by)


def read_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that a note's text writes down, whoever signed it."""
    *lines, end = text.split("\n")
    if end or len(lines) < 3 or not all(lines):
        raise Malformed("a checkpoint has an origin, a size and a root")
    origin, size, root, *extensions = lines
    return Checkpoint(origin, _number(size), _hash(root), tuple(extensions))


def verify_checkpoint(note: str, *vkeys: str) -> Checkpoint:
    """Return the checkpoint in `note`; refuse it unless a key named for its log signed it."""
    signed = verify(note, *vkeys)
    checkpoint = read_checkpoint(signed.text)
    if checkpoint.origin not in signed.by:
        raise NotSigned
    return checkpoint


def read_proof(text: str) -> Proof:
    """Return the receipt that `text` writes down, before anything of it is believed."""
    head, gap, checkpoint = text.partition("\n\n")
    version, *lines = head.split("\n")
    if not gap or version != PROOF or not lines:
        raise Malformed("not a receipt of this version")
    extra = b""
    if lines[0].startswith("extra "):
        extra = _bytes(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise Malformed("a receipt names the index of its entry")
    index = _number(lines[0].removeprefix("index "))
    return Proof(index, tuple(map(_hash, lines[1:])), checkpoint, extra)


def verify_proof(text: str, body: bytes, *vkeys: str) -> Checkpoint:
    """Return the checkpoint under which the receipt puts the entry `body`; refuse any other."""
    proof = read_proof(text)
    checkpoint = verify_checkpoint(proof.checkpoint, *vkeys)
    if not verify_inclusion(leaf_hash(body), proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise NotIncluded
    return checkpoint


def _split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    text, gap, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not gap or lines.pop() or not lines or len(lines) > MOST_SIGNATURES or _CONTROL.search(note):
        raise Malformed("a note is text, an empty line and signatures")
    signatures = []
    for line in lines:
        match = _SIGNATURE.fullmatch(line)
        if match is None:
            raise Malformed("not a signature line")
        signature = _bytes(match[2])
        signatures.append((match[1], signature[:4], signature[4:]))
    return text + "\n", signatures


def _signed_at(text: str, signature: bytes, algorithm: bytes, key: Ed25519PublicKey) -> int | None:
    try:
        if algorithm == SIGNS:
            key.verify(signature, text.encode())
            return None
        at = int.from_bytes(signature[:8])
        key.verify(signature[8:], _witnessed(text, at))
        return at
    except (InvalidSignature, UnicodeEncodeError):
        raise NotSigned from None


def _witnessed(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    return f"— {name} {_base64(key_id + signature)}"


@lru_cache(maxsize=256)
def _verifier(vkey: str) -> tuple[str, bytes, bytes, Ed25519PublicKey]:
    name, key_id, algorithm, public = _key(_VKEY.fullmatch(vkey))
    if _key_id(name, algorithm, public) != key_id:
        raise Malformed("this key is not the one its id says")
    return name, key_id, algorithm, Ed25519PublicKey.from_public_bytes(public)


@lru_cache(maxsize=8)  # deriving the public key again costs more than signing with the private one
def _signer(skey: str) -> tuple[str, bytes, bytes, Ed25519PrivateKey]:
    name, key_id, algorithm, seed = _key(_SKEY.fullmatch(skey))
    key = Ed25519PrivateKey.from_private_bytes(seed)
    if _key_id(name, algorithm, key.public_key().public_bytes_raw()) != key_id:
        raise Malformed("this key is not the one its id says")
    return name, key_id, algorithm, key


def _key(match: re.Match[str] | None) -> tuple[str, bytes, bytes, bytes]:
    if match is None or _CONTROL.search(match[1]):
        raise Malformed("not a note key")
    material = _bytes(match[3])
    algorithm, key = material[:1], material[1:]
    if algorithm not in (SIGNS, WITNESSES) or len(key) != HASH_BYTES:
        raise Malformed("not an Ed25519 note key")
    return match[1], bytes.fromhex(match[2]), algorithm, key


def _key_id(name: str, algorithm: bytes, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + algorithm + public).digest()[:4]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise Malformed("not base64") from None
    # One value, one spelling: what has two could be told apart by none of its readers.
    if _base64(raw) != text:
        raise Malformed("not canonical base64")
    return raw


def _hash(text: str) -> bytes:
    raw = _bytes(text)
    if len(raw) != HASH_BYTES:
        raise Malformed("not a hash")
    return raw


def _number(text: str) -> int:
    if _DECIMAL.fullmatch(text) is None:
        raise Malformed("not a number as the format writes them")
    return int(text)

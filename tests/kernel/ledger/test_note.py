import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.ledger import merkle, note
from kernel.ledger.note import Checkpoint, Malformed, NotIncluded, NotSigned, Proof
from tests.support.trees import grow

# The example of Go's golang.org/x/mod/sumdb/note, which defined the format.
GO_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    GO_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

ORIGIN = "town.example/ledger"
SKEY, VKEY = note.new_keys(ORIGIN)
OTHER_SKEY, OTHER_VKEY = note.new_keys("elsewhere.example/ledger")
WITNESS_SKEY, WITNESS_VKEY = note.new_keys("harbor-house.example/witness", note.WITNESSES)

BODIES = [b"entry %d" % number for number in range(21)]
NODES = {(level, index): hashed for level, index, hashed in grow(0, [], map(merkle.leaf_hash, BODIES))}
CHECKPOINT = Checkpoint(ORIGIN, 21, merkle.root(21, lambda level, index: NODES[level, index]))
NOTE = note.sign(CHECKPOINT.text(), SKEY)


def a_receipt(index: int, extra: bytes = b"") -> str:
    path = merkle.inclusion_proof(index, 21, lambda level, place: NODES[level, place])
    return Proof(index, tuple(path), NOTE, extra).text()


def test_the_reference_key_signs_the_reference_note() -> None:
    assert note.sign(GO_TEXT, GO_SKEY) == GO_NOTE
    assert note.vkey_of(GO_SKEY) == GO_VKEY
    assert note.verify(GO_NOTE, GO_VKEY).text == GO_TEXT


def test_fresh_keys_belong_together() -> None:
    skey, vkey = note.new_keys("town.example/new")

    assert note.vkey_of(skey) == vkey
    assert note.verify(note.sign("said\n", skey), vkey).by == {"town.example/new": None}


def test_several_keys_sign_one_note() -> None:
    signed = note.sign("said\n", SKEY, OTHER_SKEY)

    assert set(note.verify(signed, VKEY, OTHER_VKEY).by) == {ORIGIN, "elsewhere.example/ledger"}


def test_signatures_of_unknown_keys_do_not_matter() -> None:
    signed = note.sign("said\n", OTHER_SKEY, SKEY)
    stray = f"{signed}— stranger.example {base64.b64encode(bytes(90)).decode()}\n"

    assert note.verify(stray, VKEY) == note.Signed("said\n", {ORIGIN: None})


def test_a_key_that_shares_only_its_name_is_unknown() -> None:
    _, namesake = note.new_keys(ORIGIN)

    with pytest.raises(NotSigned):
        note.verify(NOTE, namesake)


def test_a_note_that_no_known_key_signed_is_refused() -> None:
    with pytest.raises(NotSigned):
        note.verify(NOTE, OTHER_VKEY)


def test_one_false_signature_in_a_known_name_spoils_the_note() -> None:
    other = note.sign("something else\n", SKEY).split("\n\n")[1]

    with pytest.raises(NotSigned):
        note.verify(note.sign("said\n", OTHER_SKEY) + other, VKEY, OTHER_VKEY)


@given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
def test_no_other_text_passes_for_the_signed_one(place: int, letter: str) -> None:
    altered = NOTE[:place] + letter + NOTE[place + 1 :]

    if altered != NOTE:
        with pytest.raises((Malformed, NotSigned)):
            note.verify(altered, VKEY)


def test_a_text_may_hold_empty_lines() -> None:
    text = "one\n\n\ntwo\n\n"

    assert note.verify(note.sign(text, SKEY), VKEY).text == text


def test_sixteen_signatures_are_accepted_and_a_flood_is_not() -> None:
    line = NOTE.split("\n\n")[1]

    assert note.verify(NOTE + line * 15, VKEY).by == {ORIGIN: None}
    with pytest.raises(Malformed):
        note.verify(NOTE + line * 100, VKEY)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        NOTE.rstrip("\n"),
        NOTE + "tail",
        NOTE + "tail\n",
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", "—  "),
        NOTE.replace(ORIGIN, "town\x00", 1),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("=\n", "\n"),
        NOTE + "— town.example Zg\n",
        NOTE + "— town.example Zh==\n",
        "\ud800" + NOTE,
    ],
)
def test_what_is_not_a_note_is_refused(broken: str) -> None:
    with pytest.raises((Malformed, NotSigned)):
        note.verify(broken, VKEY)


@pytest.mark.parametrize("text", ["", "no end", "a\ttab\n", "a\rreturn\n"])
def test_only_lines_without_controls_are_signed(text: str) -> None:
    with pytest.raises(Malformed):
        note.sign(text, SKEY)


def with_material(key: str, change: Callable[[bytes], bytes]) -> str:
    head, _, material = key.rpartition("+")
    return f"{head}+{base64.b64encode(change(base64.b64decode(material))).decode()}"


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "PeterNeumann",
        GO_VKEY.replace("c74f20a3", "c74f20a4"),
        GO_VKEY.replace("PeterNeumann", "Peter Neumann"),
        GO_VKEY.replace("PeterNeumann", "Peter\x01Neumann"),
        with_material("A+00000000+" + "AQ==", bytes),
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T=",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBAAA",
        GO_SKEY,
    ],
)
def test_what_is_not_a_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(Malformed):
        note.verify(GO_NOTE, vkey)


@pytest.mark.parametrize("skey", ["", GO_VKEY, GO_SKEY.replace("c74f20a3", "c74f20a4"), GO_SKEY.replace("AYE", "AYF")])
def test_a_malformed_signing_key_is_refused_and_not_echoed(skey: str) -> None:
    with pytest.raises(Malformed) as refused:
        note.sign(GO_TEXT, skey)

    assert not skey or skey not in str(refused.value)


def test_a_key_name_without_a_place_in_a_note_is_refused() -> None:
    with pytest.raises(Malformed):
        note.new_keys("two words")


def test_a_witness_says_when_it_looked() -> None:
    cosigned = note.cosign(NOTE, WITNESS_SKEY, 1_772_366_400)

    signed = note.verify(cosigned, VKEY, WITNESS_VKEY)

    assert signed.by == {ORIGIN: None, "harbor-house.example/witness": 1_772_366_400}
    assert note.verify_checkpoint(cosigned, VKEY, WITNESS_VKEY) == CHECKPOINT


def test_a_witness_cannot_be_quoted_at_another_time() -> None:
    cosigned = note.cosign(NOTE, WITNESS_SKEY, 1_772_366_400)
    *lines, last, _ = cosigned.split("\n")
    _, name, signature = last.split(" ")
    later = base64.b64decode(signature)[:4] + (1_772_366_401).to_bytes(8) + base64.b64decode(signature)[12:]

    with pytest.raises(NotSigned):
        note.verify("\n".join((*lines, f"— {name} {base64.b64encode(later).decode()}", "")), WITNESS_VKEY)


def test_signing_keys_never_witness_and_witness_keys_never_sign() -> None:
    with pytest.raises(Malformed):
        note.cosign(NOTE, SKEY, 0)
    with pytest.raises(Malformed):
        note.sign("said\n", WITNESS_SKEY)


def test_a_checkpoint_is_three_lines() -> None:
    root = bytes(range(32))

    written = Checkpoint("town.example/ledger", 109_482, root).text()

    assert written == "town.example/ledger\n109482\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1),
    st.integers(0, 2**62),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1)).map(tuple),
)
def test_a_checkpoint_is_read_as_it_was_written(origin: str, size: int, root: bytes, more: tuple[str, ...]) -> None:
    checkpoint = Checkpoint(origin, size, root, more)

    assert note.read_checkpoint(checkpoint.text()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n5\n",
        CHECKPOINT.text().rstrip("\n"),
        CHECKPOINT.text() + "\n",
        CHECKPOINT.text().replace(ORIGIN, ""),
        CHECKPOINT.text().replace("\n21\n", "\n021\n"),
        CHECKPOINT.text().replace("\n21\n", "\n-1\n"),
        CHECKPOINT.text().replace("\n21\n", "\n٢١\n"),  # noqa: RUF001 - digits, but not ASCII ones
        CHECKPOINT.text().replace("\n21\n", "\n" + "9" * 5000 + "\n"),
        f"{ORIGIN}\n21\nAAAA\n",
        f"{ORIGIN}\n21\nnot base64\n",
        f"{ORIGIN}\n21\n\u00e9\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        note.read_checkpoint(text)


def test_a_checkpoint_speaks_for_the_log_that_signed_it_only() -> None:
    borrowed = note.sign(CHECKPOINT.text(), OTHER_SKEY)

    assert note.verify_checkpoint(NOTE, VKEY) == CHECKPOINT
    with pytest.raises(NotSigned):
        note.verify_checkpoint(borrowed, OTHER_VKEY)


@pytest.mark.parametrize("extra", [b"", b"opaque"])
@pytest.mark.parametrize("index", range(21))
def test_a_receipt_proves_its_entry(index: int, extra: bytes) -> None:
    receipt = a_receipt(index, extra)

    assert note.verify_proof(receipt, BODIES[index], VKEY) == CHECKPOINT
    assert note.read_proof(receipt).text() == receipt
    assert note.read_proof(receipt).extra == extra


def test_a_receipt_is_written_as_the_format_says() -> None:
    lines = a_receipt(20, b"opaque").split("\n")

    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra b3BhcXVl", "index 20"]
    assert lines[5:] == ["", *NOTE.split("\n")]


def test_a_receipt_proves_no_other_entry() -> None:
    with pytest.raises(NotIncluded):
        note.verify_proof(a_receipt(4), BODIES[5], VKEY)
    with pytest.raises(NotIncluded):
        note.verify_proof(a_receipt(4).replace("index 4", "index 5"), BODIES[4], VKEY)


def test_a_receipt_from_another_log_is_refused() -> None:
    with pytest.raises(NotSigned):
        note.verify_proof(a_receipt(4), BODIES[4], OTHER_VKEY)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        a_receipt(4).replace("@v1", "@v2"),
        a_receipt(4).replace("\n\n", "\n"),
        a_receipt(4).replace("index ", "place "),
        a_receipt(4).replace("index 4", "index 04"),
        a_receipt(4, b"opaque").replace("extra b3", "extra ?b"),
        a_receipt(4, b"opaque").replace("index 4\n", "").split("\n\n")[0] + "\n\n",
        f"{note.PROOF}\n\n{NOTE}",
        f"{note.PROOF}\nextra b3BhcXVl\n\n{NOTE}",
        f"{note.PROOF}\nindex 4\nAAAA\n\n{NOTE}",
    ],
)
def test_what_is_not_a_receipt_is_refused(broken: str) -> None:
    with pytest.raises(Malformed):
        note.verify_proof(broken, BODIES[4], VKEY)

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.strict_json import BIDI_CONTROLS, MAX_DEPTH, MAX_ELEMENTS, BadJson, loads, safe_text

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


def refusal(raw: bytes) -> BadJson:
    with pytest.raises(BadJson) as caught:
        loads(raw)
    return caught.value


@pytest.mark.parametrize(
    ("raw", "code", "where"),
    [
        (b"{", "broken", ""),
        (b"", "broken", ""),
        (b'{"a": 1,}', "broken", ""),
        (b"\xff", "broken", ""),
        (b'\xef\xbb\xbf{"a": 1}', "broken", ""),
        ('{"a": 1}'.encode("utf-16"), "nul", ""),
        (b"9" * 5_000, "broken", ""),
        (b'"\xed\xa0\x80"', "broken", ""),
        (b'{"a": 1, "a": 1}', "duplicate_key", "/*"),
        (b'{"given_name": "x", "given_name": "y"}', "duplicate_key", "/given_name"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate_key", "/*"),
        (b'{"children": [{"needs": "x", "needs": "x"}]}', "duplicate_key", "/children/0/needs"),
        (b'"\x00"', "nul", ""),
        (b'["\\u0000"]', "nul", "/0"),
        (b'{"\\u0000": 1}', "nul", "/*"),
        (b'["x", "\\ud800"]', "lone_surrogate", "/1"),
        (b'"\\udc00\\ud800"', "lone_surrogate", ""),
        ('"\u202e"'.encode(), "bidi_control", ""),
        (b'{"narrative": "\\u2066x"}', "bidi_control", "/narrative"),
        (b"NaN", "not_finite", ""),
        (b"[Infinity]", "not_finite", ""),
        (b"-Infinity", "not_finite", ""),
        (b"1e999", "not_finite", ""),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "too_deep", "/0" * MAX_DEPTH),
        (b"[" * 200_000, "too_many_elements", ""),
    ],
)
def test_each_listed_form_is_refused_by_its_name_and_its_place(raw: bytes, code: str, where: str) -> None:
    refused = refusal(raw)

    assert (refused.code, refused.where) == (code, where)


@pytest.mark.parametrize("control", list(BIDI_CONTROLS))
def test_every_bidi_control_is_refused_in_documents_and_in_texts(control: str) -> None:
    assert refusal(json.dumps([f"a{control}b"]).encode()).code == "bidi_control"
    with pytest.raises(BadJson, match="bidi_control"):
        safe_text(f"a{control}b")


@given(documents)
def test_what_is_accepted_is_what_json_loads_returns(document: Any) -> None:
    raw = json.dumps(document).encode()

    try:
        accepted = loads(raw)
    except BadJson:
        return

    assert repr(accepted) == repr(json.loads(raw))


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0d8e1N \n', max_size=60).map(str.encode))
def test_any_bytes_are_refused_or_read_as_json_loads_reads_them(raw: bytes) -> None:
    try:
        accepted = loads(raw)
    except BadJson:
        return

    assert repr(accepted) == repr(json.loads(raw))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=BIDI_CONTROLS)))
def test_text_in_any_script_is_left_as_it_is(text: str) -> None:
    assert safe_text(text) == text
    assert loads(json.dumps(text).encode()) == text


def test_a_document_as_deep_as_the_limit_is_read() -> None:
    raw = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH

    assert loads(raw) == json.loads(raw)


@pytest.mark.parametrize(
    "raw", [b'{"canary": 1, "canary": 2}', b'{"canary": "\\u202e"}', b'{"a": "canary\\u0000"}', b'{"canary']
)
def test_a_refusal_repeats_nothing_that_was_sent(raw: bytes) -> None:
    refused = refusal(raw)

    assert "canary" not in f"{refused!r} {refused} {refused.where} {refused.__cause__!r}"
    assert refused.__suppress_context__ or refused.__context__ is None


def test_h6_a_heap_of_small_things_is_refused_unparsed() -> None:
    heaps = [b"[" + b",".join([part] * (MAX_ELEMENTS + 1)) + b"]" for part in (b"1", b"[]", b"{}", b'{"a":1}')]

    assert [refusal(heap).code for heap in heaps] == ["too_many_elements"] * 4


def test_signs_within_a_text_are_no_elements() -> None:
    narrative = 'one, two, [three], {four}, \\"five, ' * MAX_ELEMENTS

    assert loads(json.dumps({"narrative": narrative}).encode()) == {"narrative": narrative}
    assert refusal(json.dumps([narrative, *range(MAX_ELEMENTS)]).encode()).code == "too_many_elements"


@pytest.mark.parametrize("raw", [b'"' + b'\\"' * 100_000, b'{"' * 100_000, b'"' * 100_001, b'[,"' + b"\\" * 100_001])
def test_a_text_without_an_end_is_refused(raw: bytes) -> None:
    assert refusal(raw).code in ("broken", "too_many_elements")
    assert len(loads(b"[" + b",".join([b"1"] * MAX_ELEMENTS) + b"]")) == MAX_ELEMENTS


def test_h6_commas_of_a_long_narrative_are_no_heap() -> None:
    narrative = "He came back, again, and again, " * 600

    assert loads(json.dumps({"narrative": narrative}).encode()) == {"narrative": narrative}

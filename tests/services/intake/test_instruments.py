"""Risk instruments: what their rules give, and which packs are refused."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codes import Answer, Band, TriggeredBy
from schemas.facts.risk import AnsweredItem
from services.intake.domain import CaseStepNotPossible, RiskInstrument, check_answers, result_of
from services.intake.instrument_packs import OWN_INSTRUMENTS, InstrumentPackRefused, read_instruments, read_pack
from tests.services.intake.instrument_packs import DASH_RULES, LAP_RULES, a_pack, an_instrument, items, toml

OURS = OWN_INSTRUMENTS["accord-first", "1"]
CODES = [item.code for item in OURS.items]
NOW, SIGNS = CODES[:3], CODES[3:]
ANSWERS = st.dictionaries(st.sampled_from(CODES), st.sampled_from(Answer))


def answered(**replies: Answer) -> dict[str, AnsweredItem]:
    return {code: AnsweredItem(code=code, answer=answer) for code, answer in replies.items()}


def yes_to(*codes: str, among: list[str] = CODES) -> dict[str, AnsweredItem]:
    return answered(**{code: Answer.YES if code in codes else Answer.NO for code in among})


def rank(band: Band) -> int:
    return [Band.INCOMPLETE, *OURS.bands].index(band)


@pytest.mark.parametrize("code", NOW)
def test_one_yes_of_now_is_high(code: str) -> None:
    assert result_of(OURS, answered(**{code: Answer.YES})).band is Band.HIGH


@pytest.mark.parametrize(
    ("signs", "band"), [(0, Band.STANDARD), (1, Band.STANDARD), (2, Band.ELEVATED), (4, Band.ELEVATED), (5, Band.HIGH)]
)
def test_signs_add_up(signs: int, band: Band) -> None:
    assert result_of(OURS, yes_to(*SIGNS[:signs])).band is band


def test_too_few_answers_are_never_standard() -> None:
    seven, eight = yes_to(among=CODES[:7]), yes_to(among=CODES[:8])

    assert result_of(OURS, seven).band is Band.INCOMPLETE
    assert result_of(OURS, eight).band is Band.STANDARD
    assert result_of(OURS, eight | answered(a1=Answer.SKIPPED)).band is Band.INCOMPLETE


@given(ANSWERS, st.sampled_from(CODES))
def test_a_yes_never_lowers_the_band(replies: dict[str, Answer], code: str) -> None:
    before = result_of(OURS, answered(**replies)).band
    after = result_of(OURS, answered(**replies | {code: Answer.YES})).band

    assert rank(after) >= rank(before)


@given(ANSWERS)
def test_the_first_screen_is_as_it_is_written(replies: dict[str, Answer]) -> None:
    """Domain section 9.2, said a second time without the engine."""
    yes = {code for code, answer in replies.items() if answer is Answer.YES}
    signs = len(yes & set(SIGNS))
    answers = sum(answer in (Answer.YES, Answer.NO) for answer in replies.values())
    if yes & set(NOW) or signs >= 5:
        expected = Band.HIGH
    elif signs >= 2:
        expected = Band.ELEVATED
    else:
        expected = Band.STANDARD if answers >= 8 else Band.INCOMPLETE

    assert result_of(OURS, answered(**replies)).band is expected


def test_our_screen_says_that_nobody_validated_it() -> None:
    assert not OURS.validated
    assert OURS.languages == ("en", "es")
    assert all(set(item.wording) == {"en", "es"} for item in OURS.items)


LAP, DASH = (
    an_instrument(rules=LAP_RULES),
    an_instrument(rules=DASH_RULES, bands=["standard", "elevated", "high"], items=items({"all": 24})),
)


@pytest.mark.parametrize(
    ("instrument", "ticks", "belief", "reports", "band", "causes"),
    [
        (LAP, ["q2"], False, [], Band.HIGH, (TriggeredBy.RULE,)),
        (LAP, ["q4", "q5", "q6"], False, [], Band.STANDARD, ()),
        (LAP, ["q4", "q5", "q6", "q7"], False, [], Band.HIGH, (TriggeredBy.RULE,)),
        (LAP, [], True, [], Band.HIGH, (TriggeredBy.BELIEF,)),
        (LAP, ["q1"], True, [], Band.HIGH, (TriggeredBy.RULE, TriggeredBy.BELIEF)),
        (DASH, [f"q{n}" for n in range(1, 16)], False, [], Band.HIGH, (TriggeredBy.RULE,)),
        (DASH, [f"q{n}" for n in range(1, 14)], False, [], Band.ELEVATED, (TriggeredBy.RULE,)),
        (DASH, [f"q{n}" for n in range(1, 14)], True, [], Band.HIGH, (TriggeredBy.BELIEF,)),
        (DASH, [], False, [3, 200, 365], Band.HIGH, (TriggeredBy.ESCALATION,)),
        (DASH, [], False, [3, 200, 366], Band.STANDARD, ()),
    ],
)
def test_rules_of_instruments_in_the_field(
    instrument: RiskInstrument,
    ticks: list[str],
    belief: bool,
    reports: list[int],
    band: Band,
    causes: tuple[TriggeredBy, ...],
) -> None:
    replies = yes_to(*ticks, among=[item.code for item in instrument.items])
    result = result_of(instrument, replies, belief=belief, incident_days_ago=reports)

    assert (result.band, result.triggered_by) == (band, causes)


def test_a_weighted_sum_counts() -> None:
    questions = [*items({"all": 2}), {"code": "times", "group": "all", "kind": "count", "wording": {"en": "item 3"}}]
    rule = {"kind": "weighted_sum", "weights": {"q1": 3, "q2": -1, "times": 2}, "at_least": 7, "band": "high"}
    instrument = an_instrument(items=questions, rules=[rule])
    twice, thrice = (
        {"times": AnsweredItem(code="times", count=2)},
        {"times": AnsweredItem(code="times", count=3)},
    )

    assert result_of(instrument, answered(q1=Answer.YES) | twice).band is Band.HIGH
    assert result_of(instrument, answered(q1=Answer.YES, q2=Answer.YES) | twice).band is Band.STANDARD
    assert result_of(instrument, answered(q2=Answer.YES) | thrice).band is Band.STANDARD


CHOOSING = an_instrument(
    items=[
        *items({"first": 1}),
        {"code": "c1", "group": "more", "kind": "count", "wording": {"en": "item 2"}},
        {"code": "d1", "group": "more", "kind": "choice", "choices": ["worse", "same"], "wording": {"en": "item 3"}},
    ]
)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([{"code": "q9", "answer": "yes"}], "unknown_item"),
        ([{"code": "q1", "answer": "yes"}, {"code": "q1", "answer": "no"}], "answered_twice"),
        ([{"code": "q1", "count": 2}], "another_kind_of_answer"),
        ([{"code": "q1"}], "another_kind_of_answer"),
        ([{"code": "q1", "answer": "yes", "count": 1}], "another_kind_of_answer"),
        ([{"code": "c1", "answer": "yes"}], "another_kind_of_answer"),
        ([{"code": "d1", "choice": "better"}], "another_kind_of_answer"),
    ],
)
def test_an_answer_that_was_not_asked_for_is_refused(answers: list[dict[str, Any]], code: str) -> None:
    with pytest.raises(CaseStepNotPossible) as refusal:
        check_answers(CHOOSING, [AnsweredItem(**answer) for answer in answers])

    assert refusal.value.code == code


def test_each_kind_of_item_may_be_skipped() -> None:
    skipped = [AnsweredItem(code=code, answer=Answer.SKIPPED) for code in ("q1", "c1", "d1")]

    assert set(check_answers(CHOOSING, skipped)) == {"q1", "c1", "d1"}


CHANGED_WORDS = a_pack() | {"items": [{**a_pack()["items"][0], "wording": {"en": "another item"}}]}
BAD_PACKS = {
    "no permission": (a_pack(permission_ref=None), "permission_ref"),
    "changed words": (CHANGED_WORDS, "wording_digest"),
    "an item twice": (a_pack(items=[*items({"first": 2}), *items({"first": 1})]), "twice"),
    "words in one language of two": (a_pack(languages=["en", "es"]), "each language"),
    "more answers than items": (a_pack(least_answered=12), "least_answered"),
    "a band of incomplete": (a_pack(bands=["incomplete", "high"]), "incomplete"),
    "a band that there is not": (a_pack(rules=[{"kind": "belief", "band": "severe"}]), "rule 0"),
    "an item that there is not": (a_pack(rules=[{"kind": "any_of", "items": ["q99"], "band": "high"}]), "rule 0"),
    "a group that there is not": (a_pack(rules=[{"kind": "any_of", "group": "none", "band": "high"}]), "rule 0"),
    "any of nothing": (a_pack(rules=[{"kind": "any_of", "band": "high"}]), "rule 0"),
    "more than there are": (
        a_pack(rules=[{"kind": "at_least_n_of", "group": "first", "at_least": 4, "band": "high"}]),
        "rule 0",
    ),
    "a sum without weights": (a_pack(rules=[{"kind": "weighted_sum", "group": "first", "band": "high"}]), "rule 0"),
    "a belief about items": (a_pack(rules=[{"kind": "belief", "group": "first", "band": "high"}]), "rule 0"),
    "a choice without choices": (
        a_pack(wording_digest="0" * 64, items=[{**items({"first": 1})[0], "kind": "choice"}]),
        "choices",
    ),
    "an unknown rule": (a_pack(rules=[{"kind": "oracle", "band": "high"}]), "rules.0.kind"),
}


@pytest.mark.parametrize("name", BAD_PACKS)
def test_a_pack_that_cannot_be_trusted_is_refused(name: str) -> None:
    pack, flaw = BAD_PACKS[name]
    body = toml({key: value for key, value in pack.items() if value is not None})

    with pytest.raises(InstrumentPackRefused) as refusal:
        read_pack(body)

    assert flaw in str(refusal.value)
    assert "another item" not in str(refusal.value)


def test_packs_are_read_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "lap.toml").write_text(toml(a_pack(rules=LAP_RULES)))

    assert set(read_instruments(tmp_path)) == {("accord-first", "1"), ("example", "1")}


@pytest.mark.parametrize(
    ("body", "flaw"),
    [(b"not toml", "a.toml: not TOML"), (b"\xff\xfe", "a.toml: "), (b"#" * 300_000, "a.toml: more than 262144 bytes")],
)
def test_a_file_that_is_no_pack_stops_the_start(tmp_path: Path, body: bytes, flaw: str) -> None:
    (tmp_path / "a.toml").write_bytes(body)

    with pytest.raises(InstrumentPackRefused, match=flaw):
        read_instruments(tmp_path)


def test_a_version_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(toml(a_pack()))

    with pytest.raises(InstrumentPackRefused, match="twice"):
        read_instruments(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstrumentPackRefused, match="no folder"):
        read_instruments(tmp_path / "none")

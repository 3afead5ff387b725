from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.dashboard.local_clock import LocalClock
from services.dashboard.opened_fields import FieldReader, agencies_in

CLOCK = LocalClock(datetime(2026, 11, 30, 18, 4, tzinfo=UTC), ZoneInfo("America/Los_Angeles"))
READER = FieldReader(CLOCK, {"bay-hotline": "Bay Hotline"})


def lines(**fields: object) -> dict[str, tuple[str, ...]]:
    (section,) = READER.sections({"referral_status": fields})
    return {field.label: field.lines for field in section.fields}


def test_codes_are_words_and_text_stays_as_it_was_typed() -> None:
    assert lines(
        priority="on_scene", known_as="on the scene", spoken_code="amber kettle 42", service_code="shelter"
    ) == {
        "Priority": ("On scene",),
        "Spoken code": ("amber kettle 42",),
        "Service": ("Shelter",),
        "Known as": ("on the scene",),
    }


def test_instants_stand_by_the_agencys_clock() -> None:
    assert lines(reported_at="2026-11-30T18:04:00Z", born_on="1991-04-17") == {
        "Reported": ("Mon 30 Nov 2026, 10:04 PST",),
        "Born on": ("17 Apr 1991",),
    }


def test_agencies_stand_by_name_and_references_nowhere() -> None:
    fields = {"from_agency_ref": "bay-hotline", "referral_ref": "44574c4b-a2ea-44ad-8bf1-e184133cdbf4"}

    assert lines(**fields) == {"From agency": ("Bay Hotline",)}
    assert list(agencies_in({"referral_status": fields})) == ["bay-hotline"]


def test_lists_and_parts_have_a_line_each() -> None:
    channels = [{"kind": "voice", "voicemail_ok": "no"}, {"kind": "sms", "address": "+1 555 0100"}]

    assert lines(channels=channels, children_present=True, children_count=2) == {
        "Channels": ("Kind: Voice; May a message be left?: No", "Kind: Sms; Address: +1 555 0100"),
        "Children present": ("Yes",),
        "How many children": ("2",),
    }


def test_a_section_with_nothing_to_show_is_none() -> None:
    assert READER.sections({"needs": {}, "identity": {"identifiers": []}}) == ()

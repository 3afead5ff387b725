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
    respondents = [{"name": "R. Calder", "sex": "M"}, {"name": "J. Calder"}]

    assert lines(respondents=respondents, children_present=True, children_count=2) == {
        "Respondents": ("R. Calder; Sex: M", "J. Calder"),
        "Children present": ("Yes",),
        "How many children": ("2",),
    }


def test_a_way_to_reach_her_is_read_line_by_line() -> None:
    window = {"days": ["tue", "thu"], "from_local": "10:00", "until_local": "12:00"}
    voice = {"kind": "voice", "address": "555-0123", "status": "safe", "voicemail_ok": "no", "language": "es"}
    hours = {"windows": [window], "time_zone": "America/Los_Angeles"}

    assert lines(channels=[voice | hours, {"kind": "sms"}]) == {
        "Ways to reach her": (
            "Telephone: 555-0123 (Safe)",
            "Tuesday, Thursday, 10:00 to 12:00",
            "A message may be left: No",
            "Language: Spanish",
            "Text message",
        )
    }


def test_her_hours_name_a_time_zone_that_is_not_ours() -> None:
    window = {"days": ["mon"], "from_local": "10:00", "until_local": "12:00"}

    (read,) = lines(channels=[{"kind": "voice", "windows": [window], "time_zone": "America/New_York"}]).values()

    assert read[1] == "Monday, 10:00 to 12:00 (America/New_York)"


def test_a_releases_terms_are_in_words() -> None:
    assert lines(custodian="bay-hotline", categories=["referral_status"], taxonomy_version=2) == {
        "Kept by": ("Bay Hotline",),
        "What they see": ("Referral status",),
    }


def test_the_conditions_of_an_order_are_in_words() -> None:
    assert lines(conditions=[{"pco_code": "04", "text": "100 yards"}]) == {
        "Conditions": ("Stay away; Text: 100 yards",),
    }


def test_a_number_is_no_code() -> None:
    assert lines(docket_number="04") == {"Docket number": ("04",)}


def test_a_section_with_nothing_to_show_is_none() -> None:
    assert READER.sections({"needs": {}, "identity": {"identifiers": []}}) == ()

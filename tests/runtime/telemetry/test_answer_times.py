"""How long answers took is remembered for their agency, of some routes, and for an hour."""

from runtime.telemetry.answer_times import REMEMBERED, REMEMBERED_SECONDS, AnswerTimes, LatestTimes

OPENING = "/v1/messages/{message_ref}/opening"


def test_times_are_those_of_one_agency_and_of_its_routes() -> None:
    times = AnswerTimes([OPENING])
    for hundredths in range(100):
        times.note(OPENING, "bay-hotline", 10.0, hundredths / 100)
    times.note("/v1/inbox", "bay-hotline", 10.0, 60.0)
    times.note(OPENING, "harbor-house", 10.0, 30.0)

    assert times.of("bay-hotline", 11.0) == LatestTimes(100, 0.98)
    assert times.of("county-sheriff", 11.0) == LatestTimes(0, None)


def test_of_few_answers_the_slowest_counts() -> None:
    times = AnswerTimes([OPENING])
    for seconds in (0.2, 3.0, 0.1):
        times.note(OPENING, "bay-hotline", 10.0, seconds)

    assert times.of("bay-hotline", 11.0) == LatestTimes(3, 3.0)


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    times = AnswerTimes([OPENING])
    for _ in range(REMEMBERED + 5):
        times.note(OPENING, "bay-hotline", 10.0, 0.5)

    assert times.of("bay-hotline", 10.0 + REMEMBERED_SECONDS) == LatestTimes(REMEMBERED, 0.5)
    assert times.of("bay-hotline", 11.0 + REMEMBERED_SECONDS) == LatestTimes(0, None)

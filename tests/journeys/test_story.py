"""The story of the README and of `make demo`, walked over the wire."""

from collections.abc import Iterator

import httpx
import pytest

from devstack.story import Chapter, Story
from schemas.town import Town


@pytest.fixture(scope="module")
def chapters(town: Town) -> Iterator[list[Chapter]]:
    with httpx.Client(timeout=30, trust_env=False) as client:
        yield list(Story(town, client).chapters())


@pytest.mark.parametrize("number", range(6), ids=["call", "release", "incident", "answers", "stop", "record"])
def test_the_chapter_holds_in_every_claim(chapters: list[Chapter], number: int) -> None:
    assert [words for words, true in chapters[number].claims if not true] == []
    assert chapters[number].claims

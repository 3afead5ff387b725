"""The story of the README and of `make demo`, walked over the wire."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from devstack.story import Chapter, Story
from schemas.town import Town
from tests.services.dashboard.browser import Browser


class Readers:
    """A browser before each person whom the story names, signed in once."""

    def __init__(self, town: Town, ending: AsyncExitStack) -> None:
        self._town = town
        self._ending = ending
        self._browsers: dict[str, Browser] = {}

    async def status(self, person: str, page: str) -> int:
        """Return how a page is answered to a person."""
        if person not in self._browsers:
            client = httpx.AsyncClient(base_url=self._town.services["dashboard"], timeout=30, trust_env=False)
            self._browsers[person] = Browser(await self._ending.enter_async_context(client))
            (secret,) = (member.passphrase_file for member in self._town.people if member.id == person)
            await self._browsers[person].sign_in(person, Path(secret).read_text().strip())
        return (await self._browsers[person].get(page)).status_code


@pytest.fixture(scope="module")
async def chapters(town: Town) -> AsyncIterator[list[tuple[Chapter, dict[str, int]]]]:
    """Tell the story; return each chapter with how the pages that it names were answered while it was told."""
    async with AsyncExitStack() as ending:
        readers, results = Readers(town, ending), []
        with httpx.Client(timeout=30, trust_env=False) as client:
            for chapter in Story(town, client).chapters():
                pages = {step.words: await readers.status(step.person, step.page) for step in chapter.steps}
                results.append((chapter, pages))
        yield results


CHAPTERS = ["call", "release", "incident", "answers", "stop", "record"]


@pytest.mark.parametrize("number", range(6), ids=CHAPTERS)
def test_the_chapter_holds_in_every_claim(chapters: list[tuple[Chapter, dict[str, int]]], number: int) -> None:
    chapter, _ = chapters[number]

    assert [words for words, true in chapter.claims if not true] == []
    assert chapter.claims


@pytest.mark.parametrize("number", range(6), ids=CHAPTERS)
def test_each_step_names_a_page_where_it_shows(chapters: list[tuple[Chapter, dict[str, int]]], number: int) -> None:
    _, pages = chapters[number]

    assert pages
    assert [words for words, status in pages.items() if status != 200] == []

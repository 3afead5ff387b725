"""Every language of the staff pages is whole: no text without its words, and no words without their text."""

import pytest

from devstack.translations import catalogue_of, missing_texts, source_texts
from services.dashboard.language import LANGUAGES, SOURCE

OTHERS = sorted(set(LANGUAGES) - {SOURCE})


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_of_a_page_lacks_its_words(language: str) -> None:
    assert sorted(missing_texts(language)) == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_words_stand_for_a_text_that_is_gone(language: str) -> None:
    texts = source_texts()

    assert [str(message.id) for message in catalogue_of(language) if message.id and message.id not in texts] == []


@pytest.mark.parametrize("language", OTHERS)
def test_words_keep_the_places_that_their_text_fills(language: str) -> None:
    broken = [
        str(message.id)
        for message in catalogue_of(language)
        if "%(" in str(message.id) and sorted(_places(str(message.id))) != sorted(_places(str(message.string)))
    ]

    assert broken == []


def test_the_text_of_templates_code_and_codes_is_gathered() -> None:
    assert {"Open a case", "There is a problem", "Not known", "Ex spouse", "Board"} <= source_texts()


def _places(text: str) -> list[str]:
    return [part.partition(")")[0] for part in text.split("%(")[1:]]

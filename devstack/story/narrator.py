"""Telling the story on a terminal: what was done, and what each agency then sees, side by side."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from devstack.story.chapter import Chapter
from devstack.story.chapters import Story
from devstack.story.speaker import Surprise
from schemas.town import Town


def tell_story(town: Town, pause: Callable[[], object] | None = None) -> bool:
    """Tell the whole story on standard error, with a pause behind each chapter; return whether everything held."""
    console = Console(stderr=True)
    all_true = True
    with httpx.Client(timeout=30, trust_env=False) as client:
        try:
            for chapter in Story(town, client).chapters():
                _show(console, chapter, town.services["dashboard"])
                if pause is not None:
                    pause()
                all_true = all_true and chapter.holds
        except (Surprise, httpx.HTTPError) as otherwise:
            console.print(f"The story went otherwise: {otherwise}", markup=False)
            return False
    console.print("Everything in the story held." if all_true else "NOT everything in the story held; see above.")
    return all_true


def _show(console: Console, chapter: Chapter, dashboard: str) -> None:
    console.rule(chapter.title, align="left")
    for step in chapter.steps:
        console.print(f"  {step.words}", highlight=False, markup=False)
        address = f"{dashboard}{step.page}"
        console.print(f"    see it: {address} as {step.person}", highlight=False, markup=False, soft_wrap=True)
    panels = [Panel(Text(text or "nothing"), title=name, title_align="left") for name, text in chapter.views.items()]
    console.print(Columns(panels, equal=False, expand=False))
    for words, true in chapter.claims:
        console.print(f"  {'holds' if true else 'FAILS'}  {words}", highlight=False, markup=False)

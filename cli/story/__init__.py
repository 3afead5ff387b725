"""The story of one case, told on real services: the demo tells it and a journey test walks it."""

from cli.story.chapter import Chapter
from cli.story.chapters import Story
from cli.story.telling import tell_story

__all__ = ["Chapter", "Story", "tell_story"]

"""The story of one case, told on real services: the demo tells it and a journey test walks it."""

from devstack.story.chapter import Chapter
from devstack.story.chapters import Story
from devstack.story.narrator import tell_story

__all__ = ["Chapter", "Story", "tell_story"]

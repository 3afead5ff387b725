"""The topics, each a file a lawyer can read: what it says, who writes, who reads, who owns it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("topics")
SETTINGS: Final = frozenset({"retention.ms", "segment.ms", "cleanup.policy", "min.insync.replicas"})

_AGENCY: Final = re.compile(r"[a-z0-9-]{2,40}")


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic, or one for each agency where the name holds `{agency}`."""

    topic: str
    says: str
    key: str
    value: str
    owner: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    partitions: int
    replicas: int
    settings: Mapping[str, int | str]  # what the broker is told besides

    def named(self, agency_id: str) -> str:
        """Return the topic's name for that agency; refuse what is no agency id."""
        if not _AGENCY.fullmatch(agency_id):
            raise ValueError("not an agency id")
        return self.topic.replace("{agency}", agency_id)


@cache
def topic_specs() -> tuple[TopicSpec, ...]:
    """Return every topic there is, in the order of their names."""
    return tuple(sorted(map(read, FOLDER.glob("*.yaml")), key=lambda spec: spec.topic))


@lru_cache(4096)
def mailbox(agency_id: str) -> str:
    """Return the topic that only this agency, and the services that host it, may read."""
    (spec,) = (spec for spec in topic_specs() if "{agency}" in spec.topic)
    return spec.named(agency_id)


def read(file: Path) -> TopicSpec:
    """Return what a topic file says; refuse one that says more, or less, than it must."""
    import yaml  # here, so that whoever reads contracts alone does not pay for it

    content: dict[str, Any] = yaml.safe_load(file.read_text())
    broker: dict[str, Any] = content.pop("broker", {})
    settings = {name: broker.pop(name) for name in sorted(SETTINGS & broker.keys())}
    lists: dict[str, Any] = {name: tuple(content.pop(name, ())) for name in ("writers", "readers")}
    try:
        return TopicSpec(**content, **broker, **lists, settings=settings)
    except TypeError as unlike:
        raise ValueError(f"{file.name}: {unlike}") from None

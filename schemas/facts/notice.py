"""A notice went out, failed or was set right: the kind of channel and how it went, no more."""

from typing import ClassVar

from schemas.categories import SafeContact
from schemas.codes import ChannelKind, NoticeState
from schemas.facts.fact import Fact
from schemas.values import Ref


class NoticeFact(Fact):
    """What every fact about a notice carries; neither its words nor what it was about."""

    notice_ref: SafeContact[Ref]
    channel_kind: SafeContact[ChannelKind | None] = None
    notice_state: SafeContact[NoticeState]


class NoticeSent(NoticeFact):
    """A notice went out on a channel that was safe at that moment."""

    type: ClassVar[str] = "accord.notice.sent.v1"


class NoticeFailed(NoticeFact):
    """A notice did not get through; an advocate has a task."""

    type: ClassVar[str] = "accord.notice.failed.v1"


class NoticeCorrected(NoticeFact):
    """Everyone who was told something wrong was told so."""

    type: ClassVar[str] = "accord.notice.corrected.v1"

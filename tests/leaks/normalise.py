"""What may differ between two worlds that must look alike, made plain."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field

import httpx

from services.referrals.spoken_codes import WORDS

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
SHOWN_INSTANT = re.compile(r"\d{1,2} [A-Z][a-z]+ 20\d\d(, | at | )?\d\d:\d\d|20\d\d-\d\d-\d\d \d\d:\d\d")
TIME = re.compile(r'<time datetime="[^"]*" title="[^"]*">[^<]*</time>')  # "5 min ago": as the clock has it
TRACE = re.compile(r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b")
CURSOR = re.compile(r"\bW[yz][A-Za-z0-9_-]{10,}")
SEALED_CURSOR = re.compile(r'(?:(?<=cursor=)|(?<="cursor":")|(?<="cursor": "))[A-Za-z0-9_-]+')  # its length stays
CODE = re.compile(r"\b[0-9A-F]{4}-[0-9A-F]{4}\b")  # how staff call a case: the beginning of its reference
SPOKEN = re.compile(r"\b({words}) ({words}) [1-9][0-9]\b".format(words="|".join(WORDS)))  # drawn by chance
# The place of an entry in the one tree of the town counts what everybody does, and is known from each checkpoint.
PLACE = re.compile(r'(?<="index":)(\d+|null)')
# The place in an agency's own feed counts the batches that a worker read its messages in, as the clock has it.
FEED_PLACE = re.compile(r"(?<=/app/live\?since=)\d+")
# A look's own hash in the tree, and the signature that promises it: random by the salt of its leaf.
HASH = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43,91}=")
# For how long the reader's session goes on, as the clock has it.
TIME_LEFT = re.compile(r' data-idle="\d+" data-whole="\d+"')
SECRET = re.compile(r'(?:(?<=name="token" value=")|(?<=&amp;token=))[A-Za-z0-9_-]+')


@dataclass
class Eyes:
    """What may differ between two worlds, and nothing besides: its name, references, instants, places in the tree.

    A reference becomes the number of its first appearance, so that which things are the same stays to be seen.
    """

    mark: str
    refs: dict[str, int] = field(default_factory=dict)

    def plain(self, text: str) -> str:
        """Return the text with what is random or of the clock made plain."""
        text = CURSOR.sub(
            lambda match: self._cursor(match[0]), TIME.sub("<instant>", TIME_LEFT.sub("", text)).replace(self.mark, "W")
        )
        text = SEALED_CURSOR.sub(lambda match: f"{self._number(match[0])} of {len(match[0])}", text)
        text = HASH.sub("<hash>", PLACE.sub("0", UUID.sub(lambda match: self._number(match[0]), text)))
        text = SECRET.sub(
            "<form>", TRACE.sub("<trace>", SHOWN_INSTANT.sub("<instant>", INSTANT.sub("<instant>", text)))
        )
        text = FEED_PLACE.sub("<place>", text)
        text = SPOKEN.sub(lambda match: self._number(match[0]), text)
        return CODE.sub(lambda match: self._number(match[0]), text)

    def _number(self, ref: str) -> str:
        return f"<{self.refs.setdefault(ref, len(self.refs))}>"

    def answer(self, answer: httpx.Response) -> str:
        """Return all that an answer says; its length is that of the plain text, as an instant has no fixed one."""
        left_out = {"date", "content-length", "set-cookie"}
        headers = {name: value for name, value in answer.headers.items() if name not in left_out}
        return self.plain(json.dumps([answer.status_code, headers]) + "\n" + answer.text)

    def _cursor(self, text: str) -> str:
        try:
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        except ValueError:
            return text

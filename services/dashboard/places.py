"""Addresses of our own pages, as they are put into a form or a link and come back: nothing else is led to."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request

MOST: Final = 500
_PAGE: Final = re.compile(r"/app(/[A-Za-z0-9_-]+)*(\?[A-Za-z0-9_.~%=&+-]*)?", re.ASCII)
# No pages, or pages that lead on by themselves.
_NO_PAGE: Final = re.compile(r"/app/(sign-|signed-|live|ui/|language|session|draft)", re.ASCII)
# What says how a page was come to, not which page it is.
PASSING: Final = frozenset({"done", "draft", "language", "left", "to"})


def own_page(text: str | None) -> str | None:
    """Return the address of a page of ours, or None for anything else."""
    if text is None or len(text) > MOST or _PAGE.fullmatch(text) is None or _NO_PAGE.match(text):
        return None
    return text


def page_of(request: Request) -> str:
    """Return the address of the page that is asked for, without what says how it was come to."""
    query = urlencode([(name, value) for name, value in request.query_params.multi_items() if name not in PASSING])
    return f"{request.url.path}?{query}" if query else request.url.path


def nearest(path: str, pages: Collection[re.Pattern[str]]) -> str:
    """Return the address, or the nearest above it, that is one of these pages; "" where none is."""
    while path and not any(page.match(path) for page in pages):
        path = path.rpartition("/")[0]
    return path


def path_of(page: str) -> str:
    """Return the address of a page without its query."""
    return urlsplit(page).path


def with_query(page: str, **params: str) -> str:
    """Return the address of a page with more said in its query."""
    return f"{page}{'&' if '?' in page else '?'}{urlencode(params)}"

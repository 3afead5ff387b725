"""What partners are told to sign is what is taken."""

import json
import re
from pathlib import Path
from typing import Any

from runtime import clock
from runtime.auth import on_behalf
from tests.support.web import a_key

PAGE = Path(__file__).parents[3] / "docs/partners/on-behalf-of.md"


def test_h12_the_example_for_partners_is_taken(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.+?)```", PAGE.read_text(), re.DOTALL)
    key, file = a_key(), tmp_path / "key.json"
    file.write_text(json.dumps(key.as_dict(private=True)))
    namespace: dict[str, Any] = {}

    exec(example, namespace)  # noqa: S102 - our own page
    claim = namespace["claim_for"]("kim", "county-sheriff", file)

    assert on_behalf.person_named(claim) == "kim"
    on_behalf.check(claim, "county-sheriff", key.as_dict(private=False), audience="accord", now=clock.utcnow())

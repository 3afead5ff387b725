"""Write `services/<service>/openapi.json`, or tell whether it is what the code says.

    python -m runtime.http.openapi [<service> ...] [--check]

No service named means all of them.

Each service's `main.py` has `build(settings: Settings) -> FastAPI`, which connects to nothing.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from runtime.http.openapi.document import describe
from runtime.settings import Profile, Settings
from schemas.services import SERVICES

ROOT = Path(__file__).resolve().parents[3]


def settings_for_description(service: str) -> Settings:
    """Return settings with which a service can be put together, but not run."""
    return Settings(
        service=service,
        database="postgresql+psycopg://nobody@localhost/accord",
        kafka="localhost:9092",
        kafka_user=service,
        kafka_password_file=Path("none"),
        keys=Path("none"),
        issuer="https://issuer.invalid",
        port=1,
        profile=Profile.DEVELOPMENT,
    )


def described(service: str) -> str:
    """Return the text of a service's `openapi.json`."""
    main = importlib.import_module(f"services.{service}.main")
    return json.dumps(describe(main.build(settings_for_description(service))), indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the descriptions; return 0 done, 1 where one differs."""
    parser = argparse.ArgumentParser(prog="python -m runtime.http.openapi", description="OpenAPI of our services")
    parser.add_argument("services", nargs="*", default=SERVICES, metavar="service")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file differs")
    options = parser.parse_args(arguments)
    differing = []
    for service in options.services:
        place = ROOT / "services" / service / "openapi.json"
        text = described(service)
        if not options.check:
            place.write_text(text, encoding="utf-8")
        elif not place.is_file() or place.read_text(encoding="utf-8") != text:
            differing.append(service)
    for service in differing:
        sys.stderr.write(f"services/{service}/openapi.json differs: run python -m runtime.http.openapi {service}\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())

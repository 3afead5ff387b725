import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = {"yaml", "jsonschema", "sqlalchemy", "fastapi", "starlette", "confluent_kafka", "httpx", "cryptography"}


def test_reading_the_contracts_brings_in_nothing_heavy() -> None:
    program = "import sys, schemas.registry, schemas.town, schemas.topics; print(*sys.modules)"

    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)

    assert not HEAVY & set(loaded.stdout.split())

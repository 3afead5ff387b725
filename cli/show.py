"""The table of a running town: addresses, sign-ins, and what to type next."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from schemas.town import Town


def show_town(town: Town, *, json: bool) -> None:
    """Print where everything is, as a table for people or as JSON for programs."""
    if json:
        print(town.model_dump_json(indent=2), flush=True)  # whoever reads it waits for it, and we stay
        return
    console = Console()
    places = Table(title="Where it is", title_justify="left")
    places.add_column("service")
    places.add_column("address", overflow="fold")
    for name, url in town.services.items():
        places.add_row(name, url)
    places.add_row("issuer of tokens", town.issuer.url)
    places.add_row("Kafka", town.kafka.bootstrap_servers)
    places.add_row("PostgreSQL", f"{town.database.host}:{town.database.port}/{town.database.name}")
    console.print(places)
    people = Table(title="Who works there (development sign-ins)", title_justify="left")
    for title in ("person", "agency", "roles"):
        people.add_column(title, overflow="fold")
    people.add_column("passphrase", no_wrap=True, min_width=12)
    for person in town.people:
        passphrase = Path(person.passphrase_file).read_text().strip()
        people.add_row(person.id, person.agency, ", ".join(person.roles), passphrase)
    console.print(people)
    console.print(f"The live board: {town.services['dashboard']}/app/board  (sign in as cora)")
    console.print(f"A token: .venv/bin/accord token --person ana --run {town.run}", highlight=False)
    console.print(f"Everything above, for programs: {town.run}/town.json", highlight=False)

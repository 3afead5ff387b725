"""The README's five-minute tour: its lines, run as they stand there."""

import re
import subprocess
from pathlib import Path

from schemas.town import Town

ROOT = Path(__file__).parents[2]
START = "make up ARGS=--detach"


def test_the_tour_of_the_readme_does_what_it_says(town: Town) -> None:
    tour = (ROOT / "README.md").read_text().split("<!-- tour -->")[1].split("<!-- /tour -->")[0]
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", tour, flags=re.DOTALL))
    assert START in lines
    # The town of this session runs already: every line but the one that starts one.
    script = "\n".join(line for line in lines.splitlines() if not line.startswith(START))

    done = run(script, town)

    assert done.returncode == 0, done.stderr
    output = done.stdout
    assert '"categories":{"identity":{"given_name":"Marisol"},"children":{"children_count":1}' in output
    assert "nobody would come in time" not in output
    assert output.count('"code":"absent"') == 2
    assert "'act': 'refused'" in output


def run(script: str, town: Town) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-euo", "pipefail", "-c", script]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "RUN": town.run, "NO_COLOR": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=180)

"""One style of SQL: tables or named statements through SQLAlchemy, and the driver itself on the hot path alone."""

import ast
import re
from pathlib import Path

from tests.architecture.named import ROOT
from tests.architecture.sources import files, nodes, text

ROOMS = ("runtime", "services", "cli")
HOT_PATH = "runtime/database/hot_path.py"
# Who speaks to the driver besides the hot path, and why no session of SQLAlchemy's would do.
DRIVER = {
    HOT_PATH: "what an offer, an opening and a batch ask for",
    "runtime/database/engine.py": "whether a pooled connection still lives: no statement",
    "runtime/database/stall_detector.py": "waiting for a server that stands still: no statement",
    "runtime/database/arrays.py": "how lists are written for the driver: no statement",
    "runtime/database/roles.py": "the superuser, before there is a database of ours",
    "runtime/database/migrate.py": "the owner, before there is a schema of ours",
    "runtime/ledger/snapshot.py": "an auditor's own connection, which streams the whole ledger",
}
CALLS = {"execute", "scalar", "scalars", "stream", "fetch_all"}
RAW = re.compile(
    r"driver_connection|exec_driver_sql|get_raw_connection|\bpsycopg\.(?:connect|AsyncConnection\.connect)"
)
IMPORT = re.compile("^import psycopg", re.MULTILINE)
CATCH_ITS_ERRORS = {"cli/commands/database.py", "cli/commands/ledger.py"}
BENCHMARK = re.compile(r"`(benchmarks/\w+\.py)`")


def modules() -> tuple[Path, ...]:
    return files(*ROOMS, migrations=False)


def name_of(function: ast.AST) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def unnamed(path: Path) -> list[str]:
    """Return the statements that are written where they are run, instead of under a name of the module's own."""
    calls = [node for node in nodes(path, ast.Call) if name_of(node.func) in CALLS]
    arguments = [argument for call in calls for argument in call.args[:2]]
    texts = [argument.args[0] for argument in arguments if isinstance(argument, ast.Call) and argument.args]
    written = [text for text in (*arguments, *texts) if isinstance(text, ast.Constant | ast.JoinedStr)]
    return [ast.unparse(text) for text in written if re.search("SELECT|INSERT|UPDATE|DELETE", ast.unparse(text))]


def test_every_statement_has_a_name() -> None:
    statements_of = {str(path.relative_to(ROOT)): unnamed(path) for path in modules()}

    assert not {place: statements for place, statements in statements_of.items() if statements}


def matching(pattern: re.Pattern[str]) -> set[str]:
    return {str(path.relative_to(ROOT)) for path in modules() if pattern.search(text(path))}


def test_the_driver_is_spoken_to_by_those_that_must() -> None:
    assert matching(RAW) <= DRIVER.keys()
    assert matching(IMPORT) - DRIVER.keys() == CATCH_ITS_ERRORS


def test_the_hot_path_names_the_benchmarks_that_pay_for_it() -> None:
    benchmarks = BENCHMARK.findall((ROOT / HOT_PATH).read_text())

    assert benchmarks
    assert all((ROOT / benchmark).is_file() for benchmark in benchmarks)

import psycopg
import pytest
from sqlalchemy import exc

from runtime.error_kinds import DependencyUnavailable, ErrorKind, classify, safe_error_name


class ServerError(psycopg.OperationalError):
    """A server's error with a code of our choice."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("Ana, 14 Bay Street")
        self.sqlstate = sqlstate


def of(
    sqlstate: str | None, kind: type[exc.DBAPIError] = exc.OperationalError, *, broken: bool = False
) -> exc.DBAPIError:
    return kind("SELECT 1", {}, ServerError(sqlstate), connection_invalidated=broken)


@pytest.mark.parametrize("sqlstate", ["08006", "53100", "53300", "57P01", "57P03", "58030", "25006", None])
def test_a_database_that_is_not_there_is_waited_for(sqlstate: str | None) -> None:
    assert classify(of(sqlstate)) is ErrorKind.UNAVAILABLE


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03", "57014"])
def test_who_was_in_the_way_may_be_gone_at_the_next_try(sqlstate: str) -> None:
    assert classify(of(sqlstate)) is ErrorKind.CONFLICT


@pytest.mark.parametrize("sqlstate", ["23505", "22P02", "42501", "42P01", "XX000"])
def test_what_the_database_refuses_it_will_refuse_again(sqlstate: str) -> None:
    assert classify(of(sqlstate, exc.ProgrammingError)) is ErrorKind.PERMANENT


def test_a_connection_that_broke_is_waited_for_whatever_it_said() -> None:
    assert classify(of("XX000", broken=True)) is ErrorKind.UNAVAILABLE


@pytest.mark.parametrize(
    "error", [exc.TimeoutError(), DependencyUnavailable(), ConnectionRefusedError(), TimeoutError()]
)
def test_what_is_away_without_a_code_is_waited_for(error: Exception) -> None:
    assert classify(error) is ErrorKind.UNAVAILABLE


@pytest.mark.parametrize(
    "error", [ValueError(), KeyError(), FileNotFoundError(), AssertionError(), exc.ArgumentError()]
)
def test_what_nobody_knows_to_pass_is_taken_to_last(error: Exception) -> None:
    assert classify(error) is ErrorKind.PERMANENT


def test_the_name_of_an_error_is_its_class_and_code_alone() -> None:
    assert safe_error_name(of("23505")) == "ServerError:23505"
    assert safe_error_name(of(None)) == "ServerError:none"
    assert safe_error_name(ValueError("Ana")) == "ValueError"

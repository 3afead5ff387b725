from pathlib import Path

import pytest

from devstack import doctor, jars, kafka, machine, postgres
from devstack.jars import Jar
from devstack.machine import DoctorFinding
from devstack.postgres import Postgres


def named(findings: list[DoctorFinding], name: str) -> DoctorFinding:
    return next(finding for finding in findings if finding.name == name)


def test_a_machine_that_has_all_is_well(tmp_path: Path) -> None:
    findings = doctor.examine(tmp_path / "run" / "not" / "made")

    assert [finding for finding in findings if not finding.ok] == []
    assert {"python", "disk", "memory", "ports", "clock", "postgresql", "java", "jars"} <= {f.name for f in findings}


def test_a_jar_that_was_changed_is_named_with_the_way_out(tmp_path: Path) -> None:
    jar = Jar("org.example", "lantern", "1.0", "0" * 64)
    (tmp_path / jar.file_name).write_bytes(b"something else")

    finding = named(doctor.examine(tmp_path, tmp_path, wanted_jars=(jar,)), "jars")

    assert not finding.ok
    assert jar.coordinate in finding.detail
    assert jars.FETCH in finding.fix


@pytest.mark.parametrize(("module", "name"), [(postgres, "postgresql"), (kafka, "java")])
def test_a_wheel_that_is_missing_is_named(
    module: object, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WHEEL", "no_such_wheel")

    finding = named(doctor.examine(tmp_path), name)

    assert not finding.ok
    assert "make setup" in finding.fix


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "DISK_WANTED_BYTES", 1024**6)

    finding = named(doctor.examine(tmp_path), "disk")

    assert not finding.ok
    assert "Free some space" in finding.fix


def test_an_own_server_is_checked_instead_of_the_embedded_one(tmp_path: Path, postgres: Postgres) -> None:
    findings = doctor.examine(tmp_path, own_database=postgres.superuser_url(), own_kafka="admin:password@127.0.0.1:1")

    assert all(named(findings, name).ok for name in ("database", "postgresql", "database tls"))
    assert not named(findings, "broker").ok
    assert {"account", "java", "jars"}.isdisjoint(finding.name for finding in findings)
    assert "password" not in named(findings, "broker").detail


def test_too_few_descriptors_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "DESCRIPTORS_WANTED", 10**9)

    finding = named(doctor.examine(tmp_path), "descriptors")

    assert not finding.ok
    assert "ulimit -n" in finding.fix


def test_a_database_that_is_too_old_is_named(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "POSTGRES_FROM", 99)

    finding = named(doctor.examine(tmp_path, own_database=postgres.superuser_url()), "postgresql")

    assert not finding.ok
    assert "PostgreSQL 99 or newer" in finding.fix


def test_a_database_that_lets_nobody_in_is_named(tmp_path: Path, postgres: Postgres) -> None:
    address = f"postgresql://postgres:not-the-word@{postgres.host}:{postgres.port}/postgres"

    finding = named(doctor.examine(tmp_path, own_database=address), "postgresql")

    assert not finding.ok
    assert "not-the-word" not in finding.detail + finding.fix

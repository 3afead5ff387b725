from pathlib import Path

import pytest

from schemas.topics import FOLDER, TopicSpec, mailbox, read, topic_specs

OWNERS = {"runtime", "intake", "consent", "law_enforcement_bridge", "referrals", "notifications", "exchange", "audit"}


def test_every_topic_is_a_file_and_every_file_a_topic() -> None:
    assert len(topic_specs()) == len(list(FOLDER.iterdir()))


@pytest.mark.parametrize("spec", topic_specs(), ids=lambda spec: spec.topic)
def test_a_topic_has_an_owner_a_writer_readers_and_a_description(spec: TopicSpec) -> None:
    assert spec.owner in OWNERS
    assert spec.writers
    assert spec.readers
    assert spec.says
    assert spec.key
    assert spec.value


@pytest.mark.parametrize("spec", topic_specs(), ids=lambda spec: spec.topic)
def test_a_topic_has_finite_retention_and_acks_several_replicas(spec: TopicSpec) -> None:
    assert spec.settings["cleanup.policy"] == "delete"
    retained_ms = int(spec.settings["retention.ms"]) + int(spec.settings["segment.ms"])  # a segment goes as a whole
    assert 0 < retained_ms <= 14 * 24 * 3_600 * 1_000
    assert 2 <= int(spec.settings["min.insync.replicas"]) < spec.replicas


def test_only_the_relay_writes_mailboxes() -> None:
    assert {spec.writers for spec in topic_specs() if "{agency}" in spec.topic} == {("relay",)}


def test_each_agency_has_a_mailbox_of_its_own() -> None:
    assert mailbox("harbor-house") == "to.harbor-house"


@pytest.mark.parametrize(
    "agency_id", ["", "a", "*", "Harbor", "harbor house", "to.{agency}", "x" * 41, "harbor-house\n"]
)
def test_what_is_no_agency_has_no_mailbox(agency_id: str) -> None:
    with pytest.raises(ValueError, match="not an agency id"):
        mailbox(agency_id)


@pytest.mark.parametrize(
    "change",
    [
        ("owner: runtime\n", ""),
        ("owner: runtime\n", "owner: runtime\ncolour: red\n"),
        ("  partitions: 3", "  partition: 3"),
    ],
)
def test_a_topic_file_with_extra_or_missing_keys_is_refused(tmp_path: Path, change: tuple[str, str]) -> None:
    file = tmp_path / "to.agency.yaml"
    file.write_text((FOLDER / file.name).read_text().replace(*change))

    with pytest.raises(ValueError, match=r"to\.agency\.yaml"):
        read(file)

"""Lines of many logs in one order, and no half of a line."""

from pathlib import Path

from devstack import log_lines

OURS = '{{"at": "2026-11-30T19:50:0{}.500+00:00", "event": "answered"}}\n'
POSTGRES = "2026-11-30 19:50:0{}.250 UTC [7] LOG:  ready\n"


def a_run(folder: Path) -> Path:
    (folder / "logs").mkdir(parents=True)
    (folder / "postgres").mkdir()
    (folder / "logs" / "intake.log").write_text(OURS.format(1) + "Traceback\n" + OURS.format(3))
    (folder / "postgres" / "postgres.log").write_text(POSTGRES.format(2) + POSTGRES.format(4))
    return folder


def test_the_last_lines_of_all_logs_are_in_the_order_of_time(tmp_path: Path) -> None:
    files = log_lines.log_files(a_run(tmp_path / "run"))

    (lines,) = log_lines.batches(files, 4, follow=False)

    assert [(line.process, line.at[17:]) for line in lines] == [
        ("intake", "01.500"),
        ("postgres", "02.250"),
        ("intake", "03.500"),
        ("postgres", "04.250"),
    ]
    assert lines[0].text == "Traceback"


def test_a_follower_misses_no_line_and_sees_no_half_of_one(tmp_path: Path) -> None:
    files = log_lines.log_files(a_run(tmp_path / "run"))
    batches = log_lines.batches(files, 0, follow=True)
    assert next(batches) == []

    with files["intake"].open("a") as log:
        log.write(OURS.format(5) + '{"at": "2026')
        log.flush()
        first = next(batches)
        log.write(OURS.format(6).removeprefix('{"at": "2026'))
    second = next(batches)

    assert [line.at[18] for line in first + second] == ["5", "6"]

"""What lies on the disk and in the process list, as bytes to look through."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from devstack.processes import PROGRAMS
from tests.leaks.scene import Scene

Pieces = Iterator[tuple[str, bytes]]
PIECE = 1 << 23
LARGEST = 1 << 28
OTHERS = ("accord-run-", "pytest-")  # other runs, and what tests keep
CRASHED = ("core", "core.*", "hs_err_pid*", "crash.log", "*.hprof", "*.core", "vgcore.*")


def of(file: Path) -> Pieces:
    """Yield the bytes of a file, its holes left out: a broker sets much aside that it never writes."""
    try:
        with file.open("rb", buffering=0) as opened:
            place, end = 0, os.fstat(opened.fileno()).st_size
            while place < end:
                try:
                    place = os.lseek(opened.fileno(), place, os.SEEK_DATA)
                    hole = os.lseek(opened.fileno(), place, os.SEEK_HOLE)
                except OSError:
                    return  # nothing but a hole is left
                begin = place
                while begin < hole:
                    data = os.pread(opened.fileno(), min(PIECE + 256, hole - begin), begin)
                    yield f"{file.name}@{begin}", data
                    begin += PIECE
                place = max(hole, begin)
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return


def below(folder: Path, *, but: Iterable[str] = ()) -> Pieces:
    """Yield the name and the content of every file below a folder, but for some of its own folders."""
    left_out = {folder / name for name in but}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink() and left_out.isdisjoint((file, *file.parents)):
            yield "the name of a file", str(file.relative_to(folder)).encode() + b"\n"
            yield from of(file)


def _logs(scene: Scene, *names: str) -> Pieces:
    for name in names:
        yield from of(scene.folder / "logs" / f"{name}.log")


def output_of_apis(scene: Scene) -> Pieces:
    yield from _logs(scene, *(program.name for program in PROGRAMS if program.command[-1] == "api"))


def output_of_workers(scene: Scene) -> Pieces:
    yield from _logs(scene, *(program.name for program in PROGRAMS if program.command[-1] == "worker"))


def output_of_the_relay(scene: Scene) -> Pieces:
    yield from _logs(scene, "exchange-relay")


def output_of_the_issuer(scene: Scene) -> Pieces:
    yield from _logs(scene, "issuer")


def output_of_the_failed(scene: Scene) -> Pieces:
    yield from _logs(scene, *(file.stem for file in (scene.folder / "logs").glob("leaks-*.log")))


def log_lines(scene: Scene) -> Pieces:
    """Yield each line's event once its JSON was read: characters that JSON had escaped stand there as they are."""
    for file in sorted((scene.folder / "logs").glob("*.log")):
        for line in file.read_text(errors="replace").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            yield file.name, json.dumps(event, ensure_ascii=False).encode()


def log_of_postgres(scene: Scene) -> Pieces:
    yield from below(scene.folder / "postgres", but=("data", "password"))


def log_of_kafka(scene: Scene) -> Pieces:
    yield from below(scene.folder / "kafka", but=("data",))


def segments(scene: Scene) -> Pieces:
    yield from below(scene.folder / "kafka" / "data")


def data_files(scene: Scene) -> Pieces:
    """Yield the database's files as a thief of the disk has them, after all that is in memory was written."""
    with scene.superuser() as connection:
        connection.execute("CHECKPOINT")
    yield from below(scene.folder / "postgres" / "data", but=("pg_wal",))


def write_ahead_log(scene: Scene) -> Pieces:
    yield from below(scene.folder / "postgres" / "data" / "pg_wal")


def run_folder(scene: Scene) -> Pieces:
    """Yield all else that the run keeps: town.json, keys, secrets, ports."""
    yield from below(scene.folder, but=("logs", "postgres", "kafka", "notices"))


def notices(scene: Scene) -> Pieces:
    """Yield each notice but the address it goes to: a provider must be told that (SAFETY.md, "Sending notices")."""
    for file in sorted((scene.folder / "notices").iterdir()):
        notice = json.loads(file.read_text())
        to = notice.pop("to", None)
        assert to is None or to in scene.addresses(), "a notice goes to what is no address of a channel"
        yield file.name, json.dumps({**notice, "file": file.name}, ensure_ascii=False).encode()


def processes() -> list[psutil.Process]:
    """Return every process that this one started, and those that they started."""
    children: list[psutil.Process] = psutil.Process().children(recursive=True)
    return children


def command_lines(_: Scene) -> Pieces:
    for process in processes():
        yield from of_process(process, "cmdline")


def environments(_: Scene) -> Pieces:
    for process in processes():
        yield from of_process(process, "environ")


def of_process(process: psutil.Process, name: str) -> Pieces:
    """Yield one file of /proc, which has no length until it is read."""
    try:
        yield f"{process.pid} {name}", Path(f"/proc/{process.pid}/{name}").read_bytes()
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return


def temporary_files(scene: Scene) -> Pieces:
    """Yield the temporary files left since the town began, and those that its processes hold open."""
    temporary = Path(tempfile.gettempdir())
    for place in temporary.iterdir():
        if not place.name.startswith(OTHERS) and place != scene.folder.parent:
            yield "the name of a file", place.name.encode() + b"\n"
            yield from _fresh(place, scene.began)
    for process in processes():
        for opened in _held_open(process, scene):
            yield from of(opened)


def _fresh(place: Path, since: float) -> Pieces:
    try:
        fresh_folder = place.is_dir() and place.stat().st_mtime >= since
        files = list(place.iterdir()) if fresh_folder else [place]
    except (FileNotFoundError, PermissionError):
        return
    for file in files:
        if _is_new(file, since):
            yield from of(file)


def _is_new(file: Path, since: float) -> bool:
    try:
        status = file.stat()
    except (FileNotFoundError, PermissionError):
        return False
    return file.is_file() and status.st_mtime >= since and status.st_size < LARGEST


def _held_open(process: psutil.Process, scene: Scene) -> Iterator[Path]:
    """Yield the temporary files that a process writes: a file older than the town, as code is, holds nothing told."""
    try:
        descriptors = list(Path(f"/proc/{process.pid}/fd").iterdir())
        named = [(descriptor, os.readlink(descriptor)) for descriptor in descriptors]
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return
    for descriptor, target in named:
        deleted = target.endswith("(deleted)")
        elsewhere = target.startswith(tempfile.gettempdir()) and not target.startswith(str(scene.folder))
        if (deleted or elsewhere) and _is_new(descriptor, scene.began):
            yield descriptor


def crash_reports(scene: Scene) -> Pieces:
    """Yield the core files and crash reports where processes run, and each folder that was looked at."""
    places = {scene.folder, *(path for path in scene.folder.iterdir() if path.is_dir()), Path.cwd()}
    for place in sorted(places):
        for pattern in CRASHED:
            for file in place.glob(pattern):
                if file.is_file():
                    yield from of(file)
        yield "a folder that was looked at", place.name.encode() + b"\n"

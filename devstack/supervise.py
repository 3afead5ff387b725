"""Run a command that can not outlive whoever started it.

    python -I -S supervise.py ENDING GRACE USER COMMAND...

ENDING is the signal that asks the command to end (INT, TERM), GRACE the seconds
until it is killed, USER the account it runs as when we are root, or "-".

Standard input is one end of a socket whose other end the parent holds.  The
command's process id is written to it; once it closes, the parent is gone,
however it ended, and the command is ended too.  TERM and INT end it as well.
The exit status is the command's, 128 + n if signal n ended it.
"""

import contextlib
import ctypes
import os
import pwd
import resource
import select
import signal
import struct
import sys
import time

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_SET_CHILD_SUBREAPER, PR_CAP_AMBIENT = 1, 8, 28, 36, 47
NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522
HANDLED_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
ORPHANS_GRACE_SECONDS = 3.0


def main(ending: str, grace: str, user: str, command: list[str]) -> int:
    """Run `command` until it ends, the parent is gone or a signal asks for its end."""
    parent, woken = become_guard()
    child = spawn(command, None if user == "-" else user)
    return guard(child, parent, woken, signal.Signals["SIG" + ending], float(grace))


def become_guard() -> tuple[int, int]:
    """Make this process a guard; return its parent's id, and the descriptor on which signals arrive."""
    parent = os.getppid()
    control(PR_SET_CHILD_SUBREAPER, 1)  # what the command leaves behind is ours to clear
    control(PR_SET_PDEATHSIG, signal.SIGHUP)  # a fork of the parent may hold the socket open after its death
    return parent, hear_signals()


def guard(child: int, parent: int, woken: int, ending: int, grace: float) -> int:
    """Announce the command, guard it to its end and clear what it leaves; return the exit status."""
    with contextlib.suppress(OSError):
        os.write(0, f"{child}\n".encode())
    status = attend(child, parent, woken, ending, grace)
    clear(child)
    return status if status >= 0 else 128 - status


def control(option: int, *arguments: int) -> None:
    """Tell the kernel; where there is no prctl, the socket alone must do."""
    if LINUX:
        ctypes.CDLL(None).prctl(option, *(ctypes.c_ulong(number) for number in (*arguments, 0, 0, 0, 0)[:4]))


def hear_signals() -> int:
    """Return a descriptor that becomes readable, with the signal's number, at each signal."""
    woken, wakes = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wakes, False)
    os.set_blocking(0, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    for number in HANDLED_SIGNALS:
        signal.signal(number, lambda *_: None)
    return woken


def spawn(command: list[str], user: str | None) -> int:
    """Start `command` in a process group of its own and return its process id."""
    own = os.getpid()
    child = fork()
    if child:
        return child
    try:
        if leave_guard(user, own):
            os.execvp(command[0], command)  # noqa: S606 - a program with its arguments, and no shell, is the purpose
    except Exception as refusal:
        os.write(2, f"guard: {command[0]} could not be started: {refusal}\n".encode())
    finally:
        os._exit(127)  # the fork must never run on as a second guard


def fork() -> int:
    """Return the id of a child in a process group of its own, and in the child 0."""
    signal.pthread_sigmask(
        signal.SIG_BLOCK, HANDLED_SIGNALS
    )  # one that comes before the child is itself must wait, not be lost
    child = os.fork()
    if child:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED_SIGNALS)
        with contextlib.suppress(OSError):
            os.setpgid(child, child)
    return child


def leave_guard(user: str | None, guard: int) -> bool:
    """Give up all that a fork has of its guard; tell whether the guard is still there."""
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for number in (*HANDLED_SIGNALS, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED_SIGNALS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold what was opened
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if user is not None and os.geteuid() == 0:
        drop_privileges(user)
    control(PR_SET_PDEATHSIG, signal.SIGKILL)  # after the change of user, which clears it
    return os.getppid() == guard


def drop_privileges(user: str) -> None:
    """Give up root, but keep reaching files below folders that only root may enter."""
    account = pwd.getpwnam(user)
    control(PR_SET_KEEPCAPS, 1)
    control(PR_SET_SECUREBITS, NO_SETUID_FIXUP)  # else access(2), by which initdb looks for postgres, ignores them
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    if LINUX:
        for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):  # containers often grant root the second only
            bit = 1 << capability
            header, sets = struct.pack("Ii", CAPABILITY_VERSION_3, 0), struct.pack("6I", bit, bit, bit, 0, 0, 0)
            if ctypes.CDLL(None).capset(header, sets) == 0:
                control(PR_CAP_AMBIENT, 2, capability)
                return


def attend(child: int, parent: int, woken: int, ending: int, grace: float) -> int:
    """Wait for the command's end, and bring it about when it is due; return its exit status."""
    deadline: float | None = None
    watched = [0, woken]
    while (status := ended(child)) is None:
        patience = 1.0 if deadline is None else max(0.0, min(1.0, deadline - time.monotonic()))
        readable, _, _ = select.select(watched, [], [], patience)
        end_requested = end_asked(woken) if woken in readable else False
        if 0 in readable and parent_gone():
            watched, end_requested = [woken], True
        if deadline is None and (end_requested or os.getppid() != parent):
            deadline = time.monotonic() + grace
            send(child, ending)
        elif deadline is not None and time.monotonic() >= deadline:
            send(child, signal.SIGKILL)
            deadline = time.monotonic() + 1.0
    return status


def ended(child: int) -> int | None:
    """Return the command's exit status once it has ended, collecting the orphans it left."""
    while True:
        dead, status = os.waitpid(-1, os.WNOHANG)
        if dead == child:
            return os.waitstatus_to_exitcode(status)
        if dead == 0:
            return None


def end_asked(woken: int) -> bool:
    """Tell whether one of the signals that came asks for the end."""
    with contextlib.suppress(BlockingIOError):
        return any(number in (signal.SIGTERM, signal.SIGINT) for number in os.read(woken, 512))
    return False


def parent_gone() -> bool:
    """Tell whether the parent's end of the socket is closed."""
    try:
        return os.read(0, 512) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def send(child: int, number: int) -> None:
    """Signal the command's whole group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, number)


def clear(child: int) -> None:
    """See every process off that the command left behind."""
    send(child, signal.SIGKILL)
    deadline = time.monotonic() + ORPHANS_GRACE_SECONDS  # PostgreSQL's children leave by themselves when it is killed
    with contextlib.suppress(ChildProcessError):
        while True:
            dead, _ = os.waitpid(-1, os.WNOHANG)
            if dead == 0:
                time.sleep(0.01)
            if time.monotonic() >= deadline:
                for orphan in orphans():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(orphan, signal.SIGKILL)


def orphans() -> list[int]:
    """Return the processes that became ours."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as listed:
            return [int(number) for number in listed.read().split()]
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))

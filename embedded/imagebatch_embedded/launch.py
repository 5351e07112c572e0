"""A tiny program between a parent and its child: drops privileges, ties the child's life to the parent's, runs it.

    python -I -S launch.py --parent PID [--signal TERM|KILL|INT] [--uid U --gid G] -- COMMAND ARGUMENT…

Linux sends the signal when the *thread* that forked ends: start children from one that lives as long as the parent.
"""

import ctypes
import os
import signal
import sys
import warnings  # noqa: F401 - execvp imports it, when the new user may be unable to read Python's library

PR_SET_PDEATHSIG = 1
NOT_STARTED = 126


def main(arguments: list[str]) -> None:
    """Become the command. Ends with 126 when the parent is gone or the command cannot be run."""
    split = arguments.index("--")
    options = dict(zip(arguments[:split:2], arguments[1:split:2], strict=True))
    command = arguments[split + 1 :]
    libc = ctypes.CDLL(None, use_errno=True)
    if "--uid" in options:
        become(int(options["--uid"]), int(options["--gid"]))
    follow(libc, int(options["--parent"]), signal.Signals["SIG" + options.get("--signal", "KILL")])
    # Python ignores these two, and what is ignored stays so in the command.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.exit(fail(f"{command[0]}: {error.strerror}"))


def become(uid: int, gid: int) -> None:
    """Drop to a user and its one group, for good."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def follow(libc: ctypes.CDLL, parent: int, ending: signal.Signals) -> None:
    """Have the kernel send `ending` when the parent ends. A change of user clears this: it comes after that."""
    if libc.prctl(PR_SET_PDEATHSIG, int(ending), 0, 0, 0) != 0:
        sys.exit(fail(f"prctl: {os.strerror(ctypes.get_errno())}"))
    # The parent may have ended before the line above, and then no signal ever comes.
    if os.getppid() != parent:
        sys.exit(fail("the parent is gone"))


def fail(message: str) -> int:
    """Say why there is no command on standard error."""
    sys.stderr.write(f"launch: {message}\n")
    return NOT_STARTED


if __name__ == "__main__":
    main(sys.argv[1:])

"""What the exit codes mean. Every command ends with one of them; `imagebatch --help` lists them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The codes, each with its meaning for people."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> "ExitCode":
        """Return the code with its meaning beside it."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    OK = 0, "done"
    UNMET = 1, "the batch ended Failed, something asked for is missing, or doctor or demo found a fault"
    USAGE = 2, "wrong options or arguments, or a file that cannot be read"
    REFUSED = 3, "the service refused the request (4xx), such as a CSV that breaks the rules"
    UNAVAILABLE = 4, "the service does not answer, or failed (5xx)"
    MACHINE = 5, "this machine: the service cannot be started here, or a file cannot be written"
    INTERRUPTED = 130, "stopped by Ctrl-C; a batch that was accepted goes on"
    READER_LEFT = 141, "nobody reads the output any more, as behind `| head -1`"


def listed() -> str:
    """Return the codes as lines for --help."""
    return "\n".join(f"  {code.value:>3}  {code.meaning}" for code in ExitCode)

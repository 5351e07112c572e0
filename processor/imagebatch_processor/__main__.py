"""`python -m imagebatch_processor`: works shard JOB_COMPLETION_INDEX of request REQUEST_ID, then exits.

Exit codes, matched by the Job's podFailurePolicy: 0 done, 1 try this index again, 42 never will, 43 asked to stop.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from imagebatch.stop_signals import stop_event

# The shard's own 10 s for what is being encoded or uploaded, and time to write that down. Whoever asks kills later.
LEAVE_SECONDS = 13.0

# Before the imports below, which take a while: as PID 1 of a pod there is no default action, and SIGTERM would
# be lost or end in 137, which counts as a failure.
_asked_to_stop = stop_event([signal.SIGTERM])

from imagebatch_processor.run import ExitCode, run  # noqa: E402 - after the handler, see above


def _leave_in_time() -> None:
    """End the process if it is still there long after it was asked to stop: the store may be away for minutes."""
    _asked_to_stop.wait()
    time.sleep(LEAVE_SECONDS)
    os._exit(ExitCode.STOPPED)


if __name__ == "__main__":
    threading.Thread(target=_leave_in_time, daemon=True).start()
    # The threads that still fetch hold nothing that is worth waiting for.
    code = run(os.environ, _asked_to_stop)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

"""Our programs as children: what one that was killed left of its temporary files is gone at its next start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from support.waiting import eventually

from imagebatch_embedded.programs import Program

LEAVES_A_FILE = """
import os, tempfile, time
open(os.path.join(tempfile.gettempdir(), f"left-{os.getpid()}"), "w").close()
time.sleep(60)
"""


def test_program_when_started_again_after_a_kill_finds_its_temporary_folder_empty(tmp_path: Path) -> None:
    (tmp_path / "leaver.py").write_text(LEAVES_A_FILE)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    temporary = tmp_path / "tmp" / "leaver"
    program = Program("leaver", "leaver", environment, tmp_path, temporary=temporary)

    def left() -> list[str]:
        return [file.name for file in temporary.iterdir()]

    for _ in range(2):
        program.start()
        eventually(lambda: left() == [f"left-{program.pid}"], 10, f"the file of {sys.executable}")
        os.kill(program.pid or 0, 9)
        eventually(lambda: program.returncode is not None)

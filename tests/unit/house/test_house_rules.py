"""Every rule of hack/house_rules.py finds what it forbids."""

from __future__ import annotations

from pathlib import Path

import house_rules
import pytest
from house_rules import Source

ROOT = Path(__file__).resolve().parents[3]
DOC = '"""What lives here."""\n'
LONG = "def f():\n" + "    x = 1\n" * 40

# What is written where it is not wanted, and the words of the complaint.
BROKEN = [
    ("core/imagebatch/long.py", DOC + LONG, "f has 41 lines"),
    ("core/imagebatch/tall.py", DOC + "x = 1\n" * 400, "401 lines, 400 at most"),
    ("tests/unit/test_tall.py", "x = 1\n" * 201, "201 lines, 200 at most"),
    ("core/imagebatch/mute.py", "x = 1\n", "module docstring has 0 lines"),
    ("core/imagebatch/chatty.py", '"""' + "a\n" * 7 + '"""\n', "module docstring has 7 lines"),
    ("core/imagebatch/utils.py", DOC, "utils says nothing"),
    ("core/imagebatch/store_helpers.py", DOC, "store_helpers says nothing"),
    ("core/imagebatch/rows.py", DOC + "class RowManager:\n    pass\n", "RowManager says nothing"),
    ("docs/notes.md", "TO" + "DO: write this\n", "a note to oneself"),
    ("api/imagebatch_api/app.py", DOC + "raise NotImplementedError\n", "announced, not implemented"),
    ("api/imagebatch_api/app.py", DOC + "def f(x):\n    return x['PYTEST_CURRENT_TEST']\n", "a test switch"),
    ("api/imagebatch_api/app.py", DOC + "def f(is_test):\n    return 1\n", "a test switch"),
    ("api/imagebatch_api/app.py", DOC + "import os\nKEY = os.environ['KEY']\n", "while the module is imported"),
    ("api/imagebatch_api/app.py", DOC + "X = Path('x').read_text()\n", "while the module is imported"),
    ("core/imagebatch/model/rows.py", DOC + "import requests\n", "model imports requests"),
    ("core/imagebatch/model/rows.py", DOC + "from imagebatch import ports\n", "model imports imagebatch.ports"),
    ("cli/imagebatch_cli/main.py", DOC + "import imagebatch_embedded.demo\n", "before a command needs it"),
    ("operator/__init__.py", DOC, "shadows the standard library"),
    ("tests/unit/test_x.py", "@pytest.mark.skip\ndef test_a_b_c():\n    pass\n", "pytest.mark.skip"),
    ("tests/unit/test_x.py", "def test_a_b_c():\n    time.sleep(1)\n", "test_a_b_c sleeps"),
    ("tests/unit/test_x.py", "def test_a():\n    pass\n", "test_a: name it"),
    ("requirements/api.txt", "fastapi==1.0 \\\n    --hash=sha256:00\nminio==7\n", "minio==7 is not pinned"),
    ("requirements/api.txt", "--find" + "-links /somewhere\n", "machine's own configuration"),
    ("README.md", "see https://py" + "pi.org/project/x\n", "machine's own configuration"),
    ("docs/notes.md", "look into /ro" + "ot/project\n", "machine's own configuration"),
]


@pytest.mark.parametrize(("path", "text", "complaint"), BROKEN, ids=[f"{b[2]}-{i}" for i, b in enumerate(BROKEN)])
def test_rule_when_it_is_broken_complains(path: str, text: str, complaint: str) -> None:
    problems = house_rules.problems_of(Source(Path(path), text))
    assert any(complaint in problem for problem in problems), problems


KEPT = [
    ("cli/imagebatch_cli/main.py", DOC + "def dev():\n    import imagebatch_embedded.supervisor\n"),
    ("cli/imagebatch_cli/dev.py", DOC + "if TYPE_CHECKING:\n    import imagebatch_embedded.supervisor\n"),
    ("core/imagebatch/model/rows.py", DOC + "import csv\nfrom imagebatch.model import errors\n"),
    ("api/imagebatch_api/__main__.py", DOC + 'if __name__ == "__main__":\n    run(os.environ)\n'),
    ("core/imagebatch/database/rows.py", DOC + "def f(environ):\n    return environ['KEY']\n"),
    ("tests/unit/test_x.py", "def test_row_when_read_is_kept():\n    pass\n"),
    ("tests/unit/test_y.py", "def test_row_when_slow_is_cut():\n    def serve():\n        time.sleep(1)\n"),
    ("docs/notes.md", "GET https://shop.example/home/picture.jpg\n"),
]


@pytest.mark.parametrize(("path", "text"), KEPT, ids=[path for path, _ in KEPT])
def test_rule_when_it_is_kept_is_silent(path: str, text: str) -> None:
    assert house_rules.problems_of(Source(Path(path), text)) == []


def test_median_when_most_functions_are_long_is_a_problem() -> None:
    text = DOC + "def f():\n" + "    x = 1\n" * 10
    assert house_rules.median_problem([Source(Path("core/imagebatch/long.py"), text)])


def test_house_when_it_is_read_holds_every_room() -> None:
    rooms = {source.room for source in house_rules.read_house(ROOT)}
    assert set(house_rules.PRODUCT) <= rooms

"""What a program pays for at its start: the modules that are loaded once it is imported."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"sqlalchemy", "psycopg2", "alembic", "fastapi", "starlette", "uvicorn", "kopf", "kubernetes"}
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
names = [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    importlib.import_module(name)
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def loaded(program: str, name: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", program, name], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_processor_when_all_of_it_is_imported_loads_nothing_heavy() -> None:
    modules = loaded(IMPORT_ALL, "imagebatch_processor")
    assert "imagebatch_processor" in modules
    assert modules & HEAVY == set()


def test_processor_when_its_store_is_loaded_loads_no_cipher() -> None:
    modules = loaded(IMPORT_ALL, "imagebatch_processor")
    assert "minio" in modules
    assert modules & {"Crypto", "argon2", "cffi", "pycparser"} == set()


def test_sdk_when_the_store_was_loaded_first_still_has_its_administration() -> None:
    program = "import imagebatch.store, minio.minioadmin as real; print(real.MinioAdmin.__name__)"
    assert loaded(program, "") == {"MinioAdmin"}


def test_import_weight_when_something_heavy_is_loaded_is_seen() -> None:
    assert "sqlalchemy" in loaded(IMPORT_ALL, "sqlalchemy.util") & HEAVY


def test_command_line_when_all_of_it_is_imported_loads_no_room() -> None:
    modules = loaded(IMPORT_ALL, "imagebatch_cli")
    rooms = {"imagebatch_embedded", "imagebatch_api", "imagebatch_operator", "imagebatch_processor"}
    assert "imagebatch_cli" in modules
    assert modules & (rooms | HEAVY) == set()

"""Collect what one Python program needs to run, and nothing else, into a folder: the whole root of an image.

The Dockerfiles run it in their builder stage, on Debian's python3 or the official image's. No shell, package manager,
compiler or pip gets in: only the interpreter, its standard library, a virtual environment, and the libraries they load.
"""

from __future__ import annotations

import compileall
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

USER_ID = 65532
# In the standard library: what tests it, draws windows, installs and builds packages.
UNUSED = (
    *("__pycache__", "test", "tests", "_test*", "idlelib", "tkinter", "_tkinter*", "turtledemo", "turtle.py"),
    *("pydoc_data", "lib2to3"),
    *("ensurepip", "distutils", "config-*", "*.a", "EXTERNALLY-MANAGED"),
    *("site-packages", "dist-packages", "sitecustomize.py"),
)
# In packages: their own tests, and a second Kubernetes client, for asyncio, that nothing here imports.
UNUSED_IN_PACKAGES = ("__pycache__", "tests", "SelfTest", "aio")
# Loaded by name when a thread ends: no program that needs it says so.
BY_NAME = ("libgcc_s.so.1",)
ETC = {
    "passwd": f"root:x:0:0:root:/:/sbin/nologin\nimagebatch:x:{USER_ID}:{USER_ID}:imagebatch:/:/sbin/nologin\n",
    "group": f"root:x:0:\nimagebatch:x:{USER_ID}:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def main() -> None:
    """Fill the folder named first with the virtual environment named second and all that it stands on."""
    root, venv = Path(sys.argv[1]), Path(sys.argv[2])
    link_like_the_base(root)
    copy_python(root)
    copy_tree(venv, root, *UNUSED_IN_PACKAGES)
    libraries = needed_libraries(root, venv)
    for library in sorted(libraries):
        copy_file(library, root)
    write_etc(root)
    name_the_packages(root, libraries)
    subprocess.run(["ldconfig", "-r", str(root)], check=True)
    compile_everything(root)


def link_like_the_base(root: Path) -> None:
    """Make the links /bin, /lib … that merge a Debian's /usr."""
    root.mkdir(parents=True)
    for path in sorted(Path("/").iterdir()):
        if path.is_symlink() and path.name.startswith(("bin", "lib", "sbin")):
            (root / path.name).symlink_to(path.readlink())


def copy_python(root: Path) -> None:
    """Copy the interpreter, with the links that lead to it, and the standard library."""
    path = Path(shutil.which("python3") or sys.executable)
    while path.is_symlink():
        target = in_root(path, root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path.readlink())
        path = path.parent / path.readlink()
    copy_file(path, root)
    copy_tree(Path(sysconfig.get_path("stdlib")), root, *UNUSED)


def copy_tree(folder: Path, root: Path, *unused: str) -> None:
    """Copy a folder to its place under `root`, without what matches."""
    shutil.copytree(folder, in_root(folder, root), symlinks=True, ignore=shutil.ignore_patterns(*unused))


def copy_file(path: Path, root: Path) -> None:
    """Copy a file, or the one that a link leads to, to its place under `root`."""
    target = in_root(path, root)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, target)


def in_root(path: Path, root: Path) -> Path:
    """Return where a file of this machine is to be under `root`: its folder by the real name."""
    return root / path.parent.resolve().relative_to("/") / path.name


def needed_libraries(root: Path, venv: Path) -> set[Path]:
    """Return every shared library that something under `root` loads and that is not part of the environment."""
    programs = [path for path in root.rglob("*") if is_program(path)]
    lines = [line for program in programs for line in output("ldd", str(program)).splitlines()]
    # `name => path (address)`, the loader alone as `path (address)`, and one that is missing as `name => not found`.
    found = {Path(word) for line in lines for word in line.split() if word.startswith("/") and not word.endswith(":")}
    missing = {line.strip() for line in lines if "not found" in line and not line.strip().startswith("/")}
    # A library of a wheel that is only ever loaded by one that knows where its neighbours are: ldd sees it alone.
    brought = {path.name for path in programs if path.is_relative_to(root / venv.relative_to("/"))}
    missing = {line for line in missing if line.split()[0] not in brought}
    if missing:
        sys.exit(f"image_root: {sorted(missing)}")
    cache = [line.split(" => ") for line in output("ldconfig", "-p").splitlines() if " => " in line]
    found |= {Path(path) for name, path in cache if name.split()[0] in BY_NAME}
    return {path for path in found if not path.is_relative_to(root) and not path.is_relative_to(venv)}


def is_program(path: Path) -> bool:
    """Tell whether a file is a program or a shared library."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def write_etc(root: Path) -> None:
    """Write the few files of /etc that the C library reads, the base's name and version, and an open /tmp."""
    etc = root / "etc"
    etc.mkdir()
    for name, text in ETC.items():
        (etc / name).write_text(text)
    for path in (Path("/etc/os-release"), Path("/etc/ld.so.conf")):
        shutil.copy(path, etc / path.name)
    shutil.copytree("/etc/ld.so.conf.d", etc / "ld.so.conf.d")
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)


def name_the_packages(root: Path, libraries: set[Path]) -> None:
    """Write down which Debian packages the files came from, where scanners for known holes look."""
    status = root / "var/lib/dpkg/status.d"
    status.mkdir(parents=True)
    names = {name for path in libraries | {Path(sys.executable).resolve()} for name in owners(path)}
    for name in sorted(names):
        (status / name.split(":")[0]).write_text(output("dpkg-query", "--status", name))


def owners(path: Path) -> set[str]:
    """Return the Debian packages that brought a file; none for one that came otherwise."""
    real = path.resolve()
    for spelling in (path, real, Path("/") / real.relative_to("/usr") if real.is_relative_to("/usr") else real):
        lines = [line for line in output("dpkg-query", "--search", str(spelling)).splitlines() if ": " in line]
        if lines:
            return {line.split(": ")[0] for line in lines}
    return set()


def compile_everything(root: Path) -> None:
    """Compile every module, never to be checked again: the root is read-only, and times change on the way."""
    compileall.compile_dir(
        root,
        maxlevels=50,
        quiet=2,
        workers=0,
        stripdir=str(root),
        prependdir="/",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def output(*command: str) -> str:
    """Return what a program prints; what it complains about is not asked for."""
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()

"""The budgets and habits of the house that no linter knows. `make lint` runs it, tests/unit/house tests it.

Each rule reads one file and yields what is wrong with it; the last lines are for the whole house.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

PRODUCT = ("core", "api", "operator", "processor", "embedded", "cli", "migrations")
PROGRAMS = (*PRODUCT, "hack", "tests")
WRITTEN = (*PROGRAMS, "docs", "postman", ".ci", "requirements", "charts", "manifests")
SUFFIXES = {".py", ".sh", ".md", ".toml", ".yaml", ".yml", ".json", ".txt", ".cfg", ".ini", ".csv", ".tpl", ""}

FUNCTION_LINES = 40
MEDIAN_FUNCTION_LINES = 10
MODULE_LINES = 400
TEST_LINES = 200
MODULE_DOCSTRING_LINES = 6

VAGUE = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "base"}
UNFINISHED = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X)\b")
TEST_SWITCH = re.compile(r"(?i)pytest|unittest|^testing$|^(is_|in_|for_|under_)test(s|ing)?$|^test_?mode$")
SKIPS = {"skip", "skipif", "xfail", "importorskip"}
HOSTS = re.compile(
    r"\b(pypi\.org|pythonhosted\.org|npmjs\.(org|com)|proxy\.golang\.org|docker\.io|ghcr\.io|quay\.io)\b"
    r"|\b(jsdelivr\.net|unpkg\.com)\b|--(extra-)?[i]ndex-url|--[f]ind-links|--[r]egistry"
)
MACHINE_PATHS = re.compile(r"(?<![\w.$}~-])/(root|home|work|Users)/[a-z]")
AT_IMPORT = {"os.environ", "os.getenv", "open", "read_text", "read_bytes"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file of the repository. `path` is relative to its root."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The file's syntax tree; empty for what is not Python."""
        return ast.parse(self.text if self.path.suffix == ".py" else "")

    @cached_property
    def functions(self) -> list[Function]:
        """Every function, nested ones and methods too."""
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    @property
    def room(self) -> str:
        """The top folder the file is in, '' at the root."""
        return self.path.parts[0] if len(self.path.parts) > 1 else ""


Problems = Iterator[tuple[int, str]]
Rule = Callable[[Source], Problems]


def lines_of(function: Function) -> int:
    """Lines from `def` to the last statement, both included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def functions_fit_on_a_screen(source: Source) -> Problems:
    """No function over 40 lines."""
    for function in source.functions:
        if lines_of(function) > FUNCTION_LINES:
            yield function.lineno, f"{function.name} has {lines_of(function)} lines, {FUNCTION_LINES} at most"


def modules_stay_small(source: Source) -> Problems:
    """No module over 400 lines, no test file over 200."""
    most = TEST_LINES if source.path.name.startswith("test_") else MODULE_LINES
    lines = source.text.count("\n")
    if lines > most:
        yield lines, f"{lines} lines, {most} at most"


def modules_say_what_they_are(source: Source) -> Problems:
    """Every module of the product opens with a docstring of one to six lines."""
    lines = len((ast.get_docstring(source.tree) or "").splitlines())
    if not 1 <= lines <= MODULE_DOCSTRING_LINES:
        yield 1, f"module docstring has {lines} lines, wanted 1 to {MODULE_DOCSTRING_LINES}"


def names_mean_something(source: Source) -> Problems:
    """No module, package or class is named after nothing in particular."""
    for part in source.path.with_suffix("").parts:
        if VAGUE & set(part.split("_")):
            yield 1, f"the name {part} says nothing about what lives here"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and VAGUE & {word.lower() for word in _words(node.name)}:
            yield node.lineno, f"the class name {node.name} says nothing about what it is"


def work_is_finished(source: Source) -> Problems:
    """No notes to oneself, and nothing that is only announced."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if UNFINISHED.search(line):
            yield number, "a note to oneself: finish it or file an issue"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield node.lineno, "announced, not implemented"


def product_knows_no_tests(source: Source) -> Problems:
    """No name and no string in product code asks whether a test is running."""
    docstrings = set(_docstrings(source.tree))
    for node in ast.walk(source.tree):
        for word in _words_written(node):
            if id(node) not in docstrings and TEST_SWITCH.search(word):
                yield getattr(node, "lineno", 1), f"{word!r}: a test switch in product code"


def nothing_is_read_at_import(source: Source) -> Problems:
    """Environment and files are read by functions, never while a module is imported."""
    for node in _own_nodes(source.tree):
        name = _dotted(node)
        if name in AT_IMPORT or name.rpartition(".")[2] in AT_IMPORT - {"open"}:
            yield getattr(node, "lineno", 1), f"{name} while the module is imported"


def model_is_pure(source: Source) -> Problems:
    """core's model imports the standard library and itself only."""
    if source.path.parts[:3] != ("core", "imagebatch", "model"):
        return
    for node, module in _imports(source.tree):
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith("imagebatch.model"):
            yield node.lineno, f"model imports {module}: only the standard library is allowed"


def command_line_is_lazy(source: Source) -> Problems:
    """The command line imports embedded mode only inside the commands that need it."""
    if source.room != "cli":
        return
    never_run = [n for n in source.tree.body if isinstance(n, ast.If) and _dotted(n.test) == "TYPE_CHECKING"]
    lazy = {id(node) for outer in (*source.functions, *never_run) for node in ast.walk(outer)}
    for node, module in _imports(source.tree):
        if module.startswith("imagebatch_embedded") and id(node) not in lazy:
            yield node.lineno, f"{module} is imported before a command needs it"


def tests_run(source: Source) -> Problems:
    """No test is skipped or expected to fail."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr in SKIPS and _dotted(node).startswith("pytest."):
            yield node.lineno, f"{_dotted(node)}: a test runs or is deleted"


def tests_wait_for_something(source: Source) -> Problems:
    """No test function sleeps; it waits for an observable with a deadline."""
    for function in source.functions:
        calls = [_dotted(node.func) for node in _own_nodes(function) if isinstance(node, ast.Call)]
        if function.name.startswith("test_") and "time.sleep" in calls:
            yield function.lineno, f"{function.name} sleeps: wait for an observable with a deadline"


def tests_tell_what_they_show(source: Source) -> Problems:
    """Test functions are named test_<what>_<when>_<then>."""
    for function in source.functions:
        if function.name.startswith("test_") and len(function.name.split("_")) < 4:
            yield function.lineno, f"{function.name}: name it test_<what>_<when>_<then>"


def addresses_stay_out(source: Source) -> Problems:
    """No registry host, no package index option and no path of somebody's machine is written down."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        for pattern in (HOSTS, MACHINE_PATHS):
            if found := pattern.search(line):
                yield number, f"{found[0]!r} belongs to a machine's own configuration"


def requirements_are_pinned(source: Source) -> Problems:
    """Every requirement is one exact version with hashes."""
    if source.room != "requirements":
        return
    joined = re.sub(r"\\\n\s*", " ", source.text)
    for line in filter(None, (line.split("#")[0].strip() for line in joined.splitlines())):
        if "==" not in line or "--hash=sha256:" not in line:
            yield 1, f"{line.split()[0]} is not pinned with a hash"


def operator_is_no_package(source: Source) -> Problems:
    """operator/__init__.py would shadow the standard library's operator module."""
    if source.path.parts == ("operator", "__init__.py"):
        yield 1, "shadows the standard library's operator module"


EVERYWHERE: tuple[Rule, ...] = (addresses_stay_out, work_is_finished, requirements_are_pinned)
IN_PROGRAMS: tuple[Rule, ...] = (functions_fit_on_a_screen, modules_stay_small, names_mean_something)
IN_PRODUCT: tuple[Rule, ...] = (
    modules_say_what_they_are,
    product_knows_no_tests,
    nothing_is_read_at_import,
    model_is_pure,
    command_line_is_lazy,
    operator_is_no_package,
)
IN_TESTS: tuple[Rule, ...] = (tests_run, tests_wait_for_something, tests_tell_what_they_show)


def rules_for(source: Source) -> Iterator[Rule]:
    """The rules that hold for a file, by its place and its kind."""
    yield from EVERYWHERE
    if source.path.suffix == ".py":
        yield from IN_PROGRAMS
        if source.room in PRODUCT:
            yield from IN_PRODUCT
        if source.room == "tests":
            yield from IN_TESTS


def problems_of(source: Source) -> list[str]:
    """Every broken rule of one file, as `path:line: what`."""
    return [f"{source.path}:{line}: {what}" for rule in rules_for(source) for line, what in rule(source)]


def median_problem(sources: list[Source]) -> list[str]:
    """Half of the product's functions have at most ten lines."""
    lengths = [lines_of(function) for source in _product(sources) for function in source.functions]
    middle = median(lengths) if lengths else 0
    if middle <= MEDIAN_FUNCTION_LINES:
        return []
    return [f"median function length is {middle} lines, {MEDIAN_FUNCTION_LINES} at most"]


def read_house(root: Path) -> list[Source]:
    """Every text file that people wrote: the files at the root and in the known folders."""
    found = [path for path in root.iterdir() if path.is_file()]
    for folder in WRITTEN:
        found += [path for path in (root / folder).rglob("*") if path.is_file()]
    return [Source(path.relative_to(root), path.read_text("utf-8")) for path in sorted(found) if _is_text(path)]


def check(root: Path) -> list[str]:
    """Every broken rule of the repository at `root`."""
    sources = read_house(root)
    return [problem for source in sources for problem in problems_of(source)] + median_problem(sources)


def _is_text(path: Path) -> bool:
    generated = {"__pycache__", "node_modules", ".venv"} & set(path.parts)
    return not generated and path.suffix in SUFFIXES and path.name not in {".env", ".coverage", ".git"}


def _product(sources: list[Source]) -> list[Source]:
    return [source for source in sources if source.room in PRODUCT and source.path.suffix == ".py"]


def _words(name: str) -> list[str]:
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _words_written(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word) | ast.arg(arg=word) | ast.alias(name=word):
            return [word]
        case ast.Constant(value=str(word)):
            return [word]
    return []


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when `node` runs: not the bodies of functions in it, not what only a program does."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.Lambda) and not _is_main_guard(child):
            yield child
            yield from _own_nodes(child)


def _is_main_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def _dotted(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
    return ""


def _imports(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, _target(node, alias.name)) for alias in node.names)


def _target(node: ast.ImportFrom, name: str) -> str:
    return f"{node.module}.{name}" if node.module else name


def main() -> int:
    """Print every broken rule; 1 if there is one."""
    problems = check(Path(__file__).resolve().parent.parent)
    print("\n".join(problems) or "house rules: kept")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

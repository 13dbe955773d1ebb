"""
Whether the tests notice it when an operator, a number or a condition of the code is another one.

``python benchmarks/house/mutants.py [--number 300] [--seed 17]`` draws changes ("mutants") of single places in the
modules below, and runs for each the tests that execute the line, until one fails.  Which these are is measured once, by
coverage with the test as its context.  A process that has imported numpy, astropy and sunpy is forked for each mutant;
nothing on the disk is changed.  What is known goes to a file of JSON lines, and a broken-off run goes on there.

Left alone are docstrings, annotations, ``__all__``, messages of errors and warnings, texts with blanks, and the sizes
of caches: a change of these is none of the results.
"""

import argparse
import ast
import copy
import functools
import importlib.machinery
import importlib.util
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = (
    *(
        f"level1.{name}"
        for name in "arrays brightness counts error_budget interpolation plans scaling statistics".split()
    ),
    *(
        f"geometry.{name}"
        for name in (
            "cards distortion ephemeris field halo image orbit pointing pointing_tables resampling rolls sip vintages"
        ).split()
    ),
    *(f"instrument.{name}" for name in "linearity noise pixel_grid vignetting".split()),
)
TESTS = tuple(f"tests/{room}" for room in ("geometry", "instrument", "level1", "map"))
#: What takes long to import and knows nothing of the package.
WARM = (
    "matplotlib.pyplot ndcube numpy pytest scipy.interpolate scipy.ndimage scipy.optimize scipy.sparse "
    "scipy.spatial skimage.measure sunpy.map sunpy.net astropy.table astropy.coordinates astropy.io.fits"
).split()

COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,  # codespell:ignore
    ast.NotIn: ast.In,  # codespell:ignore
}
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Div,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
#: Calls that make texts for people.
TALKING = re.compile(r"(^|\.)(warn|debug|info)$")


def _with(node, **new):
    other = copy.copy(node)
    for name, value in new.items():
        setattr(other, name, value)
    return other


def alternatives(node):  # noqa: C901 - a list of cases
    """What stands in the place of a node, one at a time."""
    match node:
        case ast.Compare():
            for place, operator in enumerate(node.ops):
                if type(operator) in COMPARISONS:
                    ops = list(node.ops)
                    ops[place] = COMPARISONS[type(operator)]()
                    yield _with(node, ops=ops)
        case ast.BinOp() | ast.AugAssign() if type(node.op) in OPERATORS:
            yield _with(node, op=OPERATORS[type(node.op)]())
        case ast.BoolOp():
            yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert()):
            yield node.operand
        case ast.If() | ast.IfExp() if isinstance(node.test, ast.Name | ast.Attribute | ast.Call):
            yield _with(node, test=ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test))
        case ast.Constant(value=bool()):
            yield _with(node, value=not node.value)
        case ast.Constant(value=int() | float()):
            yield _with(node, value=node.value + 1)
        case ast.Constant(value=str()) if re.fullmatch(r"[\w./-]+", node.value):
            yield _with(node, value=f"XX{node.value}")
        case ast.Expr(value=ast.Call()):
            yield ast.copy_location(ast.Pass(), node)
        case ast.Break():
            yield ast.copy_location(ast.Continue(), node)
        case ast.Continue():
            yield ast.copy_location(ast.Break(), node)


def _is_left_alone(node):
    match node:
        case ast.JoinedStr() | ast.Raise():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id=("__all__" | "msg" | "note"))]):
            return True
        case ast.Call(func=function):
            return bool(TALKING.search(ast.unparse(function)))
        case ast.keyword(arg="maxsize"):
            return True
    return False


def places(tree):
    """Each node that can be changed, with the node above it, the name of the field, and the number in it or None."""
    above = [tree]
    while above:
        parent = above.pop()
        for name, value in ast.iter_fields(parent):
            if name in ("annotation", "returns", "decorator_list"):
                continue
            for number, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(node, ast.AST) and not _is_left_alone(node):
                    above.append(node)
                    yield parent, name, number, node


def mutants_of(module):
    """All mutants of a module: module, number, line, and what stood there and what stands there now."""
    tree = ast.parse(source(module))
    found = []
    for place in places(tree):
        for new in alternatives(place[3]):
            found.append(
                {
                    "module": module,
                    "number": len(found),
                    "line": getattr(place[3], "lineno", 0),
                    "before": _short(place[3]),
                    "after": _short(new),
                }
            )
    return found


def _short(node):
    text = ast.unparse(node)
    return text.splitlines()[0] if isinstance(node, ast.If) else text.replace("\n", " ")


def mutated(module, number):
    """The tree of a module with one mutant in it; the numbers of lines stay."""
    tree = ast.parse(source(module))
    count = 0
    for parent, name, place, node in places(tree):
        for new in alternatives(node):
            if count == number:
                if place is None:
                    setattr(parent, name, new)
                else:
                    getattr(parent, name)[place] = new
                return ast.fix_missing_locations(tree)
            count += 1
    raise ValueError(number)


def path_of(module):
    return ROOT / "sunpy_lasco" / (module.replace(".", "/") + ".py")


def source(module):
    return path_of(module).read_text(encoding="utf-8")


class _Mutant(importlib.machinery.SourceFileLoader):
    """Loads a module of which the tree is given."""

    tree = None

    def get_code(self, fullname):
        return compile(self.tree, self.path, "exec")


class _Finder:
    """Finds one module; all others are as they are."""

    def __init__(self, module, tree):
        self.name, self.path = f"sunpy_lasco.{module}", str(path_of(module))
        self.loader = _Mutant(self.name, self.path)
        self.loader.tree = tree

    def find_spec(self, name, path=None, target=None):
        return (
            importlib.util.spec_from_file_location(name, self.path, loader=self.loader) if name == self.name else None
        )


def forked(work, seconds, log=None):
    """
    Do work in a process of its own, silently or with what it says in a file.

    Returns its exit status, or None if it had to be ended.
    """
    child = os.fork()
    if child == 0:
        status = 99
        try:
            os.setsid()
            null = os.open(os.devnull, os.O_RDONLY)
            log = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream, file in enumerate((null, log, log)):
                os.dup2(file, stream)
            status = int(work())
        except BaseException:  # noqa: BLE001 - told in the log
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


OPTIONS = ("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", "--no-cov")


def run_tests(mutant, tests):
    """Run tests with a mutant in the package; to be called in a process of its own."""
    import pytest

    sys.meta_path.insert(0, _Finder(mutant["module"], mutated(mutant["module"], mutant["number"])))
    return pytest.main([*OPTIONS, *tests])


class _Times:
    """Seconds of each test, by its name; only of those that pass."""

    def __init__(self):
        self.seconds, self.failed = defaultdict(float), set()

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] += report.duration
        if report.outcome != "passed":
            self.failed.add(report.nodeid)


def measure(folder):
    """Which tests execute which lines, and how long each takes; kept in files of a folder."""
    times = folder / "times.json"
    if not times.exists():

        def work():
            import pytest

            os.environ["COVERAGE_FILE"] = str(folder / "coverage")
            kept = _Times()
            options = ["-q", "-p", "no:cacheprovider", "--cov=sunpy_lasco", "--cov-context=test", "--cov-report="]
            status = pytest.main([*options, *TESTS], plugins=[kept])
            sound = {test: one for test, one in kept.seconds.items() if test not in kept.failed}
            times.write_text(json.dumps(sound))
            return status

        print("Measuring which tests execute which lines ...", flush=True)
        print(f"  exit status {forked(work, 7200, folder / 'measure.log')}", flush=True)
    return json.loads(times.read_text())


@functools.cache
def tests_of_lines(file, module):
    """By line, the tests that execute it; by None, those that execute any line."""
    from coverage import CoverageData

    data = CoverageData(file)
    data.read()
    found = {
        line: {name.split("|")[0] for name in contexts if name}
        for line, contexts in data.contexts_by_lineno(str(path_of(module))).items()
    }
    return found | {None: set().union(*found.values())}


def chosen(mutant, folder, times):
    """The tests for a mutant: by file, the quickest first."""
    lines = tests_of_lines(str(folder / "coverage"), mutant["module"])
    # What is executed when the module is imported belongs to no test.
    names = lines.get(mutant["line"]) or lines[None]
    by_file = defaultdict(list)
    for name in sorted(names & set(times), key=lambda one: (times[one], one)):
        by_file[name.split("::")[0]].append(name)
    files = sorted(by_file, key=lambda file: sum(times[one] for one in by_file[file]) / len(by_file[file]))
    return [name for file in files for name in by_file[file]]


def judged(mutant, tests, times):
    """What becomes of a mutant."""
    if not tests:
        return "no test executes it"
    limit = 60 + 6 * sum(times[one] for one in tests)
    status = forked(lambda: run_tests(mutant, tests), limit)
    if status is None:
        return "killed by the time"
    if status == 0:
        return "survived"
    if status in (1, 2):
        return "killed"
    return f"exit status {status}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--number", type=int, default=300)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--out", type=Path, default=Path("mutants"), help="folder for what is measured")
    parser.add_argument("--again", action="store_true", help="try those again that survived")
    options = parser.parse_args()
    folder = options.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    home = tempfile.mkdtemp(prefix="mutants_")
    os.environ |= {
        "SUNPY_CONFIGDIR": home,
        "SUNPY_DOWNLOADDIR": home,
        "MPLBACKEND": "Agg",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    sys.dont_write_bytecode = True
    for name in WARM:
        importlib.import_module(name)
    times = measure(folder)
    everything = [one for module in MODULES for one in mutants_of(module)]
    sample = random.Random(options.seed).sample(everything, min(options.number, len(everything)))
    journal = folder / "mutants.jsonl"
    known = {}
    for line in journal.read_text().splitlines() if journal.exists() else ():
        one = json.loads(line)
        known[one["module"], one["line"], one["before"], one["after"], one["number"]] = one
    print(f"{len(everything)} mutants, {len(sample)} drawn with seed {options.seed}", flush=True)
    results = []
    for count, mutant in enumerate(sample):
        key = tuple(mutant[name] for name in ("module", "line", "before", "after", "number"))
        found = known.get(key)
        if found is None or (options.again and "killed" not in found["what"]):
            begin = time.monotonic()
            tests = chosen(mutant, folder, times)
            found = mutant | {"what": judged(mutant, tests, times), "tests": len(tests)}
            found["seconds"] = round(time.monotonic() - begin, 1)
            with journal.open("a") as file:
                file.write(json.dumps(found) + "\n")
            print(f"{count + 1:4d} {found['what']:20s} {found['seconds']:6.1f} s {found['tests']:4d} tests  "
                  f"{mutant['module']}:{mutant['line']}  {mutant['before'][:70]}  ->  {mutant['after'][:70]}",
                  flush=True)  # fmt: skip
        results.append(found)
    counts = Counter(one["what"] for one in results)
    killed = sum(number for what, number in counts.items() if what.startswith("killed"))
    print(f"{killed} of {len(results)} killed ({100 * killed / len(results):.1f} %): {dict(counts)}")
    for one in results:
        if not one["what"].startswith("killed"):
            print(f"  {one['what']}: {one['module']}:{one['line']}  {one['before']}  ->  {one['after']}")


if __name__ == "__main__":
    main()

"""
Mutation test: whether the tests notice a changed operator, number or condition.

``python benchmarks/house/mutants.py [--number 300] [--seed 17]`` selects changes ("mutants") of single expressions in
the modules below at random.  For each of them it runs the tests that execute the line until one fails.  These tests
are determined once, by coverage with the name of the test as context.  The files of the package are never changed.
The results are written to a file of JSON lines, and an interrupted run continues there.

A mutant inside a function is tested in a fork of a process that has collected all tests: the code object of the
function is replaced.  For other mutants, and functions that were already called at import, the fork has only imported
numpy, astropy and sunpy, and imports the changed module.

Docstrings, annotations, ``__all__``, messages of errors and warnings, texts with blanks, and the sizes of caches are
not changed, because they do not affect results.
"""

import argparse
import ast
import copy
import functools
import gc
import importlib.machinery
import importlib.util
import inspect
import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import types
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
#: Modules outside the package that take long to import.
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
#: Tests that take less than this, s, are always run.
NO_TIME = 0.1
#: Calls that only produce messages.
TALKING = re.compile(r"(^|\.)(warn|debug|info)$")


def _with(node, **new):
    other = copy.copy(node)
    for name, value in new.items():
        setattr(other, name, value)
    return other


def alternatives(node):  # noqa: C901 - a list of cases
    """Possible replacements of a node."""
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
    """All nodes that can be changed, with the parent node, the name of the field, and the index in it or None."""
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
    """All mutants of a module: module, number, line, and the code before and after the change."""
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
    """The tree of a module with one mutant in it; line numbers are kept."""
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
    """Loader of a module from its syntax tree."""

    tree = None

    def get_code(self, fullname):
        return compile(self.tree, self.path, "exec")


class _Finder:
    """Finder of a single module."""

    def __init__(self, module, tree):
        self.name, self.path = f"sunpy_lasco.{module}", str(path_of(module))
        self.loader = _Mutant(self.name, self.path)
        self.loader.tree = tree

    def find_spec(self, name, path=None, target=None):
        return (
            importlib.util.spec_from_file_location(name, self.path, loader=self.loader) if name == self.name else None
        )


def _place_of(code):
    return code.co_qualname, code.co_firstlineno


def _inner(code):
    return [one for one in code.co_consts if isinstance(one, types.CodeType)]


def _itself(code):
    """Content of a code object without the code objects of inner functions."""
    constants = [(type(one), one) for one in code.co_consts if not isinstance(one, types.CodeType)]
    return code.co_code, code.co_names, repr(constants), code.co_exceptiontable


def _changed(before, after):
    """Pairs of the outermost code objects that differ; ValueError if anything else differs."""
    if before.co_flags & inspect.CO_OPTIMIZED:
        same = before == after
        return [] if same else [(before, after)]
    inner = _inner(before), _inner(after)
    if _itself(before) != _itself(after) or len(inner[0]) != len(inner[1]):
        msg = "Not within a function."
        raise ValueError(msg)
    return [pair for one, other in zip(*inner, strict=True) for pair in _changed(one, other)]


def code_of(mutant):
    """Pairs of code objects before and after a change inside a function; [] for other mutants."""
    path = str(path_of(mutant["module"]))
    before = compile(ast.parse(source(mutant["module"])), path, "exec")
    after = compile(mutated(mutant["module"], mutant["number"]), path, "exec")
    try:
        changed = _changed(before, after)
    except ValueError:
        return []
    return changed if all(one.co_freevars == other.co_freevars for one, other in changed) else []


def forked(work, seconds, processor_seconds, log=None):
    """
    Call a function in a separate process, with its output discarded or written to a file.

    Return the exit status, None if the process was killed after its time limit, and the processor time in seconds.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = os.fork()
    if child == 0:
        status = 99
        try:
            os.setsid()
            null = os.open(os.devnull, os.O_RDONLY)
            log = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream, file in enumerate((null, log, log)):
                os.dup2(file, stream)
            if processor_seconds:
                limit = int(processor_seconds)
                resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
            status = int(work())
        except BaseException:  # noqa: BLE001 - told in the log
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    end = time.monotonic() + seconds
    status = None
    while time.monotonic() < end:
        done, what = os.waitpid(child, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(what)
            break
        time.sleep(0.02)
    else:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (None if status in (-signal.SIGXCPU, -signal.SIGPROF, -signal.SIGKILL) else status), used


OPTIONS = ("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", "--no-cov")


class _Killer:
    """Write the name of the test that failed to a file."""

    def __init__(self, path):
        self.path = path

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.path.write_text(report.nodeid)


def run_tests(mutant, tests, killer):
    """Run tests with a mutant in the package; must be called in a separate process."""
    import pytest

    sys.meta_path.insert(0, _Finder(mutant["module"], mutated(mutant["module"], mutant["number"])))
    return pytest.main([*OPTIONS, *tests], plugins=[killer])


class _Collected:
    """Test mutants after all tests are collected, instead of running the tests."""

    def __init__(self, judge):
        self.judge = judge

    def pytest_runtestloop(self, session):
        self.items = {item.nodeid: item for item in session.items}
        self.session = session
        self.functions = defaultdict(list)
        gc.collect()
        for one in gc.get_objects():
            if isinstance(one, types.FunctionType) and one.__module__ and one.__module__.startswith("sunpy_lasco."):
                self.functions[one.__code__.co_filename, *_place_of(one.__code__)].append(one)
        # The collector leaves alone what all processes share.
        gc.freeze()
        self.judge(self)
        return True

    def run(self, codes, tests, times):
        """Run tests with replaced code objects until one fails; must be called in a separate process."""
        for before, after in codes:
            for function in self.functions[before.co_filename, *_place_of(before)]:
                function.__code__ = after
        hook = self.session.config.hook
        items = [self.items[name] for name in tests]
        for item, following in zip(items, [*items[1:], None], strict=True):
            # A loop without end is ended by the time of the processor.
            signal.setitimer(signal.ITIMER_PROF, 20 + 5 * times[item.nodeid])
            hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.session.testsfailed:
                return 1
        return 0


class _Times:
    """Duration in seconds of each test that passes, by name."""

    def __init__(self):
        self.seconds, self.failed = defaultdict(float), set()

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] += report.duration
        if report.outcome != "passed":
            self.failed.add(report.nodeid)


def measure(folder):
    """The tests that execute each line, and the duration of each test; stored in files of a folder."""
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
        print(f"  exit status {forked(work, 7200, None, folder / 'measure.log')[0]}", flush=True)
    return json.loads(times.read_text())


@functools.cache
def tests_of_lines(file, module):
    """Tests by the lines they execute ("" for a line executed at import), and by None those that execute any line."""
    from coverage import CoverageData

    data = CoverageData(file)
    data.read()
    found = {
        line: {name.split("|")[0] for name in contexts}
        for line, contexts in data.contexts_by_lineno(str(path_of(module))).items()
    }
    return found | {None: set().union(*found.values())}


def is_early(mutant, coverage):
    """Whether a line is executed before the first test."""
    return "" in _tests_of(mutant, coverage)


def _tests_of(mutant, coverage):
    lines = tests_of_lines(coverage, mutant["module"])
    # A line without code of its own belongs to one above.
    above = [line for line in lines if line and line <= mutant["line"]]
    return lines[max(above)] if above else {""}


def chosen(mutant, coverage, times, seconds):
    """
    The tests for a mutant, in the order in which they are run.

    The fastest come first, then one set of parameters of each other test, then the rest.  Tests of the changed module
    precede others, and modules with fast tests precede those with slow ones.  Their total time is limited.
    """
    # What is executed when the module is imported belongs to no test.
    names = (_tests_of(mutant, coverage) - {""} or tests_of_lines(coverage, mutant["module"])[None]) & set(times)
    by_file = defaultdict(list)
    rounds = Counter()
    for name in sorted(names, key=lambda one: (times[one], one)):
        test = name.split("[")[0]
        by_file[name.split("::")[0]].append((rounds[test], name))
        rounds[test] += 1
    mirror = f"test_{mutant['module'].rsplit('.', 1)[1]}.py"
    files = sorted(
        by_file,
        key=lambda file: (not file.endswith(mirror), sum(times[one] for _, one in by_file[file]) / len(by_file[file])),
    )
    ordered = [(turn, name) for file in files for turn, name in by_file[file]]
    tests = [name for _, name in ordered if times[name] < NO_TIME]
    tests += [name for turn, name in ordered if times[name] >= NO_TIME and turn == 0]
    tests += [name for turn, name in ordered if times[name] >= NO_TIME and turn > 0]
    total = 0
    for count, name in enumerate(tests):
        total += times[name]
        if total > seconds and count:
            return tests[:count], len(tests)
    return tests, len(tests)


def verdict(status, tests, number):
    if status is None:
        return "killed by the time"
    if status == 0:
        return "survived" if len(tests) == number else "survived some tests"
    return "killed" if status in (1, 2) else f"exit status {status}"


class _Journal:
    """Results for mutants, in a file of JSON lines."""

    KEY = "module line before after number".split()

    def __init__(self, path, stream):
        self.path, self.stream, self.known = path, stream, {}
        for line in path.read_text().splitlines() if path.exists() else ():
            one = json.loads(line)
            self.known[tuple(one[name] for name in self.KEY)] = one

    def of(self, mutant):
        return self.known.get(tuple(mutant[name] for name in self.KEY))

    def is_killed(self, mutant):
        return "killed" in self.of(mutant)["what"] if self.of(mutant) else False

    def add(self, found):
        self.known[tuple(found[name] for name in self.KEY)] = found
        with self.path.open("a") as file:
            file.write(json.dumps(found) + "\n")
        print(
            f"{found['what']:20s} {found['seconds']:6.1f} s {found['ran']:4d} of {found['tests']:4d} tests  "
            f"{found['module']}:{found['line']}  {found['before'][:70]}  ->  {found['after'][:70]}  {found['by']}",
            file=self.stream,
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--number", type=int, default=300)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--out", type=Path, default=Path("mutants"), help="folder for what is measured")
    parser.add_argument("--again", action="store_true", help="try those again that survived")
    parser.add_argument(
        "--share", type=int, nargs=2, default=(1, 1), metavar=("K", "N"), help="every N-th from the K-th"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of tests for one mutant [%(default)s]")
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
    print(f"{len(everything)} mutants, {len(sample)} drawn with seed {options.seed}", flush=True)
    # What pytest does to the streams is none of the journal's business.
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    journal = _Journal(folder / "mutants.jsonl", stream)

    part = sample[options.share[0] - 1 :: options.share[1]]
    wanted = [one for one in part if (options.again and not journal.is_killed(one)) or not journal.of(one)]
    coverage = str(folder / "coverage")
    inside = [(one, code_of(one)) for one in wanted if not is_early(one, coverage)]
    inside = [(one, codes) for one, codes in inside if codes]
    elsewhere = [one for one in wanted if one not in [mutant for mutant, _ in inside]]

    killer = _Killer(Path(home) / "killer")

    def judge(mutant, run):
        tests, number = chosen(mutant, coverage, times, options.seconds)
        what, used = "no test executes it", 0.0
        killer.path.write_text("")
        if tests:
            total = sum(times[one] for one in tests)
            status, used = forked(lambda: run(tests), 300 + 20 * total, 60 + 5 * total)
            what = verdict(status, tests, number)
        found = {"what": what, "by": killer.path.read_text(), "tests": number, "ran": len(tests)}
        journal.add(mutant | found | {"seconds": round(used, 1)})

    def in_functions(collected):
        for mutant, codes in inside:
            judge(mutant, lambda tests, codes=codes: collected.run(codes, tests, times))
        # What killed a mutant has to pass without one, in the same way.
        killers = {found["by"] for mutant in sample if (found := journal.of(mutant))} & set(collected.items)
        for name in sorted(killers):
            if forked(lambda name=name: collected.run([], [name], times), 600, None)[0] != 0:
                print(f"{name} fails without any mutant", file=stream, flush=True)

    def collect():
        import pytest

        return pytest.main([*OPTIONS, *TESTS], plugins=[_Collected(in_functions), killer])

    print(f"{len(inside)} of {len(wanted)} inside functions", flush=True)
    if inside:
        print(f"exit status {forked(collect, 1e6, None, Path(home) / 'collect.log')[0]}", flush=True)
    for mutant in elsewhere:
        judge(mutant, lambda tests, mutant=mutant: run_tests(mutant, tests, killer))
    tell(_Journal(folder / "mutants.jsonl", stream), sample)


def tell(journal, sample):
    """Print the number of killed mutants and list the others."""
    results = [one for mutant in sample if (one := journal.of(mutant))]
    counts = Counter(one["what"] for one in results)
    killed = sum(number for what, number in counts.items() if what.startswith("killed"))
    print(f"{killed} of {len(results)} killed ({100 * killed / len(results):.1f} %): {dict(counts)}")
    for one in results:
        if not one["what"].startswith("killed"):
            print(f"  {one['what']}: {one['module']}:{one['line']}  {one['before']}  ->  {one['after']}")


if __name__ == "__main__":
    main()

"""
How large the package is, and what it costs to import it and to ask it for help, at two commits.

``python benchmarks/house/size.py [BEFORE] [AFTER]``; a working tree is made of each for the while.
"""

import ast
import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: The commit at which the next house was proposed.
BEFORE = "44bb1d8"
TIMES = 5
PROGRAMS = {
    "`import sunpy`": ("-c", "import sunpy"),
    "`import sunpy.map, sunpy.net`": ("-c", "import sunpy.map, sunpy.net"),
    "`import sunpy.map, sunpy.net, sunpy_lasco`": ("-c", "import sunpy.map, sunpy.net, sunpy_lasco"),
    "`sunpy-lasco --help`": ("-m", "sunpy_lasco", "--help"),
    "`sunpy-lasco calibrate --help`": ("-m", "sunpy_lasco", "calibrate", "--help"),
    "`sunpy-lasco nonsense`": ("-m", "sunpy_lasco", "nonsense"),
}


def kinds_of_lines(path):
    """Lines of a file that hold code, docstrings, comments alone, and nothing."""
    text = path.read_text(encoding="utf-8")
    told, coded = set(), set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node
        ):
            told.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    commented = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            commented.add(token.start[0])
        elif token.type not in blank:
            coded.update(range(token.start[0], token.end[0] + 1))
    coded -= told
    total = text.count("\n")
    rest = total - len(coded | told | commented)
    return {"code": len(coded), "docstrings": len(told), "comments": len(commented - coded - told), "blank": rest}


def lines_of(folder):
    """Numbers of lines by kind, and of modules, below a folder."""
    files = [path for path in folder.rglob("*.py") if path.name != "_version.py"]
    found = [kinds_of_lines(path) for path in files]
    return {kind: sum(one[kind] for one in found) for kind in found[0]} | {"modules": len(files)}


def processor_seconds(tree, arguments):
    """Median processor time of a program, s."""
    taken = []
    for _ in range(TIMES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *arguments],
            cwd=tree,
            env=os.environ | {"PYTHONPATH": str(tree)},
            capture_output=True,
            check=False,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(taken)


def tests_of(tree):
    """Tests that are collected, those that take long and those of docstrings included."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=tree, env=os.environ | {"PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return sum("::" in line for line in done.stdout.splitlines())


def measured(commit):
    """The column of a commit."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", tree, commit], cwd=ROOT, check=True)
        try:
            package, tests = lines_of(tree / "sunpy_lasco"), lines_of(tree / "tests")
            rows = {f"package: {kind}": number for kind, number in package.items()}
            rows |= {f"tests: {kind}": tests[kind] for kind in ("code", "docstrings", "modules")}
            rows["tests that are collected"] = tests_of(tree)
            rows |= {name: f"{processor_seconds(tree, program):.2f} s" for name, program in PROGRAMS.items()}
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)
    return rows


if __name__ == "__main__":
    commits = [*sys.argv[1:], BEFORE, "HEAD"][:2] if len(sys.argv) < 3 else sys.argv[1:3]
    columns = [measured(commit) for commit in commits]
    print(f"| | {' | '.join(commits)} |\n|---|{'---|' * len(commits)}")
    for name in columns[-1]:
        print(f"| {name} | {' | '.join(str(column.get(name, '')) for column in columns)} |")

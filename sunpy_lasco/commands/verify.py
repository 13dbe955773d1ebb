"""``sunpy-lasco verify``: measure the accuracy of the calibration."""

from pathlib import Path

__all__ = ["add_arguments"]

DESCRIPTION = """
Measure the accuracy of the calibration: constants against official headers and against stars, closure on the
simulator, and optionally your calibration images, level-0.5 frames and official level-1 files. Each row has
limits and a verdict. A report is written as JSON and as a web page, which you can send to us.
"""


def add_arguments(parser):
    """
    Add the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.description = DESCRIPTION
    parser.add_argument("--assets", metavar="DIR", type=Path, help="calibration images and tables")
    parser.add_argument("--frames", metavar="DIR", type=Path, help="level-0.5 files, and official level-1 files")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("verify"), help="for the report (default: verify)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a report that already exists")
    parser.set_defaults(run=run)


def run(arguments):
    """
    Run the command.

    Parameters
    ----------
    arguments : `argparse.Namespace`

    Returns
    -------
    `int`
        0 where no row fails, else 1.
    """
    from sunpy_lasco.errors import OptionError
    from sunpy_lasco.verify import Verdict, verify

    for name in ("report.json", "report.html"):
        if (arguments.out / name).exists() and not arguments.overwrite:
            msg = f"{arguments.out / name} already exists; --overwrite replaces it."
            raise OptionError(msg)
    report = verify(assets=arguments.assets, frames=arguments.frames, progress=_say)
    counts = report.counts
    print(
        f"\n{counts[Verdict.HOLDS]} rows hold, {counts[Verdict.FAILS]} fail, {counts[Verdict.OPEN]} were not measured"
    )
    for path in report.write(arguments.out, overwrite=arguments.overwrite):
        print(path)
    return int(counts[Verdict.FAILS] > 0)


def _say(row):
    from sunpy_lasco.verify.report import shown

    if row.needs:
        print(f"{row.verdict!s:13} {row.name:38} needs {row.needs}", flush=True)
        return
    value = f"{shown(row.value)} {row.unit}".strip()
    print(f"{row.verdict!s:13} {row.name:38} {value:18} {shown(row.low)} to {shown(row.high)}", flush=True)
    if row.verdict == "fails":
        print(f"{'':13} {row.text}: {row.note or row.against}", flush=True)

"""``sunpy-lasco assets``."""

import argparse

import pytest

from sunpy_lasco.assets import C2_VIGNETTING, C3_MASK, exposure_factor_name
from sunpy_lasco.assets.names import CATALOGUE
from sunpy_lasco.commands.assets import add_arguments

EXPFAC = b"22157677.fts  1.001080     618.5  090228      376.02  Orange      Clear            5400  10  1.20e-04\n"


@pytest.fixture
def run(configuration, monkeypatch):
    """Run the command with the loopback archives."""
    monkeypatch.setenv("SUNPY_LASCO_CACHE", str(configuration.cache))
    for name in ("MIRRORS", "ANCILLARY_MIRRORS"):
        monkeypatch.setenv(f"SUNPY_LASCO_{name}", " ".join(configuration.mirrors["ssw"]))

    def run(*arguments):
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        options = parser.parse_args(arguments)
        return options.run(options)

    return run


def test_list(run, archives, mask_file, capsys):
    assert run("list") == 0
    output = capsys.readouterr().out
    assert output.count("not here") == len(CATALOGUE)
    archives[0].put(C3_MASK, mask_file)
    assert run("fetch", C3_MASK) == 0
    capsys.readouterr()
    assert run("list") == 0
    output = capsys.readouterr().out
    assert output.count("not here") == len(CATALOGUE) - 1
    assert str(C3_MASK) in output
    assert archives[0].url in output


def test_fetch_check_and_damage(run, archives, configuration, mask_file, capsys):
    archives[0].put(C3_MASK, mask_file)
    assert run("fetch", C3_MASK, C2_VIGNETTING) == 1
    captured = capsys.readouterr()
    assert str(configuration.cache / C3_MASK) in captured.out
    assert C2_VIGNETTING in captured.err
    assert run("check") == 0
    assert "1 files are valid" in capsys.readouterr().out
    assert run("check", C2_VIGNETTING) == 1
    (configuration.cache / C3_MASK).write_bytes(mask_file[:-2880])
    assert run("check") == 1
    assert "has changed since its download" in capsys.readouterr().err
    assert run("fetch", "--update", C3_MASK) == 0
    assert run("check", C3_MASK) == 0


def test_fetch_days(run, archives, capsys):
    for archive in archives:
        for name in CATALOGUE:
            archive.fail(name, "absent")
    for mjd in (54890, 54892):
        archives[1].put(exposure_factor_name("C2", mjd), EXPFAC)
    names = [exposure_factor_name("C2", mjd) for mjd in (54890, 54892)]
    assert run("fetch", names[0], "--days", "2009-02-28", "2009-03-02", "--detector", "C2") == 0
    output = capsys.readouterr().out
    assert "2 files of exposure factors are here" in output
    assert f"{exposure_factor_name('C2', 54891)}: there is none for that day" in output
    # Each day is requested once, including the one without a file.
    asked = [exposure_factor_name("C2", mjd) for mjd in (54890, 54891, 54892)]
    assert sorted(path.split("/")[-1] for path in archives[1].gets if "expfactor" in path) == asked
    assert run("check") == 0
    assert "2 files are valid" in capsys.readouterr().out


@pytest.mark.parametrize("days", [("2009-02-31", "2009-03-02"), ("2009-03-02", "2009-02-28"), ("a", "b")])
def test_days_that_make_no_sense(run, days, capsys, archives):
    assert run("fetch", "--days", *days) == 1
    assert "--days takes" in capsys.readouterr().err
    assert not archives[0].requests


def test_servers_that_fail_are_named_once(run, archives, capsys):
    for archive in archives:
        for mjd in range(54890, 54900):
            archive.fail(exposure_factor_name("C2", mjd), "forbidden")
    assert (
        run("fetch", exposure_factor_name("C2", 54890), "--days", "2009-02-28", "2009-03-09", "--detector", "C2") == 1
    )
    errors = capsys.readouterr().err
    assert errors.count("sunpy-lasco assets:") == 1
    assert "9 others" in errors


def test_pin(run, archives, configuration, mask_file, other_mask_file, capsys):
    archives[0].put(C3_MASK, mask_file)
    run("fetch", C3_MASK)
    archives[0].put(C3_MASK, other_mask_file)
    assert run("fetch", "--update", C3_MASK) == 1
    assert "assets pin" in capsys.readouterr().err
    assert run("pin", C3_MASK) == 0
    assert "pinned to" in capsys.readouterr().out
    assert run("check", C3_MASK) == 0
    (configuration.cache / C3_MASK).write_bytes(mask_file)
    assert run("check", C3_MASK) == 1
    assert run("pin", "--local", C3_MASK) == 0
    assert run("check", C3_MASK) == 0
    assert run("pin", "--local", C2_VIGNETTING) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_unknown_name(run, capsys):
    for action in ("fetch", "check", "pin"):
        assert run(action, "nonsense.fts") == 1
        assert "not the name of a calibration image" in capsys.readouterr().err


def test_offline(run, archives, monkeypatch, capsys):
    monkeypatch.setenv("SUNPY_LASCO_OFFLINE", "1")
    assert run("fetch", C3_MASK) == 1
    assert "switched off" in capsys.readouterr().err
    assert not archives[0].requests

"""
Hostile servers: each leads to a clear message or to the correct result, in time and with the expected number of tries.
"""

import re

import pytest
from hostile import DIRECTORY, LIMITS, NAME, SERVERS, meet
from loopback_archive import Answer

#: Additional time for a busy machine, s.
LEEWAY = 3.0


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: f"{server.name}-{server.thing}")
def test_a_hostile_server(server, tmp_path):
    found = meet(server, tmp_path)
    if isinstance(server.outcome, str):
        assert re.search(server.outcome, found.message), found.message
        # The message names the subject.
        assert (NAME if server.thing == "image" else DIRECTORY) in found.message
        assert found.count == 0
    else:
        assert found.message == ""
        assert found.count == server.outcome
    assert found.tries == server.tries
    assert found.seconds < server.tries * max(LIMITS.values()) + LEEWAY
    there = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert there == [f"out/{NAME}"] * (server.thing == "image" and found.count)


def test_every_kind_is_there():
    names = {server.name for server in SERVERS}
    assert {"500", "503", "cut", "HTML with 200", "redirection in a loop", "gzip, as it says", "CRLF", "Latin-1",
            "names that lead elsewhere", "names with %2f", "5,000 rows", "drip", "silence", "endless",
            "flipped bit of a pixel"} <= names  # fmt: skip
    assert all(isinstance(server.answer, Answer) for server in SERVERS)

"""Drafts of maps."""

import numpy as np
import pytest

from sunpy_lasco import simulate
from sunpy_lasco.instrument.frame import FRAME_CARDS, Frame
from sunpy_lasco.map.draft import Draft
from sunpy_lasco.map.edit import frame_of, record


@pytest.fixture(scope="module")
def raw():
    return simulate.observe("C2", seed=1).level05


def test_a_draft_has_of_a_map_what_the_steps_ask_for(raw):
    draft = Draft(raw)
    assert draft.data is raw.data
    assert draft.date == raw.date
    assert draft.reference_date == raw.reference_date
    assert draft.rsun_meters == raw.rsun_meters
    assert frame_of(draft) == frame_of(raw)
    done = draft.finished()
    assert type(done) is type(raw)
    assert done.meta == raw.meta
    assert np.array_equal(done.data, raw.data)


def test_steps_do_not_change_the_draft_before(raw):
    before = Draft(raw)
    after = record(before, data=before.data * 2, cards={"exptime": 3.0, "filename": None}, history=["Doubled"])
    assert (before.meta["exptime"], before.meta["filename"]) == (raw.meta["exptime"], raw.meta["filename"])
    assert (after.meta["exptime"], "filename" in after.meta) == (3.0, False)
    assert after.meta["history"].endswith("Doubled")
    assert frame_of(before).exptime == raw.meta["exptime"]
    assert frame_of(after).exptime == 3.0


def test_the_frame_is_kept_as_long_as_it_reads_the_same(raw):
    draft = Draft(raw)
    frame = draft.frame
    assert record(draft, cards={"biasval": 300.0}).frame is frame
    assert record(draft, cards={"exptime": 1.0}).frame is not frame


def test_frames_read_no_other_cards(raw):
    """Every card that is read is part of the key by which `Frame.from_header` recognises a frame."""

    names = set()

    class Asked(dict):
        def get(self, name, default=None):
            names.add(name)
            return super().get(name, default)

        def __getitem__(self, name):
            names.add(name)
            return super().__getitem__(name)

        def __contains__(self, name):
            names.add(name)
            return super().__contains__(name)

    Frame.read(Asked({str(card).lower(): value for card, value in raw.meta.items()}), raw.data.shape)
    # Only in official level 1 does HISTORY contain the time.
    assert names - {"history"} <= set(FRAME_CARDS)

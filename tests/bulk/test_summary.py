"""The summary page of a run: completeness, escaping, and use in a browser."""

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from sunpy_lasco.bulk.outcome import Outcome
from sunpy_lasco.bulk.run import BulkReport
from sunpy_lasco.bulk.summary import PICTURES, ROWS, Sheet, write_summary


def outcome(number, **changes):
    when = np.datetime64("2012-08-31T18:06:00") + np.timedelta64(12 * number, "m")
    corona = np.fromfunction(lambda y, x: 1e-10 / (1 + np.hypot(y - 47.5, x - 47.5)) ** 2, (96, 96), dtype=np.float32)
    one = Outcome(
        number,
        f"/archive/c3/323{number:05d}.fts",
        status="written",
        output=f"/out/353{number:05d}.fts",
        seconds=0.1 + number / 100,
        time=str(when),
        statistics={"detector": "C3", "filter": "Clear", "polar": "Clear", "exptime": 19.1,
                    "datap50": 3e-11 * (1 + number % 7), "nmissing": number % 3, "expfac": 1.0},
        picture=corona * np.float32(1 + 0.02 * number),
    )  # fmt: skip
    return replace(one, **changes)


@pytest.fixture
def page(tmp_path):
    sheet = Sheet(12)
    outcomes = [outcome(number) for number in range(12)]
    outcomes[4] = outcome(
        4, status="failed", reason="HeaderError: <script>alert(1)</script> & more", output=None, picture=None,
        time=None, statistics={},
    )  # fmt: skip
    outcomes[7] = outcome(7, status="kept")
    outcomes[8] = outcome(8, warnings=[(UserWarning, "8 blocks were filled")])
    for one in outcomes:
        sheet.add(one)
    report = BulkReport(total=12, written=10, kept=1, failed=1, seconds=3.2, memory=312.0)
    return write_summary(tmp_path / "summary.html", sheet, report, {"sunpy_lasco": "1.0", "numpy": "2.0"})


class Reader(HTMLParser):
    """Elements of a page, each with its attributes."""

    def __init__(self):
        super().__init__()
        self.elements = []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def test_it_needs_nothing_else_and_is_escaped(page):
    text = page.read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in text
    reader = Reader()
    reader.feed(text)
    sources = [attrs.get("src") or attrs.get("href") for tag, attrs in reader.elements if {"src", "href"} & set(attrs)]
    assert all(one.startswith(("#", "data:image/jpeg;base64,")) for one in sources)
    assert not re.search(r"https?://", text)
    images = [attrs for tag, attrs in reader.elements if tag == "img"]
    # 11 images, and a difference for all but the first.
    assert len(images) == 21
    assert all(attrs["alt"] for attrs in images)
    identifiers = [attrs["id"] for _, attrs in reader.elements if "id" in attrs]
    assert len(identifiers) == len(set(identifiers))
    assert {attrs["href"][1:] for tag, attrs in reader.elements if tag == "a"} <= set(identifiers)
    # Lost blocks and brightness vary; the exposure factor does not and has no chart.
    assert text.count("<svg") == 2


def test_of_many_frames_some_are_shown_and_all_that_failed(tmp_path):
    total = 50_000
    sheet = Sheet(total)
    wanted = [number for number in range(total) if sheet.wants(number)]
    assert PICTURES / 2 <= len(wanted) <= PICTURES + 2
    # In pairs, so that there are differences.
    assert sum(second - first == 1 for first, second in pairwise(wanted)) >= len(wanted) / 2
    for number in range(0, total, 10):
        status = "failed" if number % 500 == 0 else "written"
        sheet.add(Outcome(number, f"{number}.fts", status=status, reason="no" if status == "failed" else None))
    path = write_summary(tmp_path / "x.html", sheet, BulkReport(total=total, written=1, failed=100, seconds=1), {})
    text = path.read_text(encoding="utf-8")
    assert text.count('data-status="failed"') == 100
    assert text.count("<tr id=") <= ROWS + 101
    assert f"of {total} rows" in text
    assert path.stat().st_size < 3e6


def test_a_run_in_which_nothing_went_well(tmp_path):
    sheet = Sheet(1)
    sheet.add(Outcome(0, "a.fts", reason="gone"))
    path = write_summary(tmp_path / "x.html", sheet, BulkReport(total=1, failed=1), {})
    assert "Too few frames" in path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser():
    """A headless browser; tests are skipped if there is none."""
    selenium = pytest.importorskip("selenium.webdriver")
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("there is no Chromium with its driver")
    options = selenium.ChromeOptions()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    one = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    yield one
    one.quit()


def shown(browser):
    """Names in the visible rows of the table."""
    return browser.execute_script(
        "const rows = [...document.querySelectorAll('#table tbody tr')];"
        "return rows.filter(r => !r.hidden).map(r => r.cells[0].textContent)"
    )


def column(browser, number):
    """Texts of a column of the table."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#table tbody tr')].map(r => r.cells[arguments[0]].textContent)", number
    )


def resized(browser, page, width):
    """The page in a window of a given width."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    browser.get(page.as_uri())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
class TestInABrowser:
    """Use the page as a reader does: search, sort, follow links."""

    @pytest.mark.parametrize("width", [1280, 375])
    def test_nothing_is_wider_than_the_window(self, browser, page, width):
        resized(browser, page, width)
        assert browser.title == "Level 1 of 12 frames"
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []
        # Buttons are as large as a finger, and text is readable.
        sizes = browser.execute_script(
            "return [...document.querySelectorAll('p, td, th, li')].map(e => parseFloat(getComputedStyle(e).fontSize))"
        )
        assert min(sizes) >= 12
        broken = browser.execute_script(
            "const all = [...document.images]; all.forEach(i => i.loading = 'eager');"
            "return Promise.all(all.map(i => i.decode().then(() => i.naturalWidth, () => 0)))"
        )
        assert broken == [96] * 21

    def test_find_and_status(self, browser, page):
        resized(browser, page, 1280)
        assert len(shown(browser)) == 12
        find = browser.find_element("id", "find")
        find.send_keys("alert")
        assert shown(browser) == ["32300004.fts"]
        assert browser.find_element("id", "count").text == "1 rows"
        find.clear()
        find.send_keys("blocks filled")
        assert shown(browser) == ["32300008.fts"]
        find.clear()
        find.send_keys(" ")
        browser.find_element("css selector", "#status option:nth-child(3)").click()
        assert shown(browser) == ["32300007.fts"]

    def test_sorting_by_keyboard(self, browser, page):
        from selenium.webdriver.common.keys import Keys

        resized(browser, page, 1280)
        body = browser.find_element("tag name", "body")
        body.send_keys(Keys.TAB)
        for _ in range(60):
            active = browser.switch_to.active_element
            if active.get_attribute("data-key") == "median":
                break
            active.send_keys(Keys.TAB)
        else:
            pytest.fail("the keyboard does not reach the column")
        active.send_keys(Keys.ENTER)
        medians = column(browser, 7)
        numbers = [float(one) for one in medians if one]
        assert numbers == sorted(numbers)
        assert medians[-1] == ""
        head = active.find_element("xpath", "..")
        assert head.get_attribute("aria-sort") == "ascending"
        active.send_keys(Keys.ENTER)
        assert head.get_attribute("aria-sort") == "descending"
        medians = column(browser, 7)
        numbers = [float(one) for one in medians if one]
        assert numbers == sorted(numbers, reverse=True)

    def test_an_image_leads_to_its_row(self, browser, page):
        resized(browser, page, 375)
        link = browser.find_element("css selector", ".sheet a[href='#frame9']")
        browser.execute_script("arguments[0].click()", link)
        assert browser.current_url.endswith("#frame9")
        place = browser.execute_script("return document.querySelector('#frame9').getBoundingClientRect().top")
        assert 0 <= place < 900

"""The HTML report in a real browser, with ten thousand hosts. Needs Chromium and its driver."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from kdump_enabler.report import baseline, document, html
from kdump_enabler.verdict import Verdict
from tests.unit.fleets import MACHINES, fleet, record

pytestmark = pytest.mark.system
HOSTS = 10_000


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = fleet(HOSTS)
    before = document.document(
        [record("debian12-ready", "web3"), *result["hosts"][3:], record("debian12-ready", "old1")]
    )
    path = tmp_path_factory.mktemp("page") / "fleet.html"
    changed = {**result, "baseline": baseline.compared(before, result)}
    path.write_text(html.render(changed, "kdump-enabler enable -i hosts.yml"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1200"):
        options.add_argument(word)
    found = shutil.which("chromium"), shutil.which("chromedriver")
    assert all(found), "chromium and chromium-driver are not installed: make system-packages"
    options.binary_location = str(found[0])
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(found[1])))
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome, page: Path) -> webdriver.Chrome:
    chromium.get(page.as_uri())
    return chromium


def count(browser: webdriver.Chrome) -> str:
    return str(browser.find_element(By.ID, "count").text)


def rows(browser: webdriver.Chrome) -> list[WebElement]:
    return list(browser.find_elements(By.CSS_SELECTOR, "#rows .row"))


def soon(browser: webdriver.Chrome, seen: Callable[[], object]) -> None:
    """Wait for something that the browser tells only with a later frame: paints, toggles, scrolls, rows drawn anew."""
    WebDriverWait(browser, 60, ignored_exceptions=[StaleElementReferenceException]).until(lambda _: seen())


def milliseconds(browser: webdriver.Chrome, script: str) -> float:
    """How long a piece of script takes until the page is laid out anew."""
    timed = f"const begun = performance.now(); {script}; document.body.offsetHeight; return performance.now() - begun;"
    return float(browser.execute_script(timed))


def test_it_says_first_how_many_would_leave_nothing(browser: webdriver.Chrome) -> None:
    assert browser.find_element(By.TAG_NAME, "h1").text == "A panic now would leave nothing on 8,000 of 10,000 hosts"
    assert not browser.get_log("browser"), "nothing is complained of, nothing is fetched"


def test_it_is_drawn_at_once_and_filters_at_once(browser: webdriver.Chrome) -> None:
    browser.refresh()
    entry = "const paint = performance.getEntriesByName('first-contentful-paint')[0]; return paint && paint.startTime"
    soon(browser, lambda: browser.execute_script(entry))
    paint = browser.execute_script(entry)
    search = "at('search').value = 'systemctl web9'; at('search').dispatchEvent(new Event('input'))"
    filtered, sort = milliseconds(browser, search), milliseconds(browser, "choose({words: [], sort: 'name'})")
    print(f"first paint {paint:.0f} ms, filter {filtered:.0f} ms, sort {sort:.0f} ms")
    assert len(rows(browser)) < 100, "only the rows that can be seen are in the page"


def test_a_cause_says_what_else_is_in_it(browser: webdriver.Chrome) -> None:
    causes = [one.text for one in browser.find_elements(By.CSS_SELECTOR, "details.cause > summary")]
    assert any("also 3 more: kernel.panic_on_oops, kernel.panic_on_unrecovered_nmi" in cause for cause in causes)
    options = [one.text for one in browser.find_elements(By.CSS_SELECTOR, "#cause option")]
    assert any(option.startswith("KD010 The kdump tools are not installed (2000)") for option in options), options


def test_search_verdict_and_cause_filter(browser: webdriver.Chrome) -> None:
    browser.find_element(By.ID, "search").send_keys("web777")
    assert count(browser) == "11 of 10,000 hosts"
    browser.find_element(By.ID, "clear").click()
    browser.find_element(By.CSS_SELECTOR, "#legend [data-verdict=broken]").click()
    assert count(browser) == "2,000 of 10,000 hosts"
    assert {row.find_element(By.CLASS_NAME, "verdict").text for row in rows(browser)} == {"broken"}
    browser.find_element(By.CSS_SELECTOR, "#cause option[value^=KD010]").click()
    assert count(browser) == "0 of 10,000 hosts"


def test_a_cause_opens_with_reason_and_command_and_shows_its_hosts(browser: webdriver.Chrome) -> None:
    cause = next(one for one in browser.find_elements(By.CSS_SELECTOR, "details.cause") if "KD010" in one.text)
    cause.find_element(By.TAG_NAME, "summary").click()
    soon(browser, lambda: "kdump-enabler enable -i hosts.yml" in cause.text)
    cause.find_element(By.XPATH, ".//button[starts-with(., 'Show')]").click()
    assert count(browser) == "2,000 of 10,000 hosts"


def test_the_keyboard_is_enough(browser: webdriver.Chrome) -> None:
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys("/")
    browser.switch_to.active_element.send_keys("web3", Keys.ARROW_DOWN)
    host = browser.find_element(By.ID, "host")
    assert host.text.startswith("web3\n")
    assert "systemctl unmask kdump-tools.service" in host.text
    assert "kdump-enabler enable -i hosts.yml" in host.text
    assert "kdump-tools.service: UnitFileState=masked" in host.text, "what was seen where"
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not host.is_displayed()
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert count(browser) == "10,000 hosts"


def test_sorting_by_a_column(browser: webdriver.Chrome) -> None:
    head = browser.find_element(By.CSS_SELECTOR, "#heads [data-column=name]")
    head.click()
    assert [row.get_attribute("data-name") for row in rows(browser)[:3]] == ["web1", "web2", "web3"]
    head.click()
    assert rows(browser)[0].get_attribute("data-name") == "web10000"
    assert head.get_attribute("aria-sort") == "descending"


def test_scrolling_shows_the_last_host(browser: webdriver.Chrome) -> None:
    browser.execute_script("choose({sort: 'name', down: false}); at('rows').scrollTop = 1e9")
    soon(browser, lambda: rows(browser)[-1].get_attribute("data-name") == "web10000")


def test_what_changed_since_the_baseline(browser: webdriver.Chrome) -> None:
    assert "1 worse, 0 better, 2 new, 1 gone" in browser.find_element(By.ID, "since-head").text
    assert "web3: ready → broken" in browser.find_element(By.ID, "since-text").text


def test_dark_mode_and_paper(browser: webdriver.Chrome) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = browser.execute_script(ground)
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    assert browser.execute_script(ground) != light
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_script("choose({words: ['web777']}); paper()")
    assert len(browser.find_elements(By.CSS_SELECTOR, "#print tr")) == 1 + 11


@pytest.fixture
def trouble(tmp_path: Path) -> Path:
    """A page of a run that was cut off, with long names, commands and sentences without a place to break them."""
    domain = ".racknumber1.datacentrenorth.production.examplecompany.internal"
    hosts = [record(machine, machine + domain) for machine in ("debian12-pristine", "rhel9-linked-entry", *MACHINES)]
    hosts[0]["trouble"] = {"kind": "x", "sentence": "The disk is full", "hint": f"Make room in /var/{'x' * 80}"}
    hosts.append(document.nobody(f"db1{domain}", Verdict.UNREACHABLE, f"no route to db1{domain}"))
    hosts.append(document.nobody(f"db2{domain}", Verdict.UNKNOWN, "it was not looked at") | {"looked_at": False})
    result = document.marked(document.document(hosts), "Interrupted")
    before = document.document(record("debian12-ready", host["host"]) for host in hosts)
    changed = {**result, "baseline": baseline.compared(before, result)}
    path = tmp_path / "trouble.html"
    path.write_text(html.render(changed, f"kdump-enabler enable -i /srv/{'y' * 80}.yml"), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [320, 420, 700, 1280])
def test_a_narrow_screen_needs_no_scrolling_sideways(width: int, chromium: webdriver.Chrome, trouble: Path) -> None:
    """Its window cannot be made as narrow as a telephone, what it pretends to have can."""
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    chromium.get(trouble.as_uri())
    chromium.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    soon(chromium, lambda: all(one.text for one in chromium.find_elements(By.CSS_SELECTOR, "details.cause > div")))
    for number in range(len(MACHINES) + 4):
        chromium.execute_script(f"open(result.hosts[{number}])")
        assert chromium.execute_script("return innerWidth") == width
        wide = "const root = document.documentElement; return root.scrollWidth - root.clientWidth"
        assert chromium.execute_script(wide) <= 0
        out = "[...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > innerWidth)"
        assert chromium.execute_script(f"return {out}.map((one) => one.outerHTML.slice(0, 80))") == []
    titles = chromium.find_elements(By.CSS_SELECTOR, "details.cause > summary > span:nth-child(3)")
    assert min(title.size["width"] for title in titles) > width // 3, "there is room for the words"
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_run_that_was_cut_off_is_marked_before_all_else(chromium: webdriver.Chrome, trouble: Path) -> None:
    chromium.get(trouble.as_uri())
    mark, head = (chromium.find_element(By.ID, name) for name in ("cut-off", "headline"))
    assert mark.text.startswith("Incomplete: the run was cut off\nInterrupted: ")
    assert mark.location["y"] < head.location["y"]
    assert mark.value_of_css_property("background-color") != head.value_of_css_property("background-color")
    assert mark.value_of_css_property("border-left-width") == "10px"
    assert chromium.title.startswith("Cut off: ")


def test_hosts_that_nobody_saw_are_in_the_headline(chromium: webdriver.Chrome, trouble: Path) -> None:
    chromium.get(trouble.as_uri())
    headline = chromium.find_element(By.ID, "headline").text
    assert headline == "A panic now would leave nothing on 6 of 9 hosts, and 2 are unknown"
    assert chromium.title.endswith("6 of 9 would leave nothing, 2 unknown")


def test_sentences_end_with_a_stop(chromium: webdriver.Chrome, trouble: Path) -> None:
    chromium.get(trouble.as_uri())
    chromium.execute_script("open(result.hosts[0])")
    assert "The disk is full. Make room in /var/xxx" in chromium.find_element(By.ID, "host").text

"""Checks the page at `/` in a real browser, Debian's Chromium, as a person uses it: with the keyboard
alone they ask for a model, watch it come to be, and download it; the bytes are the server's.

    python3 -m venv venv && venv/bin/pip install playwright axe-playwright-python
    venv/bin/python check_page.py PATH/TO/crisp-server [FOLDER FOR SCREENSHOTS]

Nothing may be written to the console, no policy may be violated, axe-core may find nothing, in light
and dark, on a desktop and a telephone. CHROMIUM names another browser.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

SERVER = sys.argv[1]
FOLDER = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
BROWSER = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SIZES = {"desktop": (1280, 900), "phone": (360, 740)}
HOSTILE = "<img src=x onerror=alert(1)>\"'&amp; \u202eenot"
PATIENCE = 600_000

expect.set_options(timeout=20_000)


class Server:
    def __init__(self, database, *options):
        self.process = subprocess.Popen(
            [SERVER, "--db", database, "--port", "0", *options], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().removeprefix("listening on ").strip()
        if not self.url.startswith("http://"):
            sys.exit("the server did not start")

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, "the server did not stop in order"


class Visit:
    """A browser window that remembers everything that went wrong in it."""

    def __init__(self, browser, url, size="desktop", scheme="light", script=True, expected=()):
        width, height = SIZES[size]
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme,
            java_script_enabled=script, locale="en-GB", timezone_id="UTC")
        self.page = self.context.new_page()
        self.troubles = []
        self.expected = expected
        page = self.page
        page.on("console", lambda m: m.type in ("error", "warning") and self.note(m.text))
        page.on("pageerror", lambda error: self.note(f"page error: {error}"))
        page.on("dialog", lambda dialog: (self.note("a dialog"), dialog.dismiss()))
        page.on(
            "response", lambda r: r.status >= 400 and self.note(f"{r.status} for {r.url}"))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error("
            "'policy violated: ' + e.violatedDirective + ' ' + e.blockedURI))")
        page.goto(url)

    def note(self, trouble):
        if not any(re.search(pattern, trouble) for pattern in self.expected):
            self.troubles.append(trouble)

    def check(self, name):
        """No trouble so far, nothing for axe-core, nothing wider than the window."""
        assert not self.troubles, f"{name}: {self.troubles}"
        results = Axe().run(self.page, options={"resultTypes": ["violations"]})
        assert results.violations_count == 0, f"{name}: {results.generate_report()}"
        wide = self.page.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => !e.closest('.unseen, .skip')"
            " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))")
        assert not wide, f"{name}: too wide: {wide}"
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        self.page.screenshot(path=FOLDER / f"page-{name}.png", full_page=True)
        print(f"  {name}: axe-core finds nothing, {results_checked(results)} rules passed")

    def close(self):
        self.context.close()


def results_checked(results):
    return len(results.response.get("passes", []))


def tab_to(page, selector, most=200):
    """Presses Tab until the element has the focus, as somebody without a mouse would."""
    for _ in range(most):
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    sys.exit(f"the keyboard does not reach {selector}")


def request_by_keyboard(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for name in ("Sandal", "Sneaker"):
        tab_to(page, f"input[value='{name}']")
        page.keyboard.press("Space")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Weight of Sneaker"
    page.keyboard.type("3")
    tab_to(page, "#sparsity")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#sparsity-value")).to_have_text("89 %")
    page.keyboard.press("ArrowRight")
    tab_to(page, "#user")
    page.keyboard.type("ada")
    page.keyboard.press("Enter")


def watch(page):
    """The job runs: its bar grows and its words change, without a reload."""
    job = page.locator(".job").first
    expect(job.locator("h3")).to_be_focused()
    expect(job.locator("h3")).to_have_text("Sandal, Sneaker")
    job_id = job.get_attribute("id")
    expect(job).to_have_attribute("data-status", "running")
    seen = []
    texts = set()
    item = page.locator(f"#{job_id}")
    end = time.monotonic() + PATIENCE / 1000
    while item.get_attribute("data-status") == "running" and time.monotonic() < end:
        state = page.evaluate(
            "id => { const i = document.getElementById(id), b = i.querySelector('progress');"
            " return b && [b.value, i.querySelector('.detail').textContent] }", job_id)
        if state and (not seen or state[0] != seen[-1]):
            seen.append(state[0])
            texts.add(state[1])
        page.wait_for_timeout(100)
    expect(item).to_have_attribute("data-status", "succeeded")
    assert len(seen) > 10 and seen == sorted(seen), seen
    assert any("iteration" in text and "accuracy" in text for text in texts), texts
    print(f"  progress: {len(seen)} steps seen, {len(texts)} texts, no reload")


def download(page, url, formats):
    model = page.locator(".model").first
    model_id = model.get_attribute("id")
    for name in formats:
        link = f"#{model_id} a[href$='format={name}']"
        page.locator(f"#{model_id} h3").focus()
        tab_to(page, link, 20)
        with page.expect_download() as waiting:
            page.keyboard.press("Enter")
        found = hashlib.sha256(Path(waiting.value.path()).read_bytes()).hexdigest()
        with urllib.request.urlopen(f"{url}/models/{model_id}?format={name}") as answer:
            expected = answer.headers["ETag"].strip('"')
            assert hashlib.sha256(answer.read()).hexdigest() == expected
        assert found == expected, name
        print(f"  downloaded {waiting.value.suggested_filename}, sha256 {found[:16]}… as announced")


def without_script(browser, url):
    """Reading and asking need no script."""
    visit = Visit(browser, url, script=False, expected=["422"])
    page = visit.page
    expect(page.locator(".model h3").first).to_have_text("Sandal, Sneaker")
    page.get_by_label("Bag", exact=True).check()
    page.get_by_label("Shirt", exact=True).check()
    page.get_by_label("Your name").fill(HOSTILE)
    page.get_by_role("button", name="Tailor a model").click()
    assert re.search(r"/#job_[0-9a-f]+$", page.url), page.url
    job = page.locator(".job").first
    expect(job.locator("h3")).to_have_text("Shirt, Bag")
    expect(job.locator(".note bdi").first).to_have_text(HOSTILE)
    # Nothing chosen: the page says what is wrong.
    page.get_by_label("Your name").fill("ada")
    page.get_by_role("button", name="Tailor a model").click()
    expect(page.get_by_role("alert").first).to_contain_text("class")
    assert not visit.troubles, visit.troubles
    visit.close()
    print("  without script: lists are read, a form is sent, an error is shown")


def cancel(page):
    """The job that has just been asked for is stopped from the page."""
    job = page.locator(".job").first
    expect(job.locator(".note bdi").first).to_have_text(HOSTILE)
    job_id = job.get_attribute("id")
    page.locator(f"#{job_id} .cancel").click()
    expect(page.locator(f"#{job_id}")).to_have_attribute("data-status", "cancelled")
    print("  a hostile name is text; its job was cancelled")


def other_sites_are_refused(url):
    form = urllib.parse.urlencode({"class": "Bag", "base_model": "x", "user": "eve"}).encode()
    for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"},
                    {"Origin": url, "Sec-Fetch-Site": "cross-site"}):
        request = urllib.request.Request(f"{url}/", form, headers)
        try:
            urllib.request.urlopen(request)
            sys.exit(f"a form from elsewhere was taken: {headers}")
        except urllib.error.HTTPError as error:
            assert error.code == 403, error.code
    print("  forms of other sites are refused")


def with_tokens(browser, database):
    """A server that asks for tokens shows nothing without one, and each user their own."""
    token = subprocess.run(
        [SERVER, "token", "create", "--db", database, "--user", "ada"],
        check=True, capture_output=True, text=True).stdout.strip()
    server = Server(database)
    try:
        visit = Visit(browser, server.url, expected=["401"])
        page = visit.page
        expect(page.get_by_label("Access token")).to_be_focused()
        assert "Sandal" not in page.content()
        visit.check("tokens")
        page.keyboard.type("crisp_" + "x" * 43)
        page.keyboard.press("Enter")
        expect(page.locator("#token-error")).to_contain_text("token is malformed, unknown, revoked or expired")
        page.get_by_label("Access token").fill(token)
        page.keyboard.press("Enter")
        expect(page.locator(".model h3")).to_have_text("Sandal, Sneaker")
        expect(page.locator(".job")).to_have_count(1)
        expect(page.get_by_label("Your name")).to_have_value("ada")
        link = page.locator(".model a[href$='format=crisp']")
        with page.expect_download() as waiting:
            link.click()
        request = urllib.request.Request(
            server.url + link.get_attribute("href"), headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request) as answer:
            assert Path(waiting.value.path()).read_bytes() == answer.read()
            name = answer.headers["Content-Disposition"]
        assert f'"{waiting.value.suggested_filename}"' in name, name
        page.reload()
        expect(page.locator(".model")).to_have_count(1)
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator(".model")).to_have_count(0)
        assert "Sandal" not in page.content()
        visit.check("signed-out")
        visit.close()
    finally:
        server.stop()
    print("  with tokens: nothing without one, one's own with it, a download brings it along")


def main():
    folder = tempfile.TemporaryDirectory()
    database = f"{folder.name}/crisp.sqlite"
    server = Server(database)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=BROWSER, args=["--no-sandbox"] if os.geteuid() == 0 else [])
            visit = Visit(browser, server.url)
            visit.check("empty")
            request_by_keyboard(visit.page)
            expect(visit.page.locator(".job[data-status=running]")).to_have_count(1)
            visit.page.wait_for_timeout(1500)
            visit.check("running")
            watch(visit.page)
            expect(visit.page.locator(".model")).to_have_count(1)
            download(visit.page, server.url, ("crisp", "safetensors", "onnx"))
            without_script(browser, server.url)
            visit.page.reload()
            cancel(visit.page)
            visit.check("light")
            visit.close()
            for size, scheme in (("desktop", "dark"), ("phone", "light"), ("phone", "dark")):
                visit = Visit(browser, server.url, size, scheme)
                expect(visit.page.locator(".model")).to_have_count(1)
                visit.check(f"{size}-{scheme}")
                visit.close()
            other_sites_are_refused(server.url)
            server.stop()
            with_tokens(browser, database)
            browser.close()
    finally:
        server.stop()


main()

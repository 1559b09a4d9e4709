"""Studied styles on the page for files: chosen, studied with the time left, stopped, kept, downloaded."""

import json
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from engine_page import wait_until
from playwright.sync_api import expect

from impasto.export.runtime.sample import picture
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.style_file import read_style, style_file, write_style

PATIENCE = 180_000  # milliseconds


@pytest.fixture
def page(browser, server):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []
    context.close()


def visit(page, server):
    page.goto(server.url)
    expect(page.locator("body[data-ready]")).to_be_attached(timeout=PATIENCE)


def test_a_style_file_is_chosen_like_a_picture(page, server, model, tmp_path):
    weights = weights_of(model.path("frame").read_bytes())
    brush = {name: np.full(part.shape, 0.02, np.float16) for name, part in weights.items()}
    own = style_file(model, model.gallery()["great-wave"]["style"], brush, name="Reeds")
    write_style(tmp_path / "reeds.style", replace(own, licence="Ask Ann"))
    (tmp_path / "broken.style").write_bytes(b"nothing of the kind")
    visit(page, server)
    page.locator("#own").set_input_files([tmp_path / "reeds.style", tmp_path / "broken.style"])
    expect(page.locator("#chosen")).to_contain_text("Reeds")
    expect(page.locator("#chosen")).to_contain_text("says of its licence: “Ask Ann”")
    expect(page.locator("#messages")).to_contain_text("no studied style")
    expect(page.get_by_role("button", name="Study this picture")).to_have_count(0)  # it is


def test_a_picture_is_studied_and_what_was_learnt_is_kept(page, server, tmp_path):
    """The server's part is played by the test: it takes a minute, and has tests of its own."""
    cv2.imwrite(str(tmp_path / "reeds.png"), np.full((60, 80, 3), (30, 120, 200), np.uint8))
    painted = cv2.imencode(".jpg", np.full((192, 256, 3), 90, np.uint8))[1].tobytes()
    wishes, told = [], {"version": 1, "jobs": []}
    job = {
        "id": "study1", "kind": "study", "names": ["reeds"], "state": "painting", "words": "Studying, 40 s left",
        "done": 333, "total": 1000, "frame": 0, "files": [], "facts": "", "size": None, "painted_with": "reeds",
        "asked": {"sources": [{"path": "p", "name": "reeds"}]},
    }  # fmt: skip

    def config(route):
        route.fulfill(json={**route.fetch().json(), "study_seconds": 60})

    def begin(route):
        wishes.append(json.loads(route.request.post_data))
        told.update(version=2, jobs=[job])
        route.fulfill(json=job)

    def enough(route):
        done = {**job, "state": "done", "words": "", "facts": "studied in 20 steps", "files": ["reeds.jpg", "r.style"]}
        told.update(version=3, jobs=[done])
        route.fulfill(json={})

    previews = []

    def preview(route):
        previews.append(json.loads(route.request.post_data)["styles"])
        route.fulfill(status=422, json={"detail": "None here."})

    page.route("**/studio/config", config)
    page.route("**/studio/study", begin)
    page.route("**/studio/jobs/study1/enough", enough)
    page.route("**/studio/preview", preview)
    page.route(re.compile(r"studio/jobs\?"), lambda route: route.fulfill(json=told))
    page.route("**/studio/jobs/study1/painted/*", lambda route: route.fulfill(body=painted, content_type="image/jpeg"))
    visit(page, server)
    page.locator("#own").set_input_files(tmp_path / "reeds.png")
    page.get_by_role("button", name="Study this picture").click()
    row = page.locator("#job-list li")
    expect(row).to_contain_text("33 %, Studying, 40 s left")
    expect(page.get_by_role("button", name="Study this picture")).to_have_count(0)
    assert wishes[0]["picture"]["name"] == "reeds"
    assert wishes[0]["on"] is None
    row.get_by_role("button", name=re.compile("Enough")).click()
    expect(row).to_contain_text("studied in 20 steps")
    expect(page.locator("#chosen")).to_contain_text("studied in 20 steps")
    expect(row.get_by_role("link", name="Download r.style")).to_be_visible()
    wait_until(page, "document.querySelectorAll('#gallery .card').length > 1")
    while not any(style[0].get("job") == "study1" for style in previews):
        page.wait_for_timeout(50)
    # After a reload it is there still, among the styles.
    page.evaluate("window.onbeforeunload = null")
    page.on("dialog", lambda dialog: dialog.accept())
    visit(page, server)
    page.locator("#gallery button.style", has_text="reeds").click()
    expect(page.locator("#chosen")).to_contain_text("studied in 20 steps")


def test_the_server_studies_until_it_is_enough(browser, start_server, tiny_model, tmp_path):
    """No part is played: the tiny model's own graphs, the page's previews, the file that is downloaded."""
    server = start_server(model=tiny_model.folder, study_seconds=3600, threads=1, jobs_at_once=1)
    drawn = (picture(90, 120, 7) * 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "reeds.png"), drawn[:, :, ::-1])
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    visit(page, server)
    page.locator("#own").set_input_files(tmp_path / "reeds.png")
    page.get_by_role("button", name="Study this picture").click()
    row = page.locator("#job-list li")
    expect(row).to_contain_text(" left", timeout=PATIENCE)
    # The small picture of the style becomes a painting, and another one once anything is learnt.
    address = page.locator('img[src*="/frame?n="]').first.get_attribute("src")
    frame = server.url + address.partition("?")[0]
    first = page.request.get(frame).body()
    while page.request.get(frame).body() == first:
        page.wait_for_timeout(200)
    row.get_by_role("button", name=re.compile("Enough")).click()
    expect(row).to_contain_text(re.compile(r"studied in \d+ steps"), timeout=PATIENCE)
    expect(page.locator("#chosen")).to_contain_text("studied in")
    with page.expect_download() as download:
        row.get_by_role("link", name=re.compile(r"Download .*\.style")).click()
    learnt = read_style(download.value.path().read_bytes(), tiny_model)
    assert learnt.name == "reeds"
    assert any(part.any() for part in learnt.brush.values())
    context.close()
    server.stop()

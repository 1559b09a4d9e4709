"""What stays on the device: the page itself, and styles of one's own."""

import cv2
import numpy as np
from engine_page import wait_until
from playwright.sync_api import expect
from test_page import LOOK, PATIENCE, visit

# Resolves when the service worker has the page, and what it loaded before the worker was there.
KEPT = """async () => {
  await navigator.serviceWorker.ready;
  for (;;) {
    const name = (await caches.keys()).find((each) => each.startsWith("page-"));
    const kept = name ? (await (await caches.open(name)).keys()).map(({ url }) => url) : [];
    if (["config.json", "model.json", "gallery.json"].every((file) => kept.some((url) => url.endsWith(file)))) return;
    await new Promise((done) => setTimeout(done, 50));
  }
}"""


# And when it has the pictures of all styles.
PICTURES_KEPT = """async () => {
  const missing = async ({ src }) => !(await caches.match(src));
  for (const image of document.querySelectorAll("#gallery img"))
    while (await missing(image)) await new Promise((done) => setTimeout(done, 50));
}"""


def painted(page):
    page.get_by_role("button", name="Try the sample scene").click()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)


def test_after_one_visit_the_page_paints_without_a_network(browser, start_server):
    server = start_server()
    context = browser.new_context(reduced_motion="reduce")
    page = visit(context, server.url + "live/" + LOOK)
    painted(page)
    page.evaluate(KEPT)
    page.evaluate(PICTURES_KEPT)
    server.stop()
    page.reload()
    expect(page.locator("body[data-ready]")).to_be_attached(timeout=PATIENCE)
    assert page.evaluate("crossOriginIsolated")  # the headers are kept, too
    page.get_by_role("button", name="Show all").click()
    pictures = page.locator("#gallery img")
    assert pictures.count() > 30  # those of styles that were not in sight, too
    wait_until(page, "[...document.querySelectorAll('#gallery img')].every(({ complete }) => complete)")
    assert pictures.evaluate_all("(all) => all.filter((each) => !each.naturalWidth).map((each) => each.src)") == []
    painted(page)
    context.close()


def test_the_page_can_be_installed(browser, static_site):
    context = browser.new_context()
    page = visit(context, static_site)
    address = page.locator("link[rel=manifest]").evaluate("(link) => link.href")
    manifest = page.evaluate("async (address) => (await fetch(address)).json()", address)
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        size = page.evaluate(
            """async (address) => {
              const picture = new Image();
              picture.src = address;
              await picture.decode();
              return [picture.naturalWidth, picture.naturalHeight];
            }""",
            static_site + icon["src"],
        )
        assert icon["sizes"] in ("any", f"{size[0]}x{size[1]}")
    context.close()


def test_own_styles_are_remembered_until_they_are_removed(browser, static_site, tmp_path):
    context = browser.new_context()
    page = visit(context, static_site + LOOK)
    cv2.imwrite(str(tmp_path / "stripes.png"), np.tile(np.uint8([[[0, 90, 250]], [[200, 30, 0]]]), (40, 80, 1)))
    page.locator("#use-picture").set_input_files(tmp_path / "stripes.png")
    expect(page.locator("#caption")).to_have_text("stripes")
    page.evaluate(
        """async () => {
          const count = () => new Promise((done) => {
            const asked = indexedDB.open("impasto");
            asked.onsuccess = () => {
              const store = asked.result.transaction("styles").objectStore("styles");
              store.count().onsuccess = ({ target }) => (asked.result.close(), done(target.result));
            };
          });
          while ((await count()) < 1) await new Promise((done) => setTimeout(done, 20));
        }"""
    )
    page.reload()
    own = page.get_by_role("button", name="stripes", exact=True)
    expect(own).to_be_attached(timeout=PATIENCE)
    expect(own).to_have_attribute("aria-pressed", "false")  # the link says what is chosen
    page.get_by_role("button", name="Remove stripes").click()
    page.reload()
    expect(page.get_by_role("button", name="The Scream")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("body[data-ready]")).to_be_attached()
    expect(own).to_have_count(0)
    context.close()

"""Waiting for what a page says, where its Content-Security-Policy forbids what Playwright's `wait_for_function` does."""

import time

PATIENCE = 60  # seconds: a busy machine


def wait_until(page, expression: str) -> None:
    """Return when `expression`, JavaScript, is truthy; fail where it does not become so.

    `wait_for_function` evaluates it inside the page from the second time on, which a page that allows no `eval` refuses.
    """
    end = time.monotonic() + PATIENCE
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"it did not become true: {expression}"
        page.wait_for_timeout(50)

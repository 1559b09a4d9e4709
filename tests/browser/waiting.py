"""Waiting for what a page says, where its policy forbids `eval`, which Playwright's `wait_for_function` uses."""

import time

PATIENCE = 60  # seconds: a busy machine


def wait_until(page, expression: str) -> None:
    """Return when `expression`, JavaScript, is truthy; fail where it does not become so.

    `wait_for_function` asks by `eval` from the second time on, and fails there as soon as it has to ask twice.
    """
    end = time.monotonic() + PATIENCE
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"it did not become true: {expression}"
        page.wait_for_timeout(50)

"""Two hundred verdicts by keys alone: `python -m tests.verdicts [--count N]`.

Presses one key a verdict in a real browser on the queue and prints how long the machine took for each: from the key
until the next card is in hand, and until the verdict is stored. What a person needs to read comes on top.
"""

from __future__ import annotations

import argparse
import shutil
import time
from statistics import median, quantiles

from .shots import rich_page


def main() -> int:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    in_hand: list[float] = []
    began = time.perf_counter()
    with rich_page(a_day=8 + options.count // 14) as shell, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_context(base_url=shell.settings.page_url, locale="en-GB").new_page()
        tab.goto("/queue")
        before, began = shell.store.verdict_total(), time.perf_counter()
        for number in range(options.count):
            card = tab.locator(".card:focus").get_attribute("data-item")
            pressed = time.perf_counter()
            tab.keyboard.press("12d"[number % 3])
            tab.locator(f"#i{card}.given").wait_for()
            tab.locator(f".card:focus:not(#i{card})").wait_for()
            in_hand.append(1000 * (time.perf_counter() - pressed))
        asked = tab.evaluate(
            "performance.getEntriesByType('resource').filter(one => one.name.endsWith('/verdict'))"
            ".map(one => one.duration)"
        )
        spent = time.perf_counter() - began
        tab.wait_for_load_state("networkidle")
        stored = shell.store.verdict_total() - before
        browser.close()
    print(f"{stored} verdicts stored of {options.count} keys in {spent:.1f} s; {len(asked)} requests")
    for name, figures in (("next card in hand", in_hand), ("answer of the service", asked)):
        most = quantiles(figures, n=20)[-1]
        print(f"{name}: median {median(figures):.0f} ms, 95 % under {most:.0f}, slowest {max(figures):.0f}")
    return 0 if stored >= options.count else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Pictures of every page, to be looked at: `python -m tests.shots FOLDER [--all] [--only WORD] [--readme]`.

Light and dark, wide (1280) and narrow (360), English and Chinese: of the eight combinations four that hold each of
them twice, with `--all` every one; and a contact sheet of each. Told along the way: pages wider than the window,
what moved while a page was loading (cumulative layout shift), what it weighed, and complaints of the browser.
With `--readme` only the pictures that the documents show (FOLDER is docs/img then): two pages and a digest.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.shell import Shell
from monitor.watching import health
from monitor.web.server import Page

from .edges.test_web import settings_in
from .richbase import fill, until_now

PAGES = {
    "today": "/", "queue": "/queue", "item": "/items/ITEM", "merge": "/items/ITEM/merge", "alerts": "/alerts",
    "alert": "/alerts/ALERT", "explore": "/explore?q=port", "counts": "/explore/counts", "feeds": "/feeds",
    "feed": "/setup/feed?name=FEED", "feed-new": "/setup/feeds/add", "scorecard": "/scorecard", "trail": "/trail",
    "setup": "/setup", "profile": "/setup/profile", "profile-seen": "/setup/profiles/PROFILE",
    "recipients": "/setup/recipients", "silences": "/setup/silences", "playbooks": "/setup/playbooks",
    "playbook": "/setup/playbooks/supply_chain.strike", "people": "/setup/people", "models": "/models",
    "missed": "/missed", "status": "/status", "login": "/login", "lost": "/nowhere",
}  # fmt: skip
LOOKS = (("light", 1280, "en"), ("dark", 1280, "zh"), ("light", 360, "zh"), ("dark", 360, "en"))
EVERY_LOOK = tuple((s, w, lang) for s in ("light", "dark") for w in (1280, 360) for lang in ("en", "zh"))
WEIGHT = (
    "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
    ".reduce((sum, one) => sum + one.decodedBodySize, 0)"
)
SHIFTS = """() => new Promise(done => { let sum = 0;
  new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) sum += e.value; })
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(sum), 150); })"""


@contextmanager
def rich_page(*, a_day: int = 12) -> Iterator[Shell]:
    """An installation with sixty days in it, its page being served."""
    with tempfile.TemporaryDirectory(prefix="monitor-shots-") as folder:
        clock = until_now()
        shell = Shell(settings=settings_in(Path(folder)), clock=clock)
        fill(shell, clock, a_day=a_day)
        page = Page(shell, health=lambda: health(shell, now=shell.clock()))
        page.start()
        yield shell
        page.stop()
        shell.close()


def addresses(shell: Shell) -> dict[str, str]:
    """Every page by its name, with an item, an alert, a feed and a profile that show much."""
    from urllib.parse import quote

    alert = max(shell.store.alerts(), key=lambda one: (one.level, one.item_count, one.opened))
    item = shell.store.story_items(alert.story)[0]
    known = {"ITEM": str(item.id), "ALERT": alert.id, "FEED": quote(shell.feeds[0].name)}
    known["PROFILE"] = quote(shell.profiles[0].name)
    found = {}
    for name, path in PAGES.items():
        for word, value in known.items():
            path = path.replace(word, value)
        found[name] = path
    return found


def shoot(browser: Any, shell: Shell, folder: Path, looks: tuple, only: str) -> list[str]:
    """Write the pictures; returns what is wrong, a line each."""
    wrong = []
    for scheme, width, language in looks:
        context = browser.new_context(
            base_url=shell.settings.page_url, color_scheme=scheme, locale="zh-CN" if language == "zh" else "en-GB",
            viewport={"width": width, "height": 900},
        )  # fmt: skip
        tab = context.new_page()
        said: list[str] = []
        tab.on("console", lambda message, said=said: said.append(message.text))
        tab.on("pageerror", lambda error, said=said: said.append(str(error)))
        for name, path in addresses(shell).items():
            if only not in name:
                continue
            said.clear()
            tab.goto(path)
            told = f"{name} {scheme} {width} {language}"
            weight = tab.evaluate(WEIGHT)
            shift = tab.evaluate(SHIFTS)
            print(f"{told}: {weight / 1000:.0f} kB, layout shift {shift:.4f}", flush=True)
            if shift > 0.1 or weight > 300_000:
                wrong.append(f"{told}: shift {shift:.3f}, {weight} bytes")
            if (wide := tab.evaluate("document.documentElement.scrollWidth")) > width:
                wrong.append(f"{told}: {wide} px wide")
            wrong += [f"{told}: {line}" for line in said if "404" not in line]
            tab.screenshot(path=folder / f"{name}-{scheme}-{width}-{language}.png", full_page=True)
        context.close()
    return wrong


def shoot_for_documents(browser: Any, shell: Shell, folder: Path) -> None:
    """The first sight of two pages and of a week's digest, 1100 by 760, in both languages, in few colours."""
    from monitor.notify.render import render_page
    from monitor.telling import preview

    profile, now = shell.profiles[0], shell.clock()
    for language, locale, tail in (("en", "en-GB", ""), ("zh", "zh-CN", "-zh")):
        context = browser.new_context(
            base_url=shell.settings.page_url, locale=locale, viewport={"width": 1100, "height": 760}
        )
        tab = context.new_page()
        for name in ("today", "queue"):
            tab.goto(PAGES[name])
            _in_few_colours(tab, folder / f"{name}{tail}.png")
        reader = replace(profile.recipients[0], language=language)
        view, _duties = preview(shell, profile, reader, since=now - timedelta(days=7), until=now, now=now)
        mail = context.new_page()
        mail.set_content(render_page(view))
        _in_few_colours(mail, folder / f"digest{tail}.png")
        context.close()


def _in_few_colours(tab: Any, file: Path) -> None:
    from PIL import Image

    tab.screenshot(path=file)
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(64).save(file, optimize=True)


def sheet(folder: Path, look: tuple[str, int, str]) -> None:
    """All pictures of one look on one, cut at the height of three windows."""
    from PIL import Image

    files = [folder / f"{name}-{look[0]}-{look[1]}-{look[2]}.png" for name in PAGES]
    cards = []
    for file in (f for f in files if f.exists()):
        with Image.open(file) as picture:
            part = picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, 3 * 900)))
            cards.append(part.resize((320, max(1, round(part.height * 320 / part.width)))))
    columns, gap = 6, 8
    rows = [cards[i : i + columns] for i in range(0, len(cards), columns)]
    height = sum(max(card.height for card in row) + gap for row in rows)
    whole = Image.new("RGB", (columns * (320 + gap), height), "#888")
    y = 0
    for row in rows:
        for x, card in enumerate(row):
            whole.paste(card, (x * (320 + gap), y))
        y += max(card.height for card in row) + gap
    whole.save(folder / f"sheet-{look[0]}-{look[1]}-{look[2]}.png")


def main() -> int:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    looks = EVERY_LOOK if options.all else LOOKS
    with rich_page() as shell, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        if options.readme:
            shoot_for_documents(browser, shell, options.folder)
            return 0
        wrong = shoot(browser, shell, options.folder, looks, options.only)
        browser.close()
    for look in looks:
        sheet(options.folder, look)
    print("\n".join(wrong) or "nothing is wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())

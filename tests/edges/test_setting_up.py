"""Set up by the page and by the API: silences, feeds, recipients, playbooks; the files keep their comments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.domain import Role, Tag
from monitor.shell import Shell
from monitor.web.access import digest_of, new_token

from .test_web import NOW, Browser, serving, settings_in

FEEDS = """# whom we read
feeds:
  - name: Harbour Wire  # the port's own
    url: https://harbour.example/rss
    country: "NO"
  - {name: Gazette, url: "https://gazette.example/rss", trust: 1}
"""
PROFILES = """profiles:
  # the group: everybody inherits from it
  - name: group
    state: template
    recipients: [{address: duty@group.example, language: both}]
  - name: pumps
    inherits: group
    countries: [DE]
  - name: valves
    recipients:
      - risk@valves.example  # on duty
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Shell, Browser]]:
    (tmp_path / "feeds.yaml").write_text(FEEDS)
    (tmp_path / "profiles.yaml").write_text(PROFILES)
    yield from serving(settings_in(tmp_path))


def actions(shell: Shell) -> list[tuple[str, str]]:
    return [(line.action, line.subject) for line in shell.store.trail()]


def test_a_silence_is_begun_with_its_reason_and_ended_early(desk: tuple[Shell, Browser]) -> None:
    shell, browser = desk
    form = {"profile": "pumps", "country": "de", "tag": "supply_chain", "token": browser.token()}
    until = (NOW + timedelta(days=7)).date().isoformat()
    for wrong in ({"until": until}, {"reason": "works"}, {"until": "2020-01-01", "reason": "works"},
                  {"until": until, "reason": "works", "country": "XX"}):  # fmt: skip
        assert browser.ask("/setup/silences", form | wrong)[0] == 422
    assert shell.store.silences() == []
    assert browser.ask("/setup/silences", form | {"until": until, "reason": "planned <works>"})[0] == 303
    [silence] = shell.store.silences(at=NOW)
    assert (silence.country, silence.tag, silence.reason) == ("DE", Tag.SUPPLY_CHAIN, "planned <works>")
    assert "planned &lt;works&gt;" in browser.ask("/setup/silences")[1]
    assert browser.ask(f"/setup/silences/{silence.id}/end", {"token": browser.token()})[0] == 303
    assert shell.store.silences(at=NOW) == []
    assert browser.ask(f"/setup/silences/{silence.id}/end", {"token": browser.token()})[0] == 404
    assert {"silenced", "silence ended"} <= {action for action, _ in actions(shell)}


def test_a_feed_is_changed_paused_and_taken_off_and_the_file_keeps_its_comments(
    desk: tuple[Shell, Browser], tmp_path: Path
) -> None:
    shell, browser = desk
    file = tmp_path / "feeds.yaml"
    form = {"name": "Harbour Wire", "kind": "logistics", "country": "NO", "trust": "2", "token": browser.token()}
    assert browser.ask("/setup/feed", form | {"every": "soon"})[0] == 422
    assert file.read_text() == FEEDS
    assert browser.ask("/setup/feed", form | {"every": "2h", "paused": "moves to another house"})[0] == 303
    text = file.read_text()
    assert "# whom we read" in text and "# the port's own" in text and 'country: "NO"' in text
    entry = yaml.safe_load(text)["feeds"][0]
    assert (entry["kind"], entry["every"], entry["trust"]) == ("logistics", "2h", 2)
    assert [feed.name for feed in shell.feeds] == ["Gazette"]
    assert "moves to another house" in browser.ask("/feeds")[1]
    assert browser.ask("/setup/feed", form | {"every": "2h", "paused": ""})[0] == 303
    assert [feed.name for feed in shell.feeds] == ["Harbour Wire", "Gazette"]
    assert browser.ask("/setup/feed/remove", {"name": "Gazette", "token": browser.token()})[0] == 303
    assert [feed["name"] for feed in yaml.safe_load(file.read_text())["feeds"]] == ["Harbour Wire"]
    assert browser.ask("/setup/feed?name=Gazette")[0] == 404
    assert actions(shell)[0] == ("feed removed", "feed Gazette")


def test_an_address_that_is_none_adds_no_feed(desk: tuple[Shell, Browser]) -> None:
    shell, browser = desk
    for url in ("ftp://a.example/x", "javascript:alert(1)", "http://127.0.0.1:9/rss"):
        status, text, _ = browser.ask("/setup/feeds/add", {"url": url, "token": browser.token()})
        assert status == 422
        assert 'role="alert"' in text
    assert len(shell.feeds) == 2


def test_recipients_are_set_and_taken_out_by_profile(desk: tuple[Shell, Browser], tmp_path: Path) -> None:
    shell, browser = desk
    form = {"profile": "pumps", "address": "ana@pumps.example", "language": "zh", "timezone": "Asia/Shanghai"}
    form |= {"quiet": "22:00-07:00", "token": browser.token()}
    for wrong in ({"address": "nobody"}, {"timezone": "Mars/Base"}, {"quiet": "late"}, {"profile": "none"}):
        assert browser.ask("/setup/recipients", form | wrong)[0] == 422
    assert browser.ask("/setup/recipients", form)[0] == 303
    told = {r.address: r for r in shell.profile("pumps").recipients}
    assert set(told) == {"duty@group.example", "ana@pumps.example"}  # what it inherited stays
    assert (told["ana@pumps.example"].language, told["ana@pumps.example"].timezone) == ("zh", "Asia/Shanghai")
    change = {"profile": "valves", "address": "risk@valves.example", "language": "zh", "token": browser.token()}
    assert browser.ask("/setup/recipients", change)[0] == 303
    assert shell.profile("valves").recipients[0].language == "zh"
    drop = {"profile": "pumps", "address": "duty@group.example", "token": browser.token()}
    assert browser.ask("/setup/recipients/remove", drop)[0] == 303
    assert browser.ask("/setup/recipients/remove", drop)[0] == 422
    assert [r.address for r in shell.profile("pumps").recipients] == ["ana@pumps.example"]
    assert "# the group: everybody inherits from it" in (tmp_path / "profiles.yaml").read_text()
    assert actions(shell)[0] == ("recipient removed", "profile pumps")


def test_a_profile_shows_its_business_and_cover_and_the_list_how_alike_all_are(
    desk: tuple[Shell, Browser], tmp_path: Path
) -> None:
    _shell, browser = desk
    browser.ask("/setup")
    (tmp_path / "profiles.yaml").write_text(
        "profiles:\n- {name: a, sectors: [C29], exposure: {DE: 60, PL: 20},"
        " covers: [{insurer: Sinosure, policy: OI-1, notice: 45d}]}\n"
        "- {name: b, state: sandbox, exposure: {DE: 50}}\n"
    )
    everybody = browser.ask("/setup")[1]
    assert "Herd gauge 0.75: everybody stands in the same places · Germany: 2 profiles, 87.5 %" in everybody
    assert "sandbox" in everybody
    one = browser.ask("/setup/profiles/a")[1]
    for told in ("Motor vehicles", "Germany 60 %", "HHI 0.62, concentrated", "Sinosure, OI-1", "within 45 days"):
        assert told in one


def test_a_playbook_takes_a_step_of_ones_own(desk: tuple[Shell, Browser], tmp_path: Path) -> None:
    shell, browser = desk
    path, base = "/setup/playbooks/supply_chain.strike", {"level": "orange", "due": "4h", "token": browser.token()}
    assert browser.ask(f"{path}/step", base | {"owner": "nobody", "en": "Ring the quay"})[0] == 422
    assert browser.ask(f"{path}/step", base | {"owner": "supply", "en": " "})[0] == 422
    assert not (tmp_path / "playbooks.yaml").exists()
    assert browser.ask(f"{path}/step", base | {"owner": "supply", "en": "Ring the quay", "zh": "致电码头"})[0] == 303
    text = (tmp_path / "playbooks.yaml").read_text()
    assert text.startswith("# Response plans written in advance")  # the shipped ones, now one's own
    own = [
        (level.word, step)
        for level, step in shell.playbooks.by_id["supply_chain.strike"].steps
        if step.id[:4] == "own."
    ]
    assert [(level, step.owner, step.text.zh) for level, step in own] == [("orange", "supply", "致电码头")]
    step = own[0][1].id
    assert (
        browser.ask(f"{path}/step", base | {"owner": "site", "en": "Ring it", "level": "red", "step": step})[0] == 303
    )
    again = {s.id: (level.word, s.owner, s.text.en) for level, s in shell.playbooks.by_id["supply_chain.strike"].steps}
    assert again[step] == ("red", "site", "Ring it")
    assert browser.ask(f"{path}/remove", {"step": "base.verify", "token": browser.token()})[0] == 422  # inherited
    assert browser.ask(f"{path}/remove", {"step": step, "token": browser.token()})[0] == 303
    assert step not in {s.id for _, s in shell.playbooks.by_id["supply_chain.strike"].steps}


def test_a_file_that_is_wrong_already_is_told_and_left_alone(desk: tuple[Shell, Browser], tmp_path: Path) -> None:
    browser = desk[1]
    token, file = browser.token(), tmp_path / "profiles.yaml"
    file.write_text(PROFILES + "  - name: broken\n    countries: [XX]\n")
    former = file.read_text()
    form = {"profile": "valves", "address": "new@valves.example", "token": token}
    status, text, _ = browser.ask("/setup/recipients", form)
    assert status == 422
    assert "broken" in text
    assert file.read_text() == former


@pytest.mark.parametrize("path", ["/setup/silences", "/setup/feed", "/setup/feeds/add", "/setup/recipients",
                                  "/setup/playbooks/base/step"])  # fmt: skip
def test_nothing_is_set_up_by_another_site_or_a_reader(desk: tuple[Shell, Browser], path: str) -> None:
    shell, browser = desk
    form = {
        "profile": "pumps", "address": "a@b.example", "name": "Gazette", "url": "https://x.example", "until": "7d",
        "reason": "x", "level": "red", "owner": "risk", "due": "1d", "en": "x",
    }  # fmt: skip
    assert browser.ask(path, form | {"token": "0" * 64})[0] == 403
    assert browser.ask(path, form | {"token": browser.token()}, Sec_Fetch_Site="cross-site")[0] == 403
    token = new_token()
    shell.store.put_token(digest_of(token), name="bot", role=Role.READER, at=NOW, author="test")
    assert browser.ask(path, form | {"token": "0"}, Authorization=f"Bearer {token}")[0] == 403
    assert {action for action, _ in actions(shell)} <= {"token"}


def test_programs_set_up_the_same(desk: tuple[Shell, Browser]) -> None:
    shell, browser = desk
    token = new_token()
    shell.store.put_token(digest_of(token), name="bot", role=Role.ADMIN, at=NOW, author="test")

    def call(method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        connection = HTTPConnection(browser.address, timeout=20)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request(method, f"/api{path}", json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()
        return answer.status, said

    status, made = call("POST", "/silences", {"profile": "pumps", "until": "7d", "reason": "works"})
    assert (status, made["author"]) == (201, "bot")
    assert len(call("GET", "/silences")[1]["rows"]) == 1
    assert call("DELETE", f"/silences/{made['id']}")[0] == 200
    assert call("POST", "/silences", {"profile": "none", "until": "7d", "reason": "works"})[0] == 422
    assert [row["name"] for row in call("GET", "/feeds")[1]["rows"]] == ["Harbour Wire", "Gazette"]
    assert call("PATCH", "/feeds?name=Gazette", {"paused": "holiday"})[1]["paused"] == "holiday"
    assert call("PATCH", "/feeds?name=Gazette", {"kind": "gossip"})[0] == 422
    assert call("DELETE", "/feeds?name=Gazette")[0] == 200
    assert call("POST", "/feeds", {"url": "http://10.0.0.1/rss"})[0] == 422
    put = {"address": "ana@pumps.example", "language": "zh"}
    assert call("PUT", "/profiles/pumps/recipients", put)[0] == 200
    assert "ana@pumps.example" in [r["address"] for r in call("GET", "/profiles")[1]["rows"][0]["recipients"]]
    assert call("DELETE", "/profiles/pumps/recipients?address=ana@pumps.example")[0] == 200
    step = {"level": "red", "owner": "risk", "due": "2h", "en": "Call"}
    status, kept = call("POST", "/playbooks/base/steps", step)
    assert status == 201
    assert call("PUT", f"/playbooks/base/steps/{kept['id']}", step | {"due": "1h"})[0] == 200
    assert call("DELETE", f"/playbooks/base/steps/{kept['id']}")[0] == 200
    assert call("DELETE", "/playbooks/nothing/steps/x")[0] == 422

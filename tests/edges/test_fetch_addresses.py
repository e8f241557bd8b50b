"""Where a fetch may lead: redirects, addresses, and who may not be reached."""

# ruff: noqa: F811  the fixture has the name that tests ask for

from __future__ import annotations

from contextlib import closing

import pytest

from monitor.ingest.addresses import shown
from monitor.ingest.fetch import Fetcher
from monitor.ingest.guard import Allow

from .test_fetch import NOON, QUICK, RSS, answers_of, fetched, raw, site, state_of  # noqa: F401  one is a fixture


def chain(*statuses):
    """/0 leads to /1 by the first status, and so on; the last address has the feed."""

    def answer(on):
        step = int(on.path.strip("/"))
        on.redirect(f"/{step + 1}", statuses[step]) if step < len(statuses) else on.reply()

    return answer


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [((301,), True), ((308, 301), True), ((302,), False), ((301, 302), False), ((307, 308), False), ((303,), False)],
)
def test_only_a_chain_of_permanent_redirects_is_a_new_address(site, statuses, moved):
    server = site(chain(*statuses))
    (found,) = fetched(f"{server.url}/0", allow=server.place)
    target = f"{server.url}/{len(statuses)}"
    assert (found.body, found.url) == (RSS, target)
    assert found.moved_to == (target if moved else "")


def test_a_permanent_redirect_to_an_error_is_no_new_address(site):
    server = site(lambda on: on.redirect("/gone", 301) if on.path == "/" else on.reply(b"x", 404))
    (found,) = fetched(server.url, allow=server.place)
    assert ("not found" in found.error, found.moved_to) == (True, "")


def test_redirects_in_a_circle_and_endless_chains_stop(site):
    circle, endless = site(lambda on: on.redirect("/")), site(chain(*[302] * 40))
    answers = fetched(circle.url, f"{endless.url}/0", allow=f"{circle.place} {endless.place}")
    assert [found.error for found in answers] == ["redirects without end"] * 2
    assert len(circle.requests) == len(endless.requests) == QUICK.redirects + 1


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://127.0.0.1/x", "ftp://127.0.0.1/x", "dict://127.0.0.1:1/x"]
)
def test_a_redirect_to_another_scheme_is_refused(site, target):
    server = site(lambda on: on.redirect(target))
    (found,) = fetched(server.url, allow=server.place)
    assert (found.error, found.body) == ("leads to an address that is not http or https", b"")


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_from_an_allowed_port_to_another_is_refused(site, status):
    inside = site()
    door = site(lambda on: on.redirect(f"{inside.url}/secret", status))
    (found,) = fetched(door.url, allow=door.place)
    assert (found.error, found.body, found.moved_to) == ("refused: 127.0.0.1 is not a public address", b"", "")
    assert inside.requests == []


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[fd00::1]/", "http://0x7f.1:1/"]
)
def test_a_redirect_inside_is_refused(site, target):
    door = site(lambda on: on.redirect(target))
    (found,) = fetched(door.url, allow=door.place)
    assert found.error.startswith("refused: ")


def test_a_redirect_without_a_usable_target_is_an_error(site):
    server = site(lambda on: on.redirect("http://[::bad/ x y") if on.path == "/a" else on.reply(b"", 302))
    answers = fetched(f"{server.url}/a", f"{server.url}/b", allow=server.place)
    assert ["malformed" in answers[0].error, "302" in answers[1].error] == [True, True]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "2130706433",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
    ],
)
def test_loopback_is_refused_however_it_is_written(site, host):
    server = site()
    (found,) = fetched(f"http://{host}:{server.server_port}/")
    assert found.error.startswith("refused: ") and found.error.endswith("is not a public address")
    assert server.requests == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "javascript:1", "http://", "", "//x/y"]
)
def test_a_feed_has_an_http_address_or_none(url):
    assert [found.error for found in fetched(url)] == ["the address is not http or https"]


def test_an_allowed_place_is_this_address_with_this_port(site):
    one, other = site(), site()
    errors = [found.error for found in fetched(one.url, other.url, allow=one.place)]
    assert errors == ["", "refused: 127.0.0.1 is not a public address"]
    assert other.requests == []


def test_an_allowed_network_is_its_addresses_with_this_port(site):
    one, other = site(), site()
    allow = f"127.0.0.0/8:{one.server_port}, 10.0.0.0/8:{other.server_port}"
    answers = fetched(one.url, other.url, f"http://[::ffff:127.0.0.1]:{one.server_port}/", allow=allow)
    assert [found.error.partition(":")[0] for found in answers] == ["", "refused", ""]


def test_a_name_can_be_reached_by_the_one_allowed_address_it_has(site):
    server = site()
    (found,) = fetched(f"http://localhost:{server.server_port}/", allow=server.place)
    assert (found.error, found.body) == ("", RSS)  # also where the name means ::1 too, which is refused


@pytest.mark.parametrize("together", [True, False])
def test_an_allowed_name_is_reached_as_a_feed_and_not_by_a_redirect(site, together):
    inside = site()
    address = f"http://localhost:{inside.server_port}/"
    door = site(lambda on: on.redirect(address))
    allow = Allow.parse(f"localhost:{inside.server_port} {door.place}")
    feeds = [state_of(address, 1), state_of(door.url, 2)]
    with closing(Fetcher(user_agent="t", allow=allow, limits=QUICK)) as fetcher:  # a kept connection would do, too
        passes = [feeds] if together else [[feed] for feed in feeds]
        errors = {found.state.id: found.error for some in passes for found in fetcher.fetch_all(some)}
    assert errors[1] == ""
    assert errors[2].startswith("refused: ")
    assert len(inside.requests) == 1


def test_a_host_allowed_by_name_may_redirect_to_itself(site):
    server = site(chain(302, 301))
    answers = fetched(f"http://localhost:{server.server_port}/0", allow=f"localhost:{server.server_port}")
    assert [(found.error, found.body) for found in answers] == [("", RSS)]


def test_a_host_allowed_by_name_may_not_lead_elsewhere_on_its_port(site):
    server = site(lambda on: on.redirect(f"http://127.0.0.2:{on.server.server_port}/"))
    (found,) = fetched(f"http://localhost:{server.server_port}/", allow=f"localhost:{server.server_port}")
    assert found.error == "refused: 127.0.0.2 is not a public address"


def test_proxies_of_the_environment_are_not_asked(site, monkeypatch):
    proxy, server = site(), site()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    allow = f"{server.place} {proxy.place}"
    answers = fetched(server.url, "http://no-such-host.invalid/", allow=allow)
    assert [found.error for found in answers] == ["", "the name is not known"]
    assert proxy.requests == []


def test_what_is_shown_of_an_address_holds_no_secret():
    assert shown("https://user:pw@news.example:8443/rss?key=1#x") == "https://news.example:8443/rss?…"
    assert shown("http://[::1") == "an unreadable address"

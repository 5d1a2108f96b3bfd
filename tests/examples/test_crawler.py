"""The example `examples/crawler.py`, on a site in this process, under the fake clock."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from programs import load

from asynciojobs import PureScheduler
from asynciojobs_testkit import FakeClock, Timeline

crawler = load("crawler")

Started = Callable[[PureScheduler], Timeline]


class Site(ThreadingHTTPServer):
    """Answers with the pages that a test puts into it, and counts the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.pages: dict[str, str] = {}
        self.status: dict[str, int] = {}
        self.redirects: dict[str, str] = {}
        self.agents: set[str | None] = set()
        self.asked: Counter[str] = Counter()

    def page(self, path: str, *links: str) -> None:
        self.pages[path] = "".join(f'<p><a href="{link}">there</a>' for link in links)


class Answer(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        site = self.server
        site.asked[self.path] += 1
        site.agents.add(self.headers["User-Agent"])
        body = site.pages.get(self.path, "").encode()
        found = 302 if self.path in site.redirects else 200 if self.path in site.pages else 404
        self.send_response(site.status.get(self.path, found))
        if self.path in site.redirects:
            self.send_header("Location", site.redirects[self.path])
        kind = "image/png" if self.path.endswith(".png") else "text/html; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "*")
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def peak(timeline: Timeline) -> int:
    times = {event.time for event in timeline.events}
    return max(len(timeline.running_at(time)) for time in times)


def test_broken_links_are_reported_with_the_pages_that_have_them(
    site: Site, fake_clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    site.page("/", "a.html", "gone.html")
    site.page("/a.html", "/", "gone.html#top", "gone.html")
    assert crawler.main([site.url.removesuffix("/")]) == 1
    assert capsys.readouterr().out == (
        f"broken: {site.url}gone.html: HTTPError: HTTP Error 404: Not Found\n"
        f"  linked from {site.url}\n"
        f"  linked from {site.url}a.html\n"
        "visited: 3, broken: 1, left out: 0\n"
    )


def test_a_site_without_broken_links_is_fine(
    site: Site, fake_clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    site.page("/start", "b")
    site.page("/b", "c")
    site.page("/c", "start")
    assert crawler.main([f"{site.url}start"]) == 0
    assert capsys.readouterr().out == "visited: 3, broken: 0, left out: 0\n"


def test_each_page_is_fetched_once_and_by_name(site: Site, fake_clock: FakeClock) -> None:
    site.page("/", "a", "b", "a")
    site.page("/a", "b", "/")
    site.page("/b", "a")
    crawler.Crawl(site.url).scheduler.run()
    assert site.asked == {"/robots.txt": 1, "/": 1, "/a": 1, "/b": 1}
    assert site.agents == {"crawler-example"}


@pytest.mark.parametrize(("at_once", "seconds"), [(1, 6.0), (2, 4.0), (9, 3.0)])
def test_requests_are_made_a_few_at_a_time_with_a_pause_before_each(
    site: Site, fake_clock: FakeClock, timeline: Started, at_once: int, seconds: float
) -> None:
    site.page("/", "1", "2", "3", "gone")
    for path in ("/1", "/2", "/3"):
        site.page(path)
    crawl = crawler.Crawl(site.url, at_once=at_once, pause=1)
    seen = timeline(crawl.scheduler)
    assert crawl.scheduler.run() is True
    seen.assert_limits_respected()
    assert (peak(seen), fake_clock.time) == (min(at_once, 4), seconds)


def test_robots_txt_is_obeyed(site: Site, fake_clock: FakeClock) -> None:
    site.pages["/robots.txt"] = "User-agent: *\nDisallow: /private/\nCrawl-delay: 60\n"
    site.page("/", "private/diary", "public")
    site.page("/public")
    crawl = crawler.Crawl(site.url, pause=1)
    assert crawl.scheduler.run() is True
    assert list(crawl.pages) == [site.url, f"{site.url}public"]
    assert fake_clock.time == 1 + 60 + 60


@pytest.mark.parametrize(("status", "visited"), [(404, 1), (403, 1), (503, 0)])
def test_no_robots_txt_allows_all_but_a_server_in_trouble_is_left_alone(
    site: Site,
    fake_clock: FakeClock,
    capsys: pytest.CaptureFixture[str],
    status: int,
    visited: int,
) -> None:
    site.status["/robots.txt"] = status
    site.page("/")
    assert crawler.main([site.url]) == 1 - visited
    printed = capsys.readouterr()
    assert printed.out == f"visited: {visited}, broken: 0, left out: {1 - visited}\n"
    assert printed.err == (
        ""
        if visited
        else "CRITICAL FAILURE: <Job `robots.txt`> raised "
        "HTTPError:HTTP Error 503: Service Unavailable\n"
    )


def test_other_sites_are_not_visited(site: Site, fake_clock: FakeClock) -> None:
    site.page("/", "mailto:me@there", "http://127.0.0.1:1/", "https://there/", "out")
    site.redirects["/out"] = site.url.replace("127.0.0.1", "localhost") + "elsewhere"
    site.page("/elsewhere", "further")
    crawl = crawler.Crawl(site.url)
    crawl.scheduler.run()
    assert (list(crawl.pages), crawl.broken()) == ([site.url, f"{site.url}out"], {})


def test_links_of_a_page_that_moved_are_seen_from_its_new_place(
    site: Site, fake_clock: FakeClock
) -> None:
    site.page("/", "old")
    site.redirects["/old"] = "/new/place/"
    site.page("/new/place/", "beside")
    site.page("/new/place/beside")
    crawl = crawler.Crawl(site.url)
    crawl.scheduler.run()
    assert (list(crawl.pages)[-1], crawl.broken()) == (f"{site.url}new/place/beside", {})


def test_strange_links_hold_nothing_up(site: Site, fake_clock: FakeClock) -> None:
    site.page("/", "http://[", "a b ü", "/100%25", "", "ok.png", "?q=1&amp;r=2")
    site.pages |= {"/a%20b%20%C3%BC": "", "/100%25": "", "/?q=1&r=2": ""}
    site.pages["/ok.png"] = '<a href="not-html">'
    crawl = crawler.Crawl(site.url)
    crawl.scheduler.run()
    assert list(crawl.broken()) == [f"{site.url}http%3A/%5B"]
    assert site.asked["/not-html"] == 0


def test_no_more_pages_are_visited_than_wanted(
    site: Site, fake_clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    site.page("/", "1", "2", "3")
    site.page("/1")
    assert crawler.main([site.url, "--most", "2"]) == 0
    assert capsys.readouterr().out == "visited: 2, broken: 0, left out: 2\n"


def test_a_site_that_can_not_be_reached_is_named(
    fake_clock: FakeClock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(url: str) -> None:
        raise OSError(f"no route to {url}")

    monkeypatch.setattr(crawler, "fetch", fetch)
    assert crawler.main(["http://there/"]) == 1
    assert capsys.readouterr().err == (
        "CRITICAL FAILURE: <Job `robots.txt`> raised "
        "OSError:no route to http://there/robots.txt\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_found_is_printed_after_an_interruption(
    site: Site,
    fake_clock: FakeClock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    site.page("/", "gone", "interrupt", "never")

    class Interrupted(crawler.Crawl):  # type: ignore[misc, name-defined]
        async def get(self, url: str) -> object:
            if url.endswith("interrupt"):
                signal.raise_signal(number)
            return await super().get(url)

    monkeypatch.setattr(crawler, "Crawl", Interrupted)
    with pytest.raises(SystemExit, match=f"^{128 + number}$"):
        crawler.main([site.url, "--at-once", "1"])
    assert capsys.readouterr().out == (
        f"broken: {site.url}gone: HTTPError: HTTP Error 404: Not Found\n"
        f"  linked from {site.url}\n"
        "visited: 2, broken: 1, left out: 2\n"
    )
    assert site.asked["/never"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["there"], "argument URL: must begin with http:// or https://, not there"),
        (["http:///x"], "argument URL: must begin with http:// or https://, not http:///x"),
        (["http://h/", "--at-once", "0"], "argument --at-once: must be 1 or more, not 0"),
        (["http://h/", "--most", "no"], "argument --most: invalid at_least_one value: 'no'"),
    ],
)
def test_wrong_usage_is_reported(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        crawler.main(arguments)
    assert capsys.readouterr().err.endswith(f"error: {message}\n")

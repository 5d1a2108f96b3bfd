"""Finds the broken links of a site, without putting much load on it.

    python crawler.py http://localhost:8000/
    python crawler.py http://localhost:8000/ --at-once 4 --pause 0.1 --most 1000

To try it on a folder of pages: `python -m http.server --directory FOLDER`.

**Jobs.** Each page is a job.  The job fetches its page, and adds a job for each new page that
the page links to.  These jobs join the run, so the run ends when no page is left.

**Politeness.** All jobs share one `Limit`: at most two requests are made at a time.  Each job
pauses before its request, while it holds its slot.  The site's robots.txt is obeyed, and so
is its Crawl-delay.

**Failures.** A page that can't be fetched is a broken link.  Its job is not critical, so the
crawl goes on.  Only the first job, which fetches robots.txt, is critical: if nobody answers,
there is no crawl.

**Interrupted.** After Ctrl-C or SIGTERM, the program makes no more requests.  It waits for
the answers to its open requests, ten seconds at most if the server is silent.  Then it prints
what it has found.

Exit status: 0 no link is broken; 1 some are, or the site can't be reached; 2 wrong usage; 130
or 143 interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import quote, urldefrag, urljoin, urlsplit
from urllib.request import Request, urlopen
from urllib.robotparser import RobotFileParser

from asynciojobs import Job, Limit, PureScheduler

AGENT = "crawler-example"
PATIENCE = 10  # how long a server may be silent (seconds)
LARGEST = 5_000_000  # the rest is not read (bytes)


# --- pages; this part knows nothing about jobs


class Page(NamedTuple):
    """The answer of a server."""

    url: str  # after redirection, not the one we asked for
    text: str

    def links(self) -> list[str]:
        """Return the URLs that the page links to, each once."""
        parser = LinkParser(self.url)
        parser.feed(self.text)
        return list(dict.fromkeys(parser.links))


class LinkParser(HTMLParser):
    """Collects the links of a page."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the link of an ``<a href="…">``."""
        target = dict(attrs).get("href")
        if tag == "a" and target:
            self.links.append(absolute(self.base, target.strip()))


def absolute(base: str, link: str) -> str:
    """Return a link of a page as a URL that can be fetched, without its ``#…``."""
    try:
        url = urldefrag(urljoin(base, link)).url
    except ValueError:  # such as http://[
        url = urljoin(base, quote(link))
    return quote(url, safe="!#$%&'()*+,/:;=?@[]~")  # browsers accept blanks and umlauts


def fetch(url: str) -> Page:
    """Return a page; without its text if it is neither HTML nor robots.txt."""
    request = Request(url, headers={"User-Agent": AGENT})
    try:
        with urlopen(request, timeout=PATIENCE) as answer:
            is_text = answer.headers.get_content_type() in ("text/html", "text/plain")
            body = answer.read(LARGEST) if is_text else b""
            charset = answer.headers.get_content_charset("utf-8")
            return Page(answer.url, body.decode(charset, errors="replace"))
    except HTTPError as error:
        error.close()  # it holds the connection
        raise


# --- the jobs


class Crawl:
    """Visits the pages of a site, and remembers which pages link to them.

    Args:
        start: the URL of the first page. Pages on other hosts are not visited.
        at_once: how many requests are made at a time.
        pause: how long to wait before each request (seconds).
        most: how many pages are visited at most.
    """

    def __init__(
        self, start: str, *, at_once: int = 2, pause: float = 0.5, most: int = 500
    ) -> None:
        self.start = urljoin(start, "/") if not urlsplit(start).path else start
        self.pause = pause
        self.most = most
        self.requests = Limit(at_once, "requests")
        self.robots = RobotFileParser()
        self.pages: dict[str, Job[None]] = {}
        self.linked_from: dict[str, list[str]] = {self.start: ["the command line"]}
        first = Job(self.begin, label="robots.txt", limits=self.requests)
        self.scheduler = PureScheduler(first)

    async def begin(self) -> None:
        """Read robots.txt, and visit the first page."""
        try:
            rules = (await self.get(urljoin(self.start, "/robots.txt"))).text
        except HTTPError as error:
            if error.code >= 500:
                raise
            rules = ""  # there is none, so everything is allowed
        self.robots.parse(rules.splitlines())
        self.pause = max(self.pause, float(self.robots.crawl_delay(AGENT) or 0))
        self.add(self.start)

    async def visit(self, url: str) -> None:
        """Fetch a page, and add the pages that it links to."""
        page = await self.get(url)
        links = page.links() if self.is_ours(page.url) else []  # we may have been redirected
        for link in filter(self.is_ours, links):
            self.linked_from.setdefault(link, []).append(url)
            self.add(link)

    def add(self, url: str) -> None:
        """Add the job of a page, unless there is one or the page must not be visited."""
        is_new = url not in self.pages and len(self.pages) < self.most
        if is_new and self.robots.can_fetch(AGENT, url):
            job = Job(self.visit, url, label=url, critical=False, limits=self.requests)
            self.pages[url] = job
            self.scheduler.add(job)

    async def get(self, url: str) -> Page:
        """Pause, and fetch a page. The job holds its slot of the limit for both."""
        await asyncio.sleep(self.pause)
        return await asyncio.to_thread(fetch, url)

    def is_ours(self, url: str) -> bool:
        """Return whether a URL is on the same host."""
        here, there = urlsplit(self.start), urlsplit(url)
        return (here.scheme, here.netloc) == (there.scheme, there.netloc)

    # -- what was found

    def broken(self) -> dict[str, BaseException]:
        """Return the URLs that lead nowhere, each with the reason."""
        errors = {url: job.raised_exception() for url, job in self.pages.items()}
        return {url: error for url, error in errors.items() if error is not None}

    def report(self) -> None:
        """Print what was found. Pages are left out if robots.txt or `most` forbids them."""
        for url, error in self.broken().items():
            print(f"broken: {url}: {type(error).__name__}: {error}")
            for source in self.linked_from[url]:
                print(f"  linked from {source}")
        visited = sum(job.is_done() for job in self.pages.values())
        left_out = len(self.linked_from) - visited
        print(f"visited: {visited}, broken: {len(self.broken())}, left out: {left_out}")


# --- the program


def web_page(text: str) -> str:
    """Return a URL of the command line."""
    if urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).netloc:
        raise argparse.ArgumentTypeError(f"must begin with http:// or https://, not {text}")
    return text


def at_least_one(text: str) -> int:
    """Return a number of the command line."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return number


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Find the broken links of a site.")
    parser.add_argument("start", type=web_page, metavar="URL")
    parser.add_argument("--at-once", type=at_least_one, default=2, metavar="REQUESTS")
    parser.add_argument("--pause", type=float, default=0.5, metavar="SECONDS")
    parser.add_argument("--most", type=at_least_one, default=500, metavar="PAGES")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status."""
    options = parsed(arguments)
    crawl = Crawl(
        options.start, at_once=options.at_once, pause=options.pause, most=options.most
    )
    try:
        is_fine = crawl.scheduler.run(stop_on=[signal.SIGINT, signal.SIGTERM])
    finally:
        crawl.report()
    if not is_fine:
        print(crawl.scheduler.why(), file=sys.stderr)
    return 1 if crawl.broken() or not is_fine else 0


if __name__ == "__main__":
    sys.exit(main())

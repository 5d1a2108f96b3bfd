"""Texts that try to be more than text, and runs with such labels, results and errors."""

from __future__ import annotations

import asyncio
import re

from asynciojobs import Job, Scheduler
from asynciojobs_testkit import FakeClock

TEXTS = [
    "</script><script>alert(1)</script>",
    "<script>alert(2)</script>",
    "</style></title></textarea></pre></svg><h1>out</h1>",
    "<img src=x onerror=alert(3)>",
    '"><svg onload=alert(4)>',
    "' onmouseover='alert(5)",
    "]]>",
    "<![CDATA[ x",
    "<!-- x",
    "--> --!>",
    "&lt;b&gt; &amp &#0; &#x110000; &nonsense;",
    "javascript:alert(6)",
    "https://example.org/?a=b&c=d",
    "line\u2028separator\u2029paragraph\x85next\x0bvertical\x0cfeed",
    "one\r\ntwo\rthree\nfour\tfive",
    "nul\x00 escape\x1b[31m bell\x07 delete\x7f c1\x9b",
    "\u202eevil\u202c \u2066isolated\u2069 \u200frtl",
    "שלום عربي",
    "halves \ud800 \udfff \udc00\ud800",
    "no characters \ufffe\uffff \ufdd0 \U0001ffff \U0010fffe",
    "{{x}} ${x} %(x)s {0} %s",
    "</title>",
    "\\u003cscript\\u003e \\",
    "",
    " ",
    "é e\u0301 ﷽ \ufeff 👩‍👩‍👧‍👦",
    f"<b>{'x' * 1_000_000}</b>",
]

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)
"""What no page may contain; half a surrogate pair could not even be read."""


class Text:
    """Something whose `repr()` is a given text."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


class Teller(Job):
    """A job with details, as users define them."""

    def details(self):
        return f"details {self.label}"


async def returning(text):
    await asyncio.sleep(1)
    return Text(text)


async def raising(text):
    await asyncio.sleep(1)
    raise OSError(text)


def run(texts):
    """Return a scheduler that has run: each text is a label, a result, an error, a detail."""
    pairs = []
    for text in texts:
        returns = Teller(returning, text, label=text)
        raises = Job(raising, text, label=text, required=returns, critical=False)
        pairs.append((returns, raises))
    inner = Scheduler(*(job for pair in pairs[:5] for job in pair), label=texts[0])
    others = (job for pair in pairs[5:] for job in pair)
    scheduler = Scheduler(inner, *others, label=texts[3], jobs_window=2)
    scheduler.run(loop_factory=FakeClock().loop_factory)
    return scheduler

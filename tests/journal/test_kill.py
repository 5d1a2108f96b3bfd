"""A real process, really killed at any moment: nothing that was safe is lost."""

from __future__ import annotations

import os
import random
import signal
import sys

import pytest

from asynciojobs._journal.reading import read_records

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the program forks")

KILLS = 50

# For each line that it reads, the program forks. The child opens the journal, and adds records
# to the existing ones; it prints the number of each record that is safe. So fifty processes
# cost the start of one.
PROGRAM = """
import asyncio, functools, os, sys
from asynciojobs._journal.file import open_journal
from asynciojobs._journal.records import Header, JournalRecord
from asynciojobs._journal.writer import Writer

def say(word, number):
    os.write(1, b"%s %d\\n" % (word, number))

async def record_on(file, number):
    writer = Writer(file, sys.exit, inline=1000)
    while True:
        for number in range(number, number + 1 + number % 7):
            result = b"%d," % number * (number % 400)
            record = JournalRecord("done", (str(number),), result=result)
            writer.append(record, functools.partial(say, b"safe", number))
        number += 1
        await writer.drain()

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        found = []
        file = open_journal(sys.argv[1], found.append)
        if file.header is None:
            file.begin(Header.new("night", "json"))
        asyncio.run(record_on(file, len(found)))
    say(b"child", child)
    os.waitpid(child, 0)
    say(b"dead", child)
"""


def test_a_killed_process_loses_nothing_that_was_safe(path, program, opening):
    order = random.Random(19)
    parent = program(PROGRAM, path)
    for _ in range(KILLS):
        safe = killed(parent, after=order.randrange(25))
        found = list(read_records(path))
        assert [record.key[0] for record in found] == [str(n) for n in range(len(found))]
        assert len(found) > safe
    file, found = opening()
    for number, record in enumerate(found):
        assert file.result_of(record) == b"%d," % number * (number % 400)
    assert len(found) > KILLS


def killed(parent, after):
    """Let a child write, and kill it once so many records are safe; return the last of them."""
    parent.stdin.write("go\n")
    parent.stdin.flush()
    child, safe, seen = None, -1, 0
    while True:
        word, number = parent.stdout.readline().split()
        if word == "dead":
            return safe
        if word == "child":
            child = int(number)
        else:
            safe = int(number)
            seen += 1
        if child and seen >= after:
            after = sys.maxsize
            os.kill(child, signal.SIGKILL)

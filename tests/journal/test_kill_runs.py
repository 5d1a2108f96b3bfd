"""A real run, really killed fifty times at random moments, and resumed each time."""

from __future__ import annotations

import os
import random
import signal

import pytest

from asynciojobs import Journal

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the program forks")

KILLS = 50

# For each path that it reads, the program forks. The child resumes the run with that journal.
# Each job prints that it starts, after which jobs, and that it ends.
PROGRAM = """
import asyncio, os, random, sys
from asynciojobs import Job, Journal, Scheduler

def say(*words):
    os.write(1, b"%s\\n" % " ".join(words).encode())

async def work(label, required, seconds):
    say("starts", label, *required)
    await asyncio.sleep(seconds)
    say("ends", label)
    return label

def scheduler():
    chance = random.Random(19)
    members = []
    for outer in range(6):
        required = [it for it in members if chance.random() < 0.4]
        jobs = []
        for inner in range(5):
            label = f"{outer}.{inner}"
            mine = [it for it in jobs if chance.random() < 0.4]
            names = [it.label for it in mine]
            seconds = chance.random() / 200
            jobs.append(Job(work, label, names, seconds, label=label, required=mine))
        members.append(Scheduler(*jobs, label=str(outer), required=required, jobs_window=3))
    return Scheduler(*members, label="all")

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        with Journal(line.strip()) as journal:
            whole = scheduler()
            whole.run(journal=journal)
            found = {job.label: job.result() for job in whole.iterate_jobs()}
            say("whole" if all(it == found[it] for it in found) and len(found) == 30 else "bad")
        os._exit(0)
    say("child", str(child))
    os.waitpid(child, 0)
    say("dead")
"""


class Story:
    """What the jobs of one journal printed, in all runs."""

    def __init__(self):
        self.seen = set()  # jobs whose end a successor has seen
        self.again = set()  # jobs among them that have run again

    def hear(self, word, label, *required):
        if word == "starts":
            self.again.update({label} & self.seen)
            self.seen.update(required)


def test_no_job_that_others_have_seen_done_runs_again(tmp_path, program):
    order = random.Random(20)
    parent = program(PROGRAM)
    stories, kills = [Story()], 0
    while kills < KILLS:
        path = tmp_path / f"{len(stories)}.journal"
        was_killed, ended = lived(parent, path, stories[-1], after=order.randrange(1, 30))
        kills += was_killed
        if ended:
            stories.append(Story())
    assert lived(parent, tmp_path / f"{len(stories)}.journal", stories[-1]) == (False, True)
    assert [story.again for story in stories] == [set()] * len(stories)
    assert all(list(Journal.read(path)) for path in tmp_path.glob("*.journal"))


def lived(parent, path, story, after=10**9):
    """Let a child run, and kill it after some lines; return whether it was killed, and done."""
    parent.stdin.write(f"{path}\n")
    parent.stdin.flush()
    child, heard, killed, ended = None, 0, False, False
    while True:
        word, *rest = parent.stdout.readline().split()
        assert word != "bad"
        if word == "dead":
            return killed, ended
        if word == "child":
            child = int(rest[0])
        elif word == "whole":
            ended = True
        else:
            story.hear(word, *rest)
            heard += 1
        if child and heard >= after and not killed:
            killed = True
            os.kill(child, signal.SIGKILL)

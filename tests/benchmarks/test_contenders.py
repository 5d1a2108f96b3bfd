"""The contenders of the benchmark: each does all the work, in a correct order."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.compare.child import build_and_run, verify
from benchmarks.compare.contenders import CONTENDERS, load
from benchmarks.compare.shapes import SHAPES, Recorder

EACH_ON_EACH_SHAPE = [
    pytest.param(name, shape, id=f"{name}-{shape}") for name in CONTENDERS for shape in SHAPES
]


def skip_what_it_cannot(name: str, shape: str) -> None:
    reason = CONTENDERS[name].why_not(shape)
    if reason is not None:
        pytest.skip(f"{name}: {reason}")


@pytest.mark.parametrize(("name", "shape"), EACH_ON_EACH_SHAPE)
def test_all_jobs_run_in_a_right_order(name: str, shape: str):
    skip_what_it_cannot(name, shape)
    assert asyncio.run(verify(load(name), SHAPES[shape](200))) == []


@pytest.mark.parametrize(("name", "shape"), EACH_ON_EACH_SHAPE)
def test_the_work_that_is_measured_comes_to_its_end(name: str, shape: str):
    skip_what_it_cannot(name, shape)
    build, run, cpu = asyncio.run(build_and_run(load(name), SHAPES[shape](200)))
    assert build >= 0
    assert run >= 0
    assert cpu >= 0


def test_what_holds_the_coroutines_runs_none():
    found = asyncio.run(verify(load("held"), SHAPES["nested"](200)))
    assert found == ["200 jobs did not come to their end"]


@pytest.mark.parametrize("name", CONTENDERS)
def test_what_a_contender_cannot_do_are_shapes(name: str):
    assert set(CONTENDERS[name].cannot) <= SHAPES.keys()


def test_only_peers_are_excused():
    assert [
        name for name, entry in CONTENDERS.items() if entry.role != "peer" and entry.cannot
    ] == []


# -- does the check itself notice mistakes?


def test_a_job_that_is_too_early_is_found():
    async def main() -> list[str]:
        recorder = Recorder(SHAPES["chain"](100))
        for number in (1, 0, *range(2, 100)):
            await recorder(number)
        return recorder.verdict()

    assert asyncio.run(main()) == ["job 1 ran before job 0, which it requires"]


def test_a_job_that_runs_beside_what_it_requires_is_found():
    async def main() -> list[str]:
        recorder = Recorder(SHAPES["chain"](100))
        await asyncio.gather(recorder(0), recorder(1))
        for number in range(2, 100):
            await recorder(number)
        return recorder.verdict()

    assert asyncio.run(main()) == ["job 1 ran before job 0, which it requires"]


def test_a_job_that_runs_twice_is_found():
    async def main() -> list[str]:
        recorder = Recorder(SHAPES["independent"](100))
        for number in (0, *range(100)):
            await recorder(number)
        return recorder.verdict()

    assert asyncio.run(main()) == ["job 0 ran twice"]


def test_a_window_that_is_too_wide_is_found():
    async def main() -> list[str]:
        recorder = Recorder(SHAPES["window"](101))
        await asyncio.gather(*(recorder(number) for number in range(101)))
        return recorder.verdict()

    assert asyncio.run(main()) == ["101 jobs ran at once, in a window of 100"]

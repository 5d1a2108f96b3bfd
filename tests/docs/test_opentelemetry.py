"""The recipe in docs/opentelemetry.md, with the exporter that keeps spans in memory."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from asynciojobs import Job, Limit, PureScheduler, Scheduler

sdk = pytest.importorskip(
    "opentelemetry.sdk.trace", reason="opentelemetry-sdk is installed by hatch alone"
)

PAGE = Path(__file__).parents[2] / "docs/opentelemetry.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RECIPE, USE, SHOWN = (text for _, text in BLOCK.findall(PAGE.read_text("utf-8")))


@pytest.fixture
def recipe():
    names = {}
    exec(compile(RECIPE, "tracing.py", "exec", dont_inherit=True), names)
    return SimpleNamespace(**names)


@pytest.fixture
def traced(recipe, fake_time):
    """Run a scheduler with the recipe; return the finished spans by name."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    def traced(scheduler):
        exporter = InMemorySpanExporter()
        provider = sdk.TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        with recipe.tracing(scheduler, "lab", provider.get_tracer("test")):
            scheduler.run()
        spans = exporter.get_finished_spans()
        assert len({span.context.trace_id for span in spans}) == 1
        return {span.name: span for span in spans}

    return traced


async def work(seconds):
    await asyncio.sleep(seconds)


async def fail():
    raise OSError("no disk")


def ids(spans, *names):
    return [spans[name].context.span_id for name in names]


def test_the_page_shows_what_it_prints(fake_time, capsys):
    names = {}
    exec(compile(RECIPE + USE, "page", "exec", dont_inherit=True), names)
    assert capsys.readouterr().out == SHOWN


def test_spans_are_nested_as_the_schedulers_are(traced):
    inner = Scheduler(Scheduler(Job(work, 1, label="leaf"), label="low"), label="high")
    spans = traced(PureScheduler(inner))
    parents = {name: span.parent and span.parent.span_id for name, span in spans.items()}
    assert [parents[name] for name in ("leaf", "low", "high")] == ids(
        spans, "low", "high", "lab"
    )
    assert parents["lab"] is None


def test_requirements_are_links(traced):
    a, b = Job(work, 1, label="a"), Job(work, 2, label="b")
    spans = traced(PureScheduler(a, b, Job(work, 1, label="c", required=[a, b])))
    assert [link.context.span_id for link in spans["c"].links] == ids(spans, "a", "b")
    assert spans["a"].links == ()


@pytest.mark.parametrize("options", [{"jobs_window": 1}, {}])
def test_the_wait_for_a_slot_is_an_event(traced, options):
    limits = None if options else Limit(1)
    jobs = [Job(work, 3, label=label, limits=limits) for label in "ab"]
    spans = traced(PureScheduler(*jobs, **options))
    waits = {
        name: [(event.name, event.attributes["seconds"]) for event in span.events]
        for name, span in spans.items()
    }
    assert waits == {"lab": [], "a": [], "b": [("slot.wait", 3)]}


def test_each_end_has_its_result(traced):
    bad = Job(fail, label="bad")
    scheduler = PureScheduler(
        bad,
        Job(work, 1, label="behind", required=bad),
        Job(work, 1, label="fine"),
        Job(work, 9, label="forever", forever=True),
        keep_going=True,
    )
    spans = traced(scheduler)
    results = {
        name: span.attributes.get("cicd.pipeline.task.run.result")
        for name, span in spans.items()
    }
    assert results == {
        "bad": "failure",
        "fine": "success",
        "forever": "cancellation",
        "lab": None,
    }
    assert spans["lab"].attributes["cicd.pipeline.result"] == "failure"
    assert not spans["lab"].status.is_ok
    assert spans["bad"].status.description == "no disk"
    assert [event.name for event in spans["bad"].events] == ["exception"]
    assert spans["fine"].attributes["cicd.pipeline.task.name"] == "fine"


def test_a_run_that_is_fine_is_a_success(traced):
    (run,) = traced(PureScheduler()).values()
    assert dict(run.attributes) == {
        "cicd.pipeline.name": "lab",
        "cicd.pipeline.result": "success",
    }

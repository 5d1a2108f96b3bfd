"""asynciojobs, used as its README shows."""

from __future__ import annotations

from asynciojobs import Job, Scheduler

from ..shapes import Shape
from ..work import Work
from .base import Contender, Program

__all__ = ["CONTENDER"]


class Ours(Contender):
    def build(self, shape: Shape, work: Work) -> Program:
        return self.scheduler(shape, work).co_run

    def nest(self, shape: Shape, work: Work) -> Program:
        return Scheduler(*(self.scheduler(part, work) for part in shape.parts)).co_run

    def scheduler(self, shape: Shape, work: Work) -> Scheduler:
        jobs = self.jobs_out_of_order if shape.order else self.jobs_in_order
        return Scheduler(*jobs(shape, work), jobs_window=shape.window)

    def jobs_in_order(self, shape: Shape, work: Work) -> list[Job[object]]:
        jobs: list[Job[object]] = []
        for number, required in zip(shape.numbers, shape.requirements, strict=True):
            if required:
                jobs.append(Job(work(number), required=[jobs[rank] for rank in required]))
            else:
                jobs.append(Job(work(number)))
        return jobs

    def jobs_out_of_order(self, shape: Shape, work: Work) -> list[Job[object]]:
        jobs = [Job(work(number)) for number in shape.numbers]
        for job, required in zip(jobs, shape.requirements, strict=True):
            if required:
                job.requires([jobs[rank] for rank in required])
        return jobs


CONTENDER = Ours()

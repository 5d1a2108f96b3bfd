"""`TakesResults`: the common base of jobs that take the results of other jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from .._errors import ArgumentNotDoneError, ArgumentRequirementError, RequirementFailed
from .._requirements import Requirements, flatten
from ..job import AbstractJob, AnyJob

if TYPE_CHECKING:
    from .._options import JobOptions

__all__ = ["TakesResults", "with_givers"]

T_co = TypeVar("T_co", covariant=True)


def with_givers(options: JobOptions, givers: tuple[AnyJob, ...]) -> JobOptions:
    """Return the options of a job, which also requires the jobs among its arguments."""
    if givers:
        options["required"] = [givers, options.get("required")]
    return options


class TakesResults(AbstractJob[T_co]):
    """A job that takes the results of others, which must be done before it starts.

    A subclass sets `_givers` to these jobs.
    """

    __slots__ = ("_givers",)

    _givers: tuple[AnyJob, ...]

    def requires(self, *requirements: Requirements, remove: bool = False) -> Self:
        """Add requirements to this job, or remove some; see `AbstractJob.requires()`.

        Raises:
            ArgumentRequirementError: a job to remove is an argument (a ValueError).
            TypeError: a requirement is neither a job nor a sequence.
            KeyError: a job to remove was not a requirement.
        """
        if remove:
            requirements = tuple(flatten(requirements, AbstractJob))
            for job in requirements:
                if job in self._givers:
                    raise ArgumentRequirementError(self, job)
        super().requires(*requirements, remove=remove)
        return self

    def _check_givers(self) -> None:
        """Check that the jobs among the arguments have results.

        Raises:
            ArgumentNotDoneError: one of them is not done (a RuntimeError).
            RequirementFailed: one of them raised (a RuntimeError).
        """
        for giver in self._givers:
            if not giver.is_done():
                raise ArgumentNotDoneError(self, giver)
            if (failure := giver.raised_exception()) is not None:
                raise RequirementFailed(self, giver) from failure

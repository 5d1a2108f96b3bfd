"""How a job failed. Copies and pickles have the traceback as text.

A traceback itself can't be copied or pickled, since it holds the frames that the exception came
through. As in `concurrent.futures`, its text is attached as the ``__cause__``.
"""

from __future__ import annotations

import copy
import itertools
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, ClassVar, NoReturn, TypeAlias
from weakref import WeakValueDictionary

__all__ = ["Failure", "Later", "OriginalTraceback", "PortableException", "portable"]

Parts: TypeAlias = tuple[Callable[..., BaseException], tuple[Any, ...], Any, str | None]
"""A function that makes an exception, its arguments, the state, the text of the traceback."""


numbers = itertools.count()


class Later:
    """A result that is loaded when someone asks for it.

    Args:
        load: returns the result.
    """

    __slots__ = ("load",)

    def __init__(self, load: Callable[[], Any]) -> None:
        self.load: Callable[[], Any] = load

    def __repr__(self) -> str:
        return repr(self.load())


class Failure:
    """The exception of a job. It can be raised any number of times.

    Args:
        exception: what the job raised.

    Attributes:
        exception: as above.
        number: its number; failures are numbered in the order in which they happen.
    """

    __slots__ = ("_traceback", "exception", "number")

    def __init__(self, exception: BaseException) -> None:
        self.exception: BaseException = exception
        self.number: int = next(numbers)
        self._traceback: TracebackType | None = exception.__traceback__

    def __reduce__(self) -> tuple[Callable[..., Failure], tuple[object, int]]:
        return failed, (PortableException.of(self.exception, self._traceback), self.number)

    def reraise(self) -> NoReturn:
        """Raise the exception with its original traceback, as a ``Future`` does.

        Otherwise the traceback would grow with each raise.
        """
        try:
            raise self.exception.with_traceback(self._traceback)
        finally:
            del self  # avoid a reference cycle: the traceback holds this frame


def failed(exception: BaseException, number: int) -> Failure:
    """Return a failure from a copy or pickle."""
    failure = Failure(exception)
    failure.number = number
    return failure


class OriginalTraceback(Exception):  # noqa: N818 - it is not an error
    """The traceback of an exception from a copy or pickle.

    Args:
        text: the traceback as Python would show it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


class PortableException:
    """Represents an exception while it is copied or pickled. The copy is an exception.

    Args:
        exception: the exception.
        origin: its traceback at the moment the job raised it.
    """

    # One for each exception that is being copied or pickled. So jobs, schedulers and verdicts
    # that share an exception also share it in the copy.
    known: ClassVar[WeakValueDictionary[int, PortableException]] = WeakValueDictionary()

    def __init__(self, exception: BaseException, origin: TracebackType | None) -> None:
        self.exception = exception
        self._origin = origin

    @classmethod
    def of(
        cls, exception: BaseException, origin: TracebackType | None = None
    ) -> PortableException:
        """Return the object that represents an exception."""
        found = cls.known.get(id(exception))
        if found is None:
            found = cls(exception, origin or exception.__traceback__)
            cls.known[id(exception)] = found
        return found

    def __reduce__(self) -> tuple[Callable[..., BaseException], Parts]:
        return remade, self._parts()

    def __deepcopy__(self, memo: dict[int, Any]) -> BaseException:
        try:
            return remade(*copy.deepcopy(self._parts(), memo))
        except Exception:  # noqa: BLE001 - what can't be copied is shared instead
            return self.exception

    def _parts(self) -> Parts:
        text = text_of(self.exception, self._origin)
        return *makers_of(self.exception), text


def portable(thing: object) -> object:
    """Return a thing for a copy or pickle: itself, unless it is an exception."""
    return PortableException.of(thing) if isinstance(thing, BaseException) else thing


def text_of(exception: BaseException, origin: TracebackType | None) -> str | None:
    """Return the traceback of an exception, with its causes; ``None`` if there is none."""
    cause = exception.__cause__
    if isinstance(cause, OriginalTraceback):
        return cause.text
    if origin is None and cause is None and exception.__context__ is None:
        return None
    try:
        return "".join(traceback.format_exception(type(exception), exception, origin))
    except Exception:  # noqa: BLE001 - Python calls its __bool__, which may raise
        return "".join(traceback.format_tb(origin))


def makers_of(
    exception: BaseException,
) -> tuple[Callable[..., BaseException], tuple[Any, ...], Any]:
    """Return how to make an exception again: a function, its arguments, and a state.

    Python calls the class with ``exception.args``. But many classes take arguments other than
    those that they pass to ``super().__init__()``. Those are made without ``__init__()``.
    """
    reduced: Any = exception.__reduce_ex__(4)
    make, args, *state = reduced
    try:
        again = make(*args)
        if type(again) is type(exception) and str(again) == str(exception):
            return make, args, state[0] if state else None
    except Exception:  # noqa: BLE001 - then it is made the other way
        pass
    return without_init, (type(exception), exception.args), dict(vars(exception))


def without_init(kind: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    """Make an exception without calling its ``__init__()``."""
    return kind.__new__(kind, *args)


def remade(
    make: Callable[..., BaseException], args: tuple[Any, ...], state: Any, text: str | None
) -> BaseException:
    """Make an exception again, even if it can't be changed, like a frozen dataclass."""
    exception = make(*args)
    if state is not None and type(exception).__setstate__ is not BASE_SETSTATE:
        exception.__setstate__(state)
    elif state is not None:
        vars(exception).update(state)
    if text is not None:
        object.__setattr__(exception, "__cause__", OriginalTraceback(text))
    return exception


BASE_SETSTATE = BaseException.__setstate__

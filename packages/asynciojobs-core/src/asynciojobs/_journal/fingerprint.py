"""What a job is made of: the parts of its fingerprint, which a journal compares.

A part has a readable name (``code``, ``argument 2``) and a text. If all parts are the same as
when the job was done, its result is still good.

- ``function``: its module and qualified name; for a user's class, that of the class.
- ``code``: a digest of its source, without comments and docstrings; see `source`. If the job
  has a ``version``, that is used instead.
- an argument: a digest of its value. If the value can't be compared, a digest of its type,
  followed by ``~``.

Digests are salted, so nobody can look up what a short secret was.
"""

from __future__ import annotations

import contextlib
import dis
import enum
import functools
import hashlib
import inspect
import pathlib
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from .._copies import fields_of
from .._dag.jobset import JobSet
from .._identity import Work
from ..job import AnyJob, identity_of
from .modules import module_name
from .source import class_text, code_text
from .values import SINGLE, Values, is_a, type_name

__all__ = ["Fingerprints", "Parts", "differences", "not_compared"]

OPAQUE = "~"
"""The mark of a part that could not be compared in full."""

Part = tuple[str, str]
Parts = dict[str, str]


class Fingerprints:
    """Makes the fingerprints of jobs.

    Args:
        salt: goes into each digest.
        key_of: returns the key of a job that is among the arguments.
    """

    def __init__(self, salt: str, key_of: Callable[[AnyJob], str]) -> None:
        self._salt = salt.encode()
        self._values = Values(key_of)
        # What many jobs share, by function and by class.
        self._functions: dict[object, Parts] = {}
        self._classes: dict[type, list[Part]] = {}

    def of(self, job: AnyJob, work: Work) -> Parts:
        """Return the parts of the fingerprint of a job.

        Args:
            job: the job.
            work: what it does.
        """
        version = identity_of(job).version
        parts = self._joined(self._parts(job, work)) if self._is_special(job, work) else None
        if parts is None:
            parts = self._of_function(work.function)
            parts.update(self._arguments(work.arguments))
        if version is not None:
            parts.pop("code", None)
            parts["version"] = version
        return parts

    def _is_special(self, job: AnyJob, work: Work) -> bool:
        """Return whether a job is more than a plain function and its arguments."""
        function = work.function
        return not (
            isinstance(function, types.FunctionType)
            and function.__closure__ is None
            and not self._own_bases(type(job))
        )

    def _of_function(self, function: object) -> Parts:
        """Return the parts shared by all jobs of a plain function."""
        if function not in self._functions:
            self._functions[function] = self._joined(self._parts_of_function(function))
        return dict(self._functions[function])

    def _joined(self, parts: Iterable[Part]) -> Parts:
        """Return parts as a dict. Parts of the same name are joined."""
        joined: Parts = {}
        for name, text in parts:
            joined[name] = f"{joined[name]}, {text}" if name in joined else text
        if "code" in joined:
            joined["code"] = self._digest(joined["code"])
        return joined

    def _parts(self, job: AnyJob, work: Work) -> Iterator[Part]:
        yield from self._parts_of_class(job, work)
        if work.function is not None:
            yield from self._parts_of_function(work.function)
        yield from self._arguments(work.arguments)

    def _own_bases(self, kind: type) -> list[Part]:
        """Return the sources of a class and of its bases, as far as users wrote them."""
        if kind not in self._classes:
            own = [base for base in kind.__mro__ if not is_ours(base)]
            self._classes[kind] = [("code", class_text(base)) for base in own]
        return self._classes[kind]

    def _parts_of_class(self, job: AnyJob, work: Work) -> Iterator[Part]:
        kind = type(job)
        own = self._own_bases(kind)
        if not own and work.function is not None:
            return
        yield "function", name_of(kind)
        yield from own
        if own and not isinstance(job, JobSet):
            attributes = own_attributes(job)
            yield from self._arguments(
                {f"attribute `{it}`": attributes[it] for it in attributes}
            )

    def _parts_of_function(self, function: object) -> Iterator[Part]:
        if inspect.iscoroutine(function):
            yield from self._parts_of_coroutine(function)
            return
        while isinstance(function, functools.partial):
            yield from self._arguments({"partial": [*function.args]})
            yield from self._arguments(
                {f"partial `{name}`": value for name, value in function.keywords.items()}
            )
            function = function.func
        yield "function", name_of(function)
        for step in layers(function):
            yield from self._parts_of_layer(step)

    def _parts_of_layer(self, function: object) -> Iterator[Part]:
        """Yield the source of one function, and the values that it carries with it."""
        if isinstance(function, types.MethodType):
            yield from self._arguments({"self": function.__self__})
        elif isinstance(function, types.FunctionType):
            yield "code", code_text(function.__code__)
            yield from self._carried(function)
        elif method_of_call(function) is not None:
            yield from self._arguments({"self": function})

    def _carried(self, function: types.FunctionType) -> Iterator[Part]:
        defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).items()]
        if defaults:
            yield from self._arguments({"defaults": defaults})
        yield from self._variables(function.__code__, variables_of(function))

    def _variables(self, code: types.CodeType, values: Mapping[str, object]) -> Iterator[Part]:
        """Yield the variables of a function that are defined around it.

        Variables that the function assigns don't count: they hold its state. Of a value that
        can change, such as a list, only the type counts.
        """
        for name in sorted(values.keys() - rebound(code)):
            value = values[name]
            if is_fixed(value):
                yield from self._arguments({f"variable `{name}`": value})
            elif not is_a(value, *CODE):
                yield f"variable `{name}`", self._digest(type_name(value)) + OPAQUE

    def _parts_of_coroutine(self, coroutine: Any) -> Iterator[Part]:
        code, frame = coroutine.cr_code, coroutine.cr_frame
        module = "?" if frame is None else frame.f_globals.get("__name__", "?")
        yield "function", f"{module}.{coroutine.__qualname__}"
        yield "code", code_text(code)
        values: Mapping[str, object] = {} if frame is None else frame.f_locals
        arguments = {it: values[it] for it in argument_names(code) if it in values}
        yield from self._arguments({f"argument `{it}`": arguments[it] for it in arguments})
        variables = {it: values[it] for it in code.co_freevars if it in values}
        yield from self._variables(code, variables)
        for value in variables.values():
            if isinstance(value, types.FunctionType):
                for step in layers(value):
                    yield from self._parts_of_layer(step)

    def _arguments(self, arguments: Mapping[str, object]) -> Iterator[Part]:
        for name, value in arguments.items():
            text, compared = self._values.text_of(value)
            yield name, self._digest(text) + ("" if compared else OPAQUE)

    def _digest(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.sha256(self._salt + data).hexdigest()[:32]


# -- functions and classes


FIXED = (*SINGLE, tuple, frozenset, enum.Enum, pathlib.PurePath)
"""The types of variables that are compared: their values can't change."""


CODE = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.ModuleType, type)
"""The types of variables that are no values, as ``__class__`` in methods with `super()`."""


def is_fixed(value: object) -> bool:
    """Return whether a value can't change, so it is what the function was given."""
    parameters: Any = getattr(type(value), "__dataclass_params__", None)
    return is_a(value, *FIXED) or (parameters is not None and bool(parameters.frozen))


def variables_of(function: types.FunctionType) -> dict[str, object]:
    """Return the variables of a function that are defined around it and have a value."""
    found: dict[str, object] = {}
    for name, cell in zip(
        function.__code__.co_freevars, function.__closure__ or (), strict=True
    ):
        with contextlib.suppress(ValueError):  # it is empty
            found[name] = cell.cell_contents
    return found


def argument_names(code: types.CodeType) -> tuple[str, ...]:
    """Return the names of the arguments of a function."""
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS)
    count += bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:count]


@functools.cache
def rebound(code: types.CodeType) -> frozenset[str]:
    """Return the names of the outer variables that a function assigns (``nonlocal``)."""
    stored = {it.argval for it in dis.get_instructions(code) if it.opname == "STORE_DEREF"}
    inner = [it for it in code.co_consts if isinstance(it, types.CodeType)]
    return frozenset(stored.union(*map(rebound, inner)))


def layers(function: Any) -> Iterator[object]:
    """Yield a callable and all callables that it wraps: methods, decorators, ``__call__``.

    A decorator keeps the function that it decorates in a variable of its own.
    """
    seen: set[int] = set()
    pending = [function]
    while pending:
        step = pending.pop(0)
        if id(step) in seen:
            continue
        seen.add(id(step))
        yield step
        if isinstance(step, types.MethodType):
            pending.append(step.__func__)
        elif isinstance(step, types.FunctionType):
            pending += wrapped_by(step)
        else:
            inner = method_of_call(step), getattr(step, "__wrapped__", None)
            pending += [it for it in inner if isinstance(it, types.FunctionType)]


def method_of_call(thing: object) -> types.FunctionType | None:
    """Return the ``__call__()`` of a callable object, if it is written in Python."""
    method = inspect.getattr_static(type(thing), "__call__", None)
    return method if isinstance(method, types.FunctionType) else None


def wrapped_by(function: types.FunctionType) -> Iterator[object]:
    """Yield the functions in a function's variables, and the one in its ``__wrapped__``."""
    for value in variables_of(function).values():
        if isinstance(value, types.FunctionType | types.MethodType):
            yield value
    if (wrapped := getattr(function, "__wrapped__", None)) is not None:
        yield wrapped


def name_of(thing: object) -> str:
    """Return the module and the qualified name of a function or a class."""
    known: Any = thing if hasattr(thing, "__qualname__") else cast("object", type(thing))
    module = module_name(str(getattr(known, "__module__", "?")))
    return f"{module}.{known.__qualname__}"


def is_ours(kind: type) -> bool:
    """Return whether a class belongs to this package or to Python itself."""
    return kind.__module__.partition(".")[0] in ("asynciojobs", "builtins", "typing", "abc")


def own_attributes(job: AnyJob) -> dict[str, object]:
    """Return the attributes of a job that a user's class has added, by name."""
    ours = {
        name
        for base in type(job).__mro__
        if is_ours(base)
        for name in (*getattr(base, "__slots__", ()), *getattr(base, "__annotations__", ()))
    }
    fields = fields_of(job)
    return {name: fields[name] for name in sorted(fields) if name not in ours}


# -- what is said about them


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the names of the parts that have changed."""
    names = dict.fromkeys([*before, *now])
    return [name for name in names if before.get(name) != now.get(name)]


def not_compared(parts: Mapping[str, str]) -> list[str]:
    """Return the names of the parts that can't be compared in full."""
    return [name for name, text in parts.items() if text.endswith(OPAQUE)]

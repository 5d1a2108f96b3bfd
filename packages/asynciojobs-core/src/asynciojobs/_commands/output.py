"""The output of a command: its last bytes, and its lines as they come."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, cast

from .. import _log
from .._names import name_in_run
from .._outcomes import Named
from .._text import one_line
from .secrets import masked

__all__ = ["STDERR", "STDOUT", "Output"]

STDOUT = "stdout"
STDERR = "stderr"

OnLine: TypeAlias = Callable[[str, "str | bytes"], object]

LONGEST_PIECE = 65536
"""A longer line is passed on in pieces of this size (bytes)."""

SHOWN_LINES = 10
"""How many lines of a stream are shown."""

SHOWN_BYTES = 16384
"""How much of a stream is searched for them (bytes). It is kept even if `keep` is less."""

SHOWN_WIDTH = 400
"""How much of a line is shown (characters)."""

TERMINAL_CODES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
"""Codes that set colours or move the cursor."""


class Tail:
    """The last bytes of a stream. It needs about twice as much memory at most.

    Args:
        keep: how many bytes to keep.
    """

    __slots__ = ("_data", "_held", "_keep", "_size")

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._held = max(keep, SHOWN_BYTES)  # how much of the end is always kept
        self._data = bytearray()  # the end of the stream, at least `_held` bytes
        self._size = 0  # the size of the whole stream (bytes)

    def add(self, data: bytes) -> None:
        """Add output. O(len(data)) on average."""
        self._size += len(data)
        self._data += data
        if len(self._data) > 2 * self._held:
            del self._data[: -self._held]

    def shrink(self) -> None:
        """Keep only what may still be shown."""
        del self._data[:-SHOWN_BYTES]

    def kept(self, *, text: bool) -> bytes:
        """Return the last bytes. For text, begin at a whole character."""
        if self._size <= self._keep:
            return bytes(self._data)
        kept = bytes(self._data[len(self._data) - self._keep :])
        if text:
            return kept[beginning(kept) :]
        return kept

    @property
    def size(self) -> int:
        """The size of the whole stream (bytes)."""
        return self._size

    def lines(self, secrets: tuple[bytes, ...]) -> list[str]:
        """Return the last lines as they are shown, with ``***`` for secrets."""
        data = bytes(self._data[-SHOWN_BYTES:])
        data = masked(data, secrets, is_cut=self._size > len(data))
        text = data.decode("utf-8", "replace").rstrip()
        return [shown(line) for line in text.split("\n")[-SHOWN_LINES:]] if text else []


def beginning(data: bytes) -> int:
    """Return where the first whole character begins in text that was cut anywhere."""
    for place, byte in enumerate(data[:4]):
        if not 0x80 <= byte < 0xC0:
            return place
    return 0  # it is not UTF-8 at all


def shown(line: str) -> str:
    """Return a line as a terminal shows it, without colours, and shortened."""
    line = TERMINAL_CODES.sub("", line).rstrip()
    return one_line(line[line.rfind("\r") + 1 :], SHOWN_WIDTH)


class Lines:
    """Splits a stream into lines, and passes them to a function as they come.

    Args:
        give: the function.
        text: whether to pass str instead of bytes.
    """

    __slots__ = ("_decoder", "_give", "_rest")

    def __init__(self, give: Callable[[str | bytes], None], *, text: bool) -> None:
        self._give = give
        self._rest = bytearray()  # what came after the last line end or piece
        make = codecs.getincrementaldecoder("utf-8")
        self._decoder = make("replace") if text else None

    def add(self, data: bytes) -> None:
        """Add output."""
        self._rest += data
        if b"\n" in data:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                self._give_last(line.removesuffix(b"\r"))
        self._rest = self._pieces(self._rest)

    def end(self) -> None:
        """Pass on the last line if it has no line end. Call this once."""
        if self._rest:
            self._give_last(self._rest)

    def _give_last(self, line: bytearray) -> None:
        self._one(self._pieces(line), is_last=True)

    def _pieces(self, line: bytearray) -> bytearray:
        """Pass on the beginning of a long line in pieces; return the rest."""
        while len(line) > LONGEST_PIECE:
            self._one(line[:LONGEST_PIECE], is_last=False)
            line = line[LONGEST_PIECE:]
        return line

    def _one(self, piece: bytearray, *, is_last: bool) -> None:
        # The decoder keeps a partial character for the next piece.
        decoder = self._decoder
        self._give(bytes(piece) if decoder is None else decoder.decode(piece, is_last))


class Output:
    """The output of a command.

    Args:
        job: the job that runs the command.
        keep: how many bytes of each stream to keep.
        on_line: called for each line, unless it is ``None``.
        text: whether `on_line` gets str instead of bytes.
        secrets: what to show as ``***``.

    Attributes:
        leaving: the ``KeyboardInterrupt`` or ``SystemExit`` that `on_line` raised.
    """

    def __init__(
        self,
        job: Named,
        *,
        keep: int,
        on_line: OnLine | None,
        text: bool,
        secrets: tuple[bytes, ...],
    ) -> None:
        self.leaving: BaseException | None = None
        self._job: Named | None = job  # until the end, to avoid a reference cycle
        self._on_line = on_line
        self._secrets = secrets
        self._has_raised = False
        self._text = text
        self._tails = {STDOUT: Tail(keep), STDERR: Tail(keep)}
        self._lines: dict[str, Lines] = {}  # empty without on_line
        if on_line is not None:
            self._lines = {stream: self._cutter(stream) for stream in self._tails}

    def _cutter(self, stream: str) -> Lines:
        return Lines(lambda line: self._give(stream, line), text=self._text)

    def add(self, stream: str, data: bytes) -> None:
        """Take output of the command. This never raises."""
        self._tails[stream].add(data)
        if self._lines:
            self._lines[stream].add(data)

    def end(self) -> None:
        """Pass on the last lines if they have no line end.

        Raises:
            BaseException: the `KeyboardInterrupt` or `SystemExit` that `on_line` raised.
        """
        for lines in self._lines.values():
            lines.end()
        if self.leaving is not None:
            raise self.leaving

    def _give(self, stream: str, line: str | bytes) -> None:
        if self._on_line is None or self.leaving is not None:
            return
        try:
            self._on_line(stream, line)
        except (KeyboardInterrupt, SystemExit) as error:
            self.leaving = error  # if raised here, it would break the event loop
        except BaseException:  # noqa: BLE001 - a user's function may raise anything
            if not self._has_raised:
                _log.error(
                    "on_line of %s raised; if it does so again, that is not logged",
                    name_in_run(cast("Named", self._job)),
                )
            self._has_raised = True

    def value(self, stream: str) -> Any:
        """Return what is kept of a stream, as the user wants it: as text or as bytes."""
        return self._as_wanted(self.kept(stream))

    def _as_wanted(self, data: bytes) -> str | bytes:
        return data.decode("utf-8", "replace") if self._text else data

    def masks(self) -> list[str | bytes] | None:
        """Return both streams with ``***`` for secrets; ``None`` if there are none in them."""
        if not self._secrets:
            return None
        kept = {stream: self.kept(stream) for stream in self._tails}
        shown = [
            masked(data, self._secrets, is_cut=self.cut(stream) > 0)
            for stream, data in kept.items()
        ]
        return None if shown == [*kept.values()] else [*map(self._as_wanted, shown)]

    def kept(self, stream: str) -> bytes:
        """Return the last bytes of a stream."""
        return self._tails[stream].kept(text=self._text)

    def cut(self, stream: str) -> int:
        """Return how many bytes of a stream were not kept."""
        return self._tails[stream].size - len(self.kept(stream))

    def close(self) -> None:
        """Keep only what may still be shown."""
        for tail in self._tails.values():
            tail.shrink()
        self._lines = {}
        self._on_line = self._job = None

    def last_lines(self, stream: str) -> list[str]:
        """Return the last lines of a stream as they are shown."""
        return self._tails[stream].lines(self._secrets)

    def details(self) -> Iterator[str]:
        """Yield the last lines of both streams, each after the name of its stream."""
        for stream in self._tails:
            for line in self.last_lines(stream):
                yield f"{stream}: {line}"

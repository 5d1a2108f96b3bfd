"""The transports of a fake loop: asyncio's own, which also notify the loop when they send."""

from __future__ import annotations

from asyncio import selector_events
from typing import TYPE_CHECKING, Any

__all__ = ["DatagramTransport", "StreamTransport"]

if TYPE_CHECKING:  # the type stubs of asyncio do not have these classes

    class StreamBase:
        _loop: Any

        def write(self, data: Any) -> None: ...
        def writelines(self, list_of_data: Any) -> None: ...
        def write_eof(self) -> None: ...

    class DatagramBase:
        _loop: Any

        def sendto(self, data: Any, *args: Any, **options: Any) -> None: ...

else:
    StreamBase = selector_events._SelectorSocketTransport
    DatagramBase = selector_events._SelectorDatagramTransport


class StreamTransport(StreamBase):
    """The transport of a stream. asyncio makes it; the loop then gives it this class."""

    def write(self, data: Any) -> None:
        """Send data."""
        self._loop.note_sent()
        super().write(data)

    def writelines(self, list_of_data: Any) -> None:
        """Send several pieces of data."""
        self._loop.note_sent()
        super().writelines(list_of_data)

    def write_eof(self) -> None:
        """Tell the other side that nothing more will be sent."""
        self._loop.note_sent()
        super().write_eof()


class DatagramTransport(DatagramBase):
    """The transport of datagrams. asyncio makes it; the loop then gives it this class."""

    def sendto(self, data: Any, *args: Any, **options: Any) -> None:
        """Send a datagram."""
        self._loop.note_sent()
        super().sendto(data, *args, **options)

"""Chromium without a window or a network, controlled through a pipe.

It speaks the protocol of Chrome's developer tools: JSON texts, each with a NUL at its end.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
PATIENCE = 300  # seconds; the machine may be busy
FLAGS = (
    "headless no-sandbox disable-gpu disable-quic no-first-run disable-sync"
    " disable-background-networking disable-component-update remote-debugging-pipe"
    " hide-scrollbars"
)


def browser_program():
    """Return the path of a browser; ``None`` if there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


# The browser looks for the pipes at 3 and 4. They are moved away first.
MOVED = """
import os, sys
for place, number in enumerate([os.dup(os.dup(int(it))) for it in sys.argv[1:3]], 3):
    os.dup2(number, place)
os.execv(sys.argv[3], sys.argv[3:])
"""

COLOURS = """(async (text, points) => {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  return points.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3));
})(%s, %s)"""


class Browser:
    """A browser with one page.

    Args:
        program: its path.
        folder: where it keeps its data.

    Attributes:
        complaints: forbidden things that the page did: errors, requests, broken rules.
    """

    def __init__(self, program, folder):
        self.complaints = []
        self._number = 0
        self._session = None
        self._read_so_far = b""
        self._process, self._to, self._from = started(program, folder)
        # A browser that hangs must not hang the tests.
        self._watchdog = threading.Timer(PATIENCE, self._process.kill)
        self._watchdog.start()
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )

    def close(self):
        """End the browser, with all its processes."""
        self._session = None
        self.ask("Browser.close")
        self._process.wait()
        self._watchdog.cancel()
        self._to.close()
        self._from.close()

    def ask(self, method, **params):
        """Call a method of the protocol, and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        answer = self._read(lambda it: it.get("id") == self._number)
        assert "error" not in answer, answer
        return answer["result"]

    def wait_for(self, event):
        self._read(lambda it: it.get("method") == event)

    def open(self, path):
        """Open a file, and wait until it is loaded."""
        self.complaints.clear()
        self._opened = path if path == "about:blank" else Path(path).resolve().as_uri()
        self.ask("Page.navigate", url=self._opened)
        self.wait_for("Page.loadEventFired")

    def run(self, script):
        """Return the value of a JavaScript expression."""
        answer = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key, code=None, text=""):
        """Press a key, as in ``press("Tab")``."""
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                text=text if kind == "keyDown" else "",
                windowsVirtualKeyCode=code or 0,
            )

    def look_as(self, *, media="", scheme="light", width=1400, height=1000):
        """Set the colour scheme, the kind of medium (such as ``print``), and the size."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.ask("Emulation.setEmulatedMedia", media=media, features=[feature])
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def picture(self, *, whole=True):
        """Return the page as a PNG."""
        answer = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def colours(self, png, points):
        """Return the colours of a PNG at some points, as red, green and blue.

        An empty page, which reads the picture, replaces the current page.
        """
        self.open("about:blank")
        return self.run(
            COLOURS % (json.dumps(base64.b64encode(png).decode()), json.dumps(points))
        )

    def pdf(self):
        """Return the page as it is printed."""
        answer = self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(answer["data"])

    def _read(self, is_wanted):
        """Return the next wanted message, and handle those before it."""
        while True:
            message = json.loads(self._message())
            if is_wanted(message):
                return message
            self._note(message)

    def _message(self):
        while b"\0" not in self._read_so_far:
            part = self._from.read1()
            assert part, "the browser has ended"
            self._read_so_far += part
        message, _, self._read_so_far = self._read_so_far.partition(b"\0")
        return message

    def _note(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(str(params["args"]))
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append(f"a dialog: {params['message']}")
        elif method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if url.partition("#")[0] != self._opened:
                self.complaints.append(f"a request: {url}")


def started(program, folder):
    """Start a browser; return its process, and the files to write to and to read from."""
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    flags = [f"--{flag}" for flag in FLAGS.split()]
    numbers = (str(theirs_in), str(theirs_out))
    process = subprocess.Popen(
        [sys.executable, "-c", MOVED, *numbers, program, *flags, f"--user-data-dir={folder}"],
        pass_fds=(theirs_in, theirs_out),
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    return process, os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb")

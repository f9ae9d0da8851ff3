// Runs initlint in Pyodide. Messages in: {kind: "lint" | "fix", id, text}; out: see runner.js.
const base = new URL("./", import.meta.url);

let python;
const loaded = load();

async function load() {
  tell({ kind: "progress", text: "Loading Python" });
  const { loadPyodide, version } = await import(new URL("pyodide/pyodide.mjs", base).href);
  const archive = fetch(new URL("initlint.zip", base)).then(async (response) => {
    if (!response.ok) throw new Error(`initlint.zip: ${response.status}`);
    return response.arrayBuffer();
  });
  archive.catch(() => {}); // reported below
  await Promise.all(["pyodide.asm.wasm", "python_stdlib.zip"].map(mustExist)); // without them Pyodide waits forever
  python = await loadPyodide({
    indexURL: new URL("pyodide/", base).href,
    packageBaseUrl: `https://cdn.jsdelivr.net/pyodide/v${version}/full/`,
    stdout: () => {},
    stderr: () => {},
  });
  tell({ kind: "progress", text: "Loading initlint" });
  python.unpackArchive(await archive, "zip", { extractDir: "/lib/initlint" });
  python.runPython("import sys; sys.path.insert(0, '/lib/initlint'); import initlint_playground");
  tell({ kind: "ready" });
}

async function mustExist(name) {
  const response = await fetch(new URL(`pyodide/${name}`, base), { method: "HEAD" });
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
}

// libcst is not part of the site: Pyodide's own distribution has it.
async function loadLibcst() {
  let available = false;
  try {
    await python.loadPackage("libcst", { messageCallback: () => {}, errorCallback: () => {} });
    python.runPython("import importlib; importlib.invalidate_caches(); import libcst");
    available = true;
  } catch {
    // no network, or it is not allowed
  }
  tell({ kind: "fixes", available });
}

function tell(message) {
  self.postMessage(message);
}

let first = true;
self.addEventListener("message", async ({ data: { kind, id, text } }) => {
  try {
    await loaded;
  } catch {
    return; // reported below
  }
  try {
    python.globals.set("playground_text", text);
    if (kind === "fix") {
      tell({ kind: "fixed", id, text: python.runPython("initlint_playground.fix(playground_text)") });
    } else {
      tell({ kind: "result", id, result: JSON.parse(python.runPython("initlint_playground.lint(playground_text)")) });
    }
  } catch (error) {
    tell({ kind: "error", id, text: String(error.message ?? error) });
  }
  if (first) {
    first = false;
    await loadLibcst();
  }
});
loaded.catch((error) => tell({ kind: "broken", text: String(error.message ?? error) }));

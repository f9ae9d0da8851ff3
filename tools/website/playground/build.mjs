// Builds the static files of the playground in build/playground of the repository: node build.mjs ARCHIVE
// ARCHIVE: what `python -m tools.website.playground.bundle` has written. Its Python is compiled here, by the Python that
// will run it, so that no browser has to.
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { loadPyodide } from "pyodide";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../../..");
const out = join(root, "build", "playground");
const archive = resolve(process.argv[2] ?? join(root, "build", "playground.zip"));
const RUNTIME = ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"];

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "pyodide"), { recursive: true });
for (const name of RUNTIME) await cp(join(here, "node_modules", "pyodide", name), join(out, "pyodide", name));

await build({
  entryPoints: [join(here, "src", "playground.js"), join(here, "src", "worker.js")],
  outdir: out,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  legalComments: "linked",
  logLevel: "warning",
});
const templates = join(root, "initlint", "report", "html", "templates");
const styles = [join(here, "src", "playground.css"), join(templates, "drawing.css")];
await writeFile(join(out, "playground.css"), (await Promise.all(styles.map((file) => readFile(file, "utf8")))).join("\n"));

const python = await loadPyodide();
python.unpackArchive(new Uint8Array(await readFile(archive)), "zip", { extractDir: "/unpacked" });
python.runPython(`
import compileall, pathlib, py_compile, zipfile
compileall.compile_dir("/unpacked", quiet=1, legacy=True, stripdir="/unpacked", invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
with zipfile.ZipFile("/compiled.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
    for file in sorted(pathlib.Path("/unpacked").rglob("*")):
        if file.is_file() and file.suffix != ".py":
            packed.writestr(zipfile.ZipInfo(str(file.relative_to("/unpacked")), (1980, 1, 1, 0, 0, 0)), file.read_bytes(), zipfile.ZIP_DEFLATED)
`);
await writeFile(join(out, "initlint.zip"), python.FS.readFile("/compiled.zip"));

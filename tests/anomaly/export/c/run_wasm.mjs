// Runs a WebAssembly program of WASI: node run_wasm.mjs PROGRAM [WORDS]
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [program, ...words] = process.argv.slice(2);
const wasi = new WASI({ version: "preview1", args: [program, ...words] });
const compiled = await WebAssembly.compile(await readFile(program));
wasi.start(await WebAssembly.instantiate(compiled, wasi.getImportObject()));

/**
 * Bundles src/ into the files that package.json names under `exports`, `bin` and `imports`, which are
 * for threads of our own; `dist/x.js` is made of `src/x.ts`. A hundred small modules take longer to
 * find and open than to run.
 *
 * What several entries need goes into chunks that they share, so that a process that imports two of
 * them has one instance of everything. Commands are processes of their own: bundled apart, they do
 * not cut up the chunks of the others.
 *
 * Not minified, and names kept: they are in stack traces, and functions and classes show theirs.
 */
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const { exports, imports, bin, engines } = JSON.parse(readFileSync("package.json", "utf8"));
const entries = Object.values(exports).flatMap((target) => target.default ?? []);

await bundle([...entries, ...Object.values(imports)]);
await bundle(Object.values(bin));

function bundle(outputs) {
  return build({
    entryPoints: outputs.map(sourceOf),
    outbase: "src",
    outdir: "dist",
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    packages: "external",
    target: `node${/\d+\.\d+/.exec(engines.node)}`,
    keepNames: true,
    sourcemap: true,
    sourcesContent: false, // the package contains src/
    logLevel: "warning",
  });
}

function sourceOf(output) {
  return output.replace(/^(\.\/)?dist\//, "src/").replace(/\.js$/, ".ts");
}

// Checks that native/*.{h,c,cc} are formatted as .clang-format says; with --write, formats them.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "@wasm-fmt/clang-format";

const root = new URL("../", import.meta.url);
const style = readFileSync(new URL(".clang-format", root), "utf8");
const write = process.argv.includes("--write");

const differing = [];
for (const name of readdirSync(new URL("native/", root)).sort()) {
  if (!/\.(h|c|cc)$/.test(name)) continue;
  const file = fileURLToPath(new URL(`native/${name}`, root));
  const source = readFileSync(file, "utf8");
  const formatted = format(source, name, style);
  if (formatted === source) continue;
  if (write) writeFileSync(file, formatted);
  differing.push(`native/${name}`);
}

for (const file of differing) console.log(`${write ? "formatted" : "not formatted:"} ${file}`);
if (differing.length > 0 && !write) {
  console.error("Run `npm run format`.");
  process.exitCode = 1;
}

/**
 * Fuzzes the chunk decoder with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer.
 *
 *   node fuzz/main.mjs [SECONDS]        60 unless told
 *
 * Seeds are the chunks of the golden files and the chunk of c-blosc #405; what the fuzzer finds
 * worth keeping is added to fuzz/corpus. C-Blosc itself is compiled with the sanitizers too, from
 * vendor/c-blosc (`node scripts/setup.mjs`). Needs CMake and clang 14 or later with its runtime
 * (Debian: clang libclang-rt-14-dev). Ends with 1 if anything crashed.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const seconds = Number(process.argv[2] ?? 60);
const root = fileURLToPath(new URL("..", import.meta.url));
const build = join(root, "build", "fuzz");
const seeds = join(build, "seeds");
const corpus = join(root, "fuzz", "corpus");
mkdirSync(seeds, { recursive: true });
mkdirSync(corpus, { recursive: true });

const target = compile();
writeGoldenSeeds();
writeFileSync(join(seeds, "c-blosc-405"), matchLengthWrap());
const { status } = spawnSync(
  target,
  [`-max_total_time=${seconds}`, "-max_len=65536", "-rss_limit_mb=4096", corpus, seeds],
  { stdio: "inherit", env: { ...process.env, ASAN_OPTIONS: "detect_leaks=0" } },
);
// A seed that is longer than max_len is cut when it is mutated, so it is run once as it is.
const alone = spawnSync(target, [join(seeds, "c-blosc-405")], { stdio: "inherit" });
process.exitCode = status === 0 && alone.status === 0 ? 0 : 1;

function compile() {
  const compiler = ["clang++", "clang++-19", "clang++-16", "clang++-14"].find(
    (name) => spawnSync(name, ["--version"]).status === 0,
  );
  if (compiler === undefined) throw new Error("No clang++ was found: install clang");
  const output = join(build, "chunk_fuzzer");
  const sources = [
    "fuzz/chunk_fuzzer.cc",
    "native/blosc_chunk.cc",
    "native/block_scratch.cc",
    "native/shuffled_chunk.cc",
  ];
  const flags = ["-std=c++20", "-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-Inative"];
  const vendored = join(root, "vendor", "c-blosc");
  const lz4 = readdirSync(join(vendored, "internal-complibs")).find((name) =>
    name.startsWith("lz4-"),
  );
  const includes = [join(vendored, "blosc"), join(vendored, "internal-complibs", lz4)];
  const blosc = compileBlosc(compiler.replace("++", ""));
  const own = ["-DBLOSCACHE_VENDORED_BLOSC=1", ...includes.map((folder) => `-I${folder}`)];
  run(compiler, [...flags, ...own, ...sources, blosc, "-o", output]);
  return output;
}

/** A static C-Blosc that watches its own memory. */
function compileBlosc(compiler) {
  const folder = join(build, "c-blosc");
  const off = ["BUILD_SHARED", "BUILD_TESTS", "BUILD_FUZZERS", "BUILD_BENCHMARKS", "BLOSC_INSTALL"];
  const flags = "-O1 -g -w -fsanitize=fuzzer-no-link,address";
  const choices = [`-DCMAKE_C_COMPILER=${compiler}`, `-DCMAKE_C_FLAGS=${flags}`];
  const parts = off.map((part) => `-D${part}=OFF`);
  run("cmake", [
    "-S",
    "vendor/c-blosc",
    "-B",
    folder,
    "-DCMAKE_BUILD_TYPE=None",
    ...choices,
    ...parts,
  ]);
  run("cmake", ["--build", folder, "--parallel", String(availableParallelism())]);
  return join(folder, "blosc", "libblosc.a");
}

function run(program, args) {
  execFileSync(program, args, { cwd: root, stdio: ["ignore", 2, 2] });
}

/** The chunks of small golden files: each starts where its manifest says. */
function writeGoldenSeeds() {
  const golden = join(root, "test", "fixtures", "golden");
  const { files } = JSON.parse(readFileSync(join(golden, "MANIFEST.json"), "utf8"));
  for (const { file, chunks = [] } of files) {
    const bytes = readFileSync(join(golden, file));
    for (const { pos, cbytes } of chunks.slice(0, 2)) {
      if (cbytes > 16_384) continue;
      const name = `${file.replaceAll("/", "-")}-${pos}`;
      writeFileSync(join(seeds, name), bytes.subarray(pos, pos + cbytes));
    }
  }
}

/** A BloscLZ body whose match length grows beyond 2^31: one literal, 8.4 million times 0xFF. */
function matchLengthWrap() {
  const run = 8_421_505;
  const chunk = Buffer.alloc(16 + 4 + 4 + run + 8, 0xff);
  const nbytes = 2 ** 30;
  chunk.writeUInt8(2, 0);
  chunk.writeUInt8(1, 1);
  chunk.writeUInt8(0x10, 2);
  chunk.writeUInt8(1, 3);
  chunk.writeUInt32LE(nbytes, 4);
  chunk.writeUInt32LE(nbytes, 8);
  chunk.writeUInt32LE(chunk.byteLength, 12);
  chunk.writeUInt32LE(20, 16);
  chunk.writeUInt32LE(chunk.byteLength - 24, 20);
  chunk.writeUInt8(0, 24);
  return chunk;
}

if (!existsSync(corpus) || readdirSync(corpus).length === 0) {
  throw new Error("The fuzzer kept nothing: it did not run");
}

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

describe("package.json", () => {
  test("is ESM only, for the Nodes where require() of an ES module works", () => {
    expect(manifest.type).toBe("module");
    expect(manifest.main).toBeUndefined();
    expect(JSON.stringify(manifest.exports)).not.toContain('"require"');
    expect(manifest.engines.node).toBe("^20.19.0 || ^22.12.0 || >=24");
  });

  test("exports files that the build makes, types first", () => {
    const { "./package.json": self, ...entries } = manifest.exports;
    expect(self).toBe("./package.json");
    expect(Object.keys(entries)).toEqual([".", "./format", "./adapters", "./s3", "./tier"]);
    for (const conditions of Object.values<Record<string, string>>(entries)) {
      expect(Object.keys(conditions)).toEqual(["types", "default"]);
      for (const file of Object.values(conditions)) expect(existsSync(join(root, file))).toBe(true);
    }
  });

  test("bundles its entries, which share one instance of everything and keep their names", () => {
    const script = `
      import { Memory, StoreError, expiresAfter } from "bloscache";
      import * as format from "bloscache/format";
      const named = Object.entries({ ...format, Memory, expiresAfter })
        .filter(([name, value]) => typeof value === "function" && value.name !== name);
      console.log(StoreError === format.StoreError, named.map(([name]) => name).join(" "));`;
    const args = ["--input-type=module", "-e", script];
    const stdout = execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    expect(stdout).toBe("true readHeader\n"); // which is decodeHeader to its own module
    expect(readdirSync(join(root, "dist/cache")).filter((name) => name.endsWith(".js"))).toEqual(
      [],
    );
  });

  test("loads the SDK of S3 only for who needs it", () => {
    const imported = (file: string): string[] => {
      const source = readFileSync(join(root, "dist", file), "utf8");
      const names = Array.from(
        source.matchAll(/^(?:import|export)[^;]*?"([^"]+)";/gm),
        ([, name = ""]) => name,
      );
      return names.flatMap((name) =>
        name.startsWith(".") ? imported(join(dirname(file), name)) : [name],
      );
    };
    for (const entry of ["index.js", "tier.js", "shared-agent.js"]) {
      expect(imported(entry)).toContain("node:module");
      expect(imported(entry)).not.toContain("@aws-sdk/client-s3");
    }
    expect(imported("s3.js")).toContain("@aws-sdk/client-s3");
  });

  test("runs nothing when it is installed", () => {
    for (const script of ["preinstall", "install", "postinstall", "prepare"]) {
      expect(manifest.scripts).not.toHaveProperty(script);
    }
    // npm would make an install script of this file.
    expect(existsSync(join(root, "binding.gyp"))).toBe(false);
  });

  test("builds against Node-API 8", () => {
    expect(manifest.binary.napi_versions).toEqual([8]);
  });

  test("pins every dependency to one version", () => {
    const versions = Object.values<string>({
      ...manifest.dependencies,
      ...manifest.devDependencies,
    });
    for (const version of versions) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe("the published package", () => {
  const [{ files }] = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: root,
      encoding: "utf8",
      shell: process.platform === "win32",
    }),
  );
  const paths: string[] = files.map((file: { path: string }) => file.path);

  test.each([
    "dist/index.js",
    "dist/index.d.ts",
    "dist/format.js",
    "dist/format.d.ts",
    "dist/adapters.js",
    "dist/adapters.d.ts",
    "dist/s3.js",
    "dist/s3.d.ts",
    "src/index.ts",
    "CMakeLists.txt",
    "README.md",
    "LICENSE",
    "package.json",
  ])("has %s", (path) => {
    expect(paths).toContain(path);
  });

  test("has the native sources", () => {
    expect(paths).toContainEqual(expect.stringMatching(/^native\/.*\.cc$/));
  });

  // A checkout that links the system's C-Blosc has no sources of it, and is not published.
  const isReleasable = process.env["CI"] === "true" || existsSync(join(root, "vendor"));
  test.runIf(isReleasable)("has C-Blosc's sources, with its licences", () => {
    expect(paths).toContain("vendor/c-blosc/blosc/blosc.c");
    expect(paths).toContain("vendor/c-blosc/LICENSE.txt");
  });

  test("has nothing of tests, examples, benchmarks and caches", () => {
    const expected = /^(dist|src|native|vendor\/c-blosc|prebuilds)\/|^[^/]+$/;
    expect(paths.filter((path) => !expected.test(path))).toEqual([]);
  });
});

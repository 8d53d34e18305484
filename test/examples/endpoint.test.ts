import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

it("the endpoint example packs and unpacks", () => {
  const main = new URL("../../examples/endpoint/main.mjs", import.meta.url).pathname;
  const printed = execFileSync(process.execPath, [main], { encoding: "utf8" });
  expect(printed).toMatch(/^400 bytes in \d+, the last of 100 numbers is 9801\n$/);
});

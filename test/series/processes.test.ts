// Two processes that extend one series and are killed again and again, while others read it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Memory } from "bloscache";
import { describe, expect, it } from "vitest";
import { askReference, type Description, hasReference, sha256 } from "../python/reference.ts";
import { temporaryFolder } from "../support/temporary.ts";
// @ts-expect-error: a script, and no types
import { expected, walkOn } from "./walk.mjs";

const script = join(import.meta.dirname, "walk.mjs");
/** Long enough to be killed in many times, also where nothing else runs. */
const LONG = 3_000_000;
const LENGTH = 300_000;

/** An extender that is begun again whenever it was killed. */
class Extender {
  kills = 0;
  #child: ReturnType<typeof spawn> | undefined;
  readonly #work: readonly string[];

  constructor(location: string, step: number) {
    this.#work = [script, "extend", location, String(LONG), String(step)];
  }

  /** Until it comes to its end by itself. */
  async run(): Promise<void> {
    for (;;) {
      this.#child = spawn(process.execPath, this.#work, { stdio: ["ignore", "ignore", "inherit"] });
      const [code, signal] = await once(this.#child, "exit");
      if (signal === null) {
        expect(code).toBe(0);
        return;
      }
    }
  }

  kill(): void {
    if (this.#child?.kill("SIGKILL") === true) this.kills++;
  }
}

describe("a series that two processes extend", () => {
  it("is only ever seen as a committed prefix, and ends up whole", {
    timeout: 300_000,
  }, async () => {
    const location = join(temporaryFolder(), "cache");
    const right = (await expected(LONG)) as Float64Array;
    const extenders = [new Extender(location, 700), new Extender(location, 1500)];
    let running = true;
    const ended = Promise.all(extenders.map((extender) => extender.run())).finally(() => {
      running = false;
    });
    const walk = walkOn(new Memory(location), 1);
    let longest = 0;
    const seen = new Set<number>();

    const killer = async () => {
      for (let turn = 0; running && turn < 24; turn++) {
        await sleep(150 + ((turn * 97) % 400));
        extenders[turn % 2]?.kill();
      }
    };
    const reader = async () => {
      while (running) {
        const whole = (await walk.read("a")) as Float64Array;
        expect(whole.length).toBeGreaterThanOrEqual(longest);
        longest = whole.length;
        seen.add(longest);
        expect(Buffer.compare(bytesOf(whole), bytesOf(right.subarray(0, longest)))).toBe(0);
        const stop = walk.lengthOf("a");
        const part = (await walk.read("a", { start: stop - 10, stop })) as Float64Array;
        expect(part).toEqual(right.slice(Math.max(0, stop - 10), stop));
        await sleep(5);
      }
    };
    await Promise.all([ended, killer(), reader()]);

    expect(extenders.map(({ kills }) => kills > 0)).toEqual([true, true]);
    expect(seen.size).toBeGreaterThan(10);
    expect(await walk("a", { length: LONG })).toEqual(right);
    expect(walk.stats()).toMatchObject({ hits: 1, stores: 0 });
    if (!hasReference) return;
    const [path] = walk.info("a").files as [string];
    const [answer] = askReference([{ do: "unpack", path }]) as [Description];
    expect(answer).toMatchObject({ shape: [LONG], sha256: sha256(right) });
  });

  it("is continued by who waits, when the one who extends it is killed", {
    timeout: 60_000,
  }, async () => {
    const location = join(temporaryFolder(), "cache");
    const first = spawn(process.execPath, [script, "extend", location, String(10 * LENGTH), "700"]);
    const froms: number[] = [];
    const walk = walkOn(new Memory(location), 1000, (from: number) => froms.push(from));
    while (walk.lengthOf("a") === 0) await sleep(5);
    const waiting = walk.extend("a", { length: 5 * LENGTH }) as Promise<number>;
    await sleep(300);
    expect(froms).toEqual([]);
    first.kill("SIGKILL");
    expect(await waiting).toBe(5 * LENGTH);
    expect(froms).toHaveLength(1);
    expect(froms[0]).toBeGreaterThan(0);
    expect((froms[0] as number) % 700).toBe(0);
    expect(await walk.read("a")).toEqual(await expected(5 * LENGTH));
  });
});

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

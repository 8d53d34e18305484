// Many processes on one cache, killed at random: nobody else gets a wrong value or an error, and
// nothing that was stored is lost.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { SOAK } from "./stage.ts";

const script = join(import.meta.dirname, "crowd.mjs");
const KINDS = ["writer", "writer", "writer", "writer", "reader", "reader"] as const;
const KILLS = SOAK ? 10_000 : 200;
/** Between two kills, ms: a process starts in some hundred, when six share two processors. */
const LONGEST_PAUSE_MS = 240;
/** Hangs, not measurements, ms. */
const HANG_MS = 2000;
const HANG_UNDER_LOAD_MS = 10_000;

interface Slot {
  readonly kind: (typeof KINDS)[number];
  readonly number: number;
  readonly notes: string;
  child: ChildProcess;
}

/** What a slot's processes have noted. */
function notesOf({ notes }: Slot): [word: string, ...rest: string[]][] {
  if (!existsSync(notes)) return [];
  const lines = readFileSync(notes, "utf8").trimEnd().split("\n");
  return lines.map((line) => line.split(" ") as [string]);
}

function storedBy(slot: Slot): number[] {
  return notesOf(slot).flatMap(([word, x]) => (word === "stored" ? [Number(x)] : []));
}

/** A system of processes that are killed one by one, and come again. */
class Crowd {
  readonly slots: Slot[];
  readonly faults: string[] = [];
  readonly #location: string;

  constructor(location: string) {
    this.#location = location;
    const folder = temporaryFolder();
    this.slots = KINDS.map((kind, number) => {
      const notes = join(folder, `${number}`);
      const slot = { kind, number, notes };
      return { ...slot, child: this.#start(slot) };
    });
  }

  #start({ kind, number, notes }: Omit<Slot, "child">): ChildProcess {
    const from = (storedBy({ notes } as Slot).at(-1) ?? 0) + 1;
    const args = [script, this.#location, notes, String(number), kind, String(from)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr?.on("data", (text) => {
      said += text;
    });
    child.once("close", (code, signal) => {
      // The one signal that is sent is SIGKILL, and nobody ends by himself.
      if (signal !== "SIGKILL") this.faults.push(`${kind} ended by ${signal ?? code}: ${said}`);
    });
    return child;
  }

  async kill({ child }: Slot): Promise<void> {
    // One that has ended by itself is a fault, which the test tells of at its end.
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async replace(slot: Slot): Promise<void> {
    await this.kill(slot);
    slot.child = this.#start(slot);
  }
}

interface Aftermath {
  readonly openMs: number;
  readonly lost: number;
  readonly warned: readonly string[];
  readonly items: number;
  readonly listed: number;
  readonly findings: readonly string[];
}

/** Looks for all that was stored, in a cache that nobody uses. */
const source = `
  import { Memory } from "bloscache";
  import { ownFunction } from ${JSON.stringify(script)};
  const warned = [];
  process.on("warning", ({ message }) => warned.push(message));
  const started = performance.now();
  const memory = new Memory(process.env.LOCATION);
  const { items } = memory.size();
  const openMs = performance.now() - started;
  let lost = 0;
  for (const { slot, last } of JSON.parse(process.env.STORED)) {
    const own = ownFunction(memory, slot, () => lost++);
    for (let x = 1; x <= last; x++) own(x);
  }
  const listed = [...memory.entries()].length;
  const findings = (await memory.verify()).findings.map(({ text }) => text);
  console.log(JSON.stringify({ openMs, lost, warned, items, listed, findings }));`;

it("nothing is lost, and nobody harmed", { timeout: SOAK ? 7_200_000 : 300_000 }, async () => {
  const location = temporaryFolder();
  const crowd = new Crowd(location);
  for (let kills = 0; kills < KILLS && crowd.faults.length === 0; kills++) {
    await sleep(LONGEST_PAUSE_MS * Math.random());
    await crowd.replace(crowd.slots[Math.floor(Math.random() * KINDS.length)] as Slot);
  }
  await Promise.all(crowd.slots.map((slot) => crowd.kill(slot)));
  expect(crowd.faults).toEqual([]);

  const notes = crowd.slots.flatMap(notesOf);
  const others = notes.filter(([word]) => word !== "stored" && word !== "open");
  expect(others).toEqual([]);
  const opens = notes.flatMap(([word, ms]) => (word === "open" ? [Number(ms)] : []));
  expect(Math.max(...opens)).toBeLessThan(HANG_UNDER_LOAD_MS);

  const STORED = JSON.stringify(
    crowd.slots.map((slot) => ({ slot: slot.number, last: storedBy(slot).at(-1) ?? 0 })),
  );
  const after = await inChild<Aftermath>(source, { LOCATION: location, STORED });
  const stored = notes.filter(([word]) => word === "stored").length;
  console.log(`${KILLS} kills, ${opens.length} opens, ${stored} stored, ${after.lost} lost`);
  expect(after).toMatchObject({ lost: 0, warned: [], findings: [], listed: after.items });
  expect(after.openMs).toBeLessThan(HANG_MS);
  expect(opens.length).toBeGreaterThan(KILLS / 10);
  expect(stored).toBeGreaterThan(KILLS);
});

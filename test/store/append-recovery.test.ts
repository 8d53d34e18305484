// The journal beside a file: what it undoes, and what it leaves alone.
import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import fs, {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { StoreError } from "../../src/errors.ts";
import { packBytes, unpackBytes } from "../../src/format.ts";
import { append, appendBytesSync, appendSync } from "../../src/store/append-file.ts";
import { lockFile } from "../../src/store/file-lock.ts";
import { recover, recoverSync, replaceRegions } from "../../src/store/journal.ts";
import { runSync, SteppedFile, type Steps } from "../../src/store/steps.ts";
import { inChild } from "../support/child.ts";
import { smallDisk } from "../support/small-disk.ts";
import { temporaryFolder } from "../support/temporary.ts";

const bytes = (n: number, first: number) => Uint8Array.from({ length: n }, (_, i) => first + i);
const start = bytes(100, 0);
const change = {
  size: 100,
  regions: [
    { position: 10, old: bytes(20, 10), new: bytes(20, 150) },
    { position: 90, old: bytes(10, 90), new: bytes(10, 200) },
  ],
};
const end = Uint8Array.from(start);
for (const { position, new: content } of change.regions) end.set(content, position);

/** A file with the journal of the change beside it, as a process leaves both that is killed. */
function stage(content: Uint8Array, cut = 0): string {
  const path = join(temporaryFolder(), "file");
  writeFileSync(path, start);
  const steps = replaceRegions(new SteppedFile(path, "r+"), change, lockFile(path), "relaxed");
  // The first step writes the journal, the next would write the file.
  const first = steps.next();
  if (first.done !== true) steps.next(first.value.now());
  rmSync(`${path}.lock`);
  const journal = readFileSync(`${path}.blp-journal`);
  writeFileSync(`${path}.blp-journal`, journal.subarray(0, journal.byteLength - cut));
  writeFileSync(path, content);
  return path;
}

const hasJournal = (path: string) => existsSync(`${path}.blp-journal`);

describe("a journal", () => {
  it("undoes any mixture of old and new bytes, and what was written behind the end", async () => {
    for (let seed = 0; seed < 200; seed++) {
      const mixed = start.map((byte, i) =>
        (i * 7919 + seed * 31) % 11 < 5 ? byte : (end[i] ?? 0),
      );
      const path = stage(Buffer.concat([mixed, bytes(seed, 5)]));
      if (seed % 2 === 0) recoverSync(path);
      else await recover(path);
      expect(Buffer.compare(readFileSync(path), start)).toBe(0);
      expect(readdirSync(join(path, ".."))).toEqual(["file"]);
    }
  });

  it.each([
    ["one byte that is neither", end.with(95, 3)],
    ["a file that is shorter", end.subarray(0, 99)],
    ["another file", bytes(100, 100)],
  ])("of a file that somebody else wrote since is dropped: %s", (_what, content) => {
    const path = stage(content);
    recoverSync(path);
    expect(Buffer.compare(readFileSync(path), content)).toBe(0);
    expect(hasJournal(path)).toBe(false);
  });

  it("that is not complete is of a change that had not begun", () => {
    const { byteLength } = readFileSync(`${stage(start)}.blp-journal`);
    for (let cut = 1; cut <= byteLength; cut++) {
      const path = stage(start, cut);
      recoverSync(path);
      expect(Buffer.compare(readFileSync(path), start)).toBe(0);
      expect(hasJournal(path)).toBe(false);
    }
  });

  it("without a file is left, and no file is fine", () => {
    const path = stage(start);
    rmSync(path);
    recoverSync(path);
    recoverSync(join(path, "../none"));
    expect(existsSync(path)).toBe(false);
  });

  it("is undone at once when a write fails", () => {
    const path = join(temporaryFolder(), "file");
    writeFileSync(path, start);
    let writes = 0;
    class Failing extends SteppedFile {
      override *write(position: number, pieces: readonly Uint8Array[]): Steps<void> {
        if (++writes === 2) throw new Error("EIO");
        yield* super.write(position, pieces);
      }
    }
    const file = new Failing(path, "r+");
    expect(() => runSync(replaceRegions(file, change, lockFile(path), "relaxed"))).toThrow("EIO");
    expect(Buffer.compare(readFileSync(path), start)).toBe(0);
    expect(hasJournal(path)).toBe(false);
  });
});

describe("a full disk", () => {
  const disk = smallDisk(4);
  it.skipIf(disk === undefined).each([
    ["in place", {}],
    ["anew", { maxAppChunks: 0 }],
  ])("leaves the file as it was, to be written %s", (_how, options) => {
    const path = join(disk as string, "file.blp");
    const file = packBytes(randomBytes(2_500_000), { chunkSize: 1_000_000, ...options });
    writeFileSync(path, file);
    expect(() => appendBytesSync(path, randomBytes(3_000_000))).toThrow("ENOSPC");
    expect(Buffer.compare(readFileSync(path), file)).toBe(0);
    expect(() => appendBytesSync(path, randomBytes(1_490_000))).toThrow("ENOSPC");
    expect(Buffer.compare(readFileSync(path), file)).toBe(0);
    expect(readdirSync(disk as string)).toEqual(["file.blp"]);
  });
});

describe("one writer at a time", () => {
  const made = () => {
    const path = join(temporaryFolder(), "file.blp");
    writeFileSync(path, packBytes(bytes(100, 0)));
    return path;
  };
  const refused = expect.objectContaining({
    code: "STORE_FAILED",
    cause: expect.objectContaining({ code: "ELOCKED" }),
  });

  it("a second is refused, in this process and in others, until the first is through", async () => {
    const path = made();
    const lock = lockFile(path);
    expect(() => appendBytesSync(path, bytes(1, 0))).toThrow(refused);
    expect(() => appendBytesSync(path, bytes(1, 0))).toThrow(/this process .* is writing/);
    const other = await inChild<{ code: string; message: string }>(
      `import { appendBytesSync } from "bloscache/format";
       try { appendBytesSync(process.env.FILE, new Uint8Array(1)); } catch (error) {
         console.log(JSON.stringify({ code: error.cause.code, message: error.message }));
       }`,
      { FILE: path },
    );
    expect(other.code).toBe("ELOCKED");
    expect(other.message).toContain(`process ${process.pid} on`);
    lock.release();
    appendBytesSync(path, bytes(1, 0));
    expect(unpackBytes(readFileSync(path)).bytes.byteLength).toBe(101);
  });

  it.each([
    ["gone", { pid: 2 ** 22 + 1 }],
    ["another by now, of the same id", { started: "1" }],
    ["of an earlier boot", { boot: "before" }],
  ])("the lock of a process that is %s is taken over", (_what, differing) => {
    const path = made();
    lockFile(path);
    const holder = JSON.parse(readFileSync(`${path}.lock`, "utf8")) as object;
    writeFileSync(`${path}.lock`, JSON.stringify({ ...holder, ...differing }));
    appendBytesSync(path, bytes(1, 0));
    expect(readdirSync(join(path, ".."))).toEqual(["file.blp"]);
  });

  it.each(["", "null", "7", "[]", "{}", '{"pid":1}', "1234\\n"])(
    "a lock that names nobody is of another program, and stays: %j",
    (content) => {
      const path = made();
      writeFileSync(`${path}.lock`, content);
      utimesSync(`${path}.lock`, 1, 1);
      expect(() => appendBytesSync(path, bytes(1, 0))).toThrow(refused);
      expect(() => appendBytesSync(path, bytes(1, 0))).toThrow(/of another program; .* remove it/);
      expect(readFileSync(`${path}.lock`, "utf8")).toBe(content);
    },
  );

  it("one that was just made is waited for, for a second", () => {
    const path = made();
    writeFileSync(`${path}.lock`, "");
    const start = performance.now();
    expect(() => appendBytesSync(path, bytes(1, 0))).toThrow(refused);
    expect(performance.now() - start).toBeGreaterThan(500);
  });

  it("that cannot be removed after an append is a warning", async () => {
    const path = made();
    const warned = once(process, "warning") as Promise<[Error & { code: string }]>;
    const rmSync = vi.spyOn(fs, "rmSync").mockImplementation((name, options) => {
      if (String(name).endsWith(".lock")) throw new Error("EIO");
      fs.unlinkSync(name);
      expect(options?.recursive).toBeUndefined();
    });
    try {
      expect(appendBytesSync(path, bytes(1, 0)).nbytes).toBe(1);
    } finally {
      rmSync.mockRestore();
    }
    const [warning] = await warned;
    expect(warning).toMatchObject({ name: "BloscacheWarning", code: "LOCK_REMAINS" });
    expect(warning.message).toMatch(/lock" cannot be removed, .*: EIO/);
  });

  it("is complete as soon as it is there, also where there are no links", () => {
    for (const links of [true, false]) {
      const path = made();
      const linkSync = vi.spyOn(fs, "linkSync");
      if (!links) {
        linkSync.mockImplementation(() => {
          throw Object.assign(new Error("EPERM"), { code: "EPERM" });
        });
      }
      const lock = lockFile(path);
      expect(linkSync).toHaveBeenCalledOnce();
      linkSync.mockRestore();
      expect(readdirSync(join(path, ".."))).toEqual(["file.blp", "file.blp.lock"]);
      expect(() => lockFile(path)).toThrow(refused);
      lock.release();
      expect(readdirSync(join(path, ".."))).toEqual(["file.blp"]);
    }
  });

  it("who runs elsewhere is believed", () => {
    const path = made();
    lockFile(path);
    const holder = JSON.parse(readFileSync(`${path}.lock`, "utf8")) as object;
    writeFileSync(`${path}.lock`, JSON.stringify({ ...holder, pid: 1, host: "elsewhere" }));
    expect(() => appendBytesSync(path, bytes(1, 0))).toThrow(/on elsewhere .* remove ".*\.lock"/);
  });

  it("whose lock was removed in between does not write", () => {
    const path = made();
    const before = readFileSync(path);
    function* robbing() {
      yield bytes(10, 0);
      rmSync(`${path}.lock`);
    }
    expect(() => appendSync(path, robbing())).toThrow(StoreError);
    expect(Buffer.compare(readFileSync(path), before)).toBe(0);
  });

  it.each([
    ["commit", 10],
    ["write a batch", 40_000_000],
  ])(
    "whose lock was removed leaves alone what another has appended: about to %s",
    async (_what, left) => {
      const path = made();
      const events = new EventEmitter();
      const started = once(events, "started");
      const removed = once(events, "removed");
      async function* waiting() {
        yield bytes(10, 0);
        // More than a batch, so that something is written before the lock is gone.
        yield randomBytes(14_000_000);
        events.emit("started");
        await removed;
        yield new Uint8Array(left);
      }
      const robbed = append(path, waiting());
      await started;
      rmSync(`${path}.lock`);
      appendBytesSync(path, randomBytes(2_000_000));
      const after = readFileSync(path);
      events.emit("removed");
      await expect(robbed).rejects.toThrow(/its lock was removed/);
      expect(Buffer.compare(readFileSync(path), after)).toBe(0);
      expect(unpackBytes(after).bytes.byteLength).toBe(2_000_100);
    },
  );

  it("eight processes that append at once lose nothing", async () => {
    const path = made();
    const source = `import { appendBytesSync } from "bloscache/format";
      let done = 0;
      while (done < 20) {
        try { appendBytesSync(process.env.FILE, new Uint8Array(1000).fill(200 + done)); done++; }
        catch (error) { if (error.cause?.code !== "ELOCKED") throw error; }
      }
      console.log(done);`;
    await Promise.all(Array.from({ length: 8 }, () => inChild(source, { FILE: path })));
    const { bytes: plain } = unpackBytes(readFileSync(path));
    expect(plain.byteLength).toBe(100 + 8 * 20 * 1000);
    expect(plain.subarray(100).reduce((sum, byte) => sum + byte, 0)).toBe(
      8 * 1000 * Array.from({ length: 20 }, (_, i) => 200 + i).reduce((a, b) => a + b),
    );
    expect(readdirSync(join(path, ".."))).toEqual(["file.blp"]);
  });
});

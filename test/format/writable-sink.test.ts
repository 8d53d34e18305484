// A Node stream that fails, or is destroyed, at any point of a transfer.
import { Writable, type WritableOptions } from "node:stream";
import { BytesSource, pack, WritableSink } from "bloscache/format";
import { expect, it } from "vitest";

/** A stream that takes everything, with other `options`; its errors have a listener. */
function writable(options: WritableOptions = {}): Writable {
  const stream = new Writable({ write: (_piece, _encoding, done) => done(), ...options });
  return stream.on("error", () => undefined);
}

const packTo = (stream: Writable) =>
  pack(new BytesSource(new Uint8Array(10)), new WritableSink(stream));

it("fails when the stream cannot be ended", async () => {
  const final = (done: (error: Error) => void) => {
    setImmediate(() => done(new Error("final failed")));
  };
  await expect(packTo(writable({ final }))).rejects.toThrow("final failed");
});

it("fails when the stream is destroyed between the last write and its end", async () => {
  const stream = writable();
  const sink = new WritableSink(stream);
  await sink.append([new Uint8Array(10)]);
  stream.destroy();
  await expect(sink.close()).rejects.toThrow(/closed before/);
  const other = writable();
  const late = new WritableSink(other);
  await late.append([new Uint8Array(10)]);
  other.destroy();
  await new Promise((resolve) => other.once("close", resolve));
  await expect(late.close()).rejects.toThrow(/closed before/);
});

it("fails when the stream is destroyed while it ends, or while it writes", async () => {
  const ending: Writable = writable({ final: () => void ending.destroy() });
  await expect(packTo(ending)).rejects.toThrow();
  const writing: Writable = writable({ write: () => void writing.destroy() });
  await expect(packTo(writing)).rejects.toThrow(/closed before/);
  const failing: Writable = writable({ write: () => void failing.destroy(new Error("gone")) });
  await expect(packTo(failing)).rejects.toThrow("gone");
});

it("fails when the stream had been destroyed before", async () => {
  const stream = writable({ emitClose: false }).destroy();
  await expect(packTo(stream)).rejects.toThrow(/closed before/);
});

it("leaves no listener behind", async () => {
  const stream = writable({ autoDestroy: false });
  await packTo(stream);
  expect([stream.listenerCount("error"), stream.listenerCount("close")]).toEqual([1, 0]);
});

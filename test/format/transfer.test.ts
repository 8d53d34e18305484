// How a transfer ends: by a signal, whatever it waits for, and with the first of several errors.
import { Readable, Writable } from "node:stream";
import {
  BytesSink,
  BytesSource,
  PiecesSource,
  pack,
  packBytes,
  type Sink,
  type Source,
  type TransferOptions,
  unpack,
  WebSink,
  WritableSink,
} from "bloscache/format";
import { describe, expect, it, vi } from "vitest";

const never = () => new Promise<never>(() => undefined);
const plain = () => new Uint8Array(100_000);

async function* stalling() {
  yield new Uint8Array(10);
  await never();
}

/** Aborts soon, when the transfer waits. */
function soon(): { signal: AbortSignal; reason: Error } {
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 30);
  return { signal: controller.signal, reason };
}

async function expectAborted(transfer: (options: TransferOptions) => Promise<unknown>) {
  const { signal, reason } = soon();
  await expect(transfer({ signal })).rejects.toBe(reason);
}

describe.each([
  ["pack", pack, plain],
  ["unpack", unpack, () => packBytes(plain())],
] as const)("%s is aborted while it waits", (_name, transfer, content) => {
  it("for a Node stream, which is destroyed", async () => {
    const stream = new Readable({ read: () => undefined });
    await expectAborted((options) => transfer(new PiecesSource(stream), new BytesSink(), options));
    expect(stream.destroyed).toBe(true);
  });

  it("for a web stream, which is cancelled", async () => {
    const cancel = vi.fn();
    const stream = new ReadableStream<Uint8Array>({ cancel });
    const source = () => new PiecesSource(stream as never);
    await expectAborted((options) => transfer(source(), new BytesSink(), options));
    expect(cancel).toHaveBeenCalledOnce();
    expect(stream.locked).toBe(false);
  });

  it("for a generator", () =>
    expectAborted((options) => transfer(new PiecesSource(stalling()), new BytesSink(), options)));

  it("for a source, which is closed once", async () => {
    const source = { read: never, close: vi.fn() };
    const sink = { append: () => undefined, close: vi.fn(), abort: vi.fn() };
    const { signal, reason } = soon();
    await expect(transfer(source, sink, { signal })).rejects.toBe(reason);
    expect(source.close).toHaveBeenCalledOnce();
    expect(sink.abort.mock.calls).toEqual([[reason]]);
    expect(sink.close).not.toHaveBeenCalled();
  });

  it("for a sink", async () => {
    const stalled = (sink: Partial<Sink>) =>
      expectAborted((options) =>
        transfer(new BytesSource(content()), { append: never, ...sink }, options),
      );
    await stalled({});
    await stalled({ append: () => undefined, close: never });
  });

  it("for a Node or web stream that takes nothing", async () => {
    const node = new Writable({ write: () => undefined });
    const web = new WebSink(new WritableStream({ write: never }));
    for (const sink of [new WritableSink(node), web]) {
      await expectAborted((options) => transfer(new BytesSource(content()), sink, options));
    }
    expect(node.destroyed).toBe(true);
  });

  it("or before it begins: nothing is read or written", async () => {
    const source = { read: vi.fn(() => 0), close: vi.fn() };
    const sink = { append: vi.fn(), abort: vi.fn() };
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(transfer(source, sink, { signal })).rejects.toThrow("too late");
    expect(source.read).not.toHaveBeenCalled();
    expect(sink.append).not.toHaveBeenCalled();
    expect([source.close, sink.abort].map((left) => left.mock.calls.length)).toEqual([1, 1]);
  });

  it("without anything left on the signal", async () => {
    const { signal } = new AbortController();
    const [add, remove] = [
      vi.spyOn(signal, "addEventListener"),
      vi.spyOn(signal, "removeEventListener"),
    ];
    await transfer(new BytesSource(content()), new BytesSink(), { signal });
    expect(remove.mock.calls).toEqual(add.mock.calls);
    expect(add).toHaveBeenCalledOnce();
  });
});

it("memory that a stalled read may still fill is nobody else's", async () => {
  const targets: Uint8Array[] = [];
  const source: Source = {
    read: (target) => {
      targets.push(target);
      return never();
    },
  };
  await expectAborted((options) => pack(source, new BytesSink(), options));
  await expectAborted((options) => unpack(source, new BytesSink(), options));
  const taken: ArrayBufferLike[] = [];
  const watched = (read: Source["read"]): Source => ({
    read: (target) => {
      taken.push(target.buffer);
      return read(target);
    },
  });
  const file = new BytesSource(packBytes(plain()));
  await pack(
    watched(() => 0),
    new BytesSink(),
  );
  await unpack(
    watched((target) => file.read(target)),
    new BytesSink(),
  );
  for (const { buffer } of targets) expect(taken).not.toContain(buffer);
});

it("a sink that fails does not wait for a source that stalls", async () => {
  const sink = { append: () => Promise.reject(new Error("full")) };
  let reads = 0;
  // The first batch is there at once; the head is written before, so it is written well.
  let appended = 0;
  const later = { append: () => (appended++ === 0 ? undefined : sink.append()) };
  const read = (target: Uint8Array) => (reads++ < 2 ? target.byteLength : never());
  await expect(pack({ read }, later)).rejects.toThrow("full");
});

describe("the first error wins", () => {
  const failing = (message: string) => () => Promise.reject(new Error(message));

  it("over those of closing and aborting", async () => {
    const source = { read: failing("read"), close: failing("close of the source") };
    const sink = { append: () => undefined, abort: failing("abort") };
    await expect(pack(source, sink)).rejects.toThrow(/^read$/);
    const throwing = {
      read: failing("read"),
      close: () => {
        throw new Error("close");
      },
    };
    await expect(unpack(throwing, sink)).rejects.toThrow(/^read$/);
  });

  it("and a sink whose close fails is aborted with it", async () => {
    const sink = { append: () => undefined, close: failing("disk full"), abort: vi.fn() };
    await expect(pack(new BytesSource(plain()), sink)).rejects.toThrow("disk full");
    expect(sink.abort.mock.calls).toEqual([[new Error("disk full")]]);
  });

  it("but a source that cannot be closed is told of, when all else went well", async () => {
    const bytes = new BytesSource(plain());
    const source = { size: bytes.size, read: bytes.read.bind(bytes), close: failing("close") };
    await expect(pack(source, new BytesSink())).rejects.toThrow(/^close$/);
  });
});

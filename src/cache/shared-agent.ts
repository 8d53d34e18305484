/**
 * The shared tier for who cannot wait by promises: an agent in a thread of its own does what takes
 * time, and the thread that asks is blocked until it has an answer.
 */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";
import { messageOf } from "../errors.ts";
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import type { Replaces, SharedTier, TierRecipe } from "../tier/shared-tier.ts";
import {
  type AgentData,
  BEATS,
  ENDED,
  plainAddress,
  type Reply,
  type Request,
} from "./agent-messages.ts";
import type { OpenedStore } from "./opened-store.ts";
import type { Turn, Wish } from "./shared-results.ts";
import { warnOnce } from "./warning.ts";

/** A call that is blocked. */
interface Asking {
  readonly wish: Wish;
  outcome?: "stored" | Omit<Turn, "end">;
}

type OfCall = Extract<Reply, { readonly say: "judge" | "waits" | "fetched" | "brought" }>;

/** An agent that is not heard of for so many slices of time, each of so many ms, is given up. */
const SLICES = 20;
const SLICE_MS = 500;

/** To be made by {@link startAgent}. */
export class SharedAgent {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #pulse = new Int32Array(new SharedArrayBuffer(8));
  readonly #store: OpenedStore;
  readonly #url: string;
  readonly #asking = new Map<number, Asking>();
  /** How many turns and sendings there are of a result, by its name. */
  readonly #concerns = new Map<string, number>();
  /** Sendings that may be lost with the process. */
  readonly #unkept = new Set<number>();
  /** Names of results that are still to be removed. */
  readonly #removing = new Set<string>();
  readonly #settling = new Map<number, () => void>();
  /** What the process is to wait for. */
  #held = 0;
  #lastId = 0;
  #isGone = false;

  /** @throws what a thread that cannot be started does */
  constructor(store: OpenedStore, url: string, recipe: TierRecipe) {
    this.#store = store;
    this.#url = url;
    const { port1, port2: port } = new MessageChannel();
    const { location, options } = store;
    const { packing: _packing, ...plain } = options;
    const workerData: AgentData = { port, pulse: this.#pulse, recipe, location, options: plain };
    this.#worker = new Worker(new URL(import.meta.resolve("#shared-agent")), {
      workerData,
      transferList: [port],
      // Flags of the process, such as `--input-type`, are about its own file.
      execArgv: [],
      name: "bloscache",
    });
    this.#port = port1;
    this.#worker.on("error", (error) => this.#fail(messageOf(error)));
    this.#worker.on("exit", () => this.#fail("it has ended"));
    this.#port.on("message", (reply: Reply) => this.#take(reply));
    this.#worker.unref();
    this.#port.unref();
  }

  /** Whether there is none to ask any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /**
   * Brings a result of others here, or else the right to compute it, with the thread blocked.
   *
   * @returns `undefined` when the agent fails
   */
  bring(address: Address, wish: Wish): "stored" | Turn | undefined {
    const id = ++this.#lastId;
    const asking: Asking = { wish };
    this.#asking.set(id, asking);
    const { waitMs, isPinned } = wish;
    this.#ask({ ask: "bring", id, address: plainAddress(address), waitMs, isPinned });
    this.#waitUntil(() => asking.outcome !== undefined);
    this.#asking.delete(id);
    const { outcome } = asking;
    if (outcome === undefined || outcome === "stored") return outcome;
    this.#concern(address.name, 1);
    const end = async () => {
      this.#concern(address.name, -1);
      if (this.#isGone) return;
      this.#hold(1);
      this.#ask({ ask: "end", id });
    };
    return { ...outcome, end };
  }

  /**
   * Has a stored result sent, if it is this agent's to send: the one that has its lease, or sends
   * news of it already. When this returns, the news is kept on disk: who ends the process loses none.
   */
  publish(address: Address, replaces: Replaces): boolean {
    const isSent = this.#send(address, (id, address) => ({
      ask: "publish",
      id,
      address,
      replaces,
    }));
    if (isSent) this.#removing.delete(address.name);
    return isSent;
  }

  /** {@link publish}, of the news that a result is none any more. */
  remove(address: Address): boolean {
    const isSent = this.#send(address, (id, address) => ({ ask: "remove", id, address }));
    if (isSent) this.#removing.add(address.name);
    return isSent;
  }

  #send(address: Address, request: (id: number, address: Address) => Request): boolean {
    const { name } = address;
    if (this.#isGone || !(this.#concerns.has(name) || this.#removing.has(name))) return false;
    const id = ++this.#lastId;
    this.#unkept.add(id);
    this.#concern(name, 1);
    this.#hold(1);
    this.#ask(request(id, plainAddress(address)));
    this.#waitUntil(() => !this.#unkept.has(id));
    return !this.#isGone;
  }

  /** Whether a result is still to be removed: who looks for it may find it. */
  isRemoving({ name }: Address): boolean {
    return !this.#isGone && this.#removing.has(name);
  }

  /** Has the agent's timers do nothing more, until it is asked for something. */
  rest(): void {
    this.#ask({ ask: "rest" });
  }

  /** Resolves when what was to be sent is sent, or kept for others, and the agent has ended. */
  async end(): Promise<void> {
    if (this.#isGone) return;
    const id = ++this.#lastId;
    await new Promise<void>((resolve) => {
      this.#settling.set(id, resolve);
      this.#hold(1);
      this.#ask({ ask: "settle", id });
    });
    // What is asked of it meanwhile is not to be lost.
    if (this.#isGone || this.#held > 0 || this.#concerns.size > 0) return;
    this.#isGone = true;
    this.#worker.ref();
    await new Promise((resolve) => {
      this.#worker.once("exit", resolve);
      this.#port.close();
    });
  }

  #ask(request: Request): void {
    if (!this.#isGone) this.#port.postMessage(request);
  }

  #concern(name: string, more: 1 | -1): void {
    const count = (this.#concerns.get(name) ?? 0) + more;
    if (count === 0) this.#concerns.delete(name);
    else this.#concerns.set(name, count);
  }

  /** What is to be sent keeps the process until it is, or is put off; the agent as such does not. */
  #hold(more: 1 | -1): void {
    this.#held += more;
    if (this.#held > 0) this.#port.ref();
    else this.#port.unref();
  }

  #waitUntil(isDone: () => boolean): void {
    for (let silent = 0; !this.#isGone; ) {
      const beats = Atomics.load(this.#pulse, BEATS);
      const hasEnded = Atomics.load(this.#pulse, ENDED) === 1;
      this.#takeAll();
      if (isDone()) return;
      if (hasEnded) this.#fail("it has ended");
      else if (silent === SLICES) this.#fail(`it has been silent for ${SLICES * SLICE_MS} ms`);
      // Time in which the whole process is stopped counts as one slice.
      else if (Atomics.wait(this.#pulse, BEATS, beats, SLICE_MS) === "timed-out") silent++;
      else silent = 0;
    }
  }

  #takeAll(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      this.#take(received.message as Reply);
    }
  }

  #take(reply: Reply): void {
    switch (reply.say) {
      case "judge":
      case "waits":
      case "fetched":
      case "brought":
        this.#takeOfCall(reply);
        break;
      case "kept":
        this.#unkept.delete(reply.id);
        break;
      case "sent":
        if (!reply.isRemoving) this.#removing.delete(reply.name);
        this.#concern(reply.name, -1);
        this.#hold(-1);
        break;
      case "ended":
        this.#hold(-1);
        break;
      case "settled":
        this.#hold(-1);
        this.#settling.get(reply.id)?.();
        this.#settling.delete(reply.id);
        break;
      case "warning":
        warnOnce(reply.about, reply.code, reply.message);
        break;
      case "evicted":
        this.#store.evicted(reply.evicted);
    }
  }

  #takeOfCall(reply: OfCall): void {
    const { id } = reply;
    const asking = this.#asking.get(id);
    if (asking === undefined) return;
    const { wish } = asking;
    if (reply.say === "waits") wish.onWait();
    else if (reply.say === "fetched") wish.onFetch(reply.bytes);
    else if (reply.say === "brought") asking.outcome = reply.turn ?? "stored";
    else this.#ask({ ask: "judged", id, ...judge(wish, reply.entry) });
  }

  /** Calls go on without it; a lease that it held is over when it is not renewed. */
  #fail(reason: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    warnOfFailure(`${this.#store.location} ${this.#url}`, this.#url, reason);
    for (const resolve of this.#settling.values()) resolve();
    this.#port.close();
    this.#worker.terminate();
  }
}

/** An agent for a tier; `null`, with a warning, where there can be none. */
export function startAgent(tier: SharedTier, store: OpenedStore): SharedAgent | null {
  const { url } = tier;
  const recipe = tier.recipe();
  if (recipe === "unasked") return null;
  const about = `${store.location} ${url}`;
  if (recipe === undefined) {
    const message = `Functions that are not declared async do not look into ${url}: it cannot be made again in the thread that would do so. They compute, and their results are sent. Where it was given a client or a bucket, it needs the plain options of a client, or none; { sync: false } says that this is meant.`;
    warnOnce(about, "SHARED_NOT_PORTABLE", message);
    return null;
  }
  try {
    return new SharedAgent(store, url, recipe);
  } catch (error) {
    warnOfFailure(about, url, messageOf(error));
    return null;
  }
}

function warnOfFailure(about: string, url: string, reason: string): void {
  const message = `The thread that looks into ${url} for functions that are not declared async has failed: ${reason}. They compute.`;
  warnOnce(about, "SHARED_AGENT_FAILED", message);
}

/** What the user's `validate` throws is told by the agent, as of asynchronous calls. */
function judge({ isFresh }: Wish, entry: Entry): { isFresh: boolean; why?: string } {
  try {
    return { isFresh: isFresh(entry) };
  } catch (error) {
    return { isFresh: false, why: messageOf(error) };
  }
}

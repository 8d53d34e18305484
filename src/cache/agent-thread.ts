/**
 * The agent of a thread: brings results of the shared tier while that thread is blocked, renews the
 * leases of what it computes, and sends what it has computed. It runs in a thread of its own, whose
 * event loop is always free.
 */
import type { MessagePort } from "node:worker_threads";
import type { Entry } from "../store/entry.ts";
import type { SharedTier } from "../tier/shared-tier.ts";
import { type AgentData, BEATS, ENDED, type Reply, type Request } from "./agent-messages.ts";
import { OpenedStore } from "./opened-store.ts";
import { type LeavableWish, SharedResults, type Turn, type Wish } from "./shared-results.ts";
import { tellWarnings } from "./warning.ts";

/** While a call is blocked it hears of its agent at least so often, ms. */
const BEAT_MS = 500;

/** Never aborted: who is blocked cannot leave. */
const { signal: NEVER } = new AbortController();

/** Begins to serve a thread, until that closes the port. To be called once in a thread. */
export function serve(data: AgentData, tier: SharedTier): void {
  const agent = new Agent(data, tier);
  data.port.on("message", (request: Request) => agent.take(request));
  data.port.on("close", () => agent.leave());
  process.on("exit", () => {
    Atomics.store(data.pulse, ENDED, 1);
    agent.say(undefined);
  });
}

type Errand = Extract<Request, { readonly ask: "publish" | "remove" }>;

class Agent {
  readonly #port: MessagePort;
  readonly #pulse: Int32Array<SharedArrayBuffer>;
  readonly #store: OpenedStore;
  readonly #shared: SharedResults;
  readonly #turns = new Map<number, Turn>();
  /** What is to be done with the judgement of a call. */
  readonly #judging = new Map<number, (judged: Request & { ask: "judged" }) => void>();
  /** Calls that are blocked. */
  #blocked = 0;

  constructor({ port, pulse, location, options }: AgentData, tier: SharedTier) {
    this.#port = port;
    this.#pulse = pulse;
    tellWarnings((about, code, message) => this.say({ say: "warning", about, code, message }));
    this.#store = new OpenedStore(location, { ...options, packing: {} }, (evicted) =>
      this.say({ say: "evicted", evicted }),
    );
    this.#shared = new SharedResults(tier, this.#store, options.inlineBytes);
    setInterval(() => this.#blocked > 0 && this.say(undefined), BEAT_MS).unref();
  }

  /** @param reply `undefined` for a beat of the pulse alone */
  say(reply: Reply | undefined): void {
    if (reply !== undefined) this.#port.postMessage(reply);
    Atomics.add(this.#pulse, BEATS, 1);
    Atomics.notify(this.#pulse, BEATS);
  }

  leave(): void {
    this.#store.end();
    // Connections that nobody uses would keep the thread.
    process.exit(0);
  }

  take(request: Request): void {
    switch (request.ask) {
      case "bring":
        this.#bring(request);
        break;
      case "judged":
        this.#judging.get(request.id)?.(request);
        break;
      case "publish":
        this.#send(request, this.#shared.publish(request.address, request.replaces));
        break;
      case "remove":
        this.#send(request, this.#shared.remove(request.address));
        break;
      case "end":
        this.#end(request.id);
        break;
      case "settle":
        this.#settle(request.id);
        break;
      case "rest":
        this.#store.end();
    }
  }

  async #bring({ id, address, ...wish }: Request & { ask: "bring" }): Promise<void> {
    this.#blocked++;
    const outcome = await this.#shared.bring(address, this.#wishOf(id, wish));
    this.#blocked--;
    if (outcome === "stored") {
      this.say({ say: "brought", id, turn: undefined });
      return;
    }
    this.#turns.set(id, outcome);
    const { replaces, inVain } = outcome;
    this.say({ say: "brought", id, turn: { replaces, inVain } });
  }

  #wishOf(id: number, wish: Pick<Wish, "waitMs" | "isPinned">): LeavableWish {
    return {
      ...wish,
      signal: NEVER,
      isFresh: (entry) => this.#judge(id, entry),
      onWait: () => this.say({ say: "waits", id }),
      onFetch: (bytes) => this.say({ say: "fetched", id, bytes }),
    };
  }

  /** Whether a call may use a result is for its own thread to say: there is the user's `validate`. */
  #judge(id: number, entry: Entry): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#judging.set(id, ({ isFresh, why }) => {
        this.#judging.delete(id);
        if (why === undefined) resolve(isFresh);
        else reject(new Error(why));
      });
      this.say({ say: "judge", id, entry });
    });
  }

  async #send({ id, address }: Errand, sending: Promise<void>): Promise<void> {
    this.say({ say: "kept", id });
    await sending;
    const isRemoving = this.#shared.isRemoving(address);
    this.say({ say: "sent", name: address.name, isRemoving });
  }

  async #end(id: number): Promise<void> {
    await this.#turns.get(id)?.end();
    this.#turns.delete(id);
    this.say({ say: "ended", id });
  }

  async #settle(id: number): Promise<void> {
    const isAllSent = await this.#shared.settled();
    this.say({ say: "settled", id, isAllSent });
  }
}

/**
 * The agent of a thread: brings results of the shared tier while that thread is blocked, renews the
 * leases of what it computes, and sends what it has computed. It runs in a thread of its own, whose
 * event loop is always free.
 */
import type { MessagePort } from "node:worker_threads";
import type { Entry } from "../store/entry.ts";
import type { SharedTier, TierRecipe } from "../tier/shared-tier.ts";
import { type AgentData, BEATS, ENDED, type Reply, type Request } from "./agent-messages.ts";
import { Events } from "./events.ts";
import { OpenedStore } from "./opened-store.ts";
import { Adapters } from "./result-adapters.ts";
import { Results } from "./results.ts";
import { SeriesResults } from "./series-results.ts";
import { type LeavableWish, SharedResults, type Turn, type Wish } from "./shared-results.ts";
import { tellWarnings } from "./warning.ts";

/** While a call is blocked it hears of its agent at least so often, ms. */
const BEAT_MS = 500;

/** Never aborted: who is blocked cannot leave. */
const { signal: NEVER } = new AbortController();

/**
 * Begins to serve a thread, until that closes the port. To be called once in a thread, which ends if
 * the tier cannot be made.
 */
export async function serve(
  data: AgentData,
  makeTier: (recipe: TierRecipe) => Promise<SharedTier>,
): Promise<void> {
  const { port, pulse } = data;
  process.on("exit", () => {
    Atomics.store(pulse, ENDED, 1);
    beat(pulse);
  });
  const agent = new Agent(data, await makeTier(data.recipe));
  port.on("message", (request: Request) => agent.take(request));
  port.on("close", () => agent.leave());
}

/** Wakes the thread, if it is blocked. */
function beat(pulse: AgentData["pulse"]): void {
  Atomics.add(pulse, BEATS, 1);
  Atomics.notify(pulse, BEATS);
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
    tellWarnings((about, code, message) => this.#say({ say: "warning", about, code, message }));
    this.#store = new OpenedStore(location, { ...options, packing: {} }, (evicted) =>
      this.#say({ say: "evicted", evicted }),
    );
    const results = new Results(this.#store, new Adapters(), new Events([]));
    const series = new SeriesResults(results);
    this.#shared = new SharedResults(tier, this.#store, series, options.inlineBytes);
    setInterval(() => this.#blocked > 0 && beat(pulse), BEAT_MS).unref();
  }

  #say(reply: Reply): void {
    this.#port.postMessage(reply);
    beat(this.#pulse);
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
      this.#say({ say: "brought", id, turn: undefined });
      return;
    }
    this.#turns.set(id, outcome);
    const { replaces, inVain } = outcome;
    this.#say({ say: "brought", id, turn: { replaces, inVain } });
  }

  #wishOf(id: number, wish: Pick<Wish, "waitMs" | "isPinned">): LeavableWish {
    return {
      ...wish,
      signal: NEVER,
      isCurrent: () => true,
      isFresh: (entry) => this.#judge(id, entry),
      onWait: () => this.#say({ say: "waits", id }),
      onFetch: (bytes) => this.#say({ say: "fetched", id, bytes }),
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
      this.#say({ say: "judge", id, entry });
    });
  }

  async #send({ id, address }: Errand, sending: Promise<void>): Promise<void> {
    this.#say({ say: "kept", id });
    await sending;
    const isRemoving = this.#shared.isRemoving(address);
    this.#say({ say: "sent", name: address.name, isRemoving });
  }

  async #end(id: number): Promise<void> {
    await this.#turns.get(id)?.end();
    this.#turns.delete(id);
    this.#say({ say: "ended", id });
  }

  async #settle(id: number): Promise<void> {
    await this.#shared.settled();
    // What could not be sent is on disk, for who comes next: the agent may end.
    this.#shared.rest();
    this.#say({ say: "settled", id });
  }
}

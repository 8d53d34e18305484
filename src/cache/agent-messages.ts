/**
 * What a thread and its agent say to each other, over a port; and the few numbers that they share,
 * by which the thread is woken while it is blocked.
 */
import type { MessagePort } from "node:worker_threads";
import type { Address } from "../store/address.ts";
import type { StoreOptions } from "../store/draft.ts";
import type { Entry } from "../store/entry.ts";
import type { Evicted } from "../store/eviction.ts";
import type { Replaces, TierRecipe } from "../tier/shared-tier.ts";
import type { Turn } from "./shared-results.ts";

/** What an agent is started with. */
export interface AgentData {
  readonly port: MessagePort;
  readonly pulse: Int32Array<SharedArrayBuffer>;
  readonly recipe: TierRecipe;
  readonly location: string;
  /** An agent packs nothing. */
  readonly options: Omit<StoreOptions, "packing">;
}

/** Places in the pulse: counts what the agent says; 1 when it has ended. */
export const BEATS = 0;
export const ENDED = 1;

/** Asked of the agent; `id` is that of the call, and of the turn that it gets. */
export type Request =
  | {
      readonly ask: "bring";
      readonly id: number;
      readonly address: Address;
      readonly waitMs: number;
      readonly isPinned: boolean;
    }
  | {
      readonly ask: "judged";
      readonly id: number;
      readonly isFresh: boolean;
      readonly why?: string;
    }
  | {
      readonly ask: "publish";
      readonly id: number;
      readonly address: Address;
      readonly replaces: Replaces;
    }
  | { readonly ask: "remove"; readonly id: number; readonly address: Address }
  | { readonly ask: "end"; readonly id: number }
  | { readonly ask: "settle"; readonly id: number }
  | { readonly ask: "rest" };

/** Said by the agent. */
export type Reply =
  /** A result that was found is to be judged by the call. */
  | { readonly say: "judge"; readonly id: number; readonly entry: Entry }
  | { readonly say: "waits"; readonly id: number }
  | { readonly say: "fetched"; readonly id: number; readonly bytes: number }
  | { readonly say: "brought"; readonly id: number; readonly turn: Omit<Turn, "end"> | undefined }
  /** What was to be sent is kept until it is. */
  | { readonly say: "kept"; readonly id: number }
  /** It is sent, given up or put off. */
  | { readonly say: "sent"; readonly name: string; readonly isRemoving: boolean }
  /** The lease is given back. */
  | { readonly say: "ended"; readonly id: number }
  /** Nothing is under way, and what is left to be sent is kept for others. */
  | { readonly say: "settled"; readonly id: number }
  | {
      readonly say: "warning";
      readonly about: string;
      readonly code: string;
      readonly message: string;
    }
  | { readonly say: "evicted"; readonly evicted: Evicted };

/** An address as it travels: what it says by getters too. */
export function plainAddress({ row, functionId, slug, name }: Address): Address {
  return { row, functionId, slug, name };
}

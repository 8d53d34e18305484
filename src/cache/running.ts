/** What is known of a computation before it begins, and while it goes on. */
import type { Address } from "../store/address.ts";
import type { Replaces } from "../tier/shared-tier.ts";
import type { Audience } from "./audience.ts";
import type { Call, Notes } from "./call.ts";
import type { Course } from "./flights.ts";
import type { Given } from "./given.ts";

/** What is special about a computation. */
export interface Manner {
  /** Signals by which the caller leaves, if not those that it brought. */
  readonly leaveBy?: readonly AbortSignal[];
  /** What of the shared tier its result takes the place of. */
  readonly replaces?: Replaces | undefined;
}

/** A call whose function has returned a promise. */
export interface Running {
  readonly call: Call;
  readonly address: Address;
  readonly audience: Audience;
  readonly given: Given;
  readonly notes: Notes;
  /** By the performance clock, ms. */
  readonly started: number;
  readonly course: Course;
}

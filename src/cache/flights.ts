/** Computations under way in this process: for each key at most one that others may wait for. */

import type { Address } from "../store/address.ts";
import type { Audience, Seat } from "./audience.ts";

/** How a computation ended. */
export interface Landing {
  readonly value: unknown;
  /** Whether the value was thrown. */
  readonly threw: boolean;
  /**
   * What others have of it: they find it in the cache (`stored`), or take the same value (`shared`),
   * or it is the first caller's `own`, because it may not be of these arguments, or was broken off.
   */
  readonly use: "stored" | "shared" | "own";
}

/** What is known of a computation under way. */
export interface Flight {
  readonly slug: string;
  readonly tags: readonly string[];
  /** Never rejects. */
  readonly landing: Promise<Landing>;
  readonly audience: Audience;
}

/** Tells a computation whether nothing newer has come to be known of its result. */
export interface Course {
  readonly isCurrent: boolean;
}

/** How a computation is led. */
export interface Lead {
  /** Of the result. */
  readonly tags: readonly string[];
  readonly audience: Audience;
  /** Of the first caller. */
  readonly seat: Seat;
}

/** By location: several caches of one folder know of each other's. */
const byLocation = new Map<string, Flights>();

/** The computations of this process for the cache in a folder. */
export function flightsOf(location: string): Flights {
  const flights = byLocation.get(location) ?? new Flights();
  byLocation.set(location, flights);
  return flights;
}

/** What there is of a location. */
interface Board {
  /** By the name of the result. */
  readonly running: Map<string, Flight>;
  /** What is not done yet, of what nobody else may be able to wait for: superseded ones too. */
  readonly underway: Set<Promise<unknown>>;
}

export class Flights {
  readonly #board: Board = { running: new Map(), underway: new Set() };

  /** The computation of this result, if one is under way. */
  of(address: Address): Flight | undefined {
    // The name of an address takes time to make, and there is mostly nothing under way.
    return this.#board.running.size === 0 ? undefined : this.#board.running.get(address.name);
  }

  /**
   * Runs `compute` as the one computation of this result, and gives its value. It takes the place of
   * an earlier one, whose result is of no use to others any more. It goes on when the first caller
   * has left.
   *
   * @param compute is given what tells whether it is still the one
   * @throws what `compute` does, or the reason for which the first caller left
   */
  lead(
    { name, slug }: Address,
    lead: Lead,
    compute: (course: Course) => Promise<Landing>,
  ): Promise<unknown> {
    const flight = new LedFlight(this.#board, { name, slug }, lead, compute);
    this.#board.running.set(name, flight);
    return lead.seat.until(flight.value());
  }

  /** Has {@link settled} wait for some work, too. */
  track(work: Promise<unknown>): void {
    this.#board.underway.add(work);
    const forget = () => void this.#board.underway.delete(work);
    work.then(forget, forget);
  }

  /** Resolves when what is under way now has come to its end, in whatever way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#board.underway);
  }

  /** What is being computed for this result is not to be stored: something newer is known. */
  supersede(address: Address): void {
    if (this.#board.running.size > 0) this.#board.running.delete(address.name);
  }

  /** {@link supersede} for all results, those of one function, those with a tag. */
  supersedeAll({ slug, tag }: { slug?: string | undefined; tag?: string | undefined }): void {
    for (const [name, flight] of this.#board.running) {
      const isMeant = slug === undefined || flight.slug === slug;
      if (isMeant && (tag === undefined || flight.tags.includes(tag)))
        this.#board.running.delete(name);
    }
  }
}

/** The flight of a first caller. */
class LedFlight implements Flight, Course {
  readonly slug: string;
  readonly tags: readonly string[];
  readonly audience: Audience;
  readonly landing: Promise<Landing>;
  readonly #board: Board;
  readonly #name: string;

  constructor(
    board: Board,
    { name, slug }: Pick<Address, "name" | "slug">,
    { tags, audience }: Lead,
    compute: (course: Course) => Promise<Landing>,
  ) {
    this.slug = slug;
    this.tags = tags;
    this.audience = audience;
    this.#board = board;
    this.#name = name;
    this.landing = this.#land(compute);
    board.underway.add(this.landing);
  }

  async #land(compute: (course: Course) => Promise<Landing>): Promise<Landing> {
    try {
      return await compute(this);
    } catch (error) {
      return { value: error, threw: true, use: "own" };
    }
  }

  get isCurrent(): boolean {
    return this.#board.running.get(this.#name) === this;
  }

  /** What the first caller gets. To be asked for once. */
  async value(): Promise<unknown> {
    const { value, threw } = await this.landing;
    this.#board.underway.delete(this.landing);
    if (this.isCurrent) this.#board.running.delete(this.#name);
    if (threw) throw value;
    return value;
  }
}

/** Why a call that waited for others has to be computed after all. */

import type { Entry } from "../store/entry.ts";
import type { Lease } from "../store/leases.ts";
import type { InVain } from "./call.ts";

/** What a wait has come to. @param lease `undefined` when it did not come free in time */
export function endOf(lease: Lease | undefined): InVain {
  return lease === undefined ? "waited" : "takeover";
}

/** @param newer what others have stored meanwhile, and what is of no use to the call */
export function unlessStored(
  why: InVain | undefined,
  newer: Entry | undefined,
): InVain | undefined {
  return why === "takeover" && newer !== undefined ? undefined : why;
}

import type { TierLease } from "./shared-tier.ts";
export class TierLeases {
  constructor(_b: unknown, _o: unknown) {}
  async tryAcquire(_n: string, _s?: AbortSignal): Promise<TierLease | { heldForMs: number }> {
    return { takenOver: false, isFirst: true, release: async () => {} };
  }
}

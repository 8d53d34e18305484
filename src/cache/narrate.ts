/** Says on stderr what a cache does, for whoever asked for it by `verbose`. */
import type { CacheEvent } from "./events.ts";

/** @param verbose 1: what is computed and stored; 2: hits as well */
export function narrate(verbose: 1 | 2): (event: CacheEvent) => void {
  return (event) => {
    const text = textOf(event, verbose);
    if (text === undefined) return;
    process.stderr.write(`bloscache: ${event.id} ${event.key.slice(0, 8)}: ${text}\n`);
  };
}

function textOf(event: CacheEvent, verbose: 1 | 2): string | undefined {
  switch (event.type) {
    case "hit":
      return verbose === 2 ? `found, ${span(event.savedMs)} saved` : undefined;
    case "wait":
      return "waiting for another process";
    case "takeover":
      return "taking over: the other process ended without a result";
    case "duplicate":
      return "waiting no longer for the other process";
    case "miss":
      return `computing (${event.reason})`;
    case "store":
      return `stored, took ${span(event.durationMs)}`;
    case "unstored":
      return event.declined ? "not stored, as shouldCache says" : "not stored";
    case "invalidate":
      return "removed";
    case "damage":
      return `damaged: ${event.reason}`;
    case "evict":
      return `removed to keep within the limits (${event.reason})`;
  }
}

function span(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

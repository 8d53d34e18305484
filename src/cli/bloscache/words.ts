/** What is stored, in words for people; all of it fit for a terminal. */
import type { EntryInfo } from "../../cache/entry-info.ts";
import { nameOf } from "../../cache/explain.ts";
import { printable } from "../printable.ts";

/** Digits of a key that mostly tell it apart. */
const SHORT_KEY = 8;
const SHORT_VERSION = 10;

export function shortKey(key: string): string {
  return key.slice(0, SHORT_KEY);
}

/** The module and the name: `grid.js#slope` of `package@/lib/grid.js#slope`. */
export function shortId(id: string): string {
  return printable(id.slice(id.lastIndexOf("/") + 1) || id);
}

export function shortVersion(version: string): string {
  const text = printable(version);
  return text.length <= SHORT_VERSION ? text : `${text.slice(0, SHORT_VERSION)}…`;
}

/** In the zone of whoever looks: `2026-11-02 14:03:59`. */
export function formatTime(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}

/** Such as `12ms`, `3.4s`, `5m06s`, `2h03m`, `4d05h`. */
export function formatDuration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)}ms`;
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  const pair = (unit: number, smaller: number) =>
    [Math.floor(seconds / unit), Math.floor((seconds % unit) / smaller)] as const;
  const joined = ([a, b]: readonly [number, number], x: string, y: string) =>
    `${a}${x}${String(b).padStart(2, "0")}${y}`;
  if (seconds < 3600) return joined(pair(60, 1), "m", "s");
  if (seconds < 86_400) return joined(pair(3600, 60), "h", "m");
  return joined(pair(86_400, 3600), "d", "h");
}

/** The arguments in one line: `1000, {seed: 3}` as `1000, args[1].seed: 3`. */
export function formatArguments(info: EntryInfo): string {
  const places = info.arguments.map(([place, value]) =>
    /^\d+$/.test(place) ? value : `${nameOf(place)}: ${value}`,
  );
  return printable(places.join(", "));
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

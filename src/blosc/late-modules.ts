/**
 * Modules of Node that a hit has no use for, loaded when they are first used: they would add some
 * milliseconds to the start of every process.
 */

export const crypto = (): typeof import("node:crypto") => process.getBuiltinModule("node:crypto");

export const zlib = (): typeof import("node:zlib") => process.getBuiltinModule("node:zlib");

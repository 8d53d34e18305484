import type { Arbitrary } from "fast-check";

export const randomResult: Arbitrary<unknown>;

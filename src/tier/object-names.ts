/**
 * What stands where in a bucket, under its prefix:
 *
 *     results/<function>/<2 hex>/<key>.blp                a result, or what is known of its files
 *     results/<function>/<2 hex>/<key>-<stamp>-<n>.blp    its n-th file, if that is an object of its own
 *     leases/<function>/<key>                             who computes it
 *     series/<function>/<2 hex>/<key>/manifest.json       how far a series has come, and its segments
 *     series/<function>/<2 hex>/<key>/<from>-<to>-<random>.blp    the items of a segment
 */
import { randomUUID } from "node:crypto";
import type { Address } from "../store/address.ts";

/** The object of a result. */
export function objectName({ slug, name }: Address): string {
  return `results/${slug}/${name.slice(0, 2)}/${name}.blp`;
}

/** The object of its n-th file. @param stamp as the object of the result says it */
export function sideName({ slug, name }: Address, stamp: number, n: number): string {
  const stampText = stamp.toString(16).padStart(8, "0");
  return `results/${slug}/${name.slice(0, 2)}/${name}-${stampText}-${n}.blp`;
}

export function leaseName({ slug, name }: Address): string {
  return `leases/${slug}/${name}`;
}

/** What the names of all objects of a series begin with. */
export function seriesFolder({ slug, name }: Address): string {
  return `series/${slug}/${name.slice(0, 2)}/${name}/`;
}

/** In the folder of a series, how far it has come. */
export const MANIFEST = "manifest.json";

export function manifestName(address: Address): string {
  return seriesFolder(address) + MANIFEST;
}

/** A name for a new segment, in the folder of its series; no two are the same. */
export function newSegmentName(from: number, to: number): string {
  return `${from}-${to}-${randomUUID()}.blp`;
}

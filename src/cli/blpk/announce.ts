/** What `-v` begins with. A module of its own: it loads the addon, which settles the threads. */
import { nthreads } from "../../blosc/codec.ts";
import type { Report } from "../report.ts";

/** @param work such as "compression" */
export function announce(report: Report, work: string): void {
  report.verbose(`using ${nthreads} thread${nthreads > 1 ? "s" : ""}`);
  report.verbose(`getting ready for ${work}`);
}

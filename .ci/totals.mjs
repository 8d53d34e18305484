/**
 * Prints `N passed, N failed, N skipped` over reports of vitest's JSON reporter.
 *
 *   node .ci/totals.mjs REPORT...
 *
 * A run that left no report, and a test file that could not be loaded, count as one failure each.
 */
import { existsSync, readFileSync } from "node:fs";

const totals = { passed: 0, failed: 0, skipped: 0 };

for (const path of process.argv.slice(2)) {
  if (existsSync(path)) add(JSON.parse(readFileSync(path, "utf8")));
  else totals.failed += 1;
}
const { passed, failed, skipped } = totals;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);

function add(report) {
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  totals.passed += report.numPassedTests;
  totals.failed += report.numFailedTests + unloaded.length;
  totals.skipped += report.numPendingTests + report.numTodoTests;
}

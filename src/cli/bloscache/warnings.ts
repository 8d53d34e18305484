/** Warnings of the library, and of modules that are imported, as lines of the command. */
import { speaker } from "../failure.ts";
import { printable } from "../printable.ts";

export function listenForWarnings(): void {
  // Node's own listener prints them with its process id and advice on flags of Node.
  process.removeAllListeners("warning");
  process.on("warning", ({ message }) => {
    // Which Node releases of the SDK to come will take is for whoever installs them.
    if (message.startsWith("NodeVersionSupportWarning")) return;
    process.stderr.write(`${speaker}: warning: ${printable(message)}\n`);
  });
}

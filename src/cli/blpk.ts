#!/usr/bin/env node
/** The command `blpk`; `docs/blpk.md` describes it. */
import { createProgram } from "./blpk/program.ts";
import { runCommand } from "./run-command.ts";

await runCommand("blpk", createProgram);

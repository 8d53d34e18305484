#!/usr/bin/env node
/** The command `bloscache`; `docs/bloscache.md` describes it. */
import { createProgram } from "./bloscache/program.ts";
import { runCommand } from "./run-command.ts";

await runCommand("bloscache", createProgram);

/** Long options may be cut short as long as they are told apart, as the reference's argparse allows. */
import type { Command } from "commander";

/** Completes the long options of a command line. What is ambiguous or unknown stays as it is. */
export function completeOptions(program: Command, args: readonly string[]): string[] {
  const end = args.indexOf("--");
  let command = program;
  return args.map((arg, i) => {
    if (end >= 0 && i >= end) return arg;
    if (!arg.startsWith("-")) command = subcommandOf(program, command, arg);
    if (!arg.startsWith("--")) return arg;
    const [name = arg] = arg.split("=", 1);
    return `${completed(command, name)}${arg.slice(name.length)}`;
  });
}

/** The first operand names the subcommand, whose options those behind it are. */
function subcommandOf(program: Command, current: Command, arg: string): Command {
  if (current !== program) return current;
  const named = program.commands.find((command) => command.name() === arg);
  return named ?? program.commands.find((command) => command.aliases().includes(arg)) ?? program;
}

function completed(command: Command, name: string): string {
  const names = command.options.flatMap(({ long }) => long ?? []).concat("--help");
  if (names.includes(name)) return name;
  const [candidate, ...others] = names.filter((long) => long.startsWith(name));
  return candidate === undefined || others.length > 0 ? name : candidate;
}

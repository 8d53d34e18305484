/**
 * What the reference's argparse allows and commander does not: long options that are cut short as
 * long as they are told apart, and `-z=1M` for `-z 1M`.
 */
import type { Command } from "commander";

/** Spells a command line out. What is ambiguous or unknown stays as it is. */
export function spellOut(program: Command, args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const spelled: string[] = [];
  let command = program;
  let isValue = false; // of the option in front of it
  for (const arg of end < 0 ? args : args.slice(0, end)) {
    const parts: readonly string[] = isValue ? [arg] : parted(command, arg);
    spelled.push(...parts);
    if (!isValue && !arg.startsWith("-")) command = subcommandOf(program, command, arg);
    isValue = !isValue && parts.length === 1 && wantsValue(command, parts[0] as string);
  }
  return end < 0 ? spelled : [...spelled, ...args.slice(end)];
}

/** An option in full, and its value if that was put to it with "="; anything else as it is. */
function parted(command: Command, arg: string): readonly string[] {
  const equals = arg.indexOf("=");
  const name = equals < 0 ? arg : arg.slice(0, equals);
  if (arg.startsWith("--")) return [completed(command, name) + arg.slice(name.length)];
  if (equals < 0 || !wantsValue(command, name)) return [arg];
  return [name, arg.slice(equals + 1)];
}

/** True for an option that the next argument is the value of, alone or behind others: `-sz`. */
function wantsValue(command: Command, arg: string): boolean {
  const isOption = (name: string, required: boolean) =>
    command.options.some((o) => (o.long === name || o.short === name) && o.required === required);
  if (arg.startsWith("--")) return isOption(arg, true);
  const letters = /^-([a-z]+)$/i.exec(arg)?.[1] ?? "";
  const [flags, last] = [[...letters.slice(0, -1)], letters.slice(-1)];
  return isOption(`-${last}`, true) && flags.every((flag) => isOption(`-${flag}`, false));
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

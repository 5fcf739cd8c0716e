/** Completions for fish: a line for each word. https://fishshell.com/docs/current/completions.html */
import { type Completed, type CompletedCommand, firstWords } from "./model.ts";

/** In single quotes fish knows two escapes. */
const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function lines(command: CompletedCommand): string[] {
  const when = `-n ${quoted(`__atomic_write_is ${command.name}`)}`;
  return [
    ...command.options.map(({ long, short, help, takesValue, words }) => {
      const name = short === undefined ? "" : ` -s ${short.slice(1)}`;
      const value = words.length > 0 ? ` -x -a ${quoted(words.join(" "))}` : takesValue ? " -r" : "";
      return `complete -c atomic-write ${when} -l ${long.slice(2)}${name}${value} -d ${quoted(help)}`;
    }),
    ...command.words.length === 0 ? [] : [`complete -c atomic-write ${when} -f -a ${quoted(command.words.join(" "))}`],
  ];
}

/** The script. */
export function fishCompletions(all: Completed): string {
  const groups = all.groups.map(({ name }) => name).join(" ");
  const first = firstWords(all).map(({ name }) => name).join(" ");
  return [
    "# Completions of atomic-write for fish. In ~/.config/fish/config.fish:  atomic-write completions fish | source",
    "# The command that the line is about: its words, or nothing yet.",
    "function __atomic_write_command",
    "  set -l command",
    "  for word in (commandline -opc)[2..-1]",
    "    string match -q -- '-*' $word; and continue",
    "    if test (count $command) -eq 0",
    `      if contains -- $word ${first}`,
    "        set command $word",
    "      else",
    "        set command write",
    "      end",
    `    else if test (count $command) -eq 1; and contains -- $command[1] ${groups}`,
    "      set command $command $word",
    "    end",
    "  end",
    "  echo $command",
    "end",
    "function __atomic_write_is",
    "  set -l command (__atomic_write_command)",
    '  test "$command" = "$argv"; or begin; test -z "$command"; and test "$argv" = write; end',
    "end",
    ...firstWords(all).map(({ name, summary }) =>
      `complete -c atomic-write -n 'test -z (__atomic_write_command)' -a ${name} -d ${quoted(summary)}`
    ),
    ...all.groups.flatMap(({ name, members }) =>
      members.map((member) => {
        const summary = all.commands.find((command) => command.name === `${name} ${member}`)?.summary ?? "";
        return `complete -c atomic-write -n 'test (__atomic_write_command) = ${name}' -f -a ${member} -d ${
          quoted(summary)
        }`;
      })
    ),
    ...all.commands.flatMap(lines),
    "",
  ].join("\n");
}

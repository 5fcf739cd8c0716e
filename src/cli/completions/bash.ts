/** Completions for bash: a function for `complete -F`. https://www.gnu.org/software/bash/manual/bash.html#Programmable-Completion */
import { type Completed, type CompletedCommand, firstWords, quoted, valueNames, writeOf } from "./model.ts";

function branch(command: CompletedCommand): string[] {
  const names = command.options.flatMap(({ long, short }) => short === undefined ? [long] : [long, short]);
  const chosen = command.options.filter(({ words }) => words.length > 0).map(({ long, words }) =>
    `        ${long}) COMPREPLY=($(compgen -W ${quoted(words.join(" "))} -- "$current")); return ;;`
  );
  const files = valueNames(command).filter((name) =>
    !command.options.some(({ long, words }) => long === name && words.length > 0)
  );
  return [
    `    ${quoted(command.name)})`,
    "      case $previous in",
    ...chosen,
    ...files.length === 0 ? [] : [`        ${files.join("|")}) return ;;`],
    "      esac",
    `      options=${quoted(names.join(" "))}`,
    `      choices=${quoted(command.words.join(" "))} ;;`,
  ];
}

/** The script. */
export function bashCompletions(all: Completed): string {
  const write = writeOf(all);
  return [
    '# Completions of atomic-write for bash. In ~/.bashrc:  eval "$(atomic-write completions bash)"',
    "_atomic_write() {",
    "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}",
    "  local command= options= choices= index",
    "  COMPREPLY=()",
    "  for ((index = 1; index < COMP_CWORD; index++)); do",
    "    case ${COMP_WORDS[index]} in",
    "      --) return ;; # a program of the user's, or a file",
    "      -*) ;;",
    "      *)",
    "        case $command in",
    `          ${all.groups.map(({ name }) => name).join("|")}) command="$command \${COMP_WORDS[index]}" ;;`,
    "          '') command=${COMP_WORDS[index]} ;;",
    "        esac ;;",
    "    esac",
    "  done",
    "  case $command in",
    `    ''|${firstWords(all).map(({ name }) => quoted(name)).join("|")}|${
      all.groups.map(({ name }) => `'${name} '*`).join("|")
    }) ;;`,
    "    *) command=write ;; # its first word was a file",
    "  esac",
    "  case $command in",
    "    '')",
    "      case $current+$previous in",
    `        -*|${valueNames(write).map((name) => `*+${name}`).join("|")}) command=write ;;`,
    `        *) choices=${quoted(firstWords(all).map(({ name }) => name).join(" "))} ;;`,
    "      esac ;;",
    ...all.groups.map(({ name, members }) => `    ${quoted(name)}) choices=${quoted(members.join(" "))} ;;`),
    "  esac",
    "  case $command in",
    ...all.commands.flatMap(branch),
    "  esac",
    "  if [[ $current == -* ]]; then",
    '    COMPREPLY=($(compgen -W "$options" -- "$current"))',
    "  elif [[ -n $choices ]]; then",
    '    COMPREPLY=($(compgen -W "$choices" -- "$current"))',
    "  fi",
    "}",
    "# Where there is nothing else, names of files.",
    "complete -o default -F _atomic_write atomic-write",
    "",
  ].join("\n");
}

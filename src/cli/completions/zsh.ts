/** Completions for zsh: a function for compdef. https://zsh.sourceforge.io/Doc/Release/Completion-System.html */
import {
  type Completed,
  type CompletedCommand,
  type CompletedOption,
  firstWords,
  quoted,
  valueNames,
  writeOf,
} from "./model.ts";

/** `name:what it is`, as _describe takes it. */
const described = (name: string, help: string) => quoted(`${name.replaceAll(":", "\\:")}:${help}`);

function optionNames({ long, short, help }: CompletedOption): string[] {
  return [described(long, help), ...short === undefined ? [] : [described(short, help)]];
}

function branch(command: CompletedCommand): string[] {
  const chosen = command.options.filter(({ words }) => words.length > 0);
  const files = valueNames(command).filter((name) => !chosen.some(({ long }) => long === name));
  return [
    `    ${quoted(command.name)})`,
    "      case $previous in",
    ...chosen.map(({ long, words }) => `        (${long}) compadd -- ${words.join(" ")}; return ;;`),
    ...files.length === 0 ? [] : [`        (${files.join("|")}) _files; return ;;`],
    "      esac",
    `      options=(${command.options.flatMap(optionNames).join(" ")})`,
    `      choices=(${command.words.map(quoted).join(" ")}) ;;`,
  ];
}

/** The script. */
export function zshCompletions(all: Completed): string {
  const write = writeOf(all);
  return [
    "#compdef atomic-write",
    "# Completions of atomic-write for zsh. In ~/.zshrc, after compinit:  source <(atomic-write completions zsh)",
    "_atomic_write() {",
    "  local current=${words[CURRENT]} previous=${words[CURRENT - 1]} word command=''",
    "  local -a options choices",
    "  for word in ${words[2,CURRENT - 1]}; do",
    "    case $word in",
    "      (--) _files; return ;;",
    "      (-*) ;;",
    "      (*)",
    "        case $command in",
    `          (${all.groups.map(({ name }) => name).join("|")}) command="$command $word" ;;`,
    "          ('') command=$word ;;",
    "        esac ;;",
    "    esac",
    "  done",
    "  case $command in",
    `    (''|${firstWords(all).map(({ name }) => quoted(name)).join("|")}|${
      all.groups.map(({ name }) => `'${name} '*`).join("|")
    }) ;;`,
    "    (*) command=write ;;",
    "  esac",
    "  case $command in",
    "    ('')",
    "      case $current+$previous in",
    `        (-*|${valueNames(write).map((name) => `*+${name}`).join("|")}) command=write ;;`,
    `        (*) choices=(${firstWords(all).map(({ name, summary }) => described(name, summary)).join(" ")}) ;;`,
    "      esac ;;",
    ...all.groups.flatMap(({ name, members }) => {
      const summaries = members.map((member) => {
        const summary = all.commands.find((command) => command.name === `${name} ${member}`)?.summary ?? "";
        return described(member, summary);
      });
      return [`    (${quoted(name)}) choices=(${summaries.join(" ")}) ;;`];
    }),
    "  esac",
    "  case $command in",
    ...all.commands.flatMap(branch).map((line) => line.replace(/^ {4}'/, "    ('")),
    "  esac",
    "  if [[ $current == -* ]]; then",
    "    _describe -o 'option' options",
    "    return",
    "  fi",
    "  (( $#choices )) && _describe 'command' choices",
    "  # A first word may be a file as well; where there is a choice behind it, there is nothing else.",
    "  [[ -z $command ]] || (( ! $#choices )) && _files",
    "}",
    "compdef _atomic_write atomic-write",
    "",
  ].join("\n");
}

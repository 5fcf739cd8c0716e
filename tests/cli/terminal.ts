/** The command at a terminal of its own, by script(1) of util-linux, which writes down what is shown there. */
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { execute, Unavailable } from "../support/programs.ts";
import type { ScriptStatus } from "../support/spawn.ts";
import { inShell, text, until } from "./command.ts";

/** Why there is no terminal for a test; undefined: there is one. */
export function whyNoTerminal(): string | undefined {
  if (process.platform !== "linux") return "needs script(1) of util-linux";
  try {
    execute("script", ["--version"]);
    return undefined;
  } catch (error) {
    if (error instanceof Unavailable) return "needs the program script (Debian: bsdutils)";
    throw error;
  }
}

/** Something that runs at a terminal. */
interface AtTerminal {
  readonly status: Promise<ScriptStatus>;
  /** What the terminal has shown so far. */
  shown(): string;
  /** Waits until it has shown this. */
  untilShown(what: string): Promise<void>;
  /** Types this, and the end of the input. */
  type(input: string): void;
}

let terminals = 0;

/** Runs a line of shell, in which there are no single quotes, at a terminal. */
export function atTerminal(directory: string, line: string, env: Record<string, string> = {}): AtTerminal {
  const number = terminals++;
  const [log, input] = [`.bin-typescript${number}`, `.bin-input${number}`];
  // Not for ever, where the test has failed and its directory is gone.
  const typed = `{ until [ -e ${input} ] || ! [ -e "$PWD" ]; do sleep 0.05; done; cat ${input}; }`;
  const status = inShell(directory, `${typed} | script -qefc '${line}' ${log} >/dev/null`, {
    env: { TERM: "xterm", SHELL: "/bin/sh", ...env },
  });
  let ended = false;
  void status.finally(() => ended = true);
  const path = join(directory, input);
  const written = () => fs.existsSync(join(directory, log)) ? text(directory, log).replaceAll("\r\n", "\n") : "";
  // script(1) adds a line before and one after what was shown.
  const shown = () => written().replace(/^.*\n/, "").replace(/\nScript done on .*\n$/, "");
  return {
    status,
    shown,
    async untilShown(what) {
      await until(() => ended || shown().includes(what));
      if (!shown().includes(what)) throw new Error(`It ended without ${what}: ${shown()}`);
    },
    type(input) {
      fs.writeFileSync(`${path}.new`, input);
      fs.renameSync(`${path}.new`, path);
    },
  };
}

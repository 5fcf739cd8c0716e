/** The arguments of `deno task powercut`. */
import { methods } from "../../tests/powercut/methods.ts";
import { fileSystems } from "../../tests/powercut/machine.ts";
import type { RuntimeName } from "../../tests/support/spawn.ts";

export interface PowercutOptions {
  /** Cuts of every file system on every runtime with our own functions. */
  cuts: number;
  /** Cuts of every file system with every method that is compared. */
  compared: number;
  fileSystems: readonly string[];
  runtimes: readonly RuntimeName[];
  methods: readonly string[];
  /** A part of the names of the scenes that are played. */
  scenes: string;
  /** Whether our own functions may call functions of the C library. */
  foreignCalls: boolean;
  /** Milliseconds at most that the processes work, or that pass after they have ended. */
  longest: number;
  /** Milliseconds at most between the end of processes that save once and the cut, with our own functions. */
  longestAfterEnd: number;
  seed: number;
}

export const USAGE = `deno task powercut [OPTIONS]      (needs root, Linux, loop devices)
  --cuts=100            cuts of every file system on every runtime with all our functions; 0: none
  --compared=100        cuts of every file system with every method, which take turns, on Node; 0: none
  --runtimes=deno,node,bun
  --file-systems=TEXT   only those whose name is or contains TEXT, or several: TEXT;TEXT (${
  Object.keys(fileSystems).join("; ")
})
  --methods=TEXT        the same for methods (${methods.join("; ")})
  --scenes=TEXT         only those whose name contains TEXT: "save once"
  --without-foreign-calls  our functions as on Deno without --allow-ffi, on Node without koffi and fs-ext
  --longest=100         milliseconds at most before a cut
  --longest-after-end=4000  the same where a process has saved once and ended: what the file system writes by itself
  --seed=N              repeat a run; default: another one every time`;

function natural(name: string, value: string): number {
  if (!/^\d{1,6}$/.test(value)) throw new TypeError(`${name} wants a number, not "${value}"`);
  return Number(value);
}

/** Those that one of the texts names, or is contained in where it names none. */
const containing = (all: readonly string[], texts: string) =>
  texts.split(";").flatMap((text) => all.includes(text) ? [text] : all.filter((name) => name.includes(text)));

/** Reads the arguments; a TypeError names the one that is not understood. */
export function readPowercutOptions(args: readonly string[]): PowercutOptions {
  const options: PowercutOptions = {
    cuts: 100,
    compared: 100,
    fileSystems: Object.keys(fileSystems),
    runtimes: ["deno", "node", "bun"],
    methods,
    scenes: "",
    foreignCalls: true,
    longest: 100,
    longestAfterEnd: 4000,
    seed: Date.now() % 1_000_000,
  };
  for (const argument of args.filter((each) => each !== "--")) {
    const [name = "", value = ""] = argument.split(/=(.*)/s);
    if (name === "--cuts") options.cuts = natural(name, value);
    else if (name === "--compared") options.compared = natural(name, value);
    else if (name === "--longest") options.longest = natural(name, value);
    else if (name === "--longest-after-end") options.longestAfterEnd = natural(name, value);
    else if (name === "--seed") options.seed = natural(name, value);
    else if (name === "--file-systems") options.fileSystems = containing(options.fileSystems, value);
    else if (name === "--methods") options.methods = containing(options.methods, value);
    else if (name === "--scenes") options.scenes = value;
    else if (argument === "--without-foreign-calls") options.foreignCalls = false;
    else if (name === "--runtimes") {
      options.runtimes = (["deno", "node", "bun"] as const).filter((runtime) => value.split(",").includes(runtime));
    } else throw new TypeError(`There is no option ${argument}\n${USAGE}`);
  }
  return options;
}

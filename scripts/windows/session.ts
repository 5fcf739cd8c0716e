/**
 * Runs programs in the chroot of folder.ts, in a mount and process namespace of their own: what they mount nobody else
 * sees, and when the session is closed, or this process ends, everything in it is killed, Wine's server included.
 *
 * 1. `openSession`. 2. its `command`, any number of times, one at a time: the program and arguments for
 * scripts/process.ts. 3. `close`.
 */
import { BUILD, ROOT } from "../toolchain/folders.ts";
import { ENVIRONMENT, ROOT_OF_WINE } from "./folder.ts";

/** What of this machine is seen in the chroot, and where: directories of test files, and reports. */
const SHARED: readonly (readonly [here: string, there: string])[] = [
  [Deno.realPathSync(Deno.env.get("TMPDIR") ?? "/tmp"), "/mnt/temporary"],
  [`${BUILD}/reports`, "/mnt/reports"],
];

/** A path as Windows programs see it: one of this machine that is shared, or one in the chroot. */
export function windowsPath(path: string): string {
  const shared = SHARED.find(([here]) => path.startsWith(`${here}/`));
  const there = shared === undefined ? path : shared[1] + path.slice(shared[0].length);
  return `Z:${there.replaceAll("/", "\\")}`;
}

/** How a program is to be run. */
export interface Running {
  /** In the chroot. */
  readonly directory: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** After which it is ended. */
  readonly seconds: number;
}

const PREFIX = `${ROOT_OF_WINE}${ENVIRONMENT["WINEPREFIX"]}`;

export interface Session {
  /** The command that runs a program of the chroot: `wine` with a Windows program, or one of its own. */
  command(program: readonly string[], running: Running): [string, ...string[]];
  /** Ends everything in it. */
  close(): Promise<void>;
}

/** Lays a session's own changes over what Wine calls its C: drive and its registry. */
function overlay(name: string): string {
  const own = `${ROOT_OF_WINE}/var/sessions/${name}`;
  const layers = `lowerdir=${PREFIX},upperdir=${own}/upper,workdir=${own}/work`;
  return `rm -rf '${own}'; mkdir -p '${own}/upper' '${own}/work'; mount -t overlay -o '${layers}' overlay '${PREFIX}'`;
}

/**
 * Opens a session. Those with different names run side by side, each with a Wine of its own, and leave nothing there;
 * one without a name works on what all others begin with. Rejects where namespaces cannot be made, which needs root.
 */
export async function openSession(name?: string): Promise<Session> {
  for (const [here, there] of SHARED) {
    Deno.mkdirSync(here, { recursive: true });
    Deno.mkdirSync(`${ROOT_OF_WINE}${there}`, { recursive: true });
  }
  const script = [
    // The number of this shell outside, which the old /proc still tells.
    "read -r number rest < /proc/self/stat",
    `mount -t proc proc '${ROOT_OF_WINE}/proc'`,
    `mount --rbind /dev '${ROOT_OF_WINE}/dev'`,
    ...SHARED.map(([here, there]) => `mount --bind '${here}' '${ROOT_OF_WINE}${there}'`),
    `mount -t tmpfs tmpfs '${ROOT_OF_WINE}/tmp'`,
    ...name === undefined ? [] : [overlay(name)],
    'echo "$number"',
    // Until its standard input is closed, by the end of this process at the latest.
    "exec cat",
  ];
  const holder = new Deno.Command("unshare", {
    args: ["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", script.join("\n")],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = holder.stdout.getReader();
  const number = new TextDecoder().decode((await reader.read()).value).trim();
  if (number === "") throw new Error("no namespace for the Windows builds: see above");
  return {
    command: (program, { directory, variables = {}, seconds }) => {
      const environment = Object.entries({ ...ENVIRONMENT, ...variables }).map(([name, value]) => `${name}=${value}`);
      const inChroot = [`${ROOT}/scripts/windows/in_chroot`, ROOT_OF_WINE, String(seconds)];
      const namespaces = ["-t", number, "--mount", "--pid"];
      return ["nsenter", ...namespaces, "sh", ...inChroot, ...environment, "env", "-C", directory, ...program];
    },
    close: async () => {
      await holder.stdin.close();
      await reader.cancel();
      await holder.status;
    },
  };
}

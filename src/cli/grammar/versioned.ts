/**
 * What `write` and `update` take to change a file by versions, where no lock can be relied on; and what is not available
 * together with that.
 */
import { optionName, UsageError } from "../arguments.ts";
import { count, flag, type Option, type OptionTable, type OptionValues, UnreadableValue } from "../table.ts";

const ifVersion: Option<number | null> = {
  value: "N|none",
  help:
    "With --versioned: write only if FILE is in version N (0 if it has no versions yet), or if there is no file (none)",
  read(text) {
    if (text === "none") return null;
    const number = /^[0-9]+$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(number)) throw new UnreadableValue('must be the number of a version, or "none"');
    return number;
  },
};

const versionRows = {
  versioned: flag(
    "Take no lock: make the next version of FILE beside it, for network and synchronised file systems; print its number",
  ),
  keep: count("N", "With --versioned: how many versions stay beside FILE; default: 3", 1),
} satisfies OptionTable;

/** What `write` takes. */
export const writeVersionRows = { ...versionRows, ifVersion } satisfies OptionTable;

/** What `update` takes. */
export const updateVersionRows = {
  ...versionRows,
  retries: count(
    "N",
    "With --versioned: how often COMMAND may run again because another program was faster; default: no limit",
  ),
} satisfies OptionTable;

/** What a change by versions can do; it names nothing that needs a lock, or a file that stays the same one. */
const possible: ReadonlySet<string> = new Set([
  ...Object.keys(writeVersionRows),
  ...Object.keys(updateVersionRows),
  ...["ifMatch", "mode", "owner", "durability", "whenUnsupported", "whenSyncFails", "mkdir", "unsafePath"],
  ...["appendNewline", "allowEmpty", "requireJson"],
]);

/** The values of all of these. */
type VersionValues = OptionValues<typeof writeVersionRows> & OptionValues<typeof updateVersionRows>;

/** Whether a change by versions is asked for. Refuses what cannot be combined with it, and what needs it. */
export function isVersioned(values: VersionValues & { readonly durability?: string }): boolean {
  const given = Object.entries(values).filter(([, value]) => value !== undefined).map(([name]) => name);
  if (values.versioned) {
    const impossible = given.find((name) => !possible.has(name));
    if (impossible !== undefined) {
      throw new UsageError(`--versioned and ${optionName(impossible)} cannot be combined`);
    }
    if (values.durability === "none") throw new UsageError("--versioned and --durability none cannot be combined");
    return true;
  }
  const lacking = (["keep", "ifVersion", "retries"] as const).find((name) => given.includes(name));
  if (lacking !== undefined) throw new UsageError(`${optionName(lacking)} needs --versioned`);
  return false;
}

/**
 * Proves a save function of your own against power cuts.
 *
 * Any code that reaches the disk through a runtime's file system can be tried on a machine in memory. `exploreCrashes`
 * cuts its power after every call, builds every disk that may be found then, and asks you whether you can live with it.
 * Run it: `deno run examples/prove_your_own_save.ts`.
 */
import { writeFileSync } from "../mod.ts";
import { type CrashReport, describeCrashReport, exploreCrashesSync, type MemoryRuntime } from "../src/testing/mod.ts";

const path = "/home/notes.txt";

/** A way of saving notes. */
export type Save = (machine: MemoryRuntime, text: string) => void;

/** What many programs do, and what their authors believe to be atomic: write a temporary file, rename it. */
export const naiveSave: Save = (machine, text) => {
  const files = machine.syncFileSystem;
  const file = files.create(`${path}.tmp`, 0o644);
  file.write(new TextEncoder().encode(text));
  file.close();
  files.rename(`${path}.tmp`, path);
};

/** The same with the two syncs that make it durable: of the content before the rename, of the name after it. */
export const fixedSave: Save = (machine, text) => {
  const files = machine.syncFileSystem;
  files.remove(`${path}.tmp`);
  const file = files.create(`${path}.tmp`, 0o644);
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(file.write(bytes));
  file.sync("full");
  file.close();
  files.rename(`${path}.tmp`, path);
  const directory = files.openDirectory("/home");
  directory?.sync("full");
  directory?.close();
};

/** What this module does for you, with all that the two above leave out. */
export const savedForYou: Save = (machine, text) => {
  writeFileSync(path, text, { runtime: machine });
};

/** Every disk that a power cut may leave, at any moment of saving "new notes" over "old notes". */
export function prove(save: Save): CrashReport {
  return exploreCrashesSync({
    machine: { files: { [path]: "old notes" } },
    run: (machine, acknowledge) => {
      save(machine, "new notes");
      // From here on, the user sees "Saved" and relies on it.
      acknowledge("saved");
    },
    check: (machine, acknowledged) => {
      const found = machine.readText(path);
      const allowed = acknowledged.includes("saved") ? ["new notes"] : ["old notes", "new notes"];
      if (found === undefined || !allowed.includes(found)) {
        throw new Error(`found ${JSON.stringify(found)} where only ${allowed.join(" or ")} may be`);
      }
    },
  });
}

// Node knows `main` from 24.2 on: https://nodejs.org/api/esm.html#importmetamain
if ((import.meta as { main?: boolean }).main) {
  for (const [name, save] of Object.entries({ naiveSave, fixedSave, savedForYou })) {
    console.log(`${name}: ${describeCrashReport(prove(save))}\n`);
  }
}

/**
 * Whether readers see only whole content while a name keeps being replaced. The reader is another process (this
 * one's own calls might take turns): it prints the file over and over, and what it prints is looked at here.
 */
import type { ChildProgram } from "../../runtime/host/child_program.ts";
import { type Bench, scratchFile, withFile, writeAll } from "./probe.ts";

/** What the reader saw. */
export interface Replacement {
  readonly replacements: number;
  /** Whole contents that were read; 0 where no other process could be started: then nothing is known. */
  readonly reads: number;
  /** Reads of something that was never written. */
  readonly torn: number;
  /** Moments without any file of that name. */
  readonly missing: number;
}

const leastReads = 100;
const mostReplacements = 5000;
const length = 16 * 1024;
/** Contents are runs of one byte below this one, which stands for a read that found no file. */
const absent = 0xff;

/** Counts whole contents: equal bytes in multiples of a content's length. */
class Observer {
  reads = 0;
  torn = 0;
  missing = 0;
  #byte = -1;
  #run = 0;

  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === absent) this.missing++;
      else if (byte === this.#byte) this.#run++;
      else {
        this.end();
        this.#byte = byte;
        this.#run = 1;
      }
    }
  }

  end(): void {
    this.reads += Math.floor(this.#run / length);
    if (this.#run % length !== 0) this.torn++;
    this.#run = 0;
    this.#byte = -1;
  }

  get seen(): number {
    return this.reads + Math.floor(this.#run / length) + this.torn + this.missing;
  }
}

async function startReader({ host }: Bench, path: string, stop: string): Promise<ChildProgram | undefined> {
  const script = 'until [ -e "$2" ]; do cat -- "$1" 2> /dev/null || printf "\\377"; done';
  try {
    const reader = await host.start(["sh", "-c", script, "sh", path, stop], "piped");
    reader.endInput();
    return reader;
  } catch {
    // There is no such program, or none may be started.
    return undefined;
  }
}

/** Replaces a file while another process reads it. */
export async function replacementUnderReaders(bench: Bench): Promise<Replacement> {
  const { engine: { fileSystem }, signal } = bench;
  const [path, stop] = [scratchFile(bench, "replaced"), scratchFile(bench, "stop")];
  const replace = async (round: number) => {
    const name = `next${round}`;
    await withFile(bench, name, (file) => writeAll(file, new Uint8Array(length).fill(round % absent)));
    await fileSystem.rename(scratchFile(bench, name), path);
  };
  await replace(0);
  const reader = await startReader(bench, path, stop);
  if (reader === undefined) return { replacements: 0, reads: 0, torn: 0, missing: 0 };
  const observer = new Observer();
  const observed = (async () => {
    for (let chunk = await reader.readOutput(); chunk !== undefined; chunk = await reader.readOutput()) {
      observer.take(chunk);
    }
    observer.end();
  })();
  let replacements = 0;
  try {
    while (replacements < mostReplacements && observer.seen < leastReads) {
      signal.throwIfAborted();
      await replace(++replacements);
      // What was read must be looked at, too: calls that never wait would keep it from that.
      await new Promise((resolve) => setTimeout(resolve));
    }
  } finally {
    await withFile(bench, "stop", () => Promise.resolve()).catch(() => reader.send("SIGKILL"));
    await observed;
    await reader.ended;
  }
  const { reads, torn, missing } = observer;
  return { replacements, reads, torn, missing };
}

/** A process that writes while the disk fails, seen from the one that cuts the power. */
import { signal } from "../../real/processes.ts";
import { type RuntimeName, type SpawnedScript, spawnScript } from "../../support/spawn.ts";
import { ENDED, type FailingWork, READY, STOP } from "./order.ts";

/** Milliseconds after which something is wrong with the process itself, however busy the machine is. */
const LIMIT = 120_000;

export class Worker {
  readonly #script: SpawnedScript;
  #text = "";
  #changed: () => void = () => {};
  #hasEnded = false;

  constructor(runtime: RuntimeName) {
    this.#script = spawnScript("tests/powercut/scripts/write_while_failing.ts", [], { runtime, stdin: "pipe" });
    this.#script.child.stdout?.on("data", (chunk: string | Uint8Array) => {
      this.#text += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
      this.#changed();
    });
    this.#script.child.once("close", () => {
      this.#hasEnded = true;
      this.#changed();
    });
  }

  begin(work: FailingWork): void {
    this.#text = "";
    this.#script.child.stdin?.write(`${JSON.stringify(work)}\n`);
  }

  stop(): void {
    this.#script.child.stdin?.write(`${STOP}\n`);
  }

  get isReady(): boolean {
    return this.#says(READY);
  }

  get hasEnded(): boolean {
    return this.#says(ENDED);
  }

  /** Resolves when every lane has had something acknowledged. */
  ready(): Promise<void> {
    return this.#until(() => this.isReady || this.hasEnded, "at work");
  }

  ended(): Promise<void> {
    return this.#until(() => this.hasEnded, "at an end");
  }

  async kill(): Promise<void> {
    signal(this.#script, "SIGKILL");
    await this.#script.status;
  }

  #says(word: string): boolean {
    return this.#text.split("\n").includes(word);
  }

  async #until(isSo: () => boolean, what: string): Promise<void> {
    const end = Date.now() + LIMIT;
    while (!isSo()) {
      if (this.#hasEnded) {
        const { code, stderr } = await this.#script.status;
        throw new Error(`A writing process ended with status ${code}: ${stderr}`);
      }
      if (Date.now() > end) throw new Error(`A writing process was not ${what} after ${LIMIT} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

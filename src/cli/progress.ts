/**
 * How far long work has come, on one line of the terminal that is overwritten and in the end removed.
 *
 * 1. `report` whenever there is something new: it looks at the clock, and draws four times a second at most; nothing at
 * all in the first second. 2. `clear` before anything else is written to the terminal, and at the end.
 *
 * There is no timer: what does not report costs nothing, and nothing keeps the process alive.
 */
import type { CommandHost } from "../runtime/host/command_host.ts";
import { shownLine } from "./shown.ts";
import { bytesText, countText, durationText } from "./quantity.ts";
import { lineWidth, TerminalLine } from "./terminal_line.ts";

/**
 * Tells how much is done, and of how much, where that is known. `title` is for work of several steps: what is being done
 * now.
 */
export type Report = (done: number, total?: number, title?: string) => void;

/** What is counted: bytes, things by their name, or only the seconds that somebody else takes. */
export type Unit = "byte" | "file" | "object" | "step" | "second";

/** Work that ends sooner needs no line. */
const quietTime = 1000;
const redrawAfter = 250;
/** A rate is that of the last seconds: what a cache took at first says nothing about the end. */
const rateSpan = 8000;

interface Sample {
  readonly time: number;
  readonly done: number;
}

/** Longer parts are left out first when there is no room. */
function fit(parts: readonly string[], width: number): string {
  for (let count = parts.length; count > 1; count--) {
    const line = parts.slice(0, count).join(", ");
    if (line.length <= width) return line;
  }
  return (parts[0] ?? "").slice(0, Math.max(0, width));
}

/** The line. */
export class ProgressLine {
  readonly #host: CommandHost;
  readonly #line: TerminalLine;
  #title: string;
  readonly #unit: Unit;
  readonly #now: () => number;
  #samples: Sample[];
  #drawnAt: number;

  /** `title` is what is being done: `writing settings.json`. `now` is a clock in milliseconds. */
  constructor(host: CommandHost, title: string, unit: Unit, now: () => number) {
    this.#host = host;
    this.#line = new TerminalLine(host);
    this.#title = title;
    this.#unit = unit;
    this.#now = now;
    const time = now();
    this.#samples = [{ time, done: 0 }];
    this.#drawnAt = time + quietTime - redrawAfter;
  }

  /** See {@linkcode Report}. */
  report(done: number, total?: number, title = this.#title): void {
    const time = this.#now();
    if (title !== this.#title) {
      this.#title = title;
      this.#samples = [{ time, done }];
    }
    if (time - this.#drawnAt < redrawAfter) return;
    this.#drawnAt = time;
    this.#samples.push({ time, done });
    while (this.#samples.length > 2 && time - (this.#samples[1]?.time ?? time) >= rateSpan) this.#samples.shift();
    this.#line.show(fit(this.#parts(time, done, total), lineWidth(this.#host)));
  }

  /** Removes the line. */
  clear(): void {
    this.#line.clear();
  }

  #parts(time: number, done: number, total: number | undefined): string[] {
    const title = shownLine(this.#title);
    if (this.#unit === "second") return [`${title}: ${countText(done, "second")}`];
    const amount = (count: number) => this.#unit === "byte" ? bytesText(count) : String(count);
    const first = this.#samples[0] ?? { time, done };
    const rate = (done - first.done) / Math.max(1, time - first.time);
    const speed = this.#unit === "byte" ? `${bytesText(rate * 1000)}/s` : `${(rate * 1000).toPrecision(3)}/s`;
    const things = this.#unit === "byte" ? "" : ` ${this.#unit}s`;
    if (total === undefined || total < done) {
      return [`${title}: ${this.#unit === "byte" ? amount(done) : countText(done, this.#unit)}`, speed];
    }
    const share = total === 0 ? 100 : Math.floor(done / total * 100);
    const left = rate > 0 ? [`${durationText((total - done) / rate)} left`] : [];
    return [`${title}: ${share} %`, ...left, `${amount(done)} of ${amount(total)}${things}`, speed];
  }
}

/** A line for this process's own terminal. */
export function startProgress(host: CommandHost, title: string, unit: Unit): ProgressLine {
  return new ProgressLine(host, title, unit, () => performance.now());
}

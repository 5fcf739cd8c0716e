/**
 * One line of the terminal that is overwritten, and in the end removed.
 *
 * 1. `show` a text, as often as it changes. 2. `clear` before anything else is written there, and at the end; it does
 * nothing where nothing is shown.
 */

/** What there is to know of a terminal, and a way to write there. */
interface TerminalHost {
  isTerminal(stream: "errors"): boolean;
  environment(name: string): string | undefined;
  columns(stream: "errors"): number | undefined;
  write(stream: "errors", text: string): void;
}

/** Whether the terminal has lines that can be overwritten: a dumb one has none. */
export const hasLines = (host: TerminalHost): boolean =>
  host.isTerminal("errors") && host.environment("TERM") !== "dumb";

/** Columns of a line that is to be overwritten. One stays free: a full line makes some terminals scroll. */
export const lineWidth = (host: TerminalHost): number => (host.columns("errors") ?? 80) - 1;

/** The line. */
export class TerminalLine {
  readonly #host: TerminalHost;
  #shown = "";

  constructor(host: TerminalHost) {
    this.#host = host;
  }

  /** Puts this text there; it is cut to the width of the terminal. */
  show(text: string): void {
    if (text === this.#shown) return;
    this.#shown = text;
    this.#print(`\r${text.slice(0, Math.max(0, lineWidth(this.#host)))}\x1b[K`);
  }

  /** Removes the line. */
  clear(): void {
    if (this.#shown === "") return;
    this.#shown = "";
    this.#print("\r\x1b[K");
  }

  /** A terminal that does not take it must not end the work. */
  #print(text: string): void {
    try {
      this.#host.write("errors", text);
    } catch {
      // See above.
    }
  }
}

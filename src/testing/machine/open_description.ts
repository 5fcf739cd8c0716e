/**
 * What open(2) makes and fork(2) shares: the position in a file, and perhaps a lock. It ends when the last process that
 * has it open closes it, or is killed.
 */
export class OpenDescription {
  position = 0;
  #users = 0;

  /** One more descriptor leads to it. */
  share(): void {
    this.#users++;
  }

  /** One fewer; whether that was the last. */
  leave(): boolean {
    return --this.#users === 0;
  }
}

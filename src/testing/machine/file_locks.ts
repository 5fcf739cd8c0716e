/**
 * flock(2): advisory locks that belong to an open description and end with it.
 */

interface Holders {
  exclusive: object | undefined;
  readonly shared: Set<object>;
}

/** All locks of a machine, by inode. */
export class FileLocks {
  readonly #inodes = new Map<number, Holders>();

  /**
   * Takes or converts a lock without waiting. Converting is not atomic: the kernel first drops the old lock, so a failed
   * conversion has lost it. https://man7.org/linux/man-pages/man2/flock.2.html
   */
  tryLock(inode: number, holder: object, shared: boolean): boolean {
    let holders = this.#inodes.get(inode);
    if (holders === undefined) this.#inodes.set(inode, holders = { exclusive: undefined, shared: new Set() });
    if (shared ? holders.shared.has(holder) : holders.exclusive === holder) return true;
    this.unlock(inode, holder);
    this.#inodes.set(inode, holders);
    const free = holders.exclusive === undefined && (shared || holders.shared.size === 0);
    if (free && shared) holders.shared.add(holder);
    else if (free) holders.exclusive = holder;
    return free;
  }

  /** Gives a lock back, if there is one. */
  unlock(inode: number, holder: object): void {
    const holders = this.#inodes.get(inode);
    if (holders === undefined) return;
    holders.shared.delete(holder);
    if (holders.exclusive === holder) holders.exclusive = undefined;
    if (holders.exclusive === undefined && holders.shared.size === 0) this.#inodes.delete(inode);
  }

  /** Whether another open file holds the lock for itself alone. */
  excludes(inode: number, other: object): boolean {
    const exclusive = this.#inodes.get(inode)?.exclusive;
    return exclusive !== undefined && exclusive !== other;
  }

  /** How many open files hold a lock on this inode. */
  count(inode: number): number {
    const holders = this.#inodes.get(inode);
    return holders === undefined ? 0 : holders.shared.size + (holders.exclusive === undefined ? 0 : 1);
  }
}

/**
 * A published directory: a symlink that leads to one of several generations beside it. Everything here needs its lock.
 *
 * - first of all, what dead processes had started is finished or removed (with_publication.ts).
 * - `prepare`: what is built gets its final name, durable, and a symlink that says that it was never published. **The
 *   switch** renames that symlink over the old one.
 * - `goBackTo`: likewise, to a generation that was published before; the one that is left is marked as withdrawn first, so
 *   that nobody ever goes "back" to it.
 * - `adopt`: a plain directory becomes a generation. That takes two renames, between which there is nothing at the path;
 *   a durable symlink says what to do if the process dies right there.
 * - `discard`: a generation goes: renamed first, so that nobody takes half of it for a whole one.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import type { Engine } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, type CleanupFailure } from "../protocol/failure.ts";
import {
  type GenerationName,
  generationName,
  generationTarget,
  parseGenerationName,
} from "../protocol/names/generation.ts";
import { lastBackupTime, randomPart } from "../protocol/names/names.ts";
import { removeIn, renameIn } from "../protocol/reported_failure.ts";
import { syncDirectory, type SyncRules } from "../protocol/sync.ts";
import { isCredible, type Trust } from "../protocol/trust.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { oweActivation } from "./owed_activation.ts";
import { removeTree } from "./tree.ts";

/** A generation on disk. */
export interface Generation {
  /** Its name beside the symlink. */
  readonly name: string;
  readonly id: string;
  /** When it was published. */
  readonly time: number;
  /** When it was gone back from, if it was. */
  readonly withdrawn: number | undefined;
}

/** What is at the published path. */
export type Published =
  | { readonly kind: "nothing" }
  | { readonly kind: "generation"; readonly name: string }
  /** Not ours: a symlink that leads elsewhere, or a plain directory. */
  | { readonly kind: "link"; readonly text: string }
  | { readonly kind: "directory" };

/** A name that belongs to a publication. */
interface Found {
  readonly name: string;
  readonly parsed: GenerationName;
}

/** How durable a switch is to be, and whose names count. */
interface PublicationRules {
  readonly rules: SyncRules;
  readonly trust: Trust;
}

/** A published directory whose lock is held. */
export class Publication {
  readonly engine: Engine;
  readonly home: ParentDirectory;
  readonly name: string;
  readonly path: string;
  readonly #rules: SyncRules;
  readonly #trust: Trust;
  readonly #attempt: Attempt;
  /** Owners of generations that do not count. */
  readonly strangers = new Set<number>();

  constructor(home: ParentDirectory, name: string, { rules, trust }: PublicationRules, attempt: Attempt) {
    this.engine = home.engine;
    this.home = home;
    this.name = name;
    this.path = home.pathOf(name);
    this.#rules = rules;
    this.#trust = trust;
    this.#attempt = attempt;
  }

  /** The path of a name beside the symlink. */
  at(name: string): string {
    return this.home.pathOf(name);
  }

  /** What the path leads to now. */
  *current(): Operation<Published> {
    const status = yield* wait(this.home.names.linkStat(this.name));
    if (status === undefined) return { kind: "nothing" };
    if (status.kind === "directory") return { kind: "directory" };
    if (status.kind !== "symlink") {
      throw attemptFailed(
        this.#attempt,
        "EEXIST",
        "resolve",
        "a file is in the place of the directory to be published",
      );
    }
    const text = (yield* wait(this.home.names.readLink(this.name))) ?? "";
    return this.isGeneration(text) ? { kind: "generation", name: text } : { kind: "link", text };
  }

  /** Whether the path leads to that directory, as far as can be determined. */
  *mayLeadTo(name: string): Operation<boolean> {
    try {
      return (yield* wait(this.home.names.readLink(this.name))) === name;
    } catch {
      return true;
    }
  }

  /** Whether a symlink with this text leads to a generation of this publication. */
  isGeneration(text: string): boolean {
    const parsed = parseGenerationName(text, "directory");
    return parsed?.kind === "generation" && parsed.target === generationTarget(this.name);
  }

  /** Everything of this publication beside the symlink that counts (protocol/trust.ts), the newest first. */
  *found(): Operation<Found[]> {
    const found: Found[] = [];
    for (const { name, kind } of (yield* wait(this.home.names.readDirectory())) ?? []) {
      const parsed = parseGenerationName(name, kind);
      if (parsed?.target !== generationTarget(this.name)) continue;
      const status = yield* wait(this.home.names.linkStat(name));
      if (status === undefined) continue;
      if (yield* this.trusts(status)) found.push({ name, parsed });
      else if (parsed.kind === "generation") this.strangers.add(status.user);
    }
    return found.sort((a, b) => b.parsed.time - a.parsed.time || (a.name < b.name ? 1 : -1));
  }

  /** Whether there is something by that name, and it is this user's, root's, or that of somebody who is trusted. */
  *counts(name: string): Operation<boolean> {
    const status = yield* wait(this.home.names.linkStat(name));
    return status !== undefined && (yield* this.trusts(status));
  }

  /** Whether what has this status counts. */
  trusts(status: FileStatus): Operation<boolean> {
    return isCredible(this.home, status, this.#trust);
  }

  /** All generations, the newest first. */
  *generations(): Operation<Generation[]> {
    const found = yield* this.found();
    const marks = found.filter(({ parsed }) => parsed.kind === "withdrawn");
    const withdrawn = new Map(marks.map(({ parsed: { id, time } }) => [id, time]));
    const generations = found.filter(({ parsed }) => parsed.kind === "generation");
    return generations.map(({ name, parsed: { id, time } }) => ({ name, id, time, withdrawn: withdrawn.get(id) }));
  }

  /** A name later than that of every generation. */
  *newName(kind: GenerationName["kind"]): Operation<GenerationName> {
    const { runtime } = this.engine;
    const [newest] = (yield* this.generations()).filter(({ time }) => time < lastBackupTime);
    const time = Math.max(runtime.clock.now(), newest === undefined ? 0 : newest.time + 1);
    return { target: this.name, time, id: randomPart((length) => runtime.random(length)), kind };
  }

  /** Makes the names beside the path durable; false where the platform cannot. */
  *sync(): Operation<boolean> {
    return yield* syncDirectory(this.engine, this.home, this.#rules, this.#attempt);
  }

  /**
   * What is built, under its final name, and the symlink that publishes it. After a failure both may be there. `owes`: an
   * activation is to follow.
   */
  *prepare(building: string, generation: GenerationName, owes: boolean): Operation<string> {
    const link = generationName({ ...generation, kind: "publication" });
    const name = generationName(generation);
    yield* wait(this.home.names.symbolicLink(name, link));
    // Durable before the final name is: else what was never published could be taken for what was.
    yield* this.sync();
    if (owes) yield* oweActivation(this.home, generation, name);
    yield* renameIn(this.home, building, name);
    yield* this.sync();
    return link;
  }

  /** The switch: the path is this symlink from here on; not durable until `sync`. */
  *publish(link: string, generation: string): Operation<void> {
    yield* this.#switch(link, generation);
  }

  /** Renames a symlink over the path. A failure that was none (a server's reply was lost) is seen by what is there. */
  *#switch(link: string, text: string): Operation<void> {
    try {
      yield* renameIn(this.home, link, this.name);
    } catch (error) {
      if (!(error instanceof SystemError) || !(yield* this.#hasSwitched(link, text))) throw error;
    }
  }

  *#hasSwitched(link: string, text: string): Operation<boolean> {
    try {
      return (yield* wait(this.home.names.linkStat(link))) === undefined &&
        (yield* wait(this.home.names.readLink(this.name))) === text;
    } catch {
      return false;
    }
  }

  /**
   * The switch to another generation, or what else was published; `from` is withdrawn, if that is given. Not durable
   * until `sync`. `forward` is for a switch that somebody asks for: its name, found beforehand, so that nothing needs to be
   * looked at between the last look at the lock and the switch; and whether an activation is to follow.
   */
  *goBackTo(
    text: string,
    from: string | undefined,
    forward?: { name: GenerationName; owes: boolean },
  ): Operation<void> {
    const name = forward?.name ?? (yield* this.newName("switch"));
    const link = generationName(name);
    yield* wait(this.home.names.symbolicLink(text, link));
    if (from !== undefined) yield* this.#withdraw(from, name.time);
    if (forward?.owes) {
      // As long as the link that is to be switched is there, nothing is owed: it must not come after what says so.
      if (from === undefined) yield* this.sync();
      yield* oweActivation(this.home, name, text);
      yield* this.sync();
    }
    yield* this.#switch(link, text);
  }

  /** Likewise, where there was nothing before. */
  *goBackToNothing(from: string): Operation<void> {
    yield* this.#withdraw(from, (yield* this.newName("switch")).time);
    yield* removeIn(this.home, this.name);
  }

  *#withdraw(name: string, time: number): Operation<void> {
    const left = parseGenerationName(name, "directory");
    if (left === undefined) return;
    const mark = generationName({ ...left, time, kind: "withdrawn" });
    // It may be there already: for one that was gone back from before, was gone forward to, and is left again at once.
    if ((yield* wait(this.home.names.linkStat(mark))) === undefined) {
      yield* wait(this.home.names.symbolicLink(name, mark));
    }
    yield* this.sync();
  }

  /** Makes the plain directory at the path a generation; its name. */
  *adopt(): Operation<string> {
    const parsed = yield* this.newName("generation");
    const name = generationName(parsed);
    const link = generationName({ ...parsed, kind: "adoption" });
    yield* wait(this.home.names.symbolicLink(name, link));
    yield* this.sync();
    try {
      yield* renameIn(this.home, this.name, name);
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== "EXDEV") throw error;
      const reason = "the directory cannot be renamed here, as one of a lower layer of overlayfs cannot: " +
        "copy it, put the copy in its place, and adopt that";
      throw attemptFailed(this.#attempt, "EXDEV", "rename", reason, error);
    }
    // A disk that kept only the second rename would have the directory under no name at all.
    yield* this.sync();
    yield* this.#switch(link, name);
    yield* this.sync();
    return name;
  }

  /** Removes a generation that is not published; what is left of it. */
  *discard(name: string): Operation<CleanupFailure[]> {
    const parsed = parseGenerationName(name, "directory");
    if (parsed === undefined) return [];
    const discarded = generationName({ ...parsed, kind: "discarded" });
    yield* renameIn(this.home, name, discarded);
    // Else it could be found whole by name, and half by content.
    yield* this.sync();
    return yield* removeTree(this.home, discarded);
  }
}

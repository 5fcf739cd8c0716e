/**
 * All disks that may be found after losing power at one instant.
 *
 * A state is chosen from the top: an outcome for each root directory, then for each directory whose name is left, then
 * for each file whose name is left. What no name leads to is gone and makes no difference: the outcomes of an inode
 * count only in states that still name it. So every state comes up once.
 *
 * The model, `strict`, is the weakest disk that POSIX allows: nothing is ordered between changes. Caches write back in
 * any order and at any time, so of what is pending each change may have arrived or not, whatever became of those before
 * and after it (file_outcomes.ts, directory_outcomes.ts). Journals of real file systems order more; none promises to.
 * Where the rule was in doubt, the weaker disk was chosen:
 *
 * - A name kept, the content, mode or length of its file lost. A later rename kept, an earlier one lost: then what the
 *   later says of its names holds, and a file that was to be moved away first is replaced. A removed name back again.
 * - A file moved to another directory under both names, or under none: two directories are two changes.
 * - What a failed sync has followed lost or kept permanently, independently of later syncs: the pages are clean, but some may
 *   have been written (PostgreSQL's fsyncgate). Whether it is *certainly* lost would be a promise too.
 *
 * Illegal, since no file system shows it, before or after its repair:
 *
 * - Anything gone that a successful sync has put on the disk; half a change of one directory (a rename within it).
 * - A name without an inode. An inode is born with its first name: empty, with the mode and owner of its creation.
 * - A directory under two names, or below itself. It moves between directories as two changes like a file, but repair
 *   leaves it under one of them; both are states of their own, as is neither.
 * - Something made after a barrier, without what the barrier covers (disk_node.ts).
 */
import type { DirectoryNode, DiskImage, DiskNode, FileNode, SpecialNode } from "../machine/disk_node.ts";
import type { MachinePlan } from "../machine/machine.ts";
import type { SeededRandom } from "../random.ts";
import type { Settled, Settlement } from "./settlement.ts";

/** A directory whose name is left, and by which path. */
interface Reached {
  readonly number: number;
  readonly path: string;
}

/** The directories of a state, and what they lead to. */
interface Tree {
  readonly directories: readonly Settled<DirectoryNode>[];
  /** Files, not settled yet. */
  readonly files: readonly FileNode[];
  readonly specials: readonly SpecialNode[];
  /** How many names each inode has. */
  readonly links: ReadonlyMap<number, number>;
  /** Files whose content is declared to make no difference. */
  readonly volatile: ReadonlySet<number>;
  readonly key: string;
}

/** One disk that may be found. */
export interface CrashedDisk {
  /** Equal for two disks of one exploration exactly when nothing tells them apart. */
  readonly key: string;
  /** The disk, with nothing pending. */
  image(): DiskImage;
}

/** Answers which paths hold content that makes no difference. */
type VolatilePath = (path: string) => boolean;

type SettleDirectory = (node: DirectoryNode) => readonly Settled<DirectoryNode>[];

/** More trees than this are not counted. */
const mostTrees = 20_000;

/** So many trees are kept from counting them until they are listed: growing them is a good part of an exploration. */
const mostKept = 1_000;

/** The disks that may be found after one instant. */
export class CrashSpace {
  readonly #image: DiskImage;
  readonly #plan: MachinePlan;
  readonly #settlement: Settlement;
  readonly #volatilePath: VolatilePath | undefined;
  #count: number | undefined;
  /** By level, from `count` on, where they are few. */
  readonly #kept = new Map<number, readonly Tree[]>();

  /** The disks after `image`. */
  constructor(image: DiskImage, plan: MachinePlan, settlement: Settlement, volatilePath?: VolatilePath) {
    this.#image = image;
    this.#plan = plan;
    this.#settlement = settlement;
    this.#volatilePath = volatilePath;
  }

  /** Whether `disks` may answer the same disk twice, and `count` count it twice. */
  get repeats(): boolean {
    return this.#levels().length > 1;
  }

  /** How many disks there are; Infinity when there are too many to list. */
  get count(): number {
    return this.#count ??= this.#levels().reduce((sum, level) => sum + this.#counted(level), 0);
  }

  /** Each disk once, unless `repeats`. Only where `count` is finite. */
  *disks(): Generator<CrashedDisk> {
    for (const level of this.#levels()) {
      for (const tree of this.#kept.get(level) ?? this.#trees(this.#directories(level))) {
        const outcomes = tree.files.map((file) => this.#outcomes(tree, file, level) ?? []);
        const choice = outcomes.map(() => 0);
        for (let digit = 0; digit >= 0;) {
          yield this.#disk(tree, choice.map((index, file) => outcomes[file]?.[index]));
          // Counts up, the last digit first.
          digit = choice.length - 1;
          while (digit >= 0 && (choice[digit] ?? 0) + 1 >= (outcomes[digit]?.length ?? 0)) choice[digit--] = 0;
          if (digit >= 0) choice[digit] = (choice[digit] ?? 0) + 1;
        }
      }
    }
  }

  /** A disk by chance, on which each change is lost with probability `loss`; 0 keeps all, 1 loses all. */
  chance(random: SeededRandom, loss: number): CrashedDisk {
    const levels = this.#levels();
    const level = (loss === 0 ? levels.at(-1) : loss === 1 ? levels[0] : levels[random.below(levels.length)]) ?? 0;
    const settlement = this.#settlement;
    const settle = (node: DirectoryNode) => [settlement.chanceDirectory(node, level, random, loss)];
    const settleFile = (tree: Tree, file: FileNode) =>
      tree.volatile.has(file.number) ? settlement.visibleFile(file) : settlement.chanceFile(file, level, random, loss);
    // Chance may give a directory two names, which no disk shows: then again.
    for (let attempt = 0; attempt < 20; attempt++) {
      for (const tree of this.#trees(settle)) return this.#disk(tree, tree.files.map((file) => settleFile(tree, file)));
    }
    // To lose everything never does.
    return this.chance(random, 1);
  }

  /** How many barriers the disk may have passed. One value where none is left to pass. */
  #levels(): number[] {
    const { barriers, passed } = this.#image;
    if (barriers === passed) return [Infinity];
    return Array.from({ length: barriers - passed + 1 }, (_, index) => passed + index);
  }

  #directories(level: number): SettleDirectory {
    return (node) => this.#settlement.directory(node, level) ?? [];
  }

  #outcomes(tree: Tree, file: FileNode, level: number): readonly Settled<FileNode>[] | undefined {
    const volatile = tree.volatile.has(file.number);
    return volatile ? [this.#settlement.visibleFile(file)] : this.#settlement.file(file, level);
  }

  #counted(level: number): number {
    for (const node of this.#image.nodes.values()) {
      if (node.kind === "directory" && this.#settlement.directory(node, level) === undefined) return Infinity;
    }
    const kept: Tree[] = [];
    let trees = 0;
    let count = 0;
    for (const tree of this.#trees(this.#directories(level))) {
      if (++trees > mostTrees) return Infinity;
      if (trees <= mostKept) kept.push(tree);
      let product = 1;
      for (const file of tree.files) product *= this.#outcomes(tree, file, level)?.length ?? Infinity;
      count += product;
    }
    if (trees <= mostKept) this.#kept.set(level, kept);
    return count;
  }

  #trees(settle: SettleDirectory): Generator<Tree> {
    const roots = [...this.#plan.devices.values()].map(({ root, path }) => ({ number: root, path }));
    return this.#grow(roots, [], settle);
  }

  /** Chooses an outcome for each directory in `reached`, which grows by those it leads to. */
  *#grow(reached: Reached[], chosen: Settled<DirectoryNode>[], settle: SettleDirectory): Generator<Tree> {
    const directory = reached[chosen.length];
    if (directory === undefined) {
      yield this.#tree(reached, chosen);
      return;
    }
    const node = this.#node(directory.number) as DirectoryNode;
    const device = this.#plan.devices.get(node.device);
    const outcomes = device?.volatile && device.root === node.number ? [this.#settlement.emptied(node)] : settle(node);
    const length = reached.length;
    for (const outcome of outcomes) {
      if (this.#reach(reached, directory.path, outcome.node)) {
        chosen.push(outcome);
        yield* this.#grow(reached, chosen, settle);
        chosen.pop();
      }
      reached.length = length;
    }
  }

  /** Adds the directories that a directory leads to; false when one of them has a name already. */
  #reach(reached: Reached[], path: string, directory: DirectoryNode): boolean {
    for (const [name, number] of directory.entries) {
      if (this.#node(number).kind !== "directory") continue;
      if (reached.some((other) => other.number === number)) return false;
      reached.push({ number, path: `${path}/${name}` });
    }
    return true;
  }

  #tree(reached: readonly Reached[], chosen: readonly Settled<DirectoryNode>[]): Tree {
    const files = new Map<number, FileNode>();
    const specials = new Map<number, SpecialNode>();
    const links = new Map<number, number>();
    const volatile = new Set<number>();
    const lasting = new Set<number>();
    chosen.forEach(({ node: { entries } }, index) => {
      for (const [name, number] of entries) {
        links.set(number, (links.get(number) ?? 0) + 1);
        const node = this.#node(number);
        if (node.kind === "symlink" || node.kind === "other") specials.set(number, node);
        if (node.kind !== "file") continue;
        files.set(number, node);
        const makesNoDifference = this.#volatilePath?.(`${reached[index]?.path}/${name}`) ?? false;
        (makesNoDifference ? volatile : lasting).add(number);
      }
    });
    for (const number of lasting) volatile.delete(number);
    return {
      directories: [...chosen],
      files: [...files.values()].sort((a, b) => a.number - b.number),
      specials: [...specials.values()],
      links,
      volatile,
      key: chosen.map(({ node, id }) => `${node.number}.${id}`).join(" "),
    };
  }

  #disk(tree: Tree, files: readonly (Settled<FileNode> | undefined)[]): CrashedDisk {
    let key = tree.key;
    for (const file of files) key += `,${file?.id}`;
    const image = (): DiskImage => {
      const nodes = new Map<number, DiskNode>();
      const add = (node: DiskNode) => {
        const links = tree.links.get(node.number) ?? 0;
        // The same object wherever possible: what may become of it is computed once for each.
        nodes.set(node.number, node.links === links ? node : { ...node, links });
      };
      for (const { node } of tree.directories) add(node);
      for (const node of tree.specials) add(node);
      for (const file of files) if (file !== undefined) add(file.node);
      return { nodes, nextNumber: this.#image.nextNumber, barriers: 0, passed: 0 };
    };
    return { key, image };
  }

  #node(number: number): DiskNode {
    const node = this.#image.nodes.get(number);
    if (node === undefined) throw new Error(`There is no inode ${number}`);
    return node;
  }
}

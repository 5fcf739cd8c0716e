/**
 * Inodes as a power cut leaves them: with nothing pending, each distinct outcome numbered, computed once for every
 * inode of every instant that is explored.
 */
import { chanceDirectoryOutcome, type DirectoryOutcome, directoryOutcomes } from "./directory_outcomes.ts";
import type { DirectoryNode, FileNode } from "../machine/disk_node.ts";
import { chanceFileOutcome, type FileOutcome, fileOutcomes, type Tearing } from "./file_outcomes.ts";
import type { SeededRandom } from "../random.ts";

/** One outcome of an inode. */
export interface Settled<N> {
  /** The inode, with nothing pending. */
  readonly node: N;
  /** Equal for two outcomes exactly when nothing tells them apart but, perhaps, which inode it is. */
  readonly id: number;
}

/** More outcomes than this of one inode are not listed, only sampled. */
const mostOutcomes = 10_000;

type Outcomes<N> = readonly Settled<N>[] | undefined;
type Remembered<N extends object> = WeakMap<N, Map<number, Outcomes<N>>>;

function remembered<N extends object>(memory: Remembered<N>, node: N, level: number, find: () => Outcomes<N>) {
  let levels = memory.get(node);
  if (levels === undefined) memory.set(node, levels = new Map());
  if (!levels.has(level)) levels.set(level, find());
  return levels.get(level);
}

/** The outcomes of all inodes of an exploration. */
export class Settlement {
  readonly #tearing: Tearing;
  readonly #ids = new Map<string, number>();
  readonly #files: Remembered<FileNode> = new WeakMap();
  readonly #directories: Remembered<DirectoryNode> = new WeakMap();

  /** Outcomes with writes torn so. */
  constructor(tearing: Tearing) {
    this.#tearing = tearing;
  }

  /** Every outcome of a file behind `level` barriers; undefined when there are too many to list. */
  file(node: FileNode, level: number): readonly Settled<FileNode>[] | undefined {
    return remembered(
      this.#files,
      node,
      level,
      () => fileOutcomes(node, level, this.#tearing, mostOutcomes)?.map((outcome) => this.#settledFile(node, outcome)),
    );
  }

  /** Every outcome of a directory behind `level` barriers; undefined when there are too many to list. */
  directory(node: DirectoryNode, level: number): readonly Settled<DirectoryNode>[] | undefined {
    return remembered(
      this.#directories,
      node,
      level,
      () => directoryOutcomes(node, level, mostOutcomes)?.map((outcome) => this.#settledDirectory(node, outcome)),
    );
  }

  /** A file as programs saw it. */
  visibleFile(node: FileNode): Settled<FileNode> {
    return { node: { ...node, durable: node.visible, changes: undefined }, id: 0 };
  }

  /** An empty directory in place of one that was in memory only. */
  emptied(node: DirectoryNode): Settled<DirectoryNode> {
    return this.#settledDirectory(node, { attributes: node.visible, entries: new Map(), key: "empty" });
  }

  /** One outcome by chance. */
  chanceFile(node: FileNode, level: number, random: SeededRandom, loss: number): Settled<FileNode> {
    return this.#settledFile(node, chanceFileOutcome(node, level, this.#tearing, random, loss));
  }

  /** One outcome by chance. */
  chanceDirectory(node: DirectoryNode, level: number, random: SeededRandom, loss: number): Settled<DirectoryNode> {
    return this.#settledDirectory(node, chanceDirectoryOutcome(node, level, random, loss));
  }

  #settledFile(node: FileNode, { state, key }: FileOutcome): Settled<FileNode> {
    return { node: { ...node, visible: state, durable: state, changes: undefined }, id: this.#id(key) };
  }

  #settledDirectory(node: DirectoryNode, { attributes, entries, key }: DirectoryOutcome): Settled<DirectoryNode> {
    const { kind, number, device, created, links } = node;
    const settled: DirectoryNode = {
      kind,
      number,
      device,
      created,
      links,
      visible: attributes,
      durable: attributes,
      entries,
      durableEntries: entries,
      changes: undefined,
    };
    return { node: settled, id: this.#id(`/${key}`) };
  }

  #id(key: string): number {
    let id = this.#ids.get(key);
    if (id === undefined) this.#ids.set(key, id = this.#ids.size + 1);
    return id;
  }
}

/**
 * The names a transaction puts on disk.
 *
 *     .NAME.ID.INDEX.stage              new content of a file, beside it; only that transaction and its recovery touch it
 *     .transaction.ID.PROOF.journal…    the journal; what stands at its end is the state of the transaction:
 *         .preparing                      nothing is decided: what is staged will be discarded
 *         (nothing)                       committed: every file will be the new one
 *         .rolling-back                   every file will be the old one again
 *         .settled                        all files are the one or the other; an activation is owed
 *         .activated                      over; only names are left to be removed
 *     .transaction.ID.marker            in every other directory that takes part: names the directory of the journal
 *
 * ID is 128 random bits in base 32, PROOF as in names.ts.
 *
 * A change of state is a rename. On a full disk a directory may have no room for one more name, not even for a moment,
 * and not even for one as long as that which goes (xfs, where all names are in the inode; ext4, where a block is full):
 * both add the new name before they remove the old one. So every name that a later state will have is made beforehand, as
 * an empty file: a rename over a name that is there needs no room.
 */
import {
  type Proof,
  proofGrammar,
  proofOf,
  proofText,
  randomGrammar,
  shortenName,
  temporaryTargetLimit,
} from "./names.ts";

/** How far a transaction has come, from the least to the most. */
export const journalStates = ["preparing", "committed", "rolling-back", "settled", "activated"] as const;
/** How far a transaction has come. */
export type JournalState = typeof journalStates[number];

/** The states whose names are kept free by an empty file: those that a transaction comes to after its commit point. */
export const placeholderStates: readonly JournalState[] = ["rolling-back", "settled", "activated"];

/** What the name of a journal says. */
export interface JournalName {
  readonly id: string;
  readonly proof: Proof;
  readonly state: JournalState;
}

/** What the name of a stage says. */
interface StageName {
  /** The target's name, perhaps shortened. */
  readonly target: string;
  readonly id: string;
  readonly index: number;
}

/** The name of a journal. */
export function journalName({ id, proof, state }: JournalName): string {
  return `.transaction.${id}.${proofText(proof)}.journal${state === "committed" ? "" : `.${state}`}`;
}

const journalPattern = new RegExp(
  `^\\.transaction\\.(${randomGrammar})\\.${proofGrammar}\\.journal(?:\\.(preparing|rolling-back|settled|activated))?$`,
);

/** Reads the name of a journal; undefined for every other name. */
export function parseJournalName(name: string): JournalName | undefined {
  const match = journalPattern.exec(name);
  if (match === null) return undefined;
  const state = (match[7] ?? "committed") as JournalState;
  return { id: match[1] ?? "", proof: proofOf(match.slice(2, 7)), state };
}

/** The name of a marker. */
export const markerName = (id: string): string => `.transaction.${id}.marker`;

const markerPattern = new RegExp(`^\\.transaction\\.(${randomGrammar})\\.marker$`);

/** The transaction whose marker has this name; undefined for every other name. */
export const parseMarkerName = (name: string): string | undefined => markerPattern.exec(name)?.[1];

/** The name of the stage of `target`, which is number `index` of its transaction. */
export const stageName = (target: string, id: string, index: number): string =>
  `.${shortenName(target, temporaryTargetLimit)}.${id}.${index}.stage`;

const stagePattern = new RegExp(`^\\.(.+)\\.(${randomGrammar})\\.(0|[1-9][0-9]{0,8})\\.stage$`, "s");

/** Reads the name of a stage; undefined for every other name. */
export function parseStageName(name: string): StageName | undefined {
  const match = stagePattern.exec(name);
  if (match === null) return undefined;
  return { target: match[1] ?? "", id: match[2] ?? "", index: Number(match[3]) };
}

/**
 * The values in a plan for `deploy`: each is read from what `JSON.parse` returned, or refused with a Mistake that
 * names the part of the plan.
 */
import { highestOwnerNumber, isOwner } from "../../core/options.ts";
import type { Owner } from "../../protocol/mode_and_owner.ts";
import type { ApplyOptions } from "../../transaction/apply_plan.ts";
import { nearest } from "../nearest.ts";
import { UnreadableValue } from "../table.ts";
import { writeRows } from "../grammar/rows.ts";
import { memberOf } from "./json_places.ts";

/** What is wrong with a part. */
export class Mistake extends Error {
  /** Which: `files[0].mode`. */
  readonly part: string;
  /** `wanted` says what it should be: `must be …`. */
  constructor(part: string, wanted: string) {
    super(wanted);
    this.part = part;
  }
}

/** The members of an object. */
type Members = Readonly<Record<string, unknown>>;

/** A value as messages show it. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return JSON.stringify(value);
}

/** An object that has no other members than these. */
export function members(value: unknown, part: string, known: readonly string[]): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Mistake(part, `must be an object, not ${show(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const similar = nearest(key, known);
    const way = similar === undefined ? `it may have ${known.join(", ")}` : `did you mean ${similar}?`;
    throw new Mistake(memberOf(part, key), `is unknown here: ${way}`);
  }
  return value as Members;
}

/** A text. Half a character has no bytes: U+FFFD would be written in its place. */
export function text(value: unknown, part: string): string {
  if (typeof value !== "string") throw new Mistake(part, `must be a string, not ${show(value)}`);
  if (/\p{Surrogate}/u.test(value)) throw new Mistake(part, `must not contain lone surrogates: ${show(value)}`);
  return value;
}

/** A text that the system takes: not empty, without NUL. */
export function plainText(value: unknown, part: string): string {
  const word = text(value, part);
  if (word === "") throw new Mistake(part, "must not be empty");
  if (word.includes("\0")) throw new Mistake(part, "must not contain the character NUL");
  return word;
}

/** A value that the command line takes likewise. */
function likeOption<T>(option: { read(text: string): T }, value: unknown, part: string, wanted: string): T {
  if (typeof value !== "string") throw new Mistake(part, `${wanted}, not ${show(value)}`);
  try {
    return option.read(value);
  } catch (error) {
    if (!(error instanceof UnreadableValue)) throw error;
    throw new Mistake(part, `${error.wanted}, not ${show(value)}`);
  }
}

const mode = (value: unknown, part: string): number =>
  likeOption(writeRows.mode, value, part, 'must be a text of octal digits such as "640"');

function owner(value: unknown, part: string): Owner {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return likeOption(writeRows.owner, value, part, 'must be a text such as "user:group", or an object');
  }
  const { user, group } = members(value, part, ["user", "group"]);
  if (user === undefined && group === undefined) throw new Mistake(part, "must have a user, a group or both");
  return {
    ...user === undefined ? {} : { user: principal(user, memberOf(part, "user")) },
    ...group === undefined ? {} : { group: principal(group, memberOf(part, "group")) },
  };
}

function principal(value: unknown, part: string): string | number {
  if ((typeof value === "string" || typeof value === "number") && isOwner(value)) return value;
  throw new Mistake(part, `must be a name, or a number from 0 to ${highestOwnerNumber}, not ${show(value)}`);
}

/** Mode and owner. */
export function metadata(value: Members, part: string): { mode?: number; owner?: Owner } {
  return {
    ...value["mode"] === undefined ? {} : { mode: mode(value["mode"], memberOf(part, "mode")) },
    ...value["owner"] === undefined ? {} : { owner: owner(value["owner"], memberOf(part, "owner")) },
  };
}

/** A span of time, given in seconds; in milliseconds. */
export function seconds(value: unknown, part: string): number {
  if (typeof value === "number" && value > 0 && value <= 2_000_000) return value * 1000;
  throw new Mistake(part, `must be a number of seconds, more than 0 and at most 2000000, not ${show(value)}`);
}

/** Users by their numbers, or all of them. */
export function users(value: unknown, part: string): NonNullable<ApplyOptions["trust"]> {
  if (value === "any") return value;
  const isUser = (each: unknown) => typeof each === "number" && isOwner(each);
  if (Array.isArray(value) && value.every(isUser)) return value as number[];
  throw new Mistake(part, `must be "any" or an array of numbers of users, not ${show(value)}`);
}

/** What is done when something of a file cannot be kept. */
export function lossRule(value: unknown, part: string): NonNullable<ApplyOptions["whenLost"]> {
  if (value === "report" || value === "throw") return value;
  throw new Mistake(part, `must be "report" or "throw", not ${show(value)}`);
}

/** What is done about a way that others could exchange. */
export function pathRule(value: unknown, part: string): NonNullable<ApplyOptions["unsafePath"]> {
  if (value === "throw" || value === "allow") return value;
  throw new Mistake(part, `must be "throw" or "allow", not ${show(value)}`);
}

/** How many. */
export function count(value: unknown, part: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Mistake(part, `must be a whole number, 0 or more, not ${show(value)}`);
}

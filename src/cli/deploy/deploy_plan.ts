/**
 * The file that `atomic-write deploy` reads; docs/deploy_plan.md is its grammar. Pure: from text to a plan.
 *
 * `readDeployPlan` answers a plan that is right in every respect that can be checked without reading a disk, or throws
 * a PlanMistake. Nothing is ignored: a misspelt `mode` would otherwise publish a key.
 */
import { FileError, InvalidArgument } from "../../core/errors.ts";
import { JsonChecker } from "../../core/json_checker.ts";
import { absolutePath, baseName, directoryName, endsAsDirectory, type PathStyle } from "../../core/path.ts";
import type { Owner } from "../../protocol/mode_and_owner.ts";
import type { ApplyOptions } from "../../transaction/apply_plan.ts";
import { jsonPlaces, memberOf } from "./json_places.ts";
import {
  count,
  lossRule,
  members,
  metadata,
  Mistake,
  pathRule,
  plainText,
  seconds,
  show,
  text,
  users,
} from "./plan_values.ts";

/** A file of a plan. */
export interface DeployFile {
  /** The path as the plan says it. */
  readonly given: string;
  /** Absolute. */
  readonly path: string;
  /** Where its content comes from: a file, absolute, or the text itself; undefined where it is removed. */
  readonly from: { readonly source: string } | { readonly content: string } | undefined;
  readonly mode?: number;
  readonly owner?: Owner;
  readonly defaults?: { readonly mode?: number; readonly owner?: Owner };
}

/** A directory of a plan. */
interface DeployDirectory {
  /** Absolute. */
  readonly path: string;
  readonly mode?: number;
  readonly owner?: Owner;
}

/** A plan that can be carried out. */
export interface DeployPlan {
  /** The plan's own directory, absolute: programs run in it. */
  readonly directory: string;
  readonly files: readonly DeployFile[];
  /** Made where they are missing, before anything else. */
  readonly directories: readonly DeployDirectory[];
  /** Where the locks are; absolute. */
  readonly lockDirectory?: string;
  readonly validate?: readonly string[];
  readonly activate?: readonly string[];
  readonly backup?: number;
  /** Whose unfinished deployments may be recovered. */
  readonly trust?: NonNullable<ApplyOptions["trust"]>;
  /** What is done about a way that others could exchange. */
  readonly unsafePath?: NonNullable<ApplyOptions["unsafePath"]>;
  /** What becomes of it when something of a file cannot be kept. */
  readonly whenLost?: NonNullable<ApplyOptions["whenLost"]>;
  /** How long the programs may take, in milliseconds. */
  readonly limits: { readonly validate: number; readonly activate: number };
}

/** How long a program may take, in seconds, where the plan does not say. */
export const defaultLimit = 60;

/** A plan that cannot be carried out. Nothing was touched. */
export class PlanMistake extends FileError {
  override readonly name: string = "PlanMistake";
  /** `code` is ENOTJSON for what is not JSON at all, else EPLAN. */
  constructor(path: string, code: "EPLAN" | "ENOTJSON", reason: string, cause?: unknown) {
    const details = { code, path, step: "plan", targetState: "unchanged", cause } as const;
    super("Cannot deploy", reason, details);
  }
}

/** Reads the parts of one plan, in one directory. */
class Reader {
  readonly #directory: string;
  readonly #style: PathStyle;

  constructor(directory: string, style: PathStyle) {
    this.#directory = directory;
    this.#style = style;
  }

  plan(value: unknown): DeployPlan {
    const plan = members(value, "", [
      "files",
      "directories",
      "validate",
      "activate",
      "backup",
      "timeouts",
      "lockDirectory",
      "trust",
      "unsafePath",
      "whenLost",
    ]);
    const { files, directories, lockDirectory, validate, activate, backup, timeouts, trust, unsafePath, whenLost } =
      plan;
    const limits = members(timeouts ?? {}, "timeouts", ["validate", "activate"]);
    const limit = (name: "validate" | "activate") => {
      if (limits[name] === undefined) return defaultLimit * 1000;
      if (name === "validate" ? validate === undefined : activate === undefined) {
        throw new Mistake(memberOf("timeouts", name), `has no effect: there is no ${name}`);
      }
      return seconds(limits[name], memberOf("timeouts", name));
    };
    return {
      directory: this.#directory,
      files: this.#files(files),
      directories: directories === undefined ? [] : this.#directories(directories),
      ...lockDirectory === undefined ? {} : { lockDirectory: this.#path(lockDirectory, "lockDirectory") },
      ...validate === undefined ? {} : { validate: this.#words(validate, "validate") },
      ...activate === undefined ? {} : { activate: this.#words(activate, "activate") },
      ...backup === undefined ? {} : { backup: count(backup, "backup") },
      ...trust === undefined ? {} : { trust: users(trust, "trust") },
      ...unsafePath === undefined ? {} : { unsafePath: pathRule(unsafePath, "unsafePath") },
      ...whenLost === undefined ? {} : { whenLost: lossRule(whenLost, "whenLost") },
      limits: { validate: limit("validate"), activate: limit("activate") },
    };
  }

  #files(value: unknown): DeployFile[] {
    if (value === undefined) throw new Mistake("", "must have files");
    if (!Array.isArray(value)) throw new Mistake("files", `must be an array, not ${show(value)}`);
    if (value.length === 0) throw new Mistake("files", "must not be empty");
    const files = value.map((file, index) => this.#file(file, `files[${index}]`));
    const seen = new Map<string, number>();
    for (const [index, { path }] of files.entries()) {
      const before = seen.get(path);
      if (before !== undefined) throw new Mistake(`files[${index}].path`, `is that of files[${before}], too`);
      seen.set(path, index);
    }
    return files;
  }

  #directories(value: unknown): DeployDirectory[] {
    if (!Array.isArray(value)) throw new Mistake("directories", `must be an array, not ${show(value)}`);
    return value.map((each, index) => {
      const part = `directories[${index}]`;
      const directory = members(each, part, ["path", "mode", "owner"]);
      if (directory["path"] === undefined) throw new Mistake(part, "must have a path");
      const path = plainText(directory["path"], memberOf(part, "path")).replace(/(?<=[^/\\])[/\\]+$/, "");
      return { path: this.#path(path, memberOf(part, "path")), ...metadata(directory, part) };
    });
  }

  #file(value: unknown, part: string): DeployFile {
    const file = members(value, part, ["path", "source", "content", "remove", "mode", "owner", "defaults"]);
    const { path, source, content, remove, defaults } = file;
    if (path === undefined) throw new Mistake(part, "must have a path");
    if (remove !== undefined) return this.#removal(file, part);
    if ((source === undefined) === (content === undefined)) {
      throw new Mistake(part, `must have a source or a content${source === undefined ? "" : ", and not both"}`);
    }
    return {
      given: text(path, memberOf(part, "path")),
      path: this.#path(path, memberOf(part, "path")),
      from: content === undefined
        ? { source: this.#path(source, memberOf(part, "source")) }
        : { content: text(content, memberOf(part, "content")) },
      ...metadata(file, part),
      ...defaults === undefined ? {} : { defaults: this.#defaults(defaults, memberOf(part, "defaults")) },
    };
  }

  #removal({ path, remove, ...rest }: Readonly<Record<string, unknown>>, part: string): DeployFile {
    if (remove !== true) throw new Mistake(memberOf(part, "remove"), `must be true, or left out, not ${show(remove)}`);
    const [other] = Object.keys(rest);
    if (other !== undefined) throw new Mistake(memberOf(part, other), "has no effect: the file is removed");
    const given = text(path, memberOf(part, "path"));
    return { given, path: this.#path(path, memberOf(part, "path")), from: undefined };
  }

  #defaults(value: unknown, part: string): NonNullable<DeployFile["defaults"]> {
    return metadata(members(value, part, ["mode", "owner"]), part);
  }

  #path(value: unknown, part: string): string {
    const path = plainText(value, part);
    if (endsAsDirectory(path, this.#style)) throw new Mistake(part, `must name a file, not ${show(path)}`);
    try {
      return absolutePath(path, this.#directory, this.#style, false);
    } catch (error) {
      throw error instanceof InvalidArgument ? new Mistake(part, `cannot be used: ${error.message}`) : error;
    }
  }

  #words(value: unknown, part: string): string[] {
    if (!Array.isArray(value)) {
      throw new Mistake(part, `must be an array of strings, the program first, not ${show(value)}: there is no shell`);
    }
    if (value.length === 0) throw new Mistake(part, "must have at least one string: the program");
    const [program = "", ...rest] = value.map((word, index) => {
      return index === 0 ? plainText(word, `${part}[0]`) : text(word, `${part}[${index}]`);
    });
    const nul = rest.findIndex((word) => word.includes("\0"));
    if (nul >= 0) throw new Mistake(`${part}[${nul + 1}]`, "must not contain the character NUL");
    // A bare name is looked for where a shell looks for it.
    return [program === baseName(program, this.#style) ? program : this.#path(program, `${part}[0]`), ...rest];
  }
}

/**
 * Reads the bytes of the plan at `path`, absolute, whose relative paths begin in `directory`: its own, where it is a
 * file. Throws a PlanMistake.
 */
export function readDeployPlan(
  bytes: Uint8Array,
  path: string,
  style: PathStyle,
  directory = directoryName(path, style),
): DeployPlan {
  const checker = new JsonChecker();
  const mistake = checker.write(bytes) ?? checker.end();
  if (mistake !== undefined) {
    const place = `line ${mistake.line}, column ${mistake.column}`;
    throw new PlanMistake(path, "ENOTJSON", `it is not JSON: ${place}: ${mistake.reason}`);
  }
  const content = new TextDecoder().decode(bytes);
  const places = jsonPlaces(content);
  const refuse = (part: string, wanted: string): never => {
    const place = places.of(part);
    const where = place === undefined ? "" : `line ${place.line}, column ${place.column}: `;
    throw new PlanMistake(path, "EPLAN", `${where}${part === "" ? "the plan" : part} ${wanted}`);
  };
  if (places.repeated !== undefined) return refuse(places.repeated, "appears twice");
  try {
    return new Reader(directory, style).plan(JSON.parse(content));
  } catch (error) {
    if (error instanceof Mistake) return refuse(error.part, error.message);
    throw error;
  }
}

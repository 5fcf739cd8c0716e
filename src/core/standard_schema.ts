/**
 * Standard Schema: the interface that validation libraries (zod, valibot, arktype, …) share, so that none of them is a
 * dependency. https://standardschema.dev
 */

/** A schema that checks unknown values and answers with a `T` or with issues. */
export interface StandardSchemaV1<T = unknown> {
  /** The standard's namespace. */
  readonly "~standard": {
    /** The standard's version. */
    readonly version: 1;
    /** The library's name. */
    readonly vendor: string;
    /** Checks a value. */
    readonly validate: (value: unknown) => StandardResult<T> | Promise<StandardResult<T>>;
    /** Types for inference only. */
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

/** What a schema answers. */
export type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** What is wrong with a value. */
export interface StandardIssue {
  /** For people. */
  readonly message: string;
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Issues in one line. */
export function issuesText(issues: readonly StandardIssue[]): string {
  return issues.map(({ message, path }) => {
    const place = (path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return place === "" ? message : `${place}: ${message}`;
  }).join("; ");
}

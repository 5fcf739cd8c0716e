/**
 * Calls at the seam as lines of text: the grammar of traces.
 *
 *     METHOD [PATH] [OPERANDS] [= ANSWER] [! CODE]
 *
 *     create .a.json.<random>.f.tmp 0600     open PATH read-write nofollow     makeDirectory PATH 0755
 *     write 5          write 5 = 3 (short)   read 4096 = 5                     truncate 0
 *     setMode 0644     setOwner 0 - (the group stays)                          setTimes     seek 0
 *     attributes       setAttribute user.note 5 (bytes), or - (removed)
 *     sync             sync barrier          tryLock exclusive = false         clone PATH = false
 *     rename FROM → TO                       link EXISTING → PATH              symbolicLink PATH → TEXT
 *     open PATH read = none                  remove PATH = false               rename FROM → TO ! EXDEV
 *
 * Calls on an open file name it only when it is not the one that the lines before were about: the one most recently
 * opened, or most recently named so. `sync .` syncs the open directory `.`; `stat (open) .` is the one method that would
 * else look like that of the file system. Of answers, only those are shown that say "no" or "not all"; reads show theirs.
 */
import type { SeamCall } from "./faults/intercept.ts";

/** How a call ended. */
export type CallResult = { readonly value: unknown } | { readonly error: unknown };

const octal = (mode: string | number | boolean | undefined): string =>
  typeof mode === "number" ? mode.toString(8).padStart(4, "0") : "-";

/** What a trace says of the other arguments. */
function operandsOf(call: SeamCall, show: (path: string) => string): (string | undefined)[] {
  const [first, second] = call.operands;
  switch (call.method) {
    case "open":
      return [String(first), second === false ? "nofollow" : undefined];
    case "create":
    case "makeDirectory":
    case "setMode":
      return [octal(first)];
    case "rename":
    case "link":
      return ["→", show(String(first))];
    case "symbolicLink":
      return ["→", String(first)];
    case "clone":
      return [first === undefined ? undefined : show(String(first))];
    case "read":
    case "write":
    case "seek":
    case "truncate":
      return [String(first)];
    case "setAttribute":
    case "setOwner":
      return [String(first ?? "-"), String(second ?? "-")];
    case "sync":
      return [first === "full" ? undefined : String(first)];
    case "tryLock":
      return [first === true ? "shared" : "exclusive"];
    default:
      return [];
  }
}

function answerOf(call: SeamCall, result: CallResult): string | undefined {
  if ("error" in result) {
    const { error } = result;
    const code = typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
    return `! ${code ?? error}`;
  }
  const { value } = result;
  if (value === false) return "= false";
  const answersNothing = ["close", "rename", "link", "symbolicLink", "seek", "truncate", "sync", "unlock"];
  if (value === undefined) {
    return call.file === undefined && !answersNothing.includes(call.method) ? "= none" : undefined;
  }
  if (call.method === "read" || (call.method === "write" && value !== call.operands[0])) return `= ${value}`;
  return undefined;
}

/** Writes lines; remembers which open file they are about. */
export class TraceWriter {
  readonly #show: (path: string) => string;
  #current = 0;

  /** A writer that shows paths by `show`. */
  constructor(show: (path: string) => string) {
    this.#show = show;
  }

  /** The line for a call that has ended. */
  line(call: SeamCall, result: CallResult): string {
    const parts: (string | undefined)[] = [call.method];
    if (call.file === undefined) {
      parts.push(this.#show(call.path));
      if (call.opens !== undefined && "value" in result && result.value !== undefined) this.#current = call.opens;
    } else if (call.file !== this.#current) {
      this.#current = call.file;
      if (call.method === "stat") parts.push("(open)");
      parts.push(this.#show(call.path));
    }
    parts.push(...operandsOf(call, this.#show), answerOf(call, result));
    return parts.filter((part) => part !== undefined).join(" ");
  }
}

/** Shows paths relative to `base`, and what `random` matches as `<random>`. */
export function pathShower(base: string | undefined, random: RegExp | undefined): (path: string) => string {
  return (path) => {
    let shown = path;
    if (base !== undefined && path === base) shown = ".";
    else if (base !== undefined && path.startsWith(base.endsWith("/") ? base : `${base}/`)) {
      shown = path.slice(base.length).replace(/^\//, "");
    }
    return random === undefined ? shown : shown.replaceAll(random, "<random>");
  };
}

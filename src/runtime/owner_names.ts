/**
 * Names of users and groups to their numbers: from /etc/passwd and /etc/group, and where the name is not there
 * (directory services) from the system's own look-up program, if running one is possible and permitted.
 */

/** How to look. Each answers undefined where it may not or cannot. */
export interface OwnerSources {
  readText(path: string): string | undefined;
  /** What a program prints when it succeeds. */
  output(program: string, parameters: readonly string[]): string | undefined;
  system: string;
}

/** Nothing else can be in a name that these files could list; a slash or dash might mean something to a program. */
const plainName = /^[^\s:/-][^:/\n]*$/;

function numberInLine(line: string, name: string): number | undefined {
  const fields = line.split(":");
  const number = fields[2];
  return fields[0] === name && number !== undefined && /^[0-9]+$/.test(number) ? Number(number) : undefined;
}

function numberInTable(table: string, name: string): number | undefined {
  for (const line of table.split("\n")) {
    const number = numberInLine(line, name);
    if (number !== undefined) return number;
  }
  return undefined;
}

function look(
  kind: { file: string; database: string; directory: string; key: string },
  name: string,
  sources: OwnerSources,
): number | undefined {
  if (!plainName.test(name)) return undefined;
  const listed = numberInTable(sources.readText(kind.file) ?? "", name);
  if (listed !== undefined) return listed;
  if (sources.system === "darwin") {
    // macOS keeps ordinary accounts in its directory service only: https://ss64.com/mac/dscl.html
    const printed = sources.output("dscl", [".", "-read", `${kind.directory}/${name}`, kind.key]);
    const number = /:\s*([0-9]+)\s*$/.exec(printed ?? "")?.[1];
    return number === undefined ? undefined : Number(number);
  }
  // getent looks a number up by number; the answer's first field then differs from the name and is not taken.
  return numberInTable(sources.output("getent", [kind.database, name]) ?? "", name);
}

/** Number of the user by that name. */
export function userNumber(name: string, sources: OwnerSources): number | undefined {
  return look({ file: "/etc/passwd", database: "passwd", directory: "/Users", key: "UniqueID" }, name, sources);
}

/** Number of the group by that name. */
export function groupNumber(name: string, sources: OwnerSources): number | undefined {
  return look({ file: "/etc/group", database: "group", directory: "/Groups", key: "PrimaryGroupID" }, name, sources);
}

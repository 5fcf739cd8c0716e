/**
 * What a program that hangs is waiting for: its process and all that descend from it, each with its state, the kernel
 * function it sleeps in and its command line, read from /proc. Linux only; elsewhere an empty text.
 */
interface Entry {
  pid: number;
  parent: number;
  state: string;
}

function readEntry(pid: number): Entry | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The command's name, in parentheses, may hold anything.
    const [state = "?", parent = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { pid, parent: Number(parent), state };
  } catch {
    // It has ended.
    return undefined;
  }
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path).replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

function line({ pid, state }: Entry, depth: number): string {
  const command = readText(`/proc/${pid}/cmdline`) || `(${readText(`/proc/${pid}/comm`)})`;
  const short = command.length > 300 ? `${command.slice(0, 100)} … ${command.slice(-190)}` : command;
  return `${"  ".repeat(depth)}${pid} ${state} ${readText(`/proc/${pid}/wchan`) || "-"} ${short}`;
}

/** A line for each process of the tree whose root is `root`. */
export function describeProcessTree(root: number): string {
  if (Deno.build.os !== "linux") return "";
  const entries = [...Deno.readDirSync("/proc")]
    .filter(({ name }) => /^\d+$/.test(name))
    .map(({ name }) => readEntry(Number(name)))
    .filter((entry) => entry !== undefined);
  const visit = (entry: Entry, depth: number): string[] => [
    line(entry, depth),
    ...entries.filter(({ parent }) => parent === entry.pid).flatMap((child) => visit(child, depth + 1)),
  ];
  return entries.filter(({ pid }) => pid === root).flatMap((entry) => visit(entry, 0)).join("\n");
}

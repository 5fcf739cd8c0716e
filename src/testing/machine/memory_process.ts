/** What a simulated process knows of itself and of others. */
import type { ProcessFacts, ProcessHost } from "../../runtime/process_host.ts";
import type { Machine, ProcessRecord } from "./machine.ts";

/** The initial pid namespace of Linux. */
const namespace = "4026531836";

/** The host of one process. */
export function memoryProcess(machine: Machine, record: ProcessRecord): ProcessHost {
  const { capabilities, processFacts, userNumbers, groupNumbers } = machine.plan.options;
  const known = { root: 0, user: 1000 };
  const numberIn = (table: Readonly<Record<string, number>>, name: string) =>
    Object.hasOwn(table, name) ? table[name] : undefined;
  return {
    pid: record.pid,
    isolate: record,
    workingDirectory: () => record.workingDirectory,
    owner: () => capabilities?.owner === false ? undefined : { user: record.user, group: record.group },
    facts: () =>
      processFacts === false ? undefined : { boot: machine.boot, namespace, pid: record.pid, started: record.started },
    liveness: (facts: ProcessFacts) => {
      // Another boot id may be this machine before it was started anew, or another machine: nothing is proven.
      if (processFacts === false || facts.boot !== machine.boot || facts.namespace !== namespace) return "unknown";
      const process = machine.processes.get(facts.pid);
      return process?.alive === true && process.started === facts.started ? "alive" : "dead";
    },
    description: () => ({ host: "memory", program: `process ${record.pid}` }),
    lockHolder: () => undefined,
    openFileLimit: () => machine.plan.options.openFileLimit ?? Infinity,
    userNumber: (name) => numberIn(userNumbers ?? known, name),
    groupNumber: (name) => numberIn(groupNumbers ?? known, name),
  };
}

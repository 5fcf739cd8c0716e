/**
 * Calls that change names, are done, and are then reported to have failed, as on a network file system that has lost the
 * answer; `"hidden"`: whose cache, too, tells of these names what was there before.
 */
import { type Operation, runSync, wait } from "../../src/core/operation.ts";
import {
  type FaultOutcome,
  faultRuntime,
  type FaultSweep,
  type MemoryRuntime,
  type SeamCall,
} from "../../src/testing/mod.ts";

/** Both kinds. */
export const lostEffects = ["done", "hidden"] as const;

const naming: ReadonlySet<string> = new Set(["rename", "link", "remove"]);

type LostSweep = Pick<FaultSweep<MemoryRuntime>, "make" | "operation" | "check">;

/** `loseAnswers` of a synchronous operation. */
export const sweepLost = (sweep: LostSweep, effect: typeof lostEffects[number]): number =>
  runSync(() => loseAnswers(sweep, effect));

/** Loses the answer of one call after the other, until there is none; how many there were. */
export function* loseAnswers(sweep: LostSweep, effect: typeof lostEffects[number]): Operation<number> {
  for (let index = 0;; index++) {
    let seen = 0;
    const at = ({ method }: SeamCall) => naming.has(method) && seen++ === index;
    const fault = { at, error: "EIO", effect } as const;
    const machine = sweep.make();
    const faulty = faultRuntime(machine, fault);
    let result: FaultOutcome<MemoryRuntime>["result"];
    try {
      result = { value: yield* wait(sweep.operation(faulty.runtime)) };
    } catch (error) {
      result = { error };
    }
    if (faulty.fired === 0) return index;
    try {
      yield* wait(sweep.check({ machine, faulty, fault, result }));
    } catch (error) {
      throw new Error(`lost answer ${index}, ${effect}: ${error}\n${faulty.trace.join("\n")}`, { cause: error });
    }
  }
}

/** A lock that nobody gives back would be waited for without end, and nothing would be said: here it is. */
import type { Runtime } from "../../src/runtime/runtime.ts";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";

const mostPauses = 2000;

/** The runtime, on which only so many pauses are made. */
export function impatient(runtime: Runtime): Runtime {
  let pauses = 0;
  const count = () => {
    if (++pauses > mostPauses) throw new Error(`waits forever: ${mostPauses} pauses, and nothing has changed`);
  };
  const { clock } = runtime;
  return {
    ...interceptRuntime(runtime, (_call, proceed) => proceed()),
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep(milliseconds, signal, options) {
        count();
        return clock.sleep(milliseconds, signal, options);
      },
      pause(milliseconds) {
        count();
        clock.pause(milliseconds);
      },
    },
  };
}

/** The command with a mistake in it: something it calls is not there. */
import { main } from "../../../src/cli/main.ts";

Array.prototype.toSpliced = () => {
  throw new TypeError("broken on purpose");
};
await main();

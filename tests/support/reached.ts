/** What `durability: "full"` reaches where the tests run: names cannot be made durable on every system (Windows). */
import { currentRuntime } from "../../src/runtime/current.ts";

const { directorySync } = currentRuntime().capabilities;

/** Of a file that is written. */
export const fullFile = directorySync ? "full" : "file";

/** Of a name alone, that is made or removed. */
export const fullName = directorySync ? "full" : "none";

/** Sleeps, and ends as soon as nothing keeps it alive: prints "slept" only when the sleep did. */
import process from "node:process";
import { currentRuntime } from "../../../src/runtime/current.ts";

const keepAlive = process.argv[2] === "alive";
currentRuntime().clock.sleep(300, undefined, { keepAlive }).then(() => console.log("slept"));

/** adapter.ts where it is certain that this is Bun. */
export { bunRuntime as makeRuntime } from "./node/bun.ts";

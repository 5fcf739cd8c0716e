/** adapter.ts where it is certain that this is Deno. */
export { denoRuntime as makeRuntime } from "./deno/runtime.ts";

/** The version of this module: the one place the code takes it from. A test holds deno.json to it. */
export const version = "0.1.0";

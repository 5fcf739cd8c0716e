/** Every mutant, area by area. */
import { fileMutants } from "./files.ts";
import { lockMutants } from "./lock.ts";
import type { Mutant } from "./mutant.ts";
import { protocolMutants } from "./protocol.ts";
import { storeMutants } from "./store.ts";

export const allMutants: readonly Mutant[] = [...lockMutants, ...fileMutants, ...protocolMutants, ...storeMutants];

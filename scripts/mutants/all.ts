/** Every mutant, area by area. */
import { adapterMutants } from "./adapters.ts";
import { aroundCommitMutants } from "./around_commit.ts";
import { commandMutants } from "./command.ts";
import { commandsMutants } from "./commands.ts";
import { dropInMutants } from "./drop_in.ts";
import { fileMutants } from "./files.ts";
import { lockMutants } from "./lock.ts";
import { logMutants } from "./log.ts";
import type { Mutant } from "./mutant.ts";
import { promiseMutants } from "./promises.ts";
import { protocolMutants } from "./protocol.ts";
import { recoveryMutants } from "./recovery.ts";
import { securityPromiseMutants } from "./security_promises.ts";
import { stagingMutants } from "./staging.ts";
import { storeMutants } from "./store.ts";
import { storyMutants } from "./stories.ts";
import { syncMutants } from "./syncs.ts";
import { roomMutants } from "./room.ts";
import { roundMutants } from "./rounds.ts";
import { transactionMutants } from "./transactions.ts";
import { versionMutants } from "./versions.ts";
import { waitMutants } from "./waits.ts";

export const allMutants: readonly Mutant[] = [
  ...promiseMutants,
  ...securityPromiseMutants,
  ...protocolMutants,
  ...syncMutants,
  ...stagingMutants,
  ...aroundCommitMutants,
  ...lockMutants,
  ...waitMutants,
  ...fileMutants,
  ...roomMutants,
  ...roundMutants,
  ...transactionMutants,
  ...recoveryMutants,
  ...storeMutants,
  ...storyMutants,
  ...logMutants,
  ...adapterMutants,
  ...commandMutants,
  ...commandsMutants,
  ...dropInMutants,
  ...versionMutants,
];

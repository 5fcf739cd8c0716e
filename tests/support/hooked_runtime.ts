/**
 * The runtime this test runs on, with some calls at the seam replaced: to do something at an exact moment of a write,
 * such as what another process might do just then.
 */
import { currentRuntime } from "../../src/runtime/current.ts";
import type { FileSystem, Runtime } from "../../src/runtime/runtime.ts";

/** Calls that take the place of the file system's; each is given the real file system to go on with. */
export type Hooks = {
  [Name in keyof FileSystem]?: (
    real: FileSystem,
    ...parameters: Parameters<FileSystem[Name]>
  ) => ReturnType<FileSystem[Name]>;
};

function hooked(real: FileSystem, hooks: Hooks): FileSystem {
  return new Proxy(real, {
    get(target, key) {
      const hook = Reflect.get(hooks, key);
      if (typeof hook === "function") return (...parameters: unknown[]) => hook(real, ...parameters);
      const value: unknown = Reflect.get(target, key, target);
      // A class with private fields does not know its own methods on a proxy.
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A runtime whose both file systems call these hooks. */
export function hookedRuntime(hooks: Hooks): Runtime {
  const runtime = currentRuntime();
  return {
    ...runtime,
    fileSystem: hooked(runtime.fileSystem, hooks),
    syncFileSystem: hooked(runtime.syncFileSystem, hooks),
  };
}

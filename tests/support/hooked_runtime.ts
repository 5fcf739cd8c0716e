/**
 * The runtime this test runs on, with some calls at the seam replaced: to do something at an exact moment of a write,
 * such as what another process might do just then.
 */
import { currentRuntime } from "../../src/runtime/current.ts";
import { NamesByPath } from "../../src/runtime/directory.ts";
import type { FileSystem, OpenDirectory, Runtime } from "../../src/runtime/runtime.ts";

/** Calls that take the place of the file system's; each is given the real file system to go on with. */
export type Hooks = {
  [Name in keyof FileSystem]?: (
    real: FileSystem,
    ...parameters: Parameters<Required<FileSystem>[Name]>
  ) => ReturnType<Required<FileSystem>[Name]>;
};

/** `target` with its own methods, but for what `replaced` answers. */
export function overlaid<T extends object>(target: T, replaced: (key: PropertyKey) => unknown): T {
  return new Proxy(target, {
    get(_target, key) {
      const value: unknown = replaced(key) ?? Reflect.get(target, key, target);
      // A class with private fields does not know its own methods on a proxy.
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function hooked(real: FileSystem, hooks: Hooks): FileSystem {
  const withHooks: FileSystem = overlaid(real, (key) => {
    const hook = Reflect.get(hooks, key);
    if (key === "openDirectory") {
      return (path: string, options?: { follow?: boolean }) => {
        const directory = typeof hook === "function" ? hook(real, path, options) : real.openDirectory(path, options);
        return directory instanceof Promise ? directory.then(withNames) : withNames(directory);
      };
    }
    return typeof hook === "function" ? (...parameters: unknown[]) => hook(real, ...parameters) : undefined;
  });
  // Names in a directory are reached as they are without hooks, and each call meets its hook.
  const withNames = (directory: OpenDirectory | undefined): OpenDirectory | undefined => {
    if (directory === undefined) return undefined;
    const names = new NamesByPath(withHooks, directory.names.base);
    return overlaid(directory, (key) => key === "names" ? names : undefined);
  };
  return withHooks;
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

/** Mode and owner seen at every instant, for users of every kind, on the simulated machine. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { copyFileSync, FileError, WriteError, writeFile, writeFileSync, type WriteFileSyncOptions } from "../mod.ts";
import type { FileStatus, Runtime } from "../src/runtime/runtime.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import {
  faultRuntime,
  type MemoryRuntime,
  memoryRuntime,
  type ProcessOptions,
  traceRuntime,
} from "../src/testing/mod.ts";
import { applyFilesSync } from "../src/transaction/mod.ts";

const octal = (mode: number | undefined): string => (mode ?? 0).toString(8).padStart(4, "0");
const shown = (status: FileStatus | undefined): string => `${status?.user}:${status?.group} ${octal(status?.mode)}`;

/** Whom the permission bits let do what, as the kernel decides it. */
function mayDo({ mode, user, group }: FileStatus, who: { user: number; group: number }): number {
  if (who.user === user) return (mode >> 6) & 7;
  return who.group === group ? (mode >> 3) & 7 : mode & 7;
}

/** Everybody who could be let in by mistake: members of each group, users of each number, strangers. */
const strangers = [1000, 50, 60, 70, 9999].flatMap((user) =>
  [0, 1000, 50, 60, 70, 9999].map((group) => ({ user, group }))
);

/** Sees the temporary file after every call, and answers the instants at which somebody could do more than in the end. */
function watched(machine: MemoryRuntime): { runtime: Runtime; tooWide: (path: string, writer: number) => string[] } {
  const seen: [string, FileStatus][] = [];
  const runtime = interceptRuntime(machine, (call, proceed) => {
    const result = proceed();
    for (const path of Object.keys(machine.files("/d"))) {
      const status = machine.statusOf(path);
      if (path.endsWith(".tmp") && status !== undefined) seen.push([call.method, status]);
    }
    return result;
  });
  const tooWide = (path: string, writer: number): string[] => {
    const final = machine.statusOf(path);
    const own = seen.filter(([, { identity }]) => identity === final?.identity);
    assert(final !== undefined && own.length > 3);
    return own.flatMap(([method, status]) => {
      // The writer itself can write it anyway.
      const others = strangers.filter(({ user }) => user !== writer && user !== final.user);
      const wide = others.find((who) => (mayDo(status, who) & ~mayDo(final, who)) !== 0);
      return wide === undefined ? [] : [`after ${method}: ${shown(status)} → ${shown(final)}`];
    });
  };
  return { runtime, tooWide };
}

const people: [string, ProcessOptions][] = [
  ["root", { user: 0, group: 0 }],
  ["the owner", { user: 1000, group: 1000 }],
  ["a member of the file's group", { user: 70, group: 70, groups: [50] }],
  ["a stranger", { user: 70, group: 70 }],
];
const modes = [0o600, 0o640, 0o660, 0o644, 0o664, 0o666, 0o400, 0o750, 0o000, 0o6750];
const wishes: WriteFileSyncOptions[] = [
  {},
  { owner: "leave" },
  { mode: 0o640 },
  { mode: 0o600, owner: "leave" },
  { owner: { group: 50 } },
  { mode: 0o660, owner: { user: 1000, group: 60 } },
];

for (const [who, person] of people) {
  test(`at no instant is the file open to more than in the end, when ${who} writes it`, () => {
    let writes = 0;
    for (const directoryMode of [0o777, 0o2777]) {
      for (const group of [50, 1000]) {
        for (const mode of modes) {
          for (const wish of wishes) {
            for (const umask of [0o000, 0o027]) {
              const machine = memoryRuntime({
                ...person,
                umask,
                files: {
                  "/d": { kind: "directory", mode: directoryMode, user: 0, group: 60 },
                  "/d/file": { content: "old", mode, user: 1000, group },
                },
              });
              const { runtime, tooWide } = watched(machine);
              try {
                writeFileSync("/d/file", "new", { ...wish, runtime });
              } catch (error) {
                // What was asked for by name and may not be done.
                assert(WriteError.is(error) && error.code === "EPERM" && error.targetState === "unchanged");
                assertEquals(Object.keys(machine.files("/d")), ["/d/file"]);
                continue;
              }
              writes++;
              const what = JSON.stringify({ directoryMode, group, mode: octal(mode), wish, umask });
              assertEquals(tooWide("/d/file", person.user ?? 1000), [], what);
            }
          }
        }
      }
    }
    assert(writes > 100, `${writes} writes`);
  });
}

test("at no instant is a new file for another owner open to more than in the end, whatever the umask leaves", () => {
  const owners: WriteFileSyncOptions[] = [{ owner: { group: 50 } }, { owner: { user: 1000 } }, {
    defaults: { owner: { user: 1000, group: 50 } },
  }];
  for (const umask of [0o000, 0o007, 0o022, 0o077]) {
    for (const options of owners) {
      const machine = memoryRuntime({ user: 0, group: 0, umask, files: { "/d": { kind: "directory" } } });
      const { runtime, tooWide } = watched(machine);
      const { lost } = writeFileSync("/d/file", "new", { ...options, runtime });
      assertEquals([tooWide("/d/file", 0), lost, Object.keys(machine.files("/d"))], [[], [], ["/d/file"]]);
      assertEquals(octal(machine.statusOf("/d/file")?.mode), octal(0o666 & ~umask));
    }
  }
});

for (
  const [what, person, before, options, after, lost] of [
    ["a member of the group", { user: 70, group: 70, groups: [50] }, [1000, 50, 0o660], {}, "70:50 0660", ["owner"]],
    ["the owner, who is not in the group", { user: 1000 }, [1000, 50, 0o660], {}, "1000:1000 0600", ["group", "mode"]],
    ["the owner, where the group may no more than all", { user: 1000 }, [1000, 50, 0o644], {}, "1000:1000 0644", [
      "group",
    ]],
    ["the owner, where the group may less than all", { user: 1000 }, [1000, 50, 0o604], {}, "1000:1000 0604", [
      "group",
    ]],
    ["a stranger", { user: 70 }, [1000, 50, 0o664], {}, "70:70 0644", ["owner", "group", "mode"]],
    ["a stranger who leaves the owner", { user: 70 }, [1000, 50, 0o644], { owner: "leave" }, "70:70 0644", []],
    [
      "a stranger who names their own group",
      { user: 70, groups: [60] },
      [1000, 50, 0o660],
      { owner: { group: 60 } },
      "70:60 0660",
      ["owner"],
    ],
    [
      "the owner, with setgid for a group without the owner",
      { user: 1000 },
      [1000, 1000, 0o644],
      { mode: 0o2755 },
      "1000:1000 2755",
      [],
    ],
    [
      "a stranger, with setgid in a directory of another group",
      { user: 70, directory: 0o2777 },
      [70, 60, 0o644],
      {
        mode: 0o2755,
      },
      "70:60 0755",
      ["setgid"],
    ],
  ] as [string, ProcessOptions & { directory?: number }, number[], WriteFileSyncOptions, string, string[]][]
) {
  test(`${what}: ${before[0]}:${before[1]} ${octal(before[2])} becomes ${after}, lost: ${lost.join(", ") || "nothing"}`, async () => {
    const [user = 0, group = 0, mode = 0] = before;
    const { directory = 0o777, ...credentials } = person;
    const machine = memoryRuntime({
      ...credentials,
      files: {
        "/d": { kind: "directory", mode: directory, user: 0, group: 60 },
        "/d/file": { content: "old", user, group, mode },
      },
    });
    const result = await writeFile("/d/file", "new", { ...options, runtime: machine });
    assertEquals([shown(machine.statusOf("/d/file")), result.lost], [after, lost]);
  });
}

for (const owner of [{ user: 50 }, { group: 50 }, { user: 1000, group: 50 }, { user: 50, group: 1000 }]) {
  test(`an owner ${JSON.stringify(owner)} that was named and may not be set is an error before the commit`, async () => {
    const machine = memoryRuntime({ files: { "/file": "old" } });
    const error = await assertRejects(() => writeFile("/file", "new", { owner, runtime: machine }), WriteError);
    assertEquals([error.code, error.step, error.targetState], ["EPERM", "setOwner", "unchanged"]);
    assertEquals(machine.files(), { "/file": "old" });
  });
}

test("a group that was named and may not be set is an error also where the user is only kept", async () => {
  const files = {
    "/d": { kind: "directory", mode: 0o777, user: 0 },
    "/d/file": { content: "old", user: 1000, group: 50, mode: 0o666 },
  } as const;
  const machine = memoryRuntime({ user: 70, files });
  const options: WriteFileSyncOptions = { owner: { group: 60 }, runtime: machine };
  const error = await assertRejects(() => writeFile("/d/file", "new", options), WriteError);
  assertEquals([error.code, error.step, machine.files()], ["EPERM", "setOwner", { "/d/file": "old" }]);
});

test("a permission that the runtime withholds is a loss like any other", async () => {
  for (const error of ["EPERM", "ENOTCAPABLE", "ENOTSUP"]) {
    const machine = memoryRuntime({ user: 0, files: { "/file": { content: "old", user: 50, group: 50 } } });
    const { runtime } = faultRuntime(machine, { at: ({ method }) => method === "setOwner", error, times: "always" });
    assertEquals((await writeFile("/file", "new", { runtime })).lost, ["owner", "group"]);
  }
});

test("where nothing can change a mode, one that is kept is lost, and one that was given is an error", async () => {
  const machine = memoryRuntime({ disk: { owners: false }, files: { "/file": { content: "old", mode: 0o666 } } });
  assertEquals((await writeFile("/file", "new", { runtime: machine })).lost, ["mode"]);
  assertEquals(octal(machine.statusOf("/file")?.mode), "0644");
  const error = await assertRejects(() => writeFile("/file", "x", { runtime: machine, mode: 0o666 }), WriteError);
  assertEquals([error.code, error.step, error.targetState], ["EPERM", "setMode", "unchanged"]);
});

/** A platform without modes and owners, as Windows is. */
function withoutModes(mode = 0o644) {
  const capabilities = { owner: false, mode: false };
  const machine = memoryRuntime({ capabilities, files: { "/file": { content: "old", mode } } });
  return { machine, ...traceRuntime(machine) };
}

test("a platform without modes and owners takes an owner's name and reports it as lost", async () => {
  const { runtime, trace } = withoutModes();
  const result = await writeFile("/file", "new", { runtime, owner: { user: "nobody there" } });
  assertEquals(result.lost, ["owner"]);
  assert(!trace.some((line) => line.startsWith("set")), trace.join("\n"));
});

test("a mode that is kept and cannot be set is lost, unless the new file has it anyway", () => {
  for (const [mode, lost] of [[0o600, ["mode"]], [0o644, []]] as const) {
    assertEquals(writeFileSync("/file", "new", { runtime: withoutModes(mode).machine }).lost, [...lost]);
  }
});

test("a mode that is named and cannot be set is an error before anything is touched", () => {
  const wishes: readonly (readonly [what: string, write: (runtime: Runtime) => unknown])[] = [
    ["mode", (runtime) => writeFileSync("/file", "new", { runtime, mode: 0o600 })],
    ["mode of an equal file", (runtime) => writeFileSync("/file", "old", { runtime, mode: 0o600, skipIfEqual: true })],
    ["defaults", (runtime) => writeFileSync("/new", "new", { runtime, defaults: { mode: 0o600 } })],
    ["a plan", (runtime) => applyFilesSync({ files: [{ path: "/file", data: "new", mode: 0o600 }] }, { runtime })],
    ["a copy", (runtime) => copyFileSync("/file", "/new", { runtime, mode: 0o600 })],
  ];
  for (const [what, write] of wishes) {
    const { machine, runtime } = withoutModes();
    const error = assertThrows(() => write(runtime), FileError, "mode 0600 cannot be set", what);
    assertEquals([error.code, error.targetState, machine.readText("/new")], ["ENOTSUP", "unchanged", undefined], what);
    assertEquals(machine.readText("/file"), "old", what);
  }
  // What only a file that is made gets is no wish for one that is there.
  assertEquals(writeFileSync("/file", "new", { runtime: withoutModes().machine, defaults: { mode: 0o600 } }).lost, []);
});

test("a process that cannot ask for its user learns it from its first file, and opens no mode wider before", () => {
  const machine = memoryRuntime({ files: { "/d": { kind: "directory" }, "/d/file": { content: "old", mode: 0o664 } } });
  const { runtime, tooWide } = watched(machine);
  const { runtime: traced, trace } = traceRuntime({
    ...runtime,
    process: { ...machine.process, owner: () => undefined },
  });
  const modes: (string | undefined)[] = [];
  for (let write = 0; write < 2; write++) {
    writeFileSync("/d/file", "new", { runtime: traced });
    modes.push(
      ...trace.splice(0).filter((line) => /^(create|setMode)/.test(line)).map((line) => line.split(" ").at(-1)),
    );
  }
  assertEquals([modes, tooWide("/d/file", 1000)], [["0604", "0664", "0664", "0664"], []]);
});

test("no metadata call is made that is not needed", () => {
  for (const [mode, umask] of [[0o644, 0o022], [0o600, 0o077], [0o755, 0o000]] as const) {
    const { runtime, trace } = traceRuntime(memoryRuntime({ umask, files: { "/file": { content: "old", mode } } }));
    writeFileSync("/file", "new", { runtime });
    writeFileSync("/new", "new", { runtime, mode });
    assertEquals(trace.filter((line) => line.startsWith("set")), []);
  }
});

// Some mounts give a new file its directory's group (ext4's grpid): mount(8).
for (const [group, created] of [[5, "0600"], [0, "0640"]] as const) {
  test(`a file of this process's group is staged with ${created} in a directory of group ${group}`, () => {
    const directory = { kind: "directory", user: 0, group } as const;
    const file = { content: "old", mode: 0o640, user: 0, group: 0 };
    const machine = memoryRuntime({ user: 0, files: { "/d": directory, "/d/f": file } });
    const { runtime, trace } = traceRuntime(machine);
    writeFileSync("/d/f", "new", { runtime });
    assertEquals(trace.filter((line) => /create/.test(line)).map((line) => line.split(" ").at(-1)), [created]);
    assertEquals(octal(machine.statusOf("/d/f")?.mode), "0640");
  });
}

/** Facts and liveness over a /proc of our own making, for what no test can make the real one show. */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { linuxProcess, parseStat, type ProcReader, unmappedUserIn } from "../../src/runtime/linux_process.ts";

const tail = "S 1 50 50 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 99 100";
const line = (command: string, rest = tail) => `50 (${command}) ${rest}\n`;

const healthy: Record<string, string> = {
  "/proc/self": "50",
  "/proc/self/ns/pid": "pid:[4026531836]",
  "/proc/self/ns/time": "time:[4026531834]",
  "/proc/sys/kernel/random/boot_id": "a-b-c\n",
  "/proc/self/stat": line("node"),
  "/proc/50/stat": line("node"),
  "/proc/60/stat": line("other").replace("50", "60"),
};

function host(changes: Record<string, string | undefined> = {}, exists: ProcReader["exists"] = () => true) {
  const files: Record<string, string | undefined> = { ...healthy, ...changes };
  return linuxProcess({ pid: 50, readText: (path) => files[path], readLink: (path) => files[path], exists });
}

const own = { boot: "abc", namespace: "4026531836", pid: 50, started: "12345" };
const other = { ...own, pid: 60 };

describe("parseStat", () => {
  it("reads state and start time whatever the command is called", () => {
    for (const command of ["node", "a b", "a) S 1 (b", ")", "((", "", "new\nline", ") Z 1 2"]) {
      assertEquals(parseStat(line(command)), { state: "S", started: "12345" }, command);
    }
  });

  it("reads nothing from what is no such line", () => {
    for (const text of ["", "50", "50 (node) S 1 2 3", line("node", tail.replace("12345", "x"))]) {
      assertEquals(parseStat(text), undefined);
    }
  });
});

describe("facts", () => {
  it("are known when all of them are", () => {
    assertEquals(host().facts(), own);
    assertEquals(host({ "/proc/self/ns/time": undefined }).facts(), own, "before Linux 5.6");
    for (const missing of ["/proc/self", "/proc/self/ns/pid", "/proc/sys/kernel/random/boot_id", "/proc/self/stat"]) {
      assertEquals(host({ [missing]: undefined }).facts(), undefined, missing);
    }
  });

  it("are not taken from the /proc of another pid namespace, nor compared across time namespaces", () => {
    assertEquals(host({ "/proc/self": "7" }).facts(), undefined);
    assertEquals(host({ "/proc/self/ns/time": "time:[4026532999]" }).facts(), undefined);
  });
});

describe("unmappedUser", () => {
  const initial = "         0          0 4294967295\n";
  for (
    const [what, map, overflow, expected] of [
      ["the initial namespace maps everybody", initial, "65534", undefined],
      ["a container's does not", "         0     100000      65536\n", "65534", 65_534],
      ["the system says which number that is", "         0       1000          1\n", "1234\n", 1234],
      ["it is the usual one where it does not say", "         0       1000          1\n", undefined, 65_534],
      ["nothing is known without a map", undefined, "65534", undefined],
    ] as const
  ) {
    it(what, () => {
      assertEquals(unmappedUserIn(map, overflow), expected);
    });
  }
});

describe("liveness", () => {
  it("is known of processes of this start and namespace only", () => {
    assertEquals(host().liveness(other), "alive");
    assertEquals(host().liveness({ ...other, boot: "x" }), "unknown");
    assertEquals(host().liveness({ ...other, namespace: "5" }), "unknown");
    assertEquals(host({ "/proc/self": undefined }).liveness(other), "unknown");
  });

  it("is death when there is no such process, or another one by that number", () => {
    assertEquals(host({}, () => false).liveness(other), "dead");
    assertEquals(host().liveness({ ...other, started: "12344" }), "dead");
  });

  it("is death of a zombie", () => {
    for (const state of ["Z", "X", "x"]) {
      const stat = line("other", tail.replace("S", state)).replace("50", "60");
      assertEquals(host({ "/proc/60/stat": stat }).liveness(other), "dead");
    }
    const stopped = line("other", tail.replace("S", "T")).replace("50", "60");
    assertEquals(host({ "/proc/60/stat": stopped }).liveness(other), "alive");
  });

  it("is not proven by what cannot be seen (hidepid) or asked", () => {
    assertEquals(host({ "/proc/60/stat": undefined }, () => true).liveness(other), "unknown");
    assertEquals(host({ "/proc/60/stat": undefined }, () => undefined).liveness(other), "unknown");
  });
});

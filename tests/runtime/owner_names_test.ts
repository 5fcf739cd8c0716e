/** Names of users and groups, over tables and look-up programs of our own making. */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { groupNumber, type OwnerSources, userNumber } from "../../src/runtime/owner_names.ts";

const passwd = "root:x:0:0:root:/root:/bin/sh\n# comment\nbroken:x\nann:x:1001:1001::/home/ann:/bin/sh\n+::::::\n";
const group = "root:x:0:\nstaff:x:50:ann,bob\n";

function sources(system: string, answers: Record<string, string> = {}): OwnerSources & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    system,
    readText: (path) => path === "/etc/passwd" ? passwd : path === "/etc/group" ? group : undefined,
    output: (program, parameters) => {
      const command = [program, ...parameters].join(" ");
      asked.push(command);
      return answers[command];
    },
  };
}

describe("owner names", () => {
  it("are looked up in the tables first", () => {
    const tables = sources("linux");
    assertEquals(userNumber("root", tables), 0);
    assertEquals(userNumber("ann", tables), 1001);
    assertEquals(groupNumber("staff", tables), 50);
    assertEquals(tables.asked, []);
    assertEquals(groupNumber("ann", tables), undefined, "a member is no group");
    assertEquals(userNumber("broken", tables), undefined);
  });

  it("are asked of the system when the tables do not have them", () => {
    const directory = sources("linux", {
      "getent passwd eve": "eve:*:70000:70000:Eve:/home/eve:/bin/sh\n",
      "getent group team": "team:*:70001:eve\n",
      "getent passwd 1001": "ann:x:1001:1001::/home/ann:/bin/sh\n",
    });
    assertEquals(userNumber("eve", directory), 70000);
    assertEquals(groupNumber("team", directory), 70001);
    assertEquals(userNumber("1001", directory), undefined, "a number is no name");
    const mac = sources("darwin", {
      "dscl . -read /Users/eve UniqueID": "UniqueID: 501\n",
      "dscl . -read /Groups/team PrimaryGroupID": "PrimaryGroupID: 20\n",
    });
    assertEquals(userNumber("eve", mac), 501);
    assertEquals(groupNumber("team", mac), 20);
    assertEquals(groupNumber("nobody", mac), undefined);
  });

  it("that no table could hold are asked of nobody", () => {
    for (const system of ["linux", "darwin"]) {
      const nobody = sources(system);
      for (const name of ["", "-x", "a:b", "a/b", "../x", " a", "a\nb", "+"]) {
        assertEquals(userNumber(name, nobody), undefined, name);
      }
      assertEquals(nobody.asked.filter((command) => !command.endsWith("+") && !command.includes("/+ ")), []);
    }
  });
});

/** The file that `deploy` reads: what it may say, and which line is meant when it says something else. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { jsonPlaces } from "../../src/cli/deploy/json_places.ts";
import { PlanMistake, readDeployPlan } from "../../src/cli/deploy/deploy_plan.ts";

const read = (text: string) => readDeployPlan(new TextEncoder().encode(text), "/etc/site/plan.json", "posix");
const file = '"path": "a", "content": "x"';

describe("readDeployPlan", () => {
  it("reads everything that a plan can say; paths are relative to it", () => {
    const plan = read(`{
      "files": [
        { "path": "tls/key.pem", "source": "../new/key.pem", "mode": "0640", "owner": "root:ssl" },
        { "path": "/srv/a b", "content": "", "owner": { "group": 33 }, "defaults": { "mode": "600", "owner": "7" } },
        { "path": "gone", "remove": true }
      ],
      "directories": [{ "path": "tls/", "mode": "750", "owner": "root" }, { "path": "/srv" }],
      "lockDirectory": "/run/lock/site",
      "validate": ["./check", "", "-x"],
      "activate": ["nginx", "-s", "reload"],
      "backup": 0,
      "timeouts": { "validate": 0.5 }
    }`);
    assertEquals(plan, {
      directory: "/etc/site",
      files: [
        {
          given: "tls/key.pem",
          path: "/etc/site/tls/key.pem",
          from: { source: "/etc/site/../new/key.pem" },
          mode: 0o640,
          owner: { user: "root", group: "ssl" },
        },
        {
          given: "/srv/a b",
          path: "/srv/a b",
          from: { content: "" },
          owner: { group: 33 },
          defaults: { mode: 0o600, owner: { user: "7" } },
        },
        { given: "gone", path: "/etc/site/gone", from: undefined },
      ],
      directories: [{ path: "/etc/site/tls", mode: 0o750, owner: { user: "root" } }, { path: "/srv" }],
      lockDirectory: "/run/lock/site",
      validate: ["/etc/site/./check", "", "-x"].map((word) => word.replace("/./", "/")),
      activate: ["nginx", "-s", "reload"],
      backup: 0,
      limits: { validate: 500, activate: 60_000 },
    });
  });

  const refused: [text: string, reason: string][] = [
    ["", "it is not JSON: line 1, column 1: there is nothing"],
    ['{\n "files": [,] }', "it is not JSON: line 2, column 12: , where a value or ] must follow"],
    ["[]", "line 1, column 1: the plan must be an object, not an array"],
    ["{}", "line 1, column 1: the plan must have files"],
    ['{ "files": {} }', "line 1, column 3: files must be an array, not an object"],
    ['{ "files": [] }', "line 1, column 3: files must not be empty"],
    ['{ "files": [1] }', "line 1, column 13: files[0] must be an object, not 1"],
    ['{ "files": [\n{ "content": "x" }] }', "line 2, column 1: files[0] must have a path"],
    ['{ "files": [{ "path": "a" }] }', "line 1, column 13: files[0] must have a source or a content"],
    [
      `{ "files": [{ ${file}, "source": "b" }] }`,
      "line 1, column 13: files[0] must have a source or a content, and not both",
    ],
    ['{ "files": [{ "path": "", "content": "" }] }', "line 1, column 15: files[0].path must not be empty"],
    [
      '{ "files": [{ "path": "a/", "content": "" }] }',
      'line 1, column 15: files[0].path must name a file, not "a/"',
    ],
    ['{ "files": [{ "path": "a\\u0000", "content": "" }] }', "files[0].path must not contain the character NUL"],
    ['{ "files": [{ "path": "a", "content": 1 }] }', "line 1, column 28: files[0].content must be a string, not 1"],
    [
      '{ "files": [\n{ "path": "a", "content": "a\\ud800b" }] }',
      'line 2, column 16: files[0].content must not contain lone surrogates: "a\\ud800b"',
    ],
    [`{ "files": [{ ${file} }], "activate": ["a", "\\udc00"] }`, "activate[1] must not contain lone surrogates"],
    [`{ "files": [{ ${file} }, { "path": "./a", "content": "" }] }`, "files[1].path is that of files[0], too"],
    [
      `{ "files": [\n  {\n    ${file},\n    "modes": "640" } ] }`,
      "line 4, column 5: files[0].modes is unknown here: did you mean mode?",
    ],
    ['{ "files": [{ "path": "a", "remove": false }] }', "files[0].remove must be true, or left out, not false"],
    [
      '{ "files": [{ "path": "a", "remove": true, "mode": "600" }] }',
      "files[0].mode has no effect: the file is removed",
    ],
    [`{ "files": [{ ${file} }], "directories": {} }`, "directories must be an array, not an object"],
    [`{ "files": [{ ${file} }], "directories": [{ "mode": "750" }] }`, "directories[0] must have a path"],
    [
      `{ "files": [{ ${file} }], "directories": [{ "path": "a", "content": "" }] }`,
      "directories[0].content is unknown",
    ],
    [`{ "files": [{ ${file}, "mode": 640 }] }`, 'files[0].mode must be a text of octal digits such as "640", not 640'],
    [
      `{ "files": [{ ${file}, "mode": "rw" }] }`,
      'files[0].mode must be permission bits in octal, such as 640, not "rw"',
    ],
    [`{ "files": [{ ${file}, "owner": ":" }] }`, 'files[0].owner must be USER, USER:GROUP or :GROUP, not ":"'],
    [`{ "files": [{ ${file}, "owner": 7 }] }`, "files[0].owner must be a text"],
    [`{ "files": [{ ${file}, "owner": {} }] }`, "files[0].owner must have a user, a group or both"],
    [`{ "files": [{ ${file}, "owner": { "user": -1 } }] }`, "files[0].owner.user must be a name, or a number"],
    [`{ "files": [{ ${file}, "owner": { "user": 99999999999 } }] }`, "files[0].owner.user must be a name, or a number"],
    [`{ "files": [{ ${file}, "owner": { "group": "4294967295" } }] }`, "files[0].owner.group must be a name, or a n"],
    [`{ "files": [{ ${file}, "owner": "99999999999" }] }`, "files[0].owner must have numbers from 0 to 4294967294"],
    [`{ "files": [{ ${file}, "owner": { "uid": 1 } }] }`, "files[0].owner.uid is unknown here"],
    [`{ "files": [{ ${file}, "defaults": { "path": "b" } }] }`, "files[0].defaults.path is unknown here"],
    [`{ "files": [{ ${file} }], "validate": "nginx -t" }`, "validate must be an array of strings, the program first"],
    [`{ "files": [{ ${file} }], "validate": [] }`, "validate must have at least one string"],
    [`{ "files": [{ ${file} }], "activate": [""] }`, "activate[0] must not be empty"],
    [`{ "files": [{ ${file} }], "activate": ["a", 1] }`, "activate[1] must be a string, not 1"],
    [`{ "files": [{ ${file} }], "activate": ["a", "\\u0000"] }`, "activate[1] must not contain the character NUL"],
    [`{ "files": [{ ${file} }], "backup": -1 }`, "backup must be a whole number, 0 or more, not -1"],
    [`{ "files": [{ ${file} }], "timeouts": { "activate": 1 } }`, "timeouts.activate has no effect"],
    [
      `{ "files": [{ ${file} }], "validate": ["a"], "timeouts": { "validate": 0 } }`,
      "timeouts.validate must be a number of seconds, more than 0 and at most 2000000, not 0",
    ],
    [`{ "files": [{ ${file} }], "x y": 1 }`, '["x y"] is unknown here'],
    [`{ "files": [{ ${file} }], "__proto__": 1 }`, "__proto__ is unknown here"],
    [`{ "files": [{ ${file},\n "path": "b" }] }`, "line 2, column 2: files[0].path appears twice"],
    [`{ "files": ${"[".repeat(50_000)}${"]".repeat(50_000)} }`, "files[0] must be an object, not an array"],
  ];

  it("refuses everything else, and says which part is meant and where it is", () => {
    for (const [text, reason] of refused) {
      const error = assertThrows(() => read(text), PlanMistake);
      assert(error.message.includes(reason), `${text.slice(0, 200)}\n${error.message}\n${reason}`);
      assert(error.message.startsWith('Cannot deploy "/etc/site/plan.json": '), error.message);
      assertEquals([error.targetState, error.path], ["unchanged", "/etc/site/plan.json"]);
    }
    const bytes = Uint8Array.of(0x22, 0xff, 0x22);
    assert(assertThrows(() => readDeployPlan(bytes, "/p", "posix"), PlanMistake).message.includes("not UTF-8"));
  });
});

describe("jsonPlaces", () => {
  it("finds every part of a text, whatever its texts contain", () => {
    const text = '{"a" : ["}", {"b\\"c": -1e5 ,\n  "d": [] }, null],"e":{}}';
    const places = jsonPlaces(text);
    const found = ["", "a", "a[0]", "a[1]", 'a[1]["b\\"c"]', "a[1].d", "a[2]", "e"].map((part) => places.of(part));
    assertEquals(found.map((place) => `${place?.line}:${place?.column}`), [
      "1:1",
      "1:2",
      "1:9",
      "1:14",
      "1:15",
      "2:3",
      "2:14",
      "2:20",
    ]);
    assertEquals([places.of("b"), places.of("a[3]"), places.repeated], [undefined, undefined, undefined]);
    assertEquals(jsonPlaces('{"a":{"b":1,"b":2},"c":1,"c":2}').repeated, "a.b");
  });
});

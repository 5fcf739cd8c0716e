/** The end of what a program prints on its two outputs. */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { OutputTail } from "../../src/cli/program/output_tail.ts";

const kept = 64 * 1024;
const xs = (count: number) => "x".repeat(count);

/** Chunks as they arrive, each with its output. */
type Arrivals = readonly (readonly [output: 0 | 1, text: string])[];

const table: readonly { name: string; arrivals: Arrivals; text: string }[] = [
  { name: "nothing", arrivals: [], text: "" },
  {
    name: "lines come in the order of their chunks",
    arrivals: [[0, "a\n"], [1, "b\n"], [0, "c\n"]],
    text: "a\nb\nc\n",
  },
  {
    name: "a line of one output is not cut by the other",
    arrivals: [[0, "new"], [1, "on "], [0, " key"], [1, "errors\n"], [0, "\n"]],
    text: "on errors\nnew key\n",
  },
  { name: "lines that are not finished are at the end", arrivals: [[0, "a"], [1, "b"], [0, "\nc"]], text: "a\nc\nb" },
  { name: "the last line needs no end", arrivals: [[0, "a\nb"]], text: "a\nb" },
  { name: "an empty chunk changes nothing", arrivals: [[0, "a"], [1, ""], [0, ""], [0, "b\n"]], text: "ab\n" },
  {
    name: "of too much, the end is kept",
    arrivals: [[0, `${xs(kept)}\n`], [0, "end\n"]],
    text: `(5 bytes before this are not shown)\n${xs(kept - 5)}\nend\n`,
  },
  {
    name: "a line that fills what is kept is not waited for",
    arrivals: [[0, xs(kept)], [0, "yy"], [1, "b\n"]],
    text: `(4 bytes before this are not shown)\n${xs(kept - 4)}yyb\n`,
  },
];

describe("OutputTail", () => {
  for (const { name, arrivals, text } of table) {
    it(name, () => {
      const tail = new OutputTail();
      const outputs = [tail.lines(), tail.lines()];
      const encoder = new TextEncoder();
      for (const [output, chunk] of arrivals) outputs[output]?.(encoder.encode(chunk));
      assertEquals(tail.text(), text);
    });
  }

  it("puts a character together that comes in two chunks, whatever comes between them", () => {
    const tail = new OutputTail();
    const [first, second] = [tail.lines(), tail.lines()];
    const bytes = new TextEncoder().encode("é\n");
    first(bytes.subarray(0, 1));
    second(new TextEncoder().encode("between\n"));
    first(bytes.subarray(1));
    assertEquals(tail.text(), "between\né\n");
  });

  it("keeps a copy: the reader may use its buffer again", () => {
    const tail = new OutputTail();
    const chunk = new TextEncoder().encode("kept\n");
    tail.lines()(chunk);
    chunk.fill(0);
    assertEquals(tail.text(), "kept\n");
  });
});

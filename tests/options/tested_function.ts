/** A public function with its twin, and the rows of its options. */
import type { OptionRow, PublicFunction, Scene, Seen } from "./option_row.ts";

/** A function, and the rows of its options: its own come first, and take the place of those of its family. */
export interface Tested {
  readonly called: PublicFunction;
  readonly rows: readonly OptionRow[];
}

type Either = (path: string, options: object, scene: Scene) => unknown;

/** A function with a twin that is called alike. */
export function twins(
  name: string,
  asynchronous: Either,
  synchronous: Either,
  more: Partial<Omit<PublicFunction, "name" | "call">> = {},
): PublicFunction {
  return {
    name,
    exports: [name, `${name}Sync`],
    call: (scene, options, isSync) => (isSync ? synchronous : asynchronous)(scene.path, options, scene),
    ...more,
  };
}

/** What it answered, or the code of its error. */
export const answer = ({ code, value }: Seen): unknown => code ?? value;

/** A callback that throws. */
export const throwing = (option: string, more: Partial<OptionRow> = {}): OptionRow => ({
  option,
  value: () => {
    throw new Error("refused");
  },
  see: ({ code }) => code,
  without: undefined,
  with: "refused",
  ...more,
});

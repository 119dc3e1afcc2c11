/** What is tried: each leg is a project of its own, installed as users would, in which steps are run. */

export type NodeLine = "20" | "22" | "24";

export interface Step {
  /** As it stands in the table. */
  readonly name: string;
  readonly node: NodeLine;
  /** Arguments of node, in the leg's folder. `TOOLS` stands for the folder above. */
  readonly args: readonly string[];
  /** Done before, in the leg's folder. */
  readonly before?: Preparation;
  /** Left out of a short run. */
  readonly isExtra?: boolean;
  /** Must be printed, beside the exit code being 0. */
  readonly says?: RegExp;
  readonly neverSays?: RegExp;
}

/** `nest`: puts the copy of the API named `other-api` beside the package, as a nested install does. */
export type Preparation = "nest";

export interface Leg {
  /** Folder below `test/matrix/legs`, and name. */
  readonly name: string;
  /** `npm install --strict-peer-deps` must leave exactly one copy of the OpenTelemetry API. */
  readonly steps: readonly Step[];
  readonly isExtra?: boolean;
}

/** Where each Node comes from; the newest is the one the scripts run on. */
export const NODE_FOLDERS: Readonly<Record<Exclude<NodeLine, "24">, string>> = {
  "20": "node-20",
  "22": "node-22",
};

const FORMS = { "ES modules": "esm.mjs", CommonJS: "cjs.cjs", "both at once": "both.mjs" } as const;

/** @param nodes those the SDK supports. */
const scenarios = (nodes: readonly NodeLine[]): Step[] =>
  nodes.flatMap((node, index) =>
    Object.entries(FORMS).map(([form, file]) => ({
      name: form,
      node,
      args: [`scenario/${file}`],
      says: /checks? on SDK/,
      // The oldest and the newest Node are tried in every form always.
      isExtra: index > 0 && index < nodes.length - 1,
    })),
  );

const types: readonly Step[] = [
  {
    name: "types, TypeScript 7",
    node: "24",
    args: ["REPOSITORY/node_modules/typescript/bin/tsc", "-p", "."],
  },
  {
    name: "types, TypeScript 5.9",
    node: "24",
    args: ["TOOLS/typescript-5/node_modules/typescript/bin/tsc", "-p", "."],
  },
];

/** Last: it changes what is installed. */
const copies: Step = {
  name: "two copies of the API",
  node: "24",
  args: ["scenario/copies.mjs"],
  before: "nest",
  says: /check on SDK|checks on SDK/,
};

const bundled = (node: NodeLine): Step[] => [
  { name: "esbuild", node: "24", args: ["build.mjs"] },
  { name: "bundled as an ES module", node, args: ["bundle.mjs"], says: /^bundled$/m },
  { name: "bundled as CommonJS", node, args: ["bundle.cjs"], says: /^bundled$/m },
];

const jest = (node: NodeLine): Step => ({
  name: "Jest 30",
  node,
  args: ["node_modules/jest/bin/jest.js", "--ci"],
  neverSays: /did not exit|open handle/i,
});

export const LEGS: readonly Leg[] = [
  { name: "sdk-1.30", steps: [...scenarios(["20", "22", "24"]), ...types] },
  { name: "sdk-2", steps: [...scenarios(["20", "22", "24"]), ...types, copies] },
  { name: "sdk-3", steps: [...scenarios(["22", "24"]), ...types, copies] },
  { name: "bundle", steps: bundled("20") },
  { name: "jest", steps: [jest("20"), { ...jest("24"), isExtra: true }] },
  { name: "langfuse", steps: scenarios(["20"]).slice(0, 1), isExtra: true },
  { name: "braintrust", steps: scenarios(["20"]).slice(0, 1), isExtra: true },
];

/** Imports run one way: from a floor down to a lower one, or to a sibling through its index. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SRC = resolve(dirname(fileURLToPath(import.meta.url)), "../../src");

/** Top floor first. */
const FLOORS: readonly (readonly string[])[] = [
  ["cli", "local"],
  ["start", "register", "index", "integrations", "mcp"],
  ["apie"],
  ["processor", "guardrails", "imports"],
  [
    "instrument",
    "conventions",
    "tracking",
    "events",
    "delivery",
    "sharing",
    "sampling",
    "propagation",
    "diagnostics",
  ],
  ["apie-api", "config", "semconv"],
  ["model"],
];

/** Files that are an entry of the package beside their folder's index. */
const FACES = new Set(["index.ts", "public.ts"]);

interface Import {
  from: string;
  to: string;
  /** Whether only types are taken. */
  typeOnly: boolean;
}

function sources(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), "utf8");
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s)?[^;]*?from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/gm,
  );
  return [...statements].map((match) => ({
    from: file,
    to: relative(SRC, resolve(SRC, dirname(file), match[2] ?? match[3] ?? "")),
    typeOnly: match[1] !== undefined,
  }));
}

const partOf = (file: string): string => file.split(sep)[0]?.replace(/\.ts$/, "") ?? "";
const floorOf = (part: string): number => FLOORS.findIndex((floor) => floor.includes(part));

const all = sources().flatMap(importsOf);

test("every part of src has a floor", () => {
  expect(sources().length).toBeGreaterThan(50);
  expect(all.length).toBeGreaterThan(200);
  const parts = new Set(sources().map(partOf));
  expect([...parts].filter((part) => floorOf(part) === -1)).toEqual([]);
});

test("no import goes up", () => {
  const wrong = all.filter(({ from, to }) => floorOf(partOf(to)) < floorOf(partOf(from)));
  expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test("another part is imported through its index", () => {
  const wrong = all.filter(({ from, to }) => {
    const part = partOf(to);
    if (part === partOf(from) || part === "model") return false;
    const inside = to.split(sep).slice(1).join("/");
    return inside !== "" && !FACES.has(inside);
  });
  expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test("no two parts of one floor import each other", () => {
  const edges = new Set(all.map(({ from, to }) => `${partOf(from)} ${partOf(to)}`));
  const mutual = [...edges].filter((edge) => {
    const [from = "", to = ""] = edge.split(" ");
    return from < to && edges.has(`${to} ${from}`);
  });
  expect(mutual).toEqual([]);
});

test("the page of the local Apie takes nothing of its server, which it knows by HTTP alone", () => {
  const page = join(SRC, "local/page");
  const files = readdirSync(page, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.tsx?$/.test(name),
  );
  expect(files.length).toBeGreaterThan(30);
  const outside = files.flatMap((file) => {
    const imports = readFileSync(join(page, file), "utf8").matchAll(/(?:from|import)\s+"(\.[^"]+)"/g);
    return [...imports]
      .map(([, path = ""]) => relative(page, resolve(page, dirname(file), path)))
      .filter((path) => path.startsWith(".."))
      .map((path) => `${file} -> ${path}`);
  });
  expect(outside).toEqual([]);
});

test("the core imports no OpenTelemetry SDK package, and nothing else but the API and zod", () => {
  const allowed = /^(node:|@opentelemetry\/api$|zod$)/;
  const core = sources().filter((file) => !["cli", "local"].includes(partOf(file)));
  const foreign = core.flatMap((file) => {
    const text = readFileSync(join(SRC, file), "utf8");
    const names = [...text.matchAll(/^(?:import|export)[^;]*?from\s+"([^."][^"]*)"/gm)].map(
      (match) => match[1] ?? "",
    );
    return names.filter((name) => !allowed.test(name)).map((name) => `${file} -> ${name}`);
  });
  expect(foreign).toEqual([]);
});

/** A leg's project: its folder with the packed package installed, and the scenario beside it. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, join } from "node:path";
import { ROOT, run } from "./process.ts";

const LEGS = join(ROOT, "test/matrix/legs");
const SCENARIO = join(ROOT, "test/matrix/scenario");
/** What the tests have already, and the scenario uses. */
const BORROWED = [
  "test/support/recording-apie.ts",
  "test/support/until.ts",
  "test/promises/freezing.ts",
  "test/promises/work.ts",
];

const NPM_FLAGS = ["--no-audit", "--no-fund", "--prefer-offline", "--no-package-lock", "--loglevel=error"];

/** Packs the package once. @returns the tarball, at the place where every leg's `package.json` looks for it. */
export async function pack(folder: string): Promise<string> {
  const { stdout } = await run(
    "npm",
    ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder],
    ROOT,
  );
  const tarball = join(folder, "apie-otel.tgz");
  cpSync(join(folder, stdout.trim().split("\n").at(-1) ?? ""), tarball);
  return tarball;
}

/** @returns the folder of the project. */
export async function install(name: string, folder: string): Promise<string> {
  const project = join(folder, name);
  cpSync(join(LEGS, name), project, { recursive: true });
  const consumer = join(project, "consumer.mts");
  if (existsSync(consumer)) cpSync(consumer, join(project, "consumer.cts"));
  await run("npm", ["install", "--strict-peer-deps", ...NPM_FLAGS], project);
  return project;
}

/** Copies of the OpenTelemetry API in a project, by place. */
export function apiCopies(project: string): string[] {
  return readdirSync(project, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(join("node_modules", "@opentelemetry", "api", "package.json")),
  );
}

/** Puts the scenario, without its types, so that every Node runs it, into the project whose packages it is to find. */
export function placeScenario(project: string): void {
  const target = join(project, "scenario");
  mkdirSync(target);
  const files = [
    ...readdirSync(SCENARIO).map((file) => join(SCENARIO, file)),
    ...BORROWED.map((file) => join(ROOT, file)),
  ];
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    if (!file.endsWith(".ts")) writeFileSync(join(target, basename(file)), text);
    else writeFileSync(join(target, basename(file).replace(/ts$/, "mjs")), withoutTypes(text));
  }
}

/** All files of the scenario lie in one folder then. */
function withoutTypes(text: string): string {
  return stripTypeScriptTypes(text).replace(/(from ")[^"]*?([\w-]+)\.ts(";)/g, "$1./$2.mjs$3");
}

/** The other copy of the API goes beside the package, where an install that cannot agree on one would put it. */
export function nestOtherApi(project: string): void {
  const nested = join(project, "node_modules/apie-otel/node_modules/@opentelemetry/api");
  rmSync(nested, { recursive: true, force: true });
  cpSync(join(project, "node_modules/other-api"), nested, { recursive: true });
}

/**
 * A lock file written where a registry lacks some platforms' binaries leaves those out, and `npm ci` then refuses it elsewhere.
 * So each optional dependency of each package has an entry, also those of other platforms.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "./support.ts";

interface Entry {
  version?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
  inBundle?: boolean;
  optional?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** As Node looks for it: beside the package, then in each folder above. */
function entryOf(packages: Readonly<Record<string, Entry>>, from: string, name: string): Entry | undefined {
  const inside = from === "" ? "" : `${from}/`;
  const found = packages[`${inside}node_modules/${name}`];
  if (found !== undefined || from === "") return found;
  const above = from.lastIndexOf("/node_modules/");
  return entryOf(packages, above === -1 ? "" : from.slice(0, above), name);
}

describe.each(["package-lock.json", "bench/package-lock.json"])("%s", (file) => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as {
    packages: Record<string, Entry>;
  };
  const missing = (members: "dependencies" | "optionalDependencies"): string[] =>
    Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys(entry[members] ?? {})
        .filter((name) => entryOf(packages, path, name) === undefined)
        .map((name) => `${path} -> ${name}`),
    );

  test("has an entry for every dependency, and for the optional ones of every platform", () => {
    expect(missing("optionalDependencies")).toEqual([]);
    expect(missing("dependencies")).toEqual([]);
  });

  test("names each package by version, what is needed by content too, and no place to fetch it from", () => {
    const entries = Object.entries(packages).filter(
      ([path, { link, inBundle }]) => path !== "" && !link && !inBundle,
    );
    expect(entries.length).toBeGreaterThan(50);
    const loose = entries.filter(
      ([, { version, integrity, optional }]) => !version || !(optional || integrity?.startsWith("sha512-")),
    );
    expect(loose.map(([path]) => path)).toEqual([]);
    // Each npm has a registry of its own set.
    expect(entries.filter(([, { resolved }]) => resolved).map(([path]) => path)).toEqual([]);
  });
});

test("platforms beyond this machine's are in it", () => {
  const text = readFileSync(join(ROOT, "package-lock.json"), "utf8");
  for (const platform of ["linux-x64", "linux-arm64", "darwin-arm64", "win32-x64"]) {
    expect(text).toMatch(new RegExp(`"node_modules/@biomejs/cli-${platform}": `));
  }
});

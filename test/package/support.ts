/** The package as users get it: packed, unpacked into a folder of its own, with what it depends on beside it. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

export interface Installed {
  /** A project folder with `node_modules/apie-otel` in it. */
  folder: string;
  remove(): void;
}

/**
 * @param beside packages linked into the project's node_modules, as an application would have installed them.
 */
export function install(beside: readonly string[]): Installed {
  if (!existsSync(join(ROOT, "dist/index.mjs")))
    throw new Error("the package is not built: run `npm run build` first");
  const folder = mkdtempSync(join(tmpdir(), "apie-otel-"));
  const target = join(folder, "node_modules/apie-otel");
  mkdirSync(target, { recursive: true });
  const packed = execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
    cwd: ROOT,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  const tarball = join(folder, packed.trim().split("\n").at(-1) ?? "");
  execFileSync("tar", ["xzf", tarball, "--strip-components=1", "-C", target]);
  for (const name of beside) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What the package's own package.json asks for, besides the peer. */
export function dependencies(): string[] {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return Object.keys(dependencies);
}

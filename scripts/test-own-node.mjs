/**
 * Runs the library's tests on the Node that npm itself runs on, where that is another one than the scripts' own: the library
 * supports older Nodes than the local Apie.
 */
import { execFileSync, spawnSync } from "node:child_process";

const npmNode = process.env.npm_node_execpath;
const major = (version) => Number(version.replace(/^v/, "").split(".")[0]);

if (npmNode === undefined) {
  console.log("not run by npm: the tests were run on this Node only");
} else {
  const version = execFileSync(npmNode, ["--version"], { encoding: "utf8" }).trim();
  if (major(version) === major(process.version)) {
    console.log(`npm runs on the same Node (${version}): nothing more to test`);
  } else {
    console.log(`the library's tests again, on npm's own Node ${version}`);
    const { status } = spawnSync(
      npmNode,
      ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.library.config.ts"],
      {
        stdio: "inherit",
      },
    );
    process.exitCode = status ?? 1;
  }
}

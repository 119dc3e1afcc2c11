/**
 * Builds an OpenTelemetry Collector from Debian's packages alone: no root, no Go modules, nothing left behind but the binary.
 * `node scripts/otel-collector/build.ts` prints its path; the second time it is there already.
 *
 * The packages come from Debian's unstable suite (the Collector is in no other yet), by way of the archive this machine's apt
 * is configured with, and are checked with Debian's keys. apt's own state is not touched.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const PROGRAM = join(HERE, "main.go");
const PACKAGES = join(HERE, "packages.txt");
const KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg";
const SUITE = "sid";
/** 121 MB are fetched and half a million lines compiled: 2.5 minutes on 2 cores. */
const LONGEST_STEP_MS = 15 * 60_000;

/** The Collector cannot be built on this machine; the message says why. */
export class CannotBuild extends Error {}

/** Where the binary is kept: `OTEL_COLLECTOR_CACHE`, or `.artifacts/otel-collector` of the project. */
function cacheFolder(): string {
  const given = process.env.OTEL_COLLECTOR_CACHE?.trim();
  return given ? resolve(given) : resolve(HERE, "../../.artifacts/otel-collector");
}

/** @throws {CannotBuild} with the end of what the command said. */
function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: object } = {},
): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LONGEST_STEP_MS,
    });
    let output = "";
    let complaints = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (complaints += chunk));
    child.on("error", (error) =>
      failed(new CannotBuild(`${command} could not be started: ${error.message}`)),
    );
    child.on("close", (code, signal) => {
      if (code === 0) done(output);
      else
        failed(
          new CannotBuild(
            `${command} ${args[0]} ended with ${code ?? signal}:\n${(complaints || output).trim().slice(-2_000)}`,
          ),
        );
    });
  });
}

/** The archive that apt here takes Debian's main component from. */
async function archive(): Promise<string> {
  if (!existsSync(KEYS)) throw new CannotBuild(`${KEYS} is missing: this needs Debian and its archive keys`);
  const format = "$(COMPONENT) $(CODENAME) $(REPO_URI)";
  const targets = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  const main = targets
    .split("\n")
    .map((line) => line.split(" "))
    .find(([component, codename]) => component === "main" && /^[a-z]+$/.test(codename ?? ""));
  if (main?.[2] === undefined)
    throw new CannotBuild("apt has no source of Debian's main component configured");
  return main[2];
}

/** apt with a root of its own, in which nothing is installed. */
async function privateApt(folder: string): Promise<(...args: string[]) => [string, string[]]> {
  for (const part of [
    "etc/apt/apt.conf.d",
    "etc/apt/preferences.d",
    "var/lib/dpkg",
    "var/lib/apt/lists/partial",
    "var/cache/apt/archives/partial",
  ])
    await mkdir(join(folder, part), { recursive: true });
  const sources = join(folder, "etc/apt/sources.list");
  const status = join(folder, "var/lib/dpkg/status");
  await writeFile(sources, `deb [signed-by=${KEYS}] ${await archive()} ${SUITE} main\n`);
  await writeFile(status, "");
  const settings = [
    `Dir=${folder}`,
    `Dir::State::status=${status}`,
    `Dir::Etc::sourcelist=${sources}`,
    "Dir::Etc::sourceparts=-",
    "APT::Sandbox::User=root",
  ].flatMap((setting) => ["-o", setting]);
  return (command, ...args) => [command, [...settings, "-qq", ...args]];
}

/** The packages of the Go release that Debian's `golang-go` stands for at present. */
async function goPackages(apt: (...args: string[]) => [string, string[]]): Promise<string[]> {
  const shown = await run(...apt("apt-cache", "show", "golang-go"));
  const release = /golang-(\d+\.\d+)-go/.exec(shown)?.[1];
  if (release === undefined) throw new CannotBuild("golang-go depends on no Go release that is known here");
  return [`golang-${release}-go`, `golang-${release}-src`];
}

async function compile(prefix: string, folder: string, binary: string): Promise<void> {
  const lib = join(prefix, "usr/lib");
  const release = (await readdir(lib)).find((name) => name.startsWith("go-"));
  if (release === undefined) throw new CannotBuild("Go's package holds no Go");
  const root = join(lib, release);
  await run(join(root, "bin/go"), ["build", "-ldflags", "-s -w", "-o", binary, PROGRAM], {
    cwd: HERE,
    env: {
      GO111MODULE: "off",
      GOFLAGS: "",
      GOTOOLCHAIN: "local",
      CGO_ENABLED: "0",
      GOROOT: root,
      GOPATH: join(prefix, "usr/share/gocode"),
      GOCACHE: join(folder, "compiled"),
    },
  });
}

/**
 * @param tell hears what is being done, as it takes minutes.
 * @returns the path of the binary.
 * @throws {CannotBuild} when this machine cannot build it.
 */
export async function buildCollector(tell: (step: string) => void): Promise<string> {
  const cache = cacheFolder();
  const made = createHash("sha256")
    .update(await readFile(PROGRAM))
    .digest("hex")
    .slice(0, 12);
  const binary = join(cache, `otel-collector-${made}`);
  if (existsSync(binary)) return binary;

  const folder = join(cache, `building-${process.pid}`);
  const [debs, prefix] = [join(folder, "debs"), join(folder, "prefix")];
  try {
    await mkdir(debs, { recursive: true });
    await mkdir(prefix, { recursive: true });
    tell("fetching the Collector's sources and Go (121 MB)");
    const apt = await privateApt(join(folder, "apt"));
    await run(...apt("apt-get", "update"));
    const listed = (await readFile(PACKAGES, "utf8"))
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    const names = [...listed, ...(await goPackages(apt))];
    const [command, args] = apt("apt-get", "download", ...names);
    await run(command, args, { cwd: debs });
    for (const file of await readdir(debs)) await run("dpkg", ["-x", join(debs, file), prefix]);
    tell("compiling (about two minutes)");
    await compile(prefix, folder, join(folder, basename(binary)));
    await rename(join(folder, basename(binary)), binary);
    return binary;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(await buildCollector((step) => console.error(step)));
  } catch (error) {
    if (!(error instanceof CannotBuild)) throw error;
    console.error(`The Collector cannot be built here: ${error.message}`);
    process.exitCode = 1;
  }
}

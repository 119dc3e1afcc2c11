// Reads a config file both ways and prints what came of it. Arguments: the built reader, then a file (optional).
const [, , reader, path] = process.argv;
const { readConfigFile, readConfigFileSync } = await import(reader);

async function outcome(read) {
  try {
    return { file: (await read(path)) ?? null };
  } catch (error) {
    return { error: error.name, code: error.code, issues: error.issues, cause: error.cause?.message };
  }
}

const typescript = Boolean(process.features.typescript);
console.log(
  JSON.stringify({
    typescript,
    async: await outcome(readConfigFile),
    sync: await outcome(readConfigFileSync),
  }),
);

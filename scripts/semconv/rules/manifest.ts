import type { ParsedSources } from "../load.ts";
import type { Problem } from "../problem.ts";

/** The pinned upstream list and the manifest must name the same registries in the same versions. */
export function checkManifest({ manifest, upstream, model }: ParsedSources): Problem[] {
  const problems: Problem[] = [];
  const dependencies = manifest.value.dependencies;
  const sources = Object.entries(upstream.value.sources);
  for (const [index, dependency] of dependencies.entries()) {
    const source = sources.find(([, { schema_url }]) => schema_url === dependency.schema_url);
    const place = {
      file: manifest.path,
      line: manifest.lineOf(["dependencies", index]),
      subject: dependency.schema_url,
    };
    if (source === undefined) {
      problems.push({
        ...place,
        message: `is a dependency, but no source of ${upstream.path} has this schema URL`,
        fix: "give both the same version",
      });
    } else if (!dependency.registry_path?.includes(source[1].revision)) {
      problems.push({
        ...place,
        message: `registry_path does not name the revision ${source[1].revision} that ${upstream.path} pins`,
        fix: "give both the same revision",
      });
    }
  }
  for (const [name, source] of sources) {
    if (dependencies.some(({ schema_url }) => schema_url === source.schema_url)) continue;
    problems.push({
      file: upstream.path,
      line: upstream.lineOf(["sources", name]),
      subject: name,
      message: `is no dependency in ${manifest.path}`,
      fix: "list its schema_url under `dependencies` there, or remove the source",
    });
  }
  for (const file of model) {
    if (file.title !== "") continue;
    problems.push({
      file: file.path,
      line: 1,
      subject: "file",
      message: "has no title",
      fix: "start it with a comment whose first line is the title of its section in the docs",
    });
  }
  return problems;
}

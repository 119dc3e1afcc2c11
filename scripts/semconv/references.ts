import type { ParsedSources } from "./load.ts";
import type { ParsedFile } from "./parse.ts";
import type { Problem } from "./problem.ts";
import type { GroupEntry, ModelFile, SpanEntry } from "./shapes.ts";

/** A reference to an attribute, as a group or a span writes it. */
export type Reference = GroupEntry["attributes"][number] & { sampling_relevant?: boolean | undefined };

type Place = Pick<Problem, "file" | "line" | "subject">;

/** Follows references to attributes and groups. Those that lead nowhere, and groups that collide, become problems. */
export class ReferenceResolver {
  readonly #groups = new Map<string, GroupEntry>();
  readonly #known: ReadonlySet<string>;
  readonly #upstreamPath: string;
  readonly #problems: Problem[];

  /** `known` are the keys of all attributes, ours and the pinned ones. */
  constructor(sources: ParsedSources, known: ReadonlySet<string>, problems: Problem[]) {
    this.#known = known;
    this.#upstreamPath = sources.upstream.path;
    this.#problems = problems;
    for (const file of sources.model) {
      for (const [index, group] of (file.value.attribute_groups ?? []).entries()) {
        this.#addGroup(group, file, index);
      }
    }
  }

  /** References of a span by key: those of its groups, overlaid field by field with its own, as Weaver does it. */
  ofSpan(span: SpanEntry, file: ParsedFile<ModelFile>, index: number): Map<string, Reference> {
    const at = (position: number): Place => ({
      file: file.path,
      line: file.lineOf(["spans", index, "attributes", position]),
      subject: span.type,
    });
    const merged = this.#fromGroups(span, at);
    const own = new Set<string>();
    for (const [position, item] of span.attributes.entries()) {
      if ("ref_group" in item || !this.#isKnown(item.ref, at(position))) continue;
      if (own.has(item.ref))
        this.#report(at(position), `refers to ${item.ref} twice`, "merge the two references");
      own.add(item.ref);
      const inherited = merged.get(item.ref);
      const annotations = { ...inherited?.annotations, ...item.annotations };
      const reference: Reference = { ...inherited, ...item, annotations };
      this.#checkLevel(reference, at(position));
      merged.set(item.ref, reference);
    }
    return merged;
  }

  #addGroup(group: GroupEntry, file: ParsedFile<ModelFile>, index: number): void {
    const place = { file: file.path, line: file.lineOf(["attribute_groups", index]), subject: group.id };
    if (this.#groups.has(group.id)) this.#report(place, "is the id of two groups", "rename one");
    this.#groups.set(group.id, group);
    const seen = new Set<string>();
    for (const [position, reference] of group.attributes.entries()) {
      const at = { ...place, line: file.lineOf(["attribute_groups", index, "attributes", position]) };
      this.#isKnown(reference.ref, at);
      this.#checkLevel(reference, at);
      if (seen.has(reference.ref)) this.#report(at, `refers to ${reference.ref} twice`, "remove one");
      seen.add(reference.ref);
    }
  }

  #fromGroups(span: SpanEntry, at: (position: number) => Place): Map<string, Reference> {
    const merged = new Map<string, Reference>();
    const from = new Map<string, string>();
    for (const [position, item] of span.attributes.entries()) {
      if (!("ref_group" in item)) continue;
      const group = this.#groups.get(item.ref_group);
      if (group === undefined) {
        this.#report(
          at(position),
          `includes the group ${item.ref_group}, which is not defined`,
          "define it in semconv/model/groups.yaml, or correct the id",
        );
        continue;
      }
      for (const reference of group.attributes) {
        const other = from.get(reference.ref);
        if (other !== undefined) {
          this.#report(
            at(position),
            `gets ${reference.ref} from the groups ${other} and ${group.id}`,
            "keep it in one of the groups; Weaver refuses a span that gets an attribute from two",
          );
        }
        from.set(reference.ref, group.id);
        merged.set(reference.ref, reference);
      }
    }
    return merged;
  }

  #isKnown(ref: string, at: Place): boolean {
    if (this.#known.has(ref)) return true;
    this.#report(
      at,
      `refers to ${ref}, which is defined neither here nor upstream`,
      `define it under semconv/model/attributes, or pin it in ${this.#upstreamPath}, or correct the key`,
    );
    return false;
  }

  #checkLevel({ ref, requirement_level: level }: Reference, at: Place): void {
    if (level !== undefined) return;
    this.#report(
      at,
      `does not say how strongly it wants ${ref}`,
      "add a requirement_level, here or in a group the span includes",
    );
  }

  #report(place: Place, message: string, fix: string): void {
    this.#problems.push({ ...place, message, fix });
  }
}

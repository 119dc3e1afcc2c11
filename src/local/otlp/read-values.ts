/** Reading the values of OTLP/JSON (or of protobuf decoded to the same shape), each refused by its path when wrong. */
import { Refusal } from "../http/refusal.ts";
import type { Attributes, AttributeValue } from "./span-record.ts";

export type Fields = Readonly<Record<string, unknown>>;

export function malformed(path: string, message: string): Refusal {
  return new Refusal(400, "malformed_otlp", `${path}: ${message}`, { issues: [{ path, message }] });
}

const absent = (value: unknown): value is undefined | null => value === undefined || value === null;

const describe = (value: unknown): string =>
  typeof value === "object"
    ? Array.isArray(value)
      ? "an array"
      : "an object"
    : JSON.stringify(value).slice(0, 60);

export function readFields(value: unknown, path: string): Fields {
  if (absent(value)) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw malformed(path, "must be an object");
  return value as Fields;
}

export function readList(value: unknown, path: string): readonly unknown[] {
  if (absent(value)) return [];
  if (!Array.isArray(value)) throw malformed(path, `must be an array, not ${describe(value)}`);
  return value;
}

export function readText(value: unknown, path: string): string {
  if (absent(value)) return "";
  if (typeof value !== "string") throw malformed(path, `must be a string, not ${describe(value)}`);
  return value;
}

export function readCount(value: unknown, path: string): number {
  if (absent(value)) return 0;
  const number = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 0 || number > 0xffff_ffff) {
    throw malformed(path, `must be a whole number of 32 bits, not ${describe(value)}`);
  }
  return number;
}

/** A time in nanoseconds since the epoch; in JSON a decimal text, by the proto3 mapping also a number. */
export function readNanoseconds(value: unknown, path: string): string {
  if (absent(value)) return "0";
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== "string" || !/^\d{1,20}$/.test(text)) {
    throw malformed(path, `must be nanoseconds since the epoch as decimal text, not ${describe(value)}`);
  }
  const nanoseconds = BigInt(text);
  if (BigInt.asIntN(64, nanoseconds) !== nanoseconds) throw malformed(path, "lies beyond the year 2262");
  return nanoseconds.toString();
}

/** An id of so many bytes as lower-case hex; empty text where it is absent, empty or all zero. */
export function readId(value: unknown, bytes: number, path: string): string {
  if (absent(value)) return "";
  const hex = value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
  if (typeof hex !== "string") throw malformed(path, `must be hex text, not ${describe(value)}`);
  if (hex === "") return "";
  if (!/^[0-9a-f]+$/i.test(hex))
    throw malformed(path, `must be hex digits (OTLP/JSON has no base64 ids), not ${describe(hex)}`);
  if (hex.length !== bytes * 2)
    throw malformed(path, `must have ${bytes} bytes (${bytes * 2} hex digits), not ${hex.length / 2}`);
  return /^0+$/.test(hex) ? "" : hex.toLowerCase();
}

/** @throws Refusal when the id is missing or all zero */
export function requireId(value: unknown, bytes: number, path: string): string {
  const id = readId(value, bytes, path);
  if (id === "") throw malformed(path, "is required and must not be zero");
  return id;
}

/** An enum: a number, or its name behind the prefix. Numbers of newer versions are taken as the first, "not told". */
export function readEnum<T extends string>(
  names: readonly [T, ...T[]],
  prefix: string,
  value: unknown,
  path: string,
): T {
  if (absent(value)) return names[0];
  if (typeof value === "number" && Number.isInteger(value)) return names[value] ?? names[0];
  const name =
    typeof value === "string"
      ? names.find((known) => `${prefix}${known.toUpperCase()}` === value)
      : undefined;
  if (name === undefined) throw malformed(path, `must be a number of the enum, not ${describe(value)}`);
  return name;
}

function readInteger(value: unknown, path: string): AttributeValue {
  const text = typeof value === "number" ? String(value) : value;
  if (
    typeof text !== "string" ||
    !/^-?\d{1,19}$/.test(text) ||
    BigInt.asIntN(64, BigInt(text)) !== BigInt(text)
  ) {
    throw malformed(path, `must be a whole number of 64 bits, not ${describe(value)}`);
  }
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text).toString();
}

function readDouble(value: unknown, path: string): AttributeValue {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return value;
  if (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)))
    return Number(value);
  throw malformed(path, `must be a number, not ${describe(value)}`);
}

function readBoolean(value: unknown, path: string): AttributeValue {
  if (typeof value !== "boolean") throw malformed(path, `must be true or false, not ${describe(value)}`);
  return value;
}

function readBytes(value: unknown, path: string): AttributeValue {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return readText(value, path);
}

const readArray = (value: unknown, path: string): AttributeValue =>
  readList(readFields(value, path).values, `${path}.values`).map((item, index) =>
    readAnyValue(item, `${path}.values[${index}]`),
  );

const readKeyValueList = (value: unknown, path: string): AttributeValue =>
  readAttributes(readFields(value, path).values, `${path}.values`);

const ANY_VALUE: readonly (readonly [string, (value: unknown, path: string) => AttributeValue])[] = [
  ["stringValue", readText],
  ["intValue", readInteger],
  ["boolValue", readBoolean],
  ["doubleValue", readDouble],
  ["arrayValue", readArray],
  ["kvlistValue", readKeyValueList],
  ["bytesValue", readBytes],
];

/** One AnyValue as plain JSON; an empty one is null. */
function readAnyValue(value: unknown, path: string): AttributeValue {
  const fields = readFields(value, path);
  for (const [name, read] of ANY_VALUE) {
    if (!absent(fields[name])) return read(fields[name], `${path}.${name}`);
  }
  return null;
}

/** A KeyValue list as one object; of a key given twice the last counts. */
export function readAttributes(value: unknown, path: string): Attributes {
  return Object.fromEntries(
    readList(value, path).map((item, index) => {
      const at = `${path}[${index}]`;
      const { key, value } = readFields(item, at);
      return [readText(key, `${at}.key`), readAnyValue(value, `${at}.value`)];
    }),
  );
}

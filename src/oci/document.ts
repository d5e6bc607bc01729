/**
 * Reading a foreign JSON document field by field: every reader names the field in its error, and what was
 * not asked for is not taken over.
 */
import { BerthError } from "../base/errors.ts";
import { digestFault } from "./digest.ts";
import type { Digest } from "./types.ts";

/** An object of a parsed JSON document. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function invalidImage(message: string, cause?: unknown): BerthError {
  return new BerthError("invalid-image", message, cause === undefined ? {} : { cause });
}

/**
 * Decodes at most `limit` bytes of strict UTF-8 that hold one JSON object. `what` names the document in errors.
 * Throws `invalid-image`.
 */
export function parseJsonObject(bytes: Uint8Array, what: string, limit: number): JsonObject {
  if (bytes.byteLength > limit) {
    throw invalidImage(`invalid ${what}: it has ${bytes.byteLength} bytes, more than the ${limit} allowed`);
  }
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw invalidImage(`invalid ${what}: it is not valid JSON`, error);
  }
  if (!isObject(document)) throw invalidImage(`invalid ${what}: it is not a JSON object`);
  return document;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A required object. */
export function objectAt(value: unknown, where: string): JsonObject {
  if (!isObject(value)) throw invalidImage(`invalid ${where}: expected an object, found ${nameOf(value)}`);
  return value;
}

/** A list; `null` and absence are an empty one, as Go's encoders write it. */
export function listAt(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    throw invalidImage(`invalid ${where}: expected a list, found ${nameOf(value)}`);
  }
  return value;
}

/** A string; `null` and absence are undefined. */
export function stringAt(value: unknown, where: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") {
    throw invalidImage(`invalid ${where}: expected a string, found ${nameOf(value)}`);
  }
  return value;
}

/** A list of strings; `null` and absence are undefined. */
export function stringsAt(value: unknown, where: string): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  return listAt(value, where).map((item, i) => {
    if (typeof item === "string") return item;
    throw invalidImage(`invalid ${where}[${i}]: expected a string, found ${nameOf(item)}`);
  });
}

/** A map to strings; `null` and absence are undefined. Own data properties only, so `__proto__` is a plain key. */
export function stringMapAt(value: unknown, where: string): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  return Object.fromEntries(
    Object.entries(objectAt(value, where)).map(([key, item]) => [
      key,
      stringAt(item, `${where}["${key}"]`) ?? "",
    ]),
  );
}

/** A set written as a map to empty objects (`ExposedPorts`, `Volumes`); `null` and absence are undefined. */
export function setAt(value: unknown, where: string): Readonly<Record<string, object>> | undefined {
  if (value === undefined || value === null) return undefined;
  return Object.fromEntries(
    Object.entries(objectAt(value, where)).map(([key, item]) => {
      if (item !== null) objectAt(item, `${where}["${key}"]`);
      return [key, {}];
    }),
  );
}

/** An integer that JavaScript holds exactly; `null` and absence are undefined. */
export function integerAt(value: unknown, where: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw invalidImage(`invalid ${where}: expected an integer, found ${nameOf(value)}`);
  }
  return value;
}

export function booleanAt(value: unknown, where: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") {
    throw invalidImage(`invalid ${where}: expected true or false, found ${nameOf(value)}`);
  }
  return value;
}

/** An RFC 3339 time; `null`, absence and the empty string are undefined. */
export function timeAt(value: unknown, where: string): string | undefined {
  const text = stringAt(value, where);
  if (text === undefined || text === "") return undefined;
  const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
  if (!rfc3339.test(text) || Number.isNaN(Date.parse(text))) {
    throw invalidImage(`invalid ${where}: ${JSON.stringify(text.slice(0, 40))} is not an RFC 3339 time`);
  }
  return text;
}

/** A required digest. */
export function digestAt(value: unknown, where: string): Digest {
  const text = stringAt(value, where) ?? "";
  const fault = digestFault(text);
  if (fault !== undefined) {
    throw invalidImage(`invalid ${where}: ${JSON.stringify(text.slice(0, 100))}: ${fault}`);
  }
  return text as Digest;
}

/**
 * Refuses keys that differ from `known` only in letter case: Go's JSON decoders read `Layers` as `layers`,
 * so that two readers of the same bytes would see two images.
 */
export function refuseCaseTwins(object: JsonObject, known: readonly string[], where: string): void {
  for (const key of Object.keys(object)) {
    if (known.includes(key)) continue;
    for (const meant of known) {
      if (meant.toLowerCase() === key.toLowerCase())
        throw invalidImage(`invalid ${where}: ambiguous field "${key}" (the field is "${meant}")`);
    }
  }
}

/** Keeps the fields that have a value, so that absence is absence. */
export function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

function nameOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value)
    ? "a list"
    : typeof value === "number"
      ? `the number ${value}`
      : `a ${typeof value}`;
}

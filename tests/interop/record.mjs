// Section 4 of SIGNING.md: what the ledger hashes, rebuilt from what a reader is shown.

import { createHash } from "node:crypto";

/** An answer that does not prove what it says. Nothing follows from it. */
export class Unproven extends Error {}

const ENTRY_KEYS = [
  "accepted_at",
  "coalition",
  "corrects",
  "facts",
  "kind",
  "lines",
  "lines_root",
  "number",
  "request",
  "sender",
  "version",
  "window",
];
const LINE_KEYS = [
  "amount",
  "credit",
  "currency",
  "debit",
  "funder",
  "kind",
  "price",
  "rule",
  "terms",
];

const digest = (domain, ...parts) =>
  parts
    .reduce((hash, part) => hash.update(part), createHash("sha256").update(Buffer.of(domain)))
    .digest();

export const lineDigest = (salt, line) => digest(2, salt, line);
export const factsDigest = (salt, facts) => digest(3, salt, facts);
export const linesRoot = (digests) => digest(4, ...digests);
export const leafOf = (entry) => digest(0, entry);

/** Checks a record; returns its entry, the lines and facts shown, and the leaf of the hash tree. */
export function checkRecord(record) {
  if (!record) throw new Unproven("there is no record");
  const entry = parse(record.entry, ENTRY_KEYS);
  need(entry.version === "1", `version ${entry.version} of an entry`);
  need(decimal(entry.number) && decimal(entry.lines), "number and lines are decimal");
  need(String(record.digests.length) === entry.lines, "as many digests as lines");
  need(
    record.digests.every((one) => one.length === 32),
    "digests of 32 bytes",
  );
  need(linesRoot(record.digests).toString("hex") === entry.lines_root, "lines_root");
  return {
    entry,
    lines: checkLines(record),
    facts: checkFacts(record, entry),
    leaf: leafOf(record.entry).toString("hex"),
  };
}

function checkLines({ lines, digests }) {
  need(new Set(lines.map((one) => one.index)).size === lines.length, "no line twice");
  return lines.map(({ index, salt, line }) => {
    need(index < digests.length && salt.length === 16, `place and salt of line ${index}`);
    need(lineDigest(salt, line).equals(digests[index]), `digest of line ${index}`);
    return { index, ...parse(line, LINE_KEYS) };
  });
}

function checkFacts({ facts, facts_salt: salt }, entry) {
  if (facts.length === 0) {
    need(salt.length === 0, "no salt without facts");
    return null;
  }
  need(salt.length === 16, "salt of the facts");
  need(factsDigest(salt, facts).toString("hex") === entry.facts, "digest of the facts");
  return parse(facts);
}

/** Parses strictly: text in the one form that section 4 allows equals its own serialisation. */
export function parse(bytes, keys) {
  const text = Buffer.from(bytes).toString("latin1");
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Unproven(`not JSON: ${error.message}`);
  }
  need(value !== null && typeof value === "object" && !Array.isArray(value), "a JSON object");
  need(canonical(value) === text, "JSON in its one form");
  if (keys) need(Object.keys(value).join() === keys.join(), `exactly the keys ${keys.join()}`);
  return value;
}

/** A value in the one form: keys sorted, no white space, ASCII, no numbers. */
export function canonical(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quoted(value);
  need(typeof value === "object", `${typeof value} in JSON of the ledger`);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${quoted(key)}:${canonical(value[key])}`)
    .join()}}`;
}

const quoted = (text) =>
  JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const decimal = (text) => typeof text === "string" && /^(0|[1-9][0-9]*)$/.test(text);

/** A protobuf timestamp in the form of the ledger. */
export function when({ seconds, nanos }) {
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z`;
}

function need(holds, what) {
  if (!holds) throw new Unproven(`record: ${what}`);
}

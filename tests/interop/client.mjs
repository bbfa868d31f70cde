// A partner's client in JavaScript, written from coalition/v1/*.proto and SIGNING.md alone.
// It shares no code with the gateway. Section numbers are those of SIGNING.md.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import grpc from "@grpc/grpc-js";

import { PACKAGE } from "./contract.mjs";
import { sha256, signedBy, TYPE_PREFIX } from "./keys.mjs";
import { checkRecord, Unproven, when } from "./record.mjs";

const ANY_PREFIX = "type.googleapis.com/";

// Statuses of gRPC itself that another attempt cannot change.
const FINAL = new Set([grpc.status.UNIMPLEMENTED, grpc.status.RESOURCE_EXHAUSTED]);

// Refusals of an item whose form is wrong; they need not repeat a request id.
const FORM = new Set([
  "REASON_MALFORMED_PAYLOAD",
  "REASON_UNKNOWN_FIELDS",
  "REASON_INVALID_ARGUMENT",
]);

/** A refusal by the gateway. `refusal` is the verified signed one where it was stored. */
export class Refused extends Error {
  constructor(fields) {
    super(`${fields.reason}: ${fields.message}`);
    Object.assign(this, fields);
  }
}

/** Calls a gateway as one sender. `clock` gives the instant as microseconds since 1970 (BigInt). */
export class Client {
  constructor({
    target,
    profile,
    sender,
    key,
    contract,
    clock,
    credentials = grpc.credentials.createInsecure(),
  }) {
    Object.assign(this, { profile, sender, key, contract, clock });
    this.gatewayKeys = new Map(
      profile.gateway_keys.map((one) => [one.keyid, Buffer.from(one.ed25519, "hex")]),
    );
    for (const [keyid, raw] of this.gatewayKeys) {
      if (sha256(raw).toString("hex") !== keyid)
        throw new Unproven(`profile: ${keyid} does not name its key`);
    }
    const limits = { "grpc.max_receive_message_length": 64 * 1024 * 1024 };
    this.channel = new grpc.Client(target, credentials, limits);
  }

  close() {
    this.channel.close();
  }

  /** A signed request, to be stored before it is sent. */
  prepare(name, fields, { requestId = randomUUID(), lifetimeSeconds, key = this.key } = {}) {
    const method = this.contract.methods.get(name);
    const created = this.clock();
    const lifetime = BigInt(lifetimeSeconds ?? method.lifetime_seconds) * 1_000_000n;
    const header = {
      method: method.path,
      audience: this.profile.coalition,
      sender: this.sender,
      request_id: requestId,
      created: timestamp(created),
      expires: timestamp(created + lifetime),
    };
    const payload = this.contract.encode(method.payload, { header, ...fields });
    return this.seal({ name, requestId, payload }, key);
  }

  /** Signs a payload (again): the same payload under another key is the same request. */
  seal({ name, requestId, payload }, key = this.key) {
    const method = this.contract.methods.get(name);
    const payloadType = TYPE_PREFIX + method.payload;
    const signatures = [{ sig: key.sign(payloadType, payload), keyid: key.keyid }];
    const envelope = this.contract.encode("Envelope", {
      payload,
      payload_type: payloadType,
      signatures,
    });
    return { name, method, requestId, payload, envelope, hash: sha256(payload) };
  }

  /** Sends a prepared write until its outcome is known; returns what the gateway proved. */
  async send(request, { attempts = 4 } = {}) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.checkAnswer(request, await this.call(request));
      } catch (error) {
        const open = error instanceof Refused ? error.retryable : error.undecided;
        if (!open || attempt >= attempts) throw error;
        await sleep(error.retryMilliseconds ?? 100 * 2 ** attempt);
      }
    }
  }

  write(name, fields, options) {
    return this.send(this.prepare(name, fields, options));
  }

  /** A plain answer, for which the connection alone vouches. */
  async read(name, fields = {}) {
    const request = this.prepare(name, fields);
    return this.contract.decode(request.method.answer, await this.call(request));
  }

  /** The stored answer to a request of ours: receipt, refusal or batch receipt. */
  async receipt(request) {
    const asked = this.prepare("Receipts.GetReceipt", { request_id: request.requestId });
    return this.checkStored(request, await this.call(asked));
  }

  /** Yields verified records of the feed from a number on, until there are no more. */
  async *follow(afterNumber = 0) {
    const request = this.prepare("Feed.Follow", { after_number: afterNumber, stop_at_end: true });
    let last = BigInt(afterNumber);
    const stream = this.channel.makeServerStreamRequest(
      request.method.path,
      asIs,
      asIs,
      request.envelope,
    );
    try {
      for await (const bytes of stream) {
        const record = this.checkFeed(bytes, last);
        last = BigInt(record.entry.number);
        yield record;
      }
    } catch (error) {
      throw error.metadata ? this.refused(request, error) : error;
    } finally {
      stream.cancel();
    }
  }

  /** The bytes of the answer to a prepared request, unverified; throws what `refused` makes. */
  async call(request) {
    const deadline = new Date(Date.now() + 20_000);
    const unary = this.channel.makeUnaryRequest.bind(this.channel, request.method.path, asIs, asIs);
    try {
      return await promisify(unary)(request.envelope, { deadline });
    } catch (error) {
      throw this.refused(request, error);
    }
  }

  /** Opens an envelope of the gateway: one signature, a key we hold, an expected type (section 5). */
  open(bytes, expected) {
    const envelope = this.contract.decode("Envelope", bytes);
    if (envelope.signatures.length !== 1)
      throw new Unproven(`${envelope.signatures.length} signatures`);
    const [{ sig, keyid }] = envelope.signatures;
    const raw = this.gatewayKeys.get(keyid);
    if (!raw) throw new Unproven(`key ${keyid} is not of the gateway`);
    if (!signedBy(raw, envelope.payload_type, envelope.payload, sig))
      throw new Unproven("bad signature");
    const name = expected.find((one) => TYPE_PREFIX + one === envelope.payload_type);
    if (!name) throw new Unproven(`payload type ${envelope.payload_type}, expected ${expected}`);
    return { name, payload: envelope.payload, keyid, bytes };
  }

  checkAnswer(request, bytes) {
    const batch = request.name === "Accrual.AccrueBatch";
    return this.checkOpened(request, this.open(bytes, [batch ? "BatchReceipt" : "Receipt"]));
  }

  checkStored(request, bytes) {
    return this.checkOpened(request, this.open(bytes, ["Receipt", "Refusal", "BatchReceipt"]));
  }

  checkOpened(request, opened) {
    const check = {
      Receipt: this.checkReceipt,
      Refusal: this.checkRefusal,
      BatchReceipt: this.checkBatch,
    }[opened.name];
    return {
      ...check.call(this, request, opened.payload),
      kind: opened.name,
      envelope: opened.bytes,
      payload: opened.payload,
    };
  }

  /** Steps 1 and 2 of a receipt, which refusals and batch receipts share. */
  checkOurs(request, answer) {
    same("audience", answer.audience, this.profile.coalition);
    same("method", answer.method, request.method.path);
    same("sender", answer.sender, this.sender);
    same("request_id", answer.request_id, request.requestId);
    same("request_sha256", hex(answer.request_sha256), hex(request.hash));
  }

  checkReceipt(request, payload) {
    const receipt = this.contract.decode("Receipt", payload);
    this.checkOurs(request, receipt);
    const record = checkRecord(receipt.record);
    const { entry } = record;
    same("number", entry.number, receipt.number);
    same("coalition", entry.coalition, receipt.audience);
    same("sender of the entry", entry.sender, receipt.sender);
    same("request of the entry", entry.request, hex(receipt.request_sha256));
    same("accepted_at", entry.accepted_at, when(receipt.accepted_at));
    same("result", receipt.result.type_url, `${ANY_PREFIX}${PACKAGE}.${request.method.result}`);
    return {
      receipt,
      record,
      result: this.contract.decode(request.method.result, receipt.result.value),
    };
  }

  checkRefusal(request, payload) {
    const refusal = this.contract.decode("Refusal", payload);
    this.checkOurs(request, refusal);
    return { refusal };
  }

  checkBatch(request, payload) {
    const batch = this.contract.decode("BatchReceipt", payload);
    this.checkOurs(request, batch);
    const { items } = this.contract.decode(request.method.payload, request.payload);
    same("outcomes", batch.outcomes.length, items.length);
    return {
      batch,
      outcomes: batch.outcomes.map((one, index) =>
        this.checkOutcome(this.item(request, items[index]), one),
      ),
    };
  }

  /** An item of a batch as a request of its own: its id, if it has one, and its hash (section 3). */
  item({ name, method }, bytes) {
    let requestId = "";
    try {
      requestId = this.contract.decode("AccrualItem", bytes).request_id;
    } catch {
      // Not an item: the gateway says so, and tells it by its hash.
    }
    return { name, method, requestId, hash: sha256(bytes) };
  }

  checkOutcome(request, { outcome, receipt, refusal }) {
    if (outcome === undefined) throw new Unproven("an outcome is neither receipt nor refusal");
    if (outcome === "receipt") {
      return { ...this.checkReceipt(request, receipt), request, payload: receipt };
    }
    const { request_id: named, reason } = this.contract.decode("Refusal", refusal);
    const known = named === "" && FORM.has(reason) ? { ...request, requestId: "" } : request;
    return { ...this.checkRefusal(known, refusal), request, payload: refusal };
  }

  checkFeed(bytes, after) {
    const { payload } = this.open(bytes, ["FeedRecord"]);
    const feed = this.contract.decode("FeedRecord", payload);
    same("audience", feed.audience, this.profile.coalition);
    same("participant", feed.participant, this.sender);
    if (BigInt(feed.number) <= after) throw new Unproven(`feed goes back to ${feed.number}`);
    const record = checkRecord(feed.record);
    same("number", record.entry.number, feed.number);
    same("coalition", record.entry.coalition, feed.audience);
    return record;
  }

  /** What a status other than OK says: a refusal, verified where it was stored, or nothing sure. */
  refused(request, error) {
    const [trailer] = error.metadata?.get("grpc-status-details-bin") ?? [];
    const details = trailer ? this.contract.decode("google.rpc.Status", trailer).details : [];
    const detail = (name) => {
      const found = details.find((one) => one.type_url === ANY_PREFIX + name);
      return (
        found &&
        (name === `${PACKAGE}.Envelope` ? found.value : this.contract.decode(name, found.value))
      );
    };
    const info = detail("google.rpc.ErrorInfo");
    if (info?.domain !== "coalition")
      return Object.assign(error, { undecided: !FINAL.has(error.code) });
    const envelope = detail(`${PACKAGE}.Envelope`);
    const signed = envelope && this.checkOpened(request, this.open(envelope, ["Refusal"]));
    if (signed) same("reason", signed.refusal.reason, `REASON_${info.reason}`);
    const retry = detail("google.rpc.RetryInfo")?.retry_delay;
    return new Refused({
      reason: info.reason,
      metadata: info.metadata,
      message: error.details,
      code: error.code,
      violations: detail("google.rpc.BadRequest")?.field_violations ?? [],
      retryable: ["OVERLOADED", "UNAVAILABLE"].includes(info.reason),
      retryMilliseconds: retry && Number(retry.seconds) * 1000 + retry.nanos / 1e6,
      refusal: signed?.refusal,
      envelope,
      payload: signed?.payload,
    });
  }
}

const asIs = (bytes) => bytes;
const hex = (bytes) => Buffer.from(bytes).toString("hex");

export function timestamp(microseconds) {
  return {
    seconds: String(microseconds / 1_000_000n),
    nanos: Number(microseconds % 1_000_000n) * 1000,
  };
}

function same(what, found, expected) {
  if (found !== expected) throw new Unproven(`${what} is ${found}, expected ${expected}`);
}

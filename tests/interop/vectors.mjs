// Recomputes the examples of SIGNING.md, and shows that false answers are not believed:
// node vectors.mjs <folder of the protos>.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Client } from "./client.mjs";
import { Contract } from "./contract.mjs";
import { Key, pae, sha256, signedBy } from "./keys.mjs";
import { factsDigest, leafOf, lineDigest, linesRoot, parse, Unproven } from "./record.mjs";

/** The fenced examples of the document by name: bytes, or text. */
function examples(path) {
  const found = {};
  for (const [, form, name, body] of readFileSync(path, "utf8").matchAll(
    /^```(hex|text) (\S+)\n([^]*?)\n```$/gm,
  )) {
    found[name] = form === "hex" ? Buffer.from(body.replaceAll("\n", ""), "hex") : body;
  }
  return found;
}

const type = (name) => `application/vnd.coalition.v1.${name}`;

function checkVectors(protoRoot) {
  const of = examples(join(protoRoot, "SIGNING.md"));
  const contract = new Contract(protoRoot);
  const partner = Key.fromSeed(of["partner.seed"]);
  const gateway = Key.fromSeed(of["gateway.seed"]);
  assert.equal(partner.keyid, of["partner.keyid"]);
  assert.equal(gateway.keyid, of["gateway.keyid"]);
  assert.deepEqual(partner.publicBytes, of["partner.public"]);

  const sent = contract.decode("AccrueRequest", of["request.payload"]).header;
  assert.deepEqual(partner.prove(sent.audience, sent.sender), of["proof.sig"]);
  assert.deepEqual(pae(type("AccrueRequest"), of["request.payload"]), of["request.pae"]);
  assert.deepEqual(partner.sign(type("AccrueRequest"), of["request.payload"]), of["request.sig"]);
  assert.deepEqual(partner.sign(type("AccrueBatchRequest"), of["batch.payload"]), of["batch.sig"]);
  assert.deepEqual(sha256(of["batch.payload"]), of["batch.sha256"]);

  const profile = {
    coalition: sent.audience,
    gateway_keys: [{ keyid: of["gateway.keyid"], ed25519: of["gateway.public"].toString("hex") }],
  };
  const client = (sender) =>
    new Client({ target: "localhost:1", profile, sender, key: partner, contract, clock: () => 0n });
  const hotel = client("hotel-h");
  const request = hotel.seal({
    name: "Accrual.Accrue",
    requestId: sent.request_id,
    payload: of["request.payload"],
  });
  assert.deepEqual(request.hash, of["request.sha256"]);
  assert.deepEqual(request.envelope, of["request.envelope"]);
  const batch = {
    name: "Accrual.AccrueBatch",
    method: contract.methods.get("Accrual.AccrueBatch"),
  };
  assert.deepEqual(hotel.item(batch, of["batch.item0"]).hash, of["batch.item0.sha256"]);

  checkHashes(of);
  checkAnswers(of, contract, gateway, request, hotel, client("airline-m"));
  checkFalseReceipts(of, contract, gateway, { ...request, key: partner }, hotel);
  return Object.keys(of).length;
}

function checkHashes(of) {
  const digests = [0, 1, 2].map((n) => lineDigest(of[`line${n}.salt`], of[`line${n}`]));
  digests.forEach((digest, n) => assert.deepEqual(digest, of[`line${n}.digest`]));
  assert.deepEqual(linesRoot(digests), of.lines_root);
  assert.deepEqual(factsDigest(of["facts.salt"], of.facts), of["facts.digest"]);
  assert.deepEqual(leafOf(of.entry), of.leaf);
}

function checkAnswers(of, contract, gateway, request, hotel, airline) {
  const envelope = (name, part) => {
    const [payload, sig] = [of[`${part}.payload`], of[`${part}.sig`]];
    assert.ok(signedBy(gateway.publicBytes, type(name), payload, sig));
    return contract.encode("Envelope", {
      payload,
      payload_type: type(name),
      signatures: [{ sig, keyid: gateway.keyid }],
    });
  };
  const { record, result } = hotel.checkAnswer(request, envelope("Receipt", "receipt"));
  assert.equal(record.leaf, of.leaf.toString("hex"));
  assert.equal(record.lines.length, 3);
  assert.deepEqual(
    result.legs.map((leg) => leg.points_minor),
    ["2000", "200"],
  );

  const trailer = { get: () => [of["refusal.status"]] };
  const refused = hotel.refused(request, { metadata: trailer, code: 6, details: "" });
  assert.equal(refused.refusal.reason, "REASON_DUPLICATE_ACTIVITY");
  assert.deepEqual(refused.payload, of["refusal.payload"]);

  const seen = airline.checkFeed(envelope("FeedRecord", "feed"), 0n);
  assert.deepEqual(
    [seen.leaf, seen.facts, seen.lines.map((line) => line.index)],
    [record.leaf, null, [1, 2]],
  );
}

const flipped = (bytes) => Buffer.concat([Buffer.of(bytes[0] ^ 1), bytes.subarray(1)]);

/** Receipts that the gateway signed and that do not prove what they say, by what is wrong. */
const FALSE_RECEIPTS = {
  "of another coalition": (it) => {
    it.audience = "another";
  },
  "of another method": (it) => {
    it.method = "/coalition.v1.Accrual/Reverse";
  },
  "of another sender": (it) => {
    it.sender = "airline-m";
  },
  "of another request": (it) => {
    it.request_id = "another";
  },
  "of other bytes": (it) => {
    it.request_sha256 = flipped(it.request_sha256);
  },
  "with another number": (it) => {
    it.number = "124";
  },
  "with another instant": (it) => {
    it.accepted_at.nanos += 1000;
  },
  "without a record": (it) => {
    it.record = null;
  },
  "with another entry": (it) => {
    it.record.entry = Buffer.from(it.record.entry.toString().replace('"123"', '"124"'));
  },
  "with a key twice": (it) => {
    it.record.entry = Buffer.from(it.record.entry.toString().replace("{", '{"accepted_at":null,'));
  },
  "with white space": (it) => {
    it.record.entry = Buffer.from(it.record.entry.toString().replace(",", ", "));
  },
  "with another digest": (it) => {
    it.record.digests[1] = flipped(it.record.digests[1]);
  },
  "with a digest less": (it) => {
    it.record.digests.pop();
  },
  "with another line": (it) => {
    it.record.lines[0].line = Buffer.from(
      it.record.lines[0].line.toString().replace("2000", "9000"),
    );
  },
  "with another salt": (it) => {
    it.record.lines[0].salt = flipped(it.record.lines[0].salt);
  },
  "with a line twice": (it) => {
    it.record.lines[1] = it.record.lines[0];
  },
  "with a line out of place": (it) => {
    it.record.lines[2].index = 3;
  },
  "with other facts": (it) => {
    it.record.facts = Buffer.from('{"member":"18"}');
  },
  "with salt but no facts": (it) => {
    it.record.facts = Buffer.alloc(0);
  },
  "with another result": (it) => {
    it.result.type_url = "type.googleapis.com/coalition.v1.EnrolResult";
  },
};

function checkFalseReceipts(of, contract, gateway, request, hotel) {
  const signed = (payload, key = gateway, as = "Receipt") =>
    contract.encode("Envelope", {
      payload,
      payload_type: type(as),
      signatures: [{ sig: key.sign(type(as), payload), keyid: key.keyid }],
    });
  const refuse = (envelope, what) =>
    assert.throws(() => hotel.checkAnswer(request, envelope), Unproven, what);
  for (const [what, change] of Object.entries(FALSE_RECEIPTS)) {
    const receipt = contract.decode("Receipt", of["receipt.payload"]);
    change(receipt);
    refuse(signed(contract.encode("Receipt", receipt)), what);
  }
  refuse(signed(of["receipt.payload"], request.key), "signed by the partner");
  refuse(signed(of["receipt.payload"], gateway, "Refusal"), "of another type");
  const changed = signed(of["receipt.payload"]);
  changed[changed.indexOf("room-base")] ^= 1;
  refuse(changed, "changed on its way");
  for (const text of [
    "[]",
    "1",
    '{"a":1}',
    '{"a":"\\u0041"}',
    '{"b":"1","a":"2"}',
    '{"a":"\u00e9"}',
    '{"a":"1"} ',
  ]) {
    assert.throws(() => parse(Buffer.from(text, "latin1")), Unproven, text);
  }
  assert.deepEqual(parse(Buffer.from('{"a":"\\u00e9\\\\\\n\\u007f","b":null}')), {
    a: "\u00e9\\\n\x7f",
    b: null,
  });
}

const held = checkVectors(process.argv[2]);
console.log(
  `${held} examples of SIGNING.md hold, ${Object.keys(FALSE_RECEIPTS).length} false receipts were seen through`,
);

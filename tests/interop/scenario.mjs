// A day of a new partner against a gateway. Reads its world as JSON from standard input:
// {target, proto, profile, now, seeds: {sender: hex}}; writes what it saw as JSON.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { Client, Refused } from "./client.mjs";
import { Contract } from "./contract.mjs";
import { Key } from "./keys.mjs";

const SELF = "nodehotel";

const world = JSON.parse(readFileSync(0, "utf8"));
const contract = new Contract(world.proto);
const now = BigInt(Date.parse(world.now)) * 1000n;
const opened = [];
const saw = { refused: [] };

function clientOf(sender, key = Key.fromSeed(Buffer.from(world.seeds[sender], "hex"))) {
  const { target, profile } = world;
  opened.push(new Client({ target, profile, sender, key, contract, clock: () => now }));
  return opened.at(-1);
}

/** The refusal that a call ends with; every refusal of the rules is signed, no other is. */
async function refusal(call, reason, stored) {
  const error = await call.then(
    () => assert.fail(`expected ${reason}`),
    (found) => found,
  );
  assert.ok(error instanceof Refused, error.stack);
  assert.equal(error.reason, reason);
  assert.equal(error.refusal !== undefined, stored, `${reason} stored`);
  saw.refused.push(reason);
  return error;
}

const fraction = (numerator, denominator = 1) => ({ numerator, denominator });
const ref = (programme, number) => ({ programme, member_number: number });

function stay(number, reference, minor, requestId = "") {
  return {
    request_id: requestId,
    membership: ref(SELF, number),
    activity: {
      key: { supplier: SELF, kind: "STAY", reference, revision: 1 },
      started_at: { seconds: String(now / 1_000_000n - 172_800n) },
      ended_at: { seconds: String(now / 1_000_000n - 86_400n) },
      spend: [{ category: "ROOM", amount: { currency: "EUR", minor } }],
      quantities: [{ unit: "NIGHT", count: 1 }],
    },
  };
}

/** 1. Two administrators admit the partner, whose key never leaves this process. */
async function admit(one, two, key) {
  const proof = key.prove(world.profile.coalition, SELF);
  const registered = await one.write("Partners.RegisterPartner", {
    partner: SELF,
    kind: "PARTNER_KIND_HOTEL",
    name: "Node Hotel",
    key: { ed25519: key.publicBytes, proof },
  });
  assert.equal(registered.result.keyid, key.keyid);
  const partner = clientOf(SELF, key);
  await refusal(partner.read("Partners.ListPartners"), "KEY_NOT_ACTIVE", false);
  await refusal(one.write("Partners.ApproveKey", { keyid: key.keyid }), "SAME_PERSON", true);
  const approved = await two.write("Partners.ApproveKey", { keyid: key.keyid });
  assert.equal(approved.result.state, "KEY_STATE_APPROVED");
  return partner;
}

/** 2. Its programme, a rate, and the airline's agreement to sell it miles. */
async function trade(partner, airline, one, two) {
  const definition = readFileSync(new URL("programme.toml", import.meta.url));
  const { result } = await partner.write("Partners.PublishProgramme", { definition });
  assert.deepEqual([result.programme, result.currency], [SELF, "NODE-POINTS"]);
  const terms = {
    programme: SELF,
    rate_in: fraction(40),
    cost_out: fraction(50),
    fee: fraction(1, 50),
    spread: fraction(1, 100),
  };
  const proposed = await one.write("Rates.Propose", {
    changes: [{ rate: terms }],
    reason: "a new partner",
  });
  const approved = await two.write("Rates.Approve", { proposal: proposed.result.proposal });
  assert.equal(approved.result.state, "PROPOSAL_STATE_APPROVED");
  const offered = await airline.write("Agreements.Offer", {
    terms: {
      programme: "airline",
      buyer: SELF,
      price: fraction(120),
      operator_fee: fraction(1, 50),
      cap_minor: "1000000000",
      permissions: ["PERMISSION_DOUBLE_DIP"],
    },
  });
  await partner.write("Agreements.Accept", { agreement: offered.result.agreement });
}

/** 3. A member of both programmes, linked with a code. */
async function enrol(partner, airline) {
  const enrolled = await partner.write("Members.Enrol", {
    membership: ref(SELF, "N1"),
    tier: "GOLD",
    choice: "points-and-miles",
  });
  await airline.write("Members.Enrol", { membership: ref("airline", "NA1") });
  const code = await airline.write("Members.CreateLinkCode", {
    membership: ref("airline", "NA1"),
    other: ref(SELF, "N1"),
  });
  await partner.write("Members.Link", {
    membership: ref(SELF, "N1"),
    other_programme: "airline",
    code: code.result.code,
  });
  return enrolled.result.member_id;
}

/** 4. A stay, once: sent again it is the same answer, other bytes under its id are refused. */
async function accrue(partner, member) {
  const request = partner.prepare(
    "Accrual.Accrue",
    { accrual: stay("N1", "N/1/1", 20_000) },
    { requestId: "stay-1" },
  );
  const first = await partner.send(request);
  const legs = first.result.legs.map((leg) => [leg.programme, leg.reason, leg.points_minor]);
  assert.deepEqual(legs, [
    [SELF, "BASE", "2000"],
    [SELF, "TIER_BONUS", "500"],
    ["airline", "BASE", "200"],
  ]);
  assert.ok(
    first.record.lines.some(
      (line) => line.credit === `member/${member}/${SELF}` && line.amount === "2000",
    ),
  );
  saw.stay = first.record;

  const again = await partner.send(request);
  assert.deepEqual(again.payload, first.payload);
  assert.deepEqual((await partner.receipt(request)).payload, first.payload);
  const other = partner.prepare(
    "Accrual.Accrue",
    { accrual: stay("N1", "N/1/2", 20_000) },
    { requestId: "stay-1" },
  );
  await refusal(partner.send(other), "REQUEST_ID_REUSED", false);
  return first;
}

/** 5. A refusal by the rules is an answer: signed, stored, given again. */
async function refuseTwice(partner) {
  const request = partner.prepare(
    "Accrual.Accrue",
    { accrual: stay("N1", "N/1/1", 100) },
    { requestId: "stay-1-again" },
  );
  const once = await refusal(partner.send(request), "DUPLICATE_ACTIVITY", true);
  const twice = await refusal(partner.send(request), "DUPLICATE_ACTIVITY", true);
  assert.deepEqual(twice.payload, once.payload);
  const stored = await partner.receipt(request);
  assert.equal(stored.kind, "Refusal");
  assert.deepEqual(stored.payload, once.payload);
}

/** 6. A batch of three of which one is bad: each counts by itself and is found by itself. */
async function batch(partner) {
  const items = [
    ["N1", "N/2/1"],
    ["NOBODY", "N/2/2"],
    ["N1", "N/2/3"],
  ].map(([number, reference], index) =>
    contract.encode("AccrualItem", stay(number, reference, 10_000, `night-${index}`)),
  );
  const request = partner.prepare("Accrual.AccrueBatch", { items }, { requestId: "night" });
  const answer = await partner.send(request);
  assert.deepEqual(
    answer.outcomes.map((one) => one.refusal?.reason ?? "counted"),
    ["counted", "REASON_UNKNOWN_MEMBERSHIP", "counted"],
  );
  for (const outcome of answer.outcomes) {
    assert.deepEqual((await partner.receipt(outcome.request)).payload, outcome.payload);
  }
  assert.deepEqual((await partner.send(request)).payload, answer.payload);
  assert.deepEqual((await partner.receipt(request)).payload, answer.payload);
  return answer.outcomes.flatMap((one) => one.record ?? []);
}

/** 7. Items that cannot be read or carry a bad id are refused, and the rest counts. */
async function misshapen(partner) {
  const whole = (reference, id) =>
    contract.encode("AccrualItem", stay("N1", reference, 10_000, id));
  const unknown = Buffer.concat([whole("N/4/2", "shape-2"), Buffer.from("f80101", "hex")]);
  const items = [
    Buffer.from("not an item"),
    whole("N/4/1", "no spaces"),
    unknown,
    whole("N/4/3", "shape-3"),
  ];
  const { outcomes } = await partner.write("Accrual.AccrueBatch", { items });
  assert.deepEqual(
    outcomes.map((one) => one.refusal?.reason ?? "counted"),
    ["REASON_MALFORMED_PAYLOAD", "REASON_INVALID_ARGUMENT", "REASON_UNKNOWN_FIELDS", "counted"],
  );
  await refusal(partner.receipt(outcomes[2].request), "NOT_FOUND", false);
}

/** 8. Points become miles at the figures that were quoted; what the member has not, cannot. */
async function convert(partner) {
  const pair = { source: ref(SELF, "N1"), target: ref("airline", "NA1") };
  const { result: quoted } = await partner.write("Exchange.Quote", { ...pair, amount_minor: 1000 });
  const parts = ["fee_minor", "spread_minor", "value_minor", "rounding_minor"].map((name) =>
    BigInt(quoted[name]),
  );
  assert.equal(
    parts.reduce((sum, part) => sum + part),
    BigInt(quoted.shared_minor),
  );
  const converted = await partner.write("Exchange.Convert", { quote: quoted.quote });
  assert.equal(quoted.steps.length, 3);
  const conversion = String(converted.record.entry.number);
  assert.deepEqual(converted.result, { ...quoted, conversion, steps: [] });
  await refusal(partner.write("Exchange.Convert", { quote: quoted.quote }), "QUOTE_USED", true);
  const { result: beyond } = await partner.write("Exchange.Quote", {
    ...pair,
    amount_minor: 1_000_000,
  });
  await refusal(
    partner.write("Exchange.Convert", { quote: beyond.quote }),
    "INSUFFICIENT_BALANCE",
    true,
  );
  saw.converted = quoted;
  return converted;
}

/** 9. What was changed on its way, or signed by another, is refused and leaves no trace. */
async function tamper(partner, airline) {
  const request = partner.prepare(
    "Accrual.Accrue",
    { accrual: stay("N1", "N/3/1", 10_000) },
    { requestId: "stay-3" },
  );
  const envelope = Buffer.from(request.envelope);
  envelope[request.payload.length - 1] ^= 1;
  await refusal(partner.send({ ...request, envelope }), "BAD_SIGNATURE", false);
  await refusal(partner.send(partner.seal(request, airline.key)), "WRONG_SENDER", false);
  await refusal(partner.send(partner.seal(request, Key.generate())), "UNKNOWN_KEY", false);
  await refusal(partner.receipt(request), "NOT_FOUND", false);
  return partner.send(request);
}

/** 10. The feed to its end, as this partner and as the airline, which comes to the same leaves. */
async function feeds(partner, airline, receipts) {
  const leaves = async (client) => {
    const found = new Map();
    for await (const { entry, leaf } of client.follow()) found.set(entry.number, leaf);
    return found;
  };
  const [ours, theirs] = [await leaves(partner), await leaves(airline)];
  for (const { entry, leaf } of receipts) {
    assert.equal(ours.get(entry.number), leaf, `entry ${entry.number} in our feed`);
    assert.equal(theirs.get(entry.number), leaf, `entry ${entry.number} in the airline's feed`);
  }
  const last = [...ours.keys()].at(-1);
  for await (const record of partner.follow(last))
    assert.fail(`entry ${record.entry.number} after the last one`);
  const stranger = clientOf(SELF, airline.key);
  await refusal(stranger.follow().next(), "WRONG_SENDER", false);
  saw.verified = { ours: ours.size, theirs: theirs.size };
}

async function day() {
  const [one, two, airline] = ["admin-one", "admin-two", "airline"].map((sender) =>
    clientOf(sender),
  );
  const partner = await admit(one, two, Key.generate());
  await trade(partner, airline, one, two);
  const member = await enrol(partner, airline);
  const stayed = await accrue(partner, member);
  await refuseTwice(partner);
  const nights = await batch(partner);
  await misshapen(partner);
  const converted = await convert(partner);
  const late = await tamper(partner, airline);
  await feeds(partner, airline, [stayed.record, ...nights, converted.record, late.record]);
  const { balances } = await partner.read("Members.GetBalances", { membership: ref(SELF, "N1") });
  saw.balance = balances[0].balance_minor;
  assert.deepEqual(
    balances.map((one) => [one.currency, one.credited_minor, one.debited_minor]),
    [["NODE-POINTS", "7500", "1000"]],
  );
  await refusal(
    partner.read("Members.GetBalances", { membership: ref("airline", "NA1") }),
    "NOT_AUTHORIZED",
    false,
  );
}

try {
  await day();
  console.log(JSON.stringify(saw, null, 1));
} finally {
  opened.forEach((client) => client.close());
}

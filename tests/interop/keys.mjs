// Sections 1 and 2 of SIGNING.md: keys, and what they sign.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from "node:crypto";

export const TYPE_PREFIX = "application/vnd.coalition.v1.";
const SEED_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex"); // RFC 8410, PKCS #8
const PUBLIC_PREFIX = Buffer.from("302a300506032b6570032100", "hex"); // RFC 8410, SPKI

export const sha256 = (...parts) =>
  parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

/** Pre-authentication encoding of DSSE: the bytes that are signed (section 2). */
export function pae(payloadType, payload) {
  const type = Buffer.from(payloadType, "utf8");
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

/** Whether a signature over an envelope's payload is of the key with these 32 raw bytes. */
export function signedBy(rawPublic, payloadType, payload, sig) {
  const key = createPublicKey({
    key: Buffer.concat([PUBLIC_PREFIX, rawPublic]),
    format: "der",
    type: "spki",
  });
  return sig.length === 64 && verify(null, pae(payloadType, payload), key, sig);
}

/** An Ed25519 key pair that signs envelopes. */
export class Key {
  constructor(privateKey) {
    this.privateKey = privateKey;
    this.publicBytes = createPublicKey(privateKey)
      .export({ format: "der", type: "spki" })
      .subarray(-32);
    this.keyid = sha256(this.publicBytes).toString("hex");
  }

  static generate() {
    return new Key(generateKeyPairSync("ed25519").privateKey);
  }

  static fromSeed(seed) {
    return new Key(
      createPrivateKey({ key: Buffer.concat([SEED_PREFIX, seed]), format: "der", type: "pkcs8" }),
    );
  }

  sign(payloadType, payload) {
    return sign(null, pae(payloadType, payload), this.privateKey);
  }

  /** Proof of possession for registering this key (section 1). */
  prove(audience, owner) {
    const text = `coalition key proof\n${audience}\n${owner}\n${this.keyid}\n`;
    return this.sign(`${TYPE_PREFIX}KeyProof`, Buffer.from(text, "utf8"));
  }
}

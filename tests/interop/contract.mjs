// The contract as a program reads it: messages, and methods with what their option says.

import { createRequire } from "node:module";
import { join } from "node:path";

import protobuf from "protobufjs";

export const PACKAGE = "coalition.v1";
const DESCRIPTOR = "google/protobuf/descriptor.proto";

// Of googleapis/google/rpc/status.proto and error_details.proto, what this client reads.
const RPC_PROTO = `syntax = "proto3"; package google.rpc;
message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
message RetryInfo { google.protobuf.Duration retry_delay = 1; }
message BadRequest {
  message FieldViolation { string field = 1; string description = 2; }
  repeated FieldViolation field_violations = 1;
}`;

/** The contract: messages, and methods with what their option `signed` says. */
export class Contract {
  /** @param protoRoot folder in which coalition/v1/*.proto lies */
  constructor(protoRoot) {
    this.root = new protobuf.Root();
    this.root.resolvePath = (_, target) => {
      if (target === DESCRIPTOR)
        return createRequire(import.meta.url).resolve(`protobufjs/${target}`);
      return protobuf.common.get(target) ? target : join(protoRoot, target);
    };
    const services = [
      "accrual",
      "agreements",
      "exchange",
      "feed",
      "members",
      "partners",
      "rates",
      "receipts",
      "settlement",
    ];
    const read = { keepCase: true };
    this.root.loadSync(
      services.map((name) => `${PACKAGE.replaceAll(".", "/")}/${name}.proto`),
      read,
    );
    this.root.addJSON(protobuf.common.get("google/protobuf/duration.proto").nested);
    protobuf.parse(RPC_PROTO, this.root, read);
    this.root.resolveAll();
    this.methods = new Map(
      this.root
        .lookup(PACKAGE)
        .nestedArray.filter((it) => it instanceof protobuf.Service)
        .flatMap(describe),
    );
  }

  type(name) {
    return this.root.lookupType(name.includes(".") ? name : `${PACKAGE}.${name}`);
  }

  /** Serialises a message; a field that the message does not have is an error, not dropped. */
  encode(name, fields) {
    const type = this.type(name);
    refuseUnknown(type, fields);
    return Buffer.from(type.encode(type.fromObject(fields)).finish());
  }

  /** Parses a message: numbers of 64 bits as text, enums by name, absent messages absent. */
  decode(name, bytes) {
    const type = this.type(name);
    return type.toObject(type.decode(bytes), {
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
    });
  }
}

function describe(service) {
  return service.methodsArray.map((method) => {
    const signed = method.parsedOptions.find((option) => "(signed)" in option)["(signed)"];
    const path = `/${service.fullName.slice(1)}/${method.name}`;
    return [`${service.name}.${method.name}`, { path, ...signed, answer: method.responseType }];
  });
}

function refuseUnknown(type, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const field = type.fields[name];
    if (!field) throw new TypeError(`${type.name} has no field ${name}`);
    if (
      value != null &&
      field.resolvedType instanceof protobuf.Type &&
      !(field instanceof protobuf.MapField)
    ) {
      for (const one of field.repeated ? value : [value]) refuseUnknown(field.resolvedType, one);
    }
  }
}

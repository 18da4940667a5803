// Clarity values as text, and whether a value fits a type of a contract's interface.
import { ClarityType, deserializeCV, serializeCVBytes } from "@stacks/transactions";

export const NONE = "0x09";
export const OK_TRUE = "0x0703";
export const ERR_NONE = "0x0809";

const REPR = {
  [ClarityType.Int]: ({ value }) => `${value}`,
  [ClarityType.UInt]: ({ value }) => `u${value}`,
  [ClarityType.BoolTrue]: () => "true",
  [ClarityType.BoolFalse]: () => "false",
  [ClarityType.Buffer]: ({ value }) => `0x${value}`,
  [ClarityType.PrincipalStandard]: ({ value }) => `'${value}`,
  [ClarityType.PrincipalContract]: ({ value }) => `'${value}`,
  [ClarityType.OptionalNone]: () => "none",
  [ClarityType.OptionalSome]: ({ value }) => `(some ${reprOf(value)})`,
  [ClarityType.ResponseOk]: ({ value }) => `(ok ${reprOf(value)})`,
  [ClarityType.ResponseErr]: ({ value }) => `(err ${reprOf(value)})`,
  [ClarityType.List]: ({ value }) => `(list${value.map((item) => ` ${reprOf(item)}`).join("")})`,
  [ClarityType.Tuple]: ({ value }) =>
    `(tuple ${Object.keys(value)
      .sort()
      .map((key) => `(${key} ${reprOf(value[key])})`)
      .join(" ")})`,
  [ClarityType.StringASCII]: ({ value }) => JSON.stringify(value),
  [ClarityType.StringUTF8]: ({ value }) => `u${JSON.stringify(value)}`,
};

function reprOf(value) {
  return REPR[value.type](value);
}

/** Return the value's text in Clarity, from hex with or without 0x. */
export function repr(hex) {
  return reprOf(deserializeCV(hex));
}

/** Return `{hex, repr}`, the API's way to show a value. */
export function shown(hex) {
  return { hex, repr: repr(hex) };
}

/** Parse hex that a client sent; throws where it is no Clarity value. */
export function parseValue(hex) {
  if (typeof hex !== "string" || !/^(0x)?([0-9a-f]{2})+$/i.test(hex)) {
    throw new TypeError("not the hex of a Clarity value");
  }
  const bytes = Buffer.from(hex.replace(/^0x/i, ""), "hex");
  const value = deserializeCV(bytes);
  if (serializeCVBytes(value).length !== bytes.length) {
    throw new TypeError("bytes are left over after the Clarity value");
  }
  return { value, bytes };
}

const PLAIN = {
  int128: [ClarityType.Int],
  uint128: [ClarityType.UInt],
  bool: [ClarityType.BoolTrue, ClarityType.BoolFalse],
  principal: [ClarityType.PrincipalStandard, ClarityType.PrincipalContract],
  trait_reference: [ClarityType.PrincipalContract],
  none: [ClarityType.OptionalNone],
};

const COMPOUND = {
  buffer: (type, { type: kind, value }) => kind === ClarityType.Buffer && value.length <= 2 * type.length,
  "string-ascii": (type, { type: kind, value }) =>
    kind === ClarityType.StringASCII && value.length <= type.length,
  "string-utf8": (type, { type: kind, value }) =>
    kind === ClarityType.StringUTF8 && [...value].length <= type.length,
  optional: (type, { type: kind, value }) =>
    kind === ClarityType.OptionalNone || (kind === ClarityType.OptionalSome && admits(type, value)),
  response: (type, { type: kind, value }) =>
    (kind === ClarityType.ResponseOk && admits(type.ok, value)) ||
    (kind === ClarityType.ResponseErr && admits(type.error, value)),
  list: (type, { type: kind, value }) =>
    kind === ClarityType.List &&
    value.length <= type.length &&
    value.every((item) => admits(type.type, item)),
  tuple: (fields, { type: kind, value }) =>
    kind === ClarityType.Tuple &&
    Object.keys(value).length === fields.length &&
    fields.every(({ name, type }) => value[name] !== undefined && admits(type, value[name])),
};

/** Whether an interface's type takes the value. */
export function admits(type, value) {
  if (typeof type === "string") {
    return PLAIN[type]?.includes(value.type) ?? false;
  }
  const [name] = Object.keys(type);
  return COMPOUND[name]?.(type[name], value) ?? false;
}

/** Name an interface's type in Clarity's own words. */
export function typeName(type) {
  if (typeof type === "string") {
    return type.replace("int128", "int");
  }
  const [name] = Object.keys(type);
  const inner = type[name];
  switch (name) {
    case "buffer":
      return `(buff ${inner.length})`;
    case "optional":
      return `(optional ${typeName(inner)})`;
    case "response":
      return `(response ${typeName(inner.ok)} ${typeName(inner.error)})`;
    case "list":
      return `(list ${inner.length} ${typeName(inner.type)})`;
    case "tuple":
      return `(tuple ${inner.map((field) => `(${field.name} ${typeName(field.type)})`).join(" ")})`;
    default:
      return `(${name} ${inner.length})`;
  }
}

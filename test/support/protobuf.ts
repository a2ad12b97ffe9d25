/** Encodes a varint, in the shortest form or in one that is longer by `padding` bytes. */
export function varint(value: number | bigint, padding = 0): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  } while (rest > 0n)
  for (let count = 0; count < padding; count += 1) bytes.push(0x80)
  const last = bytes.length - 1
  bytes[last] = (bytes[last] ?? 0) & 0x7f
  return Uint8Array.from(bytes)
}

/** A protobuf field that is a number. */
export function numberField(field: number, value: number | bigint, padding = 0): Uint8Array {
  return Buffer.concat([varint(field << 3), varint(value, padding)])
}

/** A protobuf field that is bytes, text or a message of these parts. */
export function bytesField(field: number, ...parts: (Uint8Array | string)[]): Uint8Array {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)))
  return Buffer.concat([varint((field << 3) | 2), varint(content.byteLength), content])
}

/** The fields of `Message` (src/wire/messages.proto). */
export const MESSAGE = { welcome: 1, request: 2, begin: 3, end: 4, result: 5, credit: 6, close: 7 } as const

/** The actions of `Request`, beside its id, which is field 1. */
export const ACTION = {
  list: 2,
  stat: 3,
  get: 4,
  put: 5,
  delete: 6,
  rename: 7,
  mkdir: 8,
  digest: 9,
  probe: 10,
  kept: 11,
} as const

/** A request with an id, and an action whose fields are given as they are. */
export function requestOf(id: number, action: keyof typeof ACTION, ...fields: Uint8Array[]): Uint8Array {
  return bytesField(MESSAGE.request, numberField(1, id), bytesField(ACTION[action], ...fields))
}

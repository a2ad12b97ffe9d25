import { randomBytes } from 'node:crypto'
import sodium from 'libsodium-wrappers'
import { expect, test } from 'vitest'
import { loadSodium } from '../../src/crypto/load-sodium.ts'
import { SECRETSTREAM } from '../../src/crypto/sodium.ts'
import { WasmRecords, type WasmModule } from '../../src/crypto/wasm-records.ts'
import { refusal } from '../wire/decodes.ts'

const KEY = new Uint8Array(32).fill(5)
const [wasm, native] = [await loadSodium('wasm'), await loadSodium('native')]
const module = (sodium as unknown as { libsodium: WasmModule }).libsodium

function sealed(push: { push(sealed: Uint8Array, plaintext: Uint8Array, tag: number): void }, plaintext: Uint8Array) {
  const record = new Uint8Array(plaintext.byteLength + SECRETSTREAM.overhead)
  push.push(record, plaintext, SECRETSTREAM.tagMessage)
  return record
}

test('streams go on when the memory of the module has grown and moved', () => {
  const push = wasm.pushStream(KEY)
  const pull = wasm.pullStream(KEY, push.header)
  const twin = native.pullStream(KEY, push.header)
  for (const grow of [0, 16, 48]) {
    const before = module.HEAPU8
    const taken = module._malloc(grow * 1024 * 1024)
    expect(module.HEAPU8 === before).toBe(grow === 0)
    const plaintext = randomBytes(60_000)
    const record = sealed(push, plaintext)
    expect(Buffer.from(pull.pull(record)?.plaintext ?? [])).toEqual(plaintext)
    expect(Buffer.from(twin.pull(record)?.plaintext ?? [])).toEqual(plaintext)
    module._free(taken)
  }
})

test('what one stream opened stays as it is while others seal and open', () => {
  const [one, other] = [wasm.pushStream(KEY), wasm.pushStream(KEY)]
  const opened = wasm.pullStream(KEY, one.header).pull(sealed(one, Buffer.from('of one')))
  wasm.pullStream(KEY, other.header).pull(sealed(other, Buffer.from('of the other')))
  expect(Buffer.from(opened?.plaintext ?? []).toString()).toBe('of one')
})

test('a plaintext longer than its place is refused, and the longest record is opened', () => {
  const push = wasm.pushStream(KEY)
  const longest = randomBytes(SECRETSTREAM.maxRecord)
  expect(refusal(() => sealed(push, Buffer.concat([longest, longest.subarray(0, 1)])))).toBe('ERR_INTERNAL')
  expect(wasm.pullStream(KEY, push.header).pull(sealed(push, longest))?.plaintext).toHaveLength(longest.length)
})

test('a record longer than its place is refused though it was sealed as it should be', () => {
  const push = native.pushStream(KEY)
  const record = sealed(push, new Uint8Array(SECRETSTREAM.maxRecord + 1))
  expect(wasm.pullStream(KEY, push.header).pull(record)).toBeNull()
})

test.each([0, 1, 16])('%i bytes are no record', (length) => {
  expect(wasm.pullStream(KEY, new Uint8Array(24)).pull(new Uint8Array(length))).toBeNull()
})

test('a module whose memory is full is not used', () => {
  expect(refusal(() => new WasmRecords({ ...module, _malloc: () => 0 }))).toBe('ERR_INTERNAL')
})

import { describe, expect, test } from 'vitest'
import { decodeHello, encodeHello } from '../../src/wire/hello.ts'
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts'
import { decodePage, encodePage } from '../../src/wire/page.ts'
import { components, decodePath, encodePath } from '../../src/wire/path.ts'
import { fromHex, readVectors, toHex, toJson } from '../vectors/read.ts'
import { refusal } from './decodes.ts'

describe('hellos', () => {
  const { valid, invalid } = readVectors('hello')

  test.each(valid)('decodes $description', ({ bytes, value, canonical }) => {
    const hello = decodeHello(fromHex(bytes))
    expect(toJson(hello)).toEqual(value)
    expect(toHex(encodeHello(hello)) === bytes).toBe(canonical)
  })

  test.each(invalid)('refuses $description', ({ bytes, error }) => {
    expect(refusal(() => decodeHello(fromHex(bytes)))).toBe(error)
  })
})

describe('messages', () => {
  const { valid, invalid, faultyRequests } = readVectors('messages')

  test.each(valid)('decodes $description', ({ bytes, value, canonical }) => {
    const message = decodeMessage(fromHex(bytes))
    expect(toJson(message)).toEqual(value)
    if (message.type === 'badRequest') throw message.fault
    const encoded = encodeMessage(message)
    expect(toJson(decodeMessage(encoded))).toEqual(value)
    expect(toHex(encoded) === bytes).toBe(canonical)
  })

  test.each(invalid)('refuses $description', ({ bytes, error }) => {
    expect(refusal(() => decodeMessage(fromHex(bytes)))).toBe(error)
  })

  test.each(faultyRequests)('can answer a faulty request: $description', ({ bytes, id, kind, error }) => {
    expect(decodeMessage(fromHex(bytes))).toMatchObject({ type: 'badRequest', id, kind, fault: { code: error } })
  })

  test('there is one of every type and every action', () => {
    const messages = valid.map(({ bytes }) => decodeMessage(fromHex(bytes)))
    expect(new Set(messages.map(({ type }) => type))).toEqual(
      new Set(['welcome', 'request', 'begin', 'end', 'result', 'credit', 'close']),
    )
    const actions = messages.map((message) => (message.type === 'request' ? message.action.type : null))
    expect(new Set(actions)).toEqual(
      new Set([null, 'list', 'stat', 'get', 'put', 'delete', 'rename', 'mkdir', 'digest', 'probe', 'kept']),
    )
  })
})

describe('pages', () => {
  const { valid, invalid } = readVectors('messages').pages

  test.each(valid)('decodes $description', ({ bytes, value, canonical }) => {
    const page = decodePage(fromHex(bytes))
    expect(toJson(page)).toEqual(value)
    expect(toHex(encodePage(page)) === bytes).toBe(canonical)
  })

  test.each(invalid)('refuses $description', ({ bytes, error }) => {
    expect(refusal(() => decodePage(fromHex(bytes)))).toBe(error)
  })
})

describe('paths', () => {
  const { valid, invalid } = readVectors('paths')

  test.each(valid)('decodes $description', ({ bytes, components: names }) => {
    const path = decodePath(fromHex(bytes))
    expect(components(path)).toEqual(names)
    expect(toHex(encodePath(path))).toBe(bytes)
  })

  test.each(invalid)('refuses $description', ({ bytes, error }) => {
    expect(refusal(() => decodePath(fromHex(bytes)))).toBe(error)
  })
})

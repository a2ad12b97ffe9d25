import { expect, test } from 'vitest'
import { Found } from '../../src/net/found.ts'

const at = (ip: string, port = 7_380): string => `/ip4/${ip}/tcp/${port}/p2p/X`

function all(found: Found): string[] {
  const addresses = []
  for (let next = found.next(); next !== undefined; next = found.next()) addresses.push(next)
  return addresses
}

test('each address is found once, in the order they came', () => {
  const found = new Found()
  found.add([at('10.0.0.1'), at('10.0.0.2')])
  found.add([at('10.0.0.1'), at('10.0.0.3')])
  expect(all(found)).toEqual([at('10.0.0.1'), at('10.0.0.2'), at('10.0.0.3')])
  found.add([at('10.0.0.2')])
  expect(all(found)).toEqual([])
})

test('W09: of 10,000 addresses at one IP two are found, and the honest one after them', () => {
  const found = new Found()
  for (let port = 1; port <= 10_000; port++) found.add([at('10.0.0.66', port)])
  found.add([at('10.0.0.1')])
  expect(all(found)).toEqual([at('10.0.0.66', 1), at('10.0.0.66', 2), at('10.0.0.1')])
})

test('no more than 512 addresses are found in all', () => {
  const found = new Found()
  for (let host = 0; host < 10_000; host++) found.add([at(`10.0.${host >> 8}.${host & 255}`)])
  expect(all(found)).toHaveLength(512)
})

test('waiting ends with the next address, and when the search is over', async () => {
  const found = new Found()
  const over = new AbortController()
  const first = found.more(over.signal)
  found.add([at('10.0.0.1')])
  await first
  expect(found.next()).toBe(at('10.0.0.1'))
  const second = found.more(over.signal)
  over.abort()
  await second
  expect(found.next()).toBeUndefined()
})

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { defaultMachineName, machineNameFault } from '../../src/wire/machine-name.ts'

test.each([
  ['laptop', 'laptop'],
  ['Laptop-7', 'Laptop-7'],
  ['ana-laptop.fritz.box', 'ana-laptop'],
  ['MacBook Pro von Zoë', 'MacBook-Pro-von-Zoë'],
  ['zoe\u0308', 'zoë'],
  ['a_b', 'a_b'],
  ['a  //  b', 'a-b'],
  ['-rf', 'rf'],
  ['"quoted"', 'quoted'],
  ['ana\u200bs', 'anas'],
  ['日本語', '日本語'],
  ['', 'machine'],
  ['...', 'machine'],
  ['---', 'machine'],
  ['\u001b[31m', '31m'],
  ['🎉', 'machine'],
  ['\ud800', 'machine'],
  [`12D3KooW${'a'.repeat(44)}`, 'machine'],
  ['a'.repeat(300), 'a'.repeat(64)],
  [`${'a'.repeat(63)} b`, 'a'.repeat(63)],
  ['𝒶'.repeat(70), '𝒶'.repeat(64)],
])('a machine called %j by its system calls itself %j', (hostname, name) => {
  expect(defaultMachineName(hostname)).toBe(name)
})

test('every host name leads to a name that is fit', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.string({ unit: 'grapheme' })), (hostname) => {
      expect(machineNameFault(defaultMachineName(hostname))).toBeNull()
    }),
    { numRuns: 2_000 },
  )
})

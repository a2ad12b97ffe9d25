import { expect, test } from 'vitest'
import { generateCode, parseCode } from '../../src/crypto/code.ts'

test('reads what it generates', () => {
  for (let count = 0; count < 500; count += 1) {
    const code = generateCode()
    expect(parseCode(code)).toBe(code)
    const first = code.split('-').map((word) => word.slice(0, 4))
    expect(parseCode(first.join('-'))).toBe(code)
  }
})

test.each(['ocean-canyon-seven', ' Ocean Canyon  SEVEN ', 'ocea-cany-seve', 'OCEAN-canyon seve'])(
  'understands "%s"',
  (typed) => {
    expect(parseCode(typed)).toBe('ocean-canyon-seven')
  },
)

test.each([
  '',
  'ocean',
  'ocean-canyon',
  'ocean-canyon-seven-ocean',
  'ocean-canyon-sev',
  'ocean-canyon-otter',
  'oceans-canyon-seven',
])('refuses "%s" with the next step', (typed) => {
  expect(() => parseCode(typed)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
})

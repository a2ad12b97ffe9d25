import { expect, test } from 'vitest'
import { asciiJson } from '../../src/wire/ascii-json.ts'
import { hostileTexts } from '../support/hostile-texts.ts'

test('T04: no text gets out of it as anything but printable ASCII, and every one comes back', () => {
  for (const text of [...hostileTexts(60), 'ü 日本 🎉', '\ud800', '\u0000\u007f\u009b\uffff']) {
    const json = asciiJson({ [text]: text })
    expect(json).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(json)).toEqual({ [text]: text })
  }
})

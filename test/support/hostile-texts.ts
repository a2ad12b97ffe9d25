import { Random } from './random.ts'

/** What a terminal acts on, or shows as something else than it is; line breaks are looked at apart. */
export const RAW_TEXT =
  // eslint-disable-next-line no-control-regex
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u

/** What forges a line: no line of any output may begin with it. */
export const FORGED = 'FORGED'

const HARM = [
  '\u001b[31m',
  '\u001b[2J\u001b[H',
  '\u001b]0;title\u0007',
  '\u001b]52;c;ZXZpbA==\u0007',
  '\u001b]8;;x:y\u001b',
  '\u001bP+q\u001b',
  '\u001bc',
  '\u009b31m',
  '\u009d0;x\u009c',
  '\u0090\u009c',
  '\u0085',
  '\b\b\b',
  '\r',
  '\r\u001b[K',
  `\n${FORGED}`,
  `\r\n${FORGED}`,
  `\u000b${FORGED}`,
  `\u000c${FORGED}`,
  `\u2028${FORGED}`,
  '\t',
  '\u0007',
  '\u000e\u000f',
  '\u007f',
  '\u0001',
  '\u001f',
  '\u202etxt.exe',
  '\u202d\u202c',
  '\u2066\u2067\u2068\u2069',
  '\u200e\u200f\u061c',
  '\u200b\u200c\u200d',
  '\u2060\u2061\u2064',
  '\ufeff',
  '\u{e0041}\u{e007f}',
  '\u00ad',
  '\u3164\u115f',
  '\u0301'.repeat(20),
  '\ufff9\ufffb',
]

const HARMLESS = [
  'a',
  'name',
  'ü',
  '日本',
  '🎉',
  '\\',
  '\\x1b',
  '"',
  "'",
  '$(id)',
  '`',
  ';',
  '|',
  '&',
  '%s',
  '{}',
  ' ',
  '.txt',
  '-',
]

/** Returns `count` different texts that do harm on a terminal; each can be the name of a file. The same ones each time. */
export function hostileTexts(count: number, seed = 1): string[] {
  const random = new Random(seed)
  const texts = new Set(HARM.slice(0, count).map((harm) => `x${harm}y`))
  while (texts.size < count) {
    const parts = Array.from({ length: 1 + random.below(4) }, () => `${random.one(HARMLESS)}${random.one(HARM)}`)
    const text = `${random.below(3) === 0 ? '' : 'x'}${parts.join('')}${random.one(HARMLESS)}`
    if (Buffer.byteLength(text) <= 200 && !text.startsWith('-') && text.trim() === text) texts.add(text)
  }
  return [...texts]
}

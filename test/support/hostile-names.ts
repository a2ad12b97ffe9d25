import { Random } from './random.ts'

/** What leads out of a folder, or looks as if it did, in some system or decoder. */
const WAYS_OUT = [
  '..',
  '.',
  '',
  '...',
  '.. ',
  ' ..',
  '..\t',
  '..\0',
  '.\u200b.',
  '\u2024\u2024',
  '\uff0e\uff0e',
  '%2e%2e',
  '%252e%252e',
  '..%00',
  '..;',
  '~',
  '~root',
  '$HOME',
  '`id`',
  '$(id)',
  'C:',
  'c:..',
  '\\\\host\\share',
  '..\\',
  '\\..\\..',
  'NUL',
  'CON',
  'aux.txt',
  'file:stream',
  'x::$DATA',
  '.sft-parts',
  '.sft-part',
  '.sft-part-0123',
  '.SFT-PARTS',
  '__proto__',
  'constructor',
  '-rf',
  '*',
  '?',
  'own.txt',
  'a',
  'link-to-victim',
  'link-to-secret',
  'link-to-nothing',
  'link-to-root',
  'pipe',
]

/** What a name ends in, or begins with. */
const AROUND = [
  '',
  ' ',
  '.',
  '\0',
  '\n',
  '\r',
  '\u001b[2J',
  '\u202e',
  '\u2028',
  '\ufeff',
  '\u0301',
  '/',
  '//',
  '\\',
  ':',
  '\u{1f389}',
]

/** What it is to hit. */
const TARGETS = [
  'secret.txt',
  'victim/secret.txt',
  'victim',
  'etc/passwd',
  'share-evil/x',
  'own.txt',
  'a/inner.txt',
  '',
]

/** Bytes that are not UTF-8, or not in the one way that it is written. */
const BROKEN = ['c0ae', 'c0af', 'e080af', 'f08080af', 'eda080', 'ff', 'fe', '80', 'f5808080', 'e282', 'c080'].map(
  (hex) => Buffer.from(hex, 'hex'),
)

/** Returns `count` different names, as the bytes of a path, that mean harm; the same ones each time. */
export function hostileNames(count: number, seed = 1): Buffer[] {
  const random = new Random(seed)
  const made = new Map<string, Buffer>()
  const add = (bytes: Buffer): void => void made.set(bytes.toString('latin1'), bytes)
  for (const way of WAYS_OUT) for (const target of TARGETS) add(Buffer.from(`${way}/${target}`))
  for (const way of WAYS_OUT) add(Buffer.from(way))
  while (made.size < count) add(oneName(random))
  return [...made.values()]
    .filter((_, index) => made.size <= count || index % Math.floor(made.size / count) === 0)
    .slice(0, count)
}

function oneName(random: Random): Buffer {
  const parts: Buffer[] = []
  for (let left = random.below(4); left >= 0; left -= 1) {
    parts.push(Buffer.from(`${random.one(AROUND)}${random.one(WAYS_OUT)}${random.one(AROUND)}`))
    parts.push(Buffer.from(random.one(['/', '/', '/', '//', '\\', '/./', '/../'])))
  }
  const end = Buffer.from(random.one(TARGETS))
  const name = Buffer.concat([...parts, end])
  switch (random.below(6)) {
    case 0: {
      const at = random.below(name.byteLength + 1)
      return Buffer.concat([name.subarray(0, at), random.one(BROKEN), name.subarray(at)])
    }
    case 1: {
      const long = Buffer.from('x'.repeat(random.one([200, 254, 255, 256, 4_000])))
      return Buffer.concat([long, Buffer.from('/'), name])
    }
    case 2:
      return random.bytes(1 + random.below(40))
    default:
      return name
  }
}

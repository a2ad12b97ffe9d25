import { loadSodium } from '../../src/crypto/load-sodium.ts'
import type { Sodium } from '../../src/crypto/sodium.ts'

/** Both builds of libsodium: each test here runs on either, and neither may be missing. */
export const BUILDS: readonly Sodium[] = [await loadSodium('native'), await loadSodium('wasm')]

/** Every way to seal with one build and open with one. */
export const PAIRS: readonly { sealing: Sodium; opening: Sodium; name: string }[] = BUILDS.flatMap((sealing) =>
  BUILDS.map((opening) => ({ sealing, opening, name: `sealed by ${sealing.name}, opened by ${opening.name}` })),
)

/** Encodings of the points of order 1, 2, 4 and 8 of Curve25519 and its twist, with and without the unused top bit. */
export const LOW_ORDER: readonly string[] = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
].flatMap((point) => [point, point.slice(0, 62) + (Number.parseInt(point.slice(62), 16) | 0x80).toString(16)])

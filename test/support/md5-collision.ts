/** 128 bytes of the published collision of X. Wang and H. Yu (2004). */
const ONE = Buffer.from(
  'd131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a' +
    '085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0' +
    'e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70',
  'hex',
)

/** Where the other half of it differs, by the highest bit of each byte. */
const DIFFERENCES: ReadonlySet<number> = new Set([19, 45, 59, 83, 109, 123])

/** Two files of one size and one MD5 that are not the same. */
export const MD5_COLLISION: readonly [Buffer, Buffer] = [
  ONE,
  Buffer.from(ONE.map((byte, index) => (DIFFERENCES.has(index) ? byte ^ 0x80 : byte))),
]

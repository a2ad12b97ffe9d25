import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SftError } from '../../src/errors.ts'
import { generateIdentity } from '../../src/net/identity.ts'
import { formatPeers, MAX_ADDRESSES, MAX_PEERS_BYTES, parsePeers } from '../../src/trust/peers-file.ts'
import {
  addPeer,
  blockPeer,
  findPeer,
  grantRights,
  isSamePlace,
  MAX_GRANTS,
  removePeer,
  renamePeer,
  type Grant,
  type Peer,
} from '../../src/trust/peers.ts'
import { machineNameFault } from '../../src/wire/machine-name.ts'
import { nameFault, parseRemotePath } from '../../src/wire/path.ts'
import { RIGHTS, type Right } from '../../src/wire/rights.ts'
import { refusal } from '../wire/decodes.ts'

const IDS = (await Promise.all(Array.from({ length: 6 }, generateIdentity))).map(({ peerId }) => peerId)
const [ID = '', ID2 = '', ID3 = ''] = IDS
const BYTES = Uint8Array.from({ length: 32 }, (_, index) => 255 - index * 7)
const SECRET = Buffer.from(BYTES).toString('base64url')
const LINE = `ana ${ID} list,get ${SECRET}`
const ADDRESS = '/ip4/192.0.2.1/tcp/4001'

const ana: Peer = {
  name: 'ana',
  peerId: ID,
  rights: new Set(['list', 'get']),
  grants: [],
  secret: BYTES,
  blocked: false,
  addresses: [],
  lastSeen: null,
}
const bob: Peer = { ...ana, name: 'bob', peerId: ID2 }

const base58 = Array.from('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz')
const anyName = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .filter((name) => nameFault(name) === null && !/\p{Cc}/u.test(name))
const anyPath = fc.array(anyName, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
const anyGrant: fc.Arbitrary<Grant> = fc
  .record({
    share: fc.option(anyPath.map((path) => `/${path}`)),
    path: fc.oneof(fc.constant('.'), anyPath).map(parseRemotePath),
    rights: fc.subarray([...RIGHTS]).map((rights) => new Set(rights)),
  })
  .filter(({ share, path, rights }) => (path === '.' ? share !== null : rights.size > 0))
const anyPeer = fc.record({
  name: fc.stringMatching(/^[a-zA-Zßéж日0-9._][a-zA-Zßéж日0-9._-]{0,63}$/).filter((name) => !machineNameFault(name)),
  rights: fc.option(fc.subarray([...RIGHTS]).map((rights) => new Set(rights))),
  grants: fc.uniqueArray(anyGrant, { comparator: isSamePlace, maxLength: 5 }),
  secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  blocked: fc.boolean(),
  addresses: fc.array(fc.stringMatching(/^\/[!-~]{1,80}$/), { maxLength: MAX_ADDRESSES }),
  lastSeen: fc.option(
    fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
  ),
})
const anyPeers = fc
  .uniqueArray(anyPeer, { selector: ({ name }) => name, maxLength: IDS.length })
  .map((peers) => peers.map((peer, index): Peer => ({ ...peer, peerId: IDS[index] ?? '' })))

function grantOf(share: string | null, path: string, ...rights: Right[]): Grant {
  return { share, path: parseRemotePath(path), rights: new Set(rights) }
}

/** Text made of what the file is made of, right and wrong. */
const nearlyPeers = fc
  .array(
    fc.oneof(
      { arbitrary: fc.constantFrom(LINE, `bob ${ID2} all ${SECRET} blocked`, '# note', ''), weight: 2 },
      fc
        .array(
          fc.constantFrom(
            'ana',
            'bob',
            ID,
            ID2,
            '-',
            'all',
            'list',
            SECRET,
            'blocked',
            'seen=',
            '#',
            'address=/a',
            'default',
            'grant=put:inbox',
            'grant=-:.:%2Fa',
            'grant=all:a%2Fb:%2Fa%20b',
            'grant=',
            'é',
          ),
          { maxLength: 6 },
        )
        .map((columns) => columns.join(' ')),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 6 },
  )
  .chain((lines) => fc.constantFrom('\n', '\r\n', '\r', ' ').map((end) => lines.join(end)))

/** Returns the error of parsing, having made sure that it is one a person can act on. */
function refused(text: string): SftError {
  try {
    parsePeers(text)
  } catch (error) {
    if (!(error instanceof SftError)) throw error
    expect(error.code).toBe('ERR_IDENTITY')
    expect(error.message).toMatch(/^line \d+ of the peers file: .+; correct that line$/)
    expect(error.cause).toBeUndefined()
    return error
  }
  throw new Error(`it was read: ${text}`)
}

describe('a peers file', () => {
  test('says all there is to a peer', () => {
    const text = `zoë ${ID} all ${SECRET} blocked seen=2026-01-31T12:00:00.250Z grant=list,get:a%2F%20b:%2Fsrv%2Fa%20b grant=put:inbox address=${ADDRESS} address=/dns/a/tcp/1\n`
    const peer: Peer = {
      name: 'zoë',
      peerId: ID,
      rights: new Set(RIGHTS),
      grants: [
        { share: '/srv/a b', path: parseRemotePath('a/ b'), rights: new Set(['list', 'get']) },
        { share: null, path: parseRemotePath('inbox'), rights: new Set(['put']) },
      ],
      secret: BYTES,
      blocked: true,
      addresses: [ADDRESS, '/dns/a/tcp/1'],
      lastSeen: new Date('2026-01-31T12:00:00.250Z'),
    }
    expect(parsePeers(text)).toEqual([peer])
    expect(formatPeers([peer])).toBe(text)
  })

  test('gives a peer no more than a line says', () => {
    expect(parsePeers(LINE)).toEqual([ana])
    expect(parsePeers(`ana ${ID} - ${SECRET}`)).toEqual([{ ...ana, rights: new Set() }])
    expect(parsePeers(`ana ${ID} default ${SECRET}`)).toEqual([{ ...ana, rights: null }])
  })

  test.each(['', '\n', '# nobody\n', '  # nobody', '\r\n# a\r\n'])('may hold no peers: %j', (text) => {
    expect(parsePeers(text)).toEqual([])
  })

  test.each([
    ['spaces', `  ana   ${ID}  list,get ${SECRET}  \n`],
    ['the line ends of Windows', `# a\r\n${LINE}\r\n`],
    ['rights in any order', `ana ${ID} get,list,get ${SECRET}`],
  ])('may have %s', (_what, text) => {
    expect(parsePeers(text)).toEqual([ana])
  })

  test.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00.000Z'],
    ['2024-02-29T00:00:00.123456Z', '2024-02-29T00:00:00.123Z'],
  ])('takes the time %s', (text, time) => {
    expect(parsePeers(`${LINE} seen=${text}`)[0]?.lastSeen?.toISOString()).toBe(time)
  })

  test('takes what is optional in any order, and every spelling of rights as it was granted', () => {
    expect(parsePeers(`${LINE} address=/b address=/a seen=2026-01-31T12:00:00Z blocked`)).toMatchObject([
      { blocked: true, addresses: ['/b', '/a'] },
    ])
    for (const right of RIGHTS) {
      expect(parsePeers(`ana ${ID} ${right} ${SECRET}`)[0]?.rights).toEqual(new Set([right]))
    }
  })

  test('returns what was formatted', () => {
    fc.assert(
      fc.property(anyPeers, (peers) => {
        expect(parsePeers(formatPeers(peers))).toEqual(peers)
      }),
    )
  })

  test('is read or refused whatever is in it, and is the same when saved once more', () => {
    let read = 0
    fc.assert(
      fc.property(fc.oneof(nearlyPeers, fc.string({ unit: 'binary' })), (text) => {
        let peers
        try {
          peers = parsePeers(text)
        } catch (error) {
          expect(error).toBeInstanceOf(SftError)
          expect(String(error)).not.toContain(SECRET)
          return
        }
        read += 1
        const saved = formatPeers(peers)
        expect(parsePeers(saved)).toEqual(peers)
        expect(formatPeers(parsePeers(saved))).toBe(saved)
        const kept = formatPeers(peers, text)
        expect(parsePeers(kept)).toEqual(peers)
        expect(formatPeers(parsePeers(kept), kept)).toBe(kept)
        const comments = (lines: string): string[] => lines.split(/\r?\n/).filter((line) => line.includes('#'))
        expect(comments(kept)).toEqual(comments(text))
      }),
      { numRuns: 2_000 },
    )
    expect(read).toBeGreaterThan(50)
  })
})

describe('A13: a line that is not right is not skipped', () => {
  test.each([
    ['too few columns', 'ana', /four columns/],
    ['too few columns', `ana ${ID} all`, /four columns/],
    ['no peer ID', `ana ${SECRET} all ${SECRET}`, /peer ID is none/],
    ['a peer ID cut short', `ana ${ID.slice(0, -1)} all ${SECRET}`, /peer ID is none/],
    ['a peer ID too long', `ana ${ID}1 all ${SECRET}`, /peer ID is none/],
    ['a peer ID that holds more than a key', `ana 12D3KooW${'z'.repeat(44)} all ${SECRET}`, /peer ID is none/],
    ['the peer ID of an RSA key', `ana Qm${'a'.repeat(44)} all ${SECRET}`, /peer ID is none/],
    ['an unknown right', `ana ${ID} list,read ${SECRET}`, /rights are not/],
    ['"all" among rights', `ana ${ID} all,list ${SECRET}`, /rights are not/],
    ['an empty right', `ana ${ID} list, ${SECRET}`, /rights are not/],
    ['a right in capitals', `ana ${ID} LIST ${SECRET}`, /rights are not/],
    ['an inherited property as a right', `ana ${ID} constructor ${SECRET}`, /rights are not/],
    ['a secret of 31 bytes', `ana ${ID} all ${Buffer.alloc(31).toString('base64url')}`, /not 32 bytes/],
    ['a secret of 33 bytes', `ana ${ID} all ${Buffer.alloc(33).toString('base64url')}`, /not 32 bytes/],
    ['a padded secret', `ana ${ID} all ${SECRET}=`, /not 32 bytes/],
    ['a secret in base64', `ana ${ID} all ${Buffer.alloc(32, 0xff).toString('base64').slice(0, 43)}`, /not 32 bytes/],
    ['another spelling of a secret', `ana ${ID} all ${'A'.repeat(42)}B`, /not 32 bytes/],
    ['an unknown key', `${LINE} allow=all`, /more behind the secret/],
    ['an unknown word', `${LINE} block`, /more behind the secret/],
    ['a value of "blocked"', `${LINE} blocked=no`, /more behind the secret/],
    ['"blocked" in capitals', `${LINE} Blocked`, /more behind the secret/],
    ['a second secret', `${LINE} ${SECRET}`, /more behind the secret/],
    ['"__proto__"', `${LINE} __proto__=1`, /more behind the secret/],
    ['a comment behind a peer', `${LINE} # blocked`, /line of its own/],
    ['"blocked" twice', `${LINE} blocked blocked`, /there twice/],
    ['"seen" twice', `${LINE} seen=2026-01-31T12:00:00Z seen=2026-01-31T12:00:00Z`, /there twice/],
    ['no time', `${LINE} seen=`, /not a time/],
    ['a day that is none', `${LINE} seen=2026-02-30T12:00:00Z`, /not a time/],
    ['a month that is none', `${LINE} seen=2026-13-01T12:00:00Z`, /not a time/],
    ['an hour that is none', `${LINE} seen=2026-01-01T25:00:00Z`, /not a time/],
    ['a time without a zone', `${LINE} seen=2026-01-31T12:00:00`, /not a time/],
    ['a time before the year 0', `${LINE} seen=0000-01-01T00:00:00+01:00`, /not a time/],
    ['a time after the year 9999', `${LINE} seen=9999-12-31T23:59:59-01:00`, /not a time/],
    ['no address', `${LINE} address=`, /no multiaddr/],
    ['an address that is no multiaddr', `${LINE} address=192.0.2.1`, /no multiaddr/],
    ['an address beyond ASCII', `${LINE} address=/dns/é/tcp/1`, /no multiaddr/],
    ['an address without end', `${LINE} address=/${'a'.repeat(512)}`, /no multiaddr/],
    ['nine addresses', `${LINE}${' address=/a'.repeat(9)}`, /more than 8 addresses/],
    ['a grant of default', `${LINE} grant=default:a`, /not RIGHTS:PATH/],
    ['a grant of no right there is', `${LINE} grant=read:a`, /not RIGHTS:PATH/],
    ['a grant without rights', `${LINE} grant=:a`, /not RIGHTS:PATH/],
    ['a grant without a path', `${LINE} grant=put`, /not RIGHTS:PATH/],
    ['a grant with an empty path', `${LINE} grant=put:`, /not RIGHTS:PATH/],
    ['an empty grant', `${LINE} grant=`, /not RIGHTS:PATH/],
    ['a grant for an empty share', `${LINE} grant=put:a:`, /no absolute path/],
    ['a grant with more behind it', `${LINE} grant=put:a:%2Fb:c`, /not RIGHTS:PATH/],
    ['a grant whose path leaves the share', `${LINE} grant=put:..`, /not RIGHTS:PATH/],
    ['a grant whose path leaves the share, escaped', `${LINE} grant=put:a%2F..%2Fb`, /not RIGHTS:PATH/],
    ['a grant for an absolute path', `${LINE} grant=put:%2Fa`, /not RIGHTS:PATH/],
    ['a grant whose path ends in a separator', `${LINE} grant=put:a%2F`, /not RIGHTS:PATH/],
    ['a grant with another spelling of a path', `${LINE} grant=put:a/b`, /not RIGHTS:PATH/],
    ['a grant with lower-case escapes', `${LINE} grant=put:a%2fb`, /not RIGHTS:PATH/],
    ['a grant with an escape that is not needed', `${LINE} grant=put:%61`, /not RIGHTS:PATH/],
    ['a grant with letters that need an escape', `${LINE} grant=put:é`, /not RIGHTS:PATH/],
    ['a grant that is not UTF-8', `${LINE} grant=put:%FF`, /not RIGHTS:PATH/],
    ['a grant with half an escape', `${LINE} grant=put:a%2`, /not RIGHTS:PATH/],
    ['a grant with a NUL', `${LINE} grant=put:a%00`, /not RIGHTS:PATH/],
    ['a grant with a line end in its path', `${LINE} grant=put:a%0Ab`, /path of a grant has a control/],
    ['a grant with a control character of C1', `${LINE} grant=put:a%C2%85`, /path of a grant has a control/],
    ['a grant with a line end in its share', `${LINE} grant=put:a:%2Fa%0Ab`, /folder of a grant has a control/],
    ['a grant for a relative share', `${LINE} grant=put:a:b`, /no absolute path/],
    ['a grant for a share beyond ".."', `${LINE} grant=put:a:%2Fa%2F..%2Fb`, /canonical/],
    ['a grant for a share below "."', `${LINE} grant=put:a:%2F.%2Fb`, /canonical/],
    ['a grant for a share with a separator too many', `${LINE} grant=put:a:%2Fa%2F`, /canonical/],
    ['a grant for a share of Windows beyond ".."', `${LINE} grant=put:a:C%3A%5Ca%5C..%5Cb`, /canonical/],
    ['a grant for half a path of Windows', `${LINE} grant=put:a:C%3Aa`, /no absolute path/],
    ['a grant for a share without end', `${LINE} grant=put:a:%2F${'a'.repeat(4096)}`, /too long/],
    ['a grant for the root of every share', `${LINE} grant=put:.`, /column of rights/],
    ['a grant of nothing below the root', `${LINE} grant=-:a`, /gives nothing/],
    ['a grant of nothing below the root of a share', `${LINE} grant=-:a:%2Fb`, /gives nothing/],
    ['two grants for one place', `${LINE} grant=put:a grant=get:a`, /two grants for one place/],
    ['two grants for one place of a share', `${LINE} grant=put:a:%2Fb grant=put:a:%2Fb`, /two grants for one place/],
    [
      '65 grants',
      `${LINE}${Array.from({ length: 65 }, (_, at) => ` grant=put:${at}`).join('')}`,
      /more than 64 grants/,
    ],
    ['a grant in capitals', `${LINE} Grant=put:a`, /more behind the secret/],
    ['rights in capitals', LINE.replace('list,get', 'DEFAULT'), /rights are not/],
    ['default rights and more', LINE.replace('list,get', 'default,get'), /rights are not/],
    ['a tab between columns', LINE.replaceAll(' ', '\t'), /U\+0009/],
    ['a NUL', `${LINE}\0`, /U\+0000/],
    ['a mark for the byte order', `\uFEFF${LINE}`, /U\+FEFF/],
    ['half of a character', `${LINE} address=/\uD800`, /U\+D800/],
    ['a line end of old', `# note\r${LINE}`, /U\+000D/],
    ['a line end to the eye', `# note\u2028${LINE}`, /U\+2028/],
    ['another direction in a comment', `# \u202E${LINE}`, /U\+202E/],
    ['a space of another kind', LINE.replace(' ', '\u00A0'), /four columns/],
  ])('%s', (_what, line, why) => {
    const { message } = refused(`# first\n\nbob ${ID2} all ${Buffer.alloc(32, 1).toString('base64url')}\n${line}\n`)
    expect(message).toMatch(/^line 4 /)
    expect(message).toMatch(why)
    expect(message).not.toContain(SECRET)
  })

  test('two peers of one name or one ID', () => {
    expect(refused(`${LINE}\n#\n${LINE.replace(ID, ID2)}`).message).toMatch(/^line 3 .*the name is that of line 1;/)
    expect(refused(`${LINE}\n${LINE.replace('ana', 'bob')}`).message).toMatch(/^line 2 .*peer ID is that of line 1;/)
  })

  test('more than 1 MiB, and not a byte less', () => {
    const comment = (bytes: number): string => `${LINE}\n#${'é'.repeat(Math.floor((bytes - LINE.length - 2) / 2))}`
    const largest = `${comment(MAX_PEERS_BYTES)}${'.'.repeat(MAX_PEERS_BYTES - Buffer.byteLength(comment(MAX_PEERS_BYTES)))}`
    expect(Buffer.byteLength(largest)).toBe(MAX_PEERS_BYTES)
    expect(parsePeers(largest)).toEqual([ana])
    expect(refusal(() => parsePeers(`${largest}.`))).toBe('ERR_IDENTITY')
    expect(() => parsePeers(`${largest}.`)).toThrow(/over 1048576 bytes; remove/)
    expect(refusal(() => parsePeers('a'.repeat(MAX_PEERS_BYTES + 1)))).toBe('ERR_IDENTITY')
  })

  test('no error shows any part of a secret, wherever in the line it stands', () => {
    const columns = ['ana', ID, 'list,get', SECRET, 'blocked', `address=${ADDRESS}`]
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom(...columns),
            fc.nat(40).map((start) => SECRET.slice(start)),
          ),
          {
            maxLength: 7,
          },
        ),
        fc.constantFrom(' ', '  ', '\t', ''),
        (line, space) => {
          try {
            parsePeers(line.join(space))
          } catch (error) {
            const { message, stack, cause } = error as SftError
            for (let start = 0; start <= SECRET.length - 6; start += 1) {
              expect(message).not.toContain(SECRET.slice(start, start + 6))
            }
            expect(stack).not.toContain(SECRET)
            expect(cause).toBeUndefined()
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe('N14: a name', () => {
  test.each(['a', '1', '_', '.', 'ana-2', 'Ana_B.local', 'zoë', 'жанна', '日本', '٣', 'Qmail', 'a'.repeat(64)])(
    'can be %j',
    (name) => {
      expect(machineNameFault(name)).toBeNull()
      expect(parsePeers(LINE.replace('ana', name))).toEqual([{ ...ana, name }])
    },
  )

  test('has as many characters as a person counts', () => {
    expect(machineNameFault('𠀀'.repeat(64))).toBeNull()
    expect(machineNameFault('𠀀'.repeat(65))).not.toBeNull()
  })

  const BAD = [
    ['', /1 to 64/],
    ['a'.repeat(65), /1 to 64/],
    ['a b', /1 to 64/],
    ['a\nb', /1 to 64/],
    ['a\n', /1 to 64/],
    ['a\u001b[2J', /1 to 64/],
    ['a/b', /1 to 64/],
    ['a:b', /1 to 64/],
    ['a@b', /1 to 64/],
    ['#a', /1 to 64/],
    ['a=b', /1 to 64/],
    ['a\u200B', /1 to 64/],
    ['\u202Eana', /1 to 64/],
    ['\uD800', /1 to 64/],
    ['🦊', /1 to 64/],
    ['\u3164', /invisible/], // a letter that shows nothing
    ['a\u115F', /invisible/],
    ['-rf', /option/],
    ['-', /option/],
    ['\u212B', /NFC/], // the sign for ångström, another spelling of the letter
    ['zoe\u0308', /1 to 64/],
    [ID, /like a peer ID/],
    [ID.toLowerCase(), /like a peer ID/],
    [ID.slice(0, 20), /like a peer ID/],
    [`Qm${'a'.repeat(44)}`, /like a peer ID/],
    [`k51${'a'.repeat(59)}`, /like a peer ID/],
  ] as const

  test.each(BAD)('cannot be %j', (name, why) => {
    expect(machineNameFault(name)).toMatch(why)
    expect(refusal(() => addPeer([], { ...ana, name }))).toBe('ERR_USAGE')
    expect(refusal(() => renamePeer([ana], 'ana', name))).toBe('ERR_USAGE')
    expect(refusal(() => formatPeers([{ ...ana, name }]))).toBe('ERR_IDENTITY')
    expect(() => parsePeers(`${name} ${ID} all ${SECRET}`)).toSatisfy((call: () => Peer[]) => {
      if (name === '#a') return call().length === 0
      return refusal(call) === 'ERR_IDENTITY'
    })
  })
})

describe('saving', () => {
  const before = `# our laptops\n\n  # Ana's\n${LINE}\n# Bob's, lent\nbob   ${ID2}  all ${SECRET} blocked\n# end`

  test('keeps comments and places', () => {
    const peers = addPeer(blockPeer(parsePeers(before), 'ana', true), { ...ana, name: 'cy', peerId: ID3 })
    expect(formatPeers(peers, before)).toBe(
      [
        '# our laptops',
        '',
        "  # Ana's",
        `${LINE} blocked`,
        "# Bob's, lent",
        `bob ${ID2} all ${SECRET} blocked`,
        '# end',
        `cy ${ID3} list,get ${SECRET}`,
        '',
      ].join('\n'),
    )
  })

  test('follows a peer through another name, and drops the line of one that is gone', () => {
    const peers = removePeer(renamePeer(parsePeers(before), 'ana', 'anna'), ID2)
    expect(formatPeers(peers, before)).toBe(
      `# our laptops\n\n  # Ana's\n${LINE.replace('ana', 'anna')}\n# Bob's, lent\n# end\n`,
    )
  })

  test('two that swap their names', () => {
    const text = formatPeers([ana, bob])
    const swapped = [
      { ...ana, name: 'bob' },
      { ...bob, name: 'ana' },
    ]
    expect(parsePeers(formatPeers(swapped, text))).toEqual(swapped)
  })

  test('never replaces a file that cannot be read', () => {
    expect(refusal(() => formatPeers([ana], `${LINE} block`))).toBe('ERR_IDENTITY')
  })

  test('nobody is an empty file', () => {
    expect(formatPeers([])).toBe('')
  })

  test.each<[string, Partial<Peer>]>([
    ['a peer ID that is none', { peerId: 'ana' }],
    ['another peer in an address', { addresses: [`/a\nmallory ${ID2} all ${SECRET}`] }],
    ['a word in an address', { addresses: ['/a blocked'] }],
    ['an empty address', { addresses: [''] }],
    ['nine addresses', { addresses: Array<string>(9).fill('/a') }],
    ['rights at the root twice', { grants: [grantOf(null, '.', 'put')] }],
    ['two grants for one place', { grants: [grantOf(null, 'a', 'put'), grantOf(null, 'a', 'get')] }],
    ['a grant of nothing', { grants: [grantOf(null, 'a')] }],
    ['a line end in a share', { grants: [grantOf('/a\nb', 'a', 'put')] }],
    ['half of a character in a share', { grants: [grantOf('/\uD800', 'a', 'put')] }],
    ['a line end in a path', { grants: [grantOf(null, 'a\nb', 'put')] }],
    ['65 grants', { grants: Array.from({ length: 65 }, (_, at) => grantOf(null, String(at), 'put')) }],
    ['a short secret', { secret: BYTES.subarray(1) }],
    ['no time', { lastSeen: new Date(Number.NaN) }],
    ['a far time', { lastSeen: new Date(8.64e15) }],
    ['a time before Christ', { lastSeen: new Date(-8.64e15) }],
  ])('writes nothing it could not read: %s', (_what, wrong) => {
    const peer = { ...ana, ...wrong }
    expect(refusal(() => formatPeers([bob, peer]))).toBe('ERR_IDENTITY')
    expect(() => formatPeers([bob, peer])).not.toThrow(SECRET)
  })

  test('nor two peers of one name or ID, nor more than 1 MiB', () => {
    expect(refusal(() => formatPeers([ana, { ...bob, name: 'ana' }]))).toBe('ERR_IDENTITY')
    expect(refusal(() => formatPeers([ana, { ...bob, peerId: ID }]))).toBe('ERR_IDENTITY')
    expect(refusal(() => formatPeers([ana], `#${'a'.repeat(MAX_PEERS_BYTES - 1)}`))).toBe('ERR_IDENTITY')
  })
})

describe('changing the peers', () => {
  const peers = [ana, bob]

  test('finds one by name, however its accents are typed, and by peer ID', () => {
    const zoe = { ...ana, name: 'zoë' }
    expect(findPeer([bob, zoe], 'zoe\u0308')).toBe(zoe)
    expect(findPeer([bob, zoe], ID)).toBe(zoe)
    for (const text of ['', 'Zoë', 'zo', ID.toLowerCase(), ID3, '__proto__'])
      expect(findPeer([bob, zoe], text)).toBeNull()
  })

  test('adds one under a name of its own', () => {
    expect(addPeer([], ana)).toEqual([ana])
    const two = addPeer(peers, { ...ana, peerId: ID3 })
    expect(two.map(({ name }) => name)).toEqual(['ana', 'bob', 'ana-2'])
    expect(addPeer(two, { ...ana, peerId: IDS[3] ?? '' }).map(({ name }) => name)).toContain('ana-3')
    const long = { ...ana, name: '𠀀'.repeat(64) }
    const [, other] = addPeer([long], { ...long, peerId: ID2 })
    expect(other?.name).toBe(`${'𠀀'.repeat(62)}-2`)
    expect(parsePeers(formatPeers([long, other ?? long]))).toHaveLength(2)
  })

  test('adds no peer twice, so that pairing again lifts no block', () => {
    expect(refusal(() => addPeer(peers, { ...ana, name: 'another' }))).toBe('ERR_EXISTS')
  })

  test('renames one', () => {
    expect(renamePeer(peers, ID, 'anna')).toEqual([{ ...ana, name: 'anna' }, bob])
    expect(renamePeer(peers, 'ana', 'ana')).toEqual(peers)
    expect(refusal(() => renamePeer(peers, 'ana', 'bob'))).toBe('ERR_EXISTS')
  })

  test('removes one, grants it rights, keeps it out and lets it in', () => {
    expect(removePeer(peers, 'ana')).toEqual([bob])
    expect(grantRights(peers, 'bob', new Set(['put']))).toEqual([ana, { ...bob, rights: new Set(['put']) }])
    const blocked = blockPeer(peers, ID2, true)
    expect(blocked).toEqual([ana, { ...bob, blocked: true }])
    expect(blockPeer(blocked, 'bob', false)).toEqual(peers)
  })

  test('grants a place, and takes the rule of just that place away', () => {
    const inbox = { share: null, path: parseRemotePath('inbox') }
    const photos = { share: '/srv/photos', path: parseRemotePath('inbox') }
    const root = { share: '/srv/photos', path: parseRemotePath('.') }
    const everywhere = { share: null, path: parseRemotePath('.') }
    let now = grantRights(peers, 'bob', new Set(['put']), inbox)
    now = grantRights(now, 'bob', new Set(['get']), photos)
    now = grantRights(now, 'bob', new Set(), root)
    now = grantRights(now, 'bob', new Set(['mkdir']), inbox)
    expect(now[0]).toBe(ana)
    expect(now[1]).toEqual({
      ...bob,
      grants: [grantOf('/srv/photos', 'inbox', 'get'), grantOf('/srv/photos', '.'), grantOf(null, 'inbox', 'mkdir')],
    })
    expect(parsePeers(formatPeers(now))).toEqual(now)
    now = grantRights(now, 'bob', null, root)
    expect(now[1]?.grants).toEqual([grantOf('/srv/photos', 'inbox', 'get'), grantOf(null, 'inbox', 'mkdir')])
    expect(grantRights(now, 'bob', new Set(), inbox)[1]?.grants).toEqual([grantOf('/srv/photos', 'inbox', 'get')])
    now = grantRights(now, 'bob', new Set(['delete']), everywhere)
    expect(now[1]?.rights).toEqual(new Set(['delete']))
    expect(now[1]?.grants).toHaveLength(2)
    expect(grantRights(now, 'bob', null)[1]).toEqual({ ...bob, rights: null })
    expect(grantRights(now, 'bob', null, everywhere)).toEqual(grantRights(now, 'bob', null))
  })

  test.each([
    'photos',
    './photos',
    '/srv/../etc',
    '/srv//photos',
    '/srv/photos/',
    '/a\nb',
    '',
    'C:photos',
    'C:\\a\\..',
  ])('grants nothing in a share called %j', (share) => {
    const where = { share, path: parseRemotePath('inbox') }
    expect(refusal(() => grantRights(peers, 'bob', new Set(['put']), where))).toBe('ERR_USAGE')
  })

  test.each(['/', '/srv/photos', '/srv/ph: o=t,o%2Fs', 'C:\\', 'C:\\My photos', '\\\\server\\photos'])(
    'grants in a share called %j, which is read back',
    (share) => {
      const granted = grantRights(peers, 'bob', new Set(['put']), { share, path: parseRemotePath('in:box') })
      expect(parsePeers(formatPeers(granted))[1]?.grants).toEqual([grantOf(share, 'in:box', 'put')])
    },
  )

  test('keeps 64 grants of a peer and no more', () => {
    const at = (number: number) => ({ share: null, path: parseRemotePath(String(number)) })
    let now: Peer[] = [ana]
    for (let number = 0; number < MAX_GRANTS; number += 1) now = grantRights(now, 'ana', new Set(['put']), at(number))
    expect(parsePeers(formatPeers(now))).toEqual(now)
    expect(refusal(() => grantRights(now, 'ana', new Set(['put']), at(MAX_GRANTS)))).toBe('ERR_USAGE')
    expect(grantRights(now, 'ana', new Set(['get']), at(7))[0]?.grants).toHaveLength(MAX_GRANTS)
    expect(grantRights(now, 'ana', null, at(7))[0]?.grants).toHaveLength(MAX_GRANTS - 1)
  })

  test('changes none that is not there', () => {
    for (const change of [
      () => renamePeer(peers, 'cy', 'dan'),
      () => removePeer(peers, 'cy'),
      () => grantRights(peers, 'cy', new Set()),
      () => blockPeer(peers, 'cy', true),
    ]) {
      expect(refusal(change)).toBe('ERR_UNKNOWN_PEER')
    }
  })

  test('changes nothing in place', () => {
    const frozen = Object.freeze([Object.freeze(ana), Object.freeze(bob)])
    const granted = new Set(['get'] as const)
    const [changed] = grantRights(frozen, 'ana', granted)
    granted.clear()
    expect(changed?.rights).toEqual(new Set(['get']))
    removePeer(blockPeer(renamePeer(frozen, 'ana', 'anna'), 'bob', true), 'bob')
    expect(frozen).toEqual([ana, bob])
  })

  test('takes only Ed25519 peer IDs, as base58 of 38 bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...base58), { minLength: 44, maxLength: 44 }), (digits) => {
        const peerId = `12D3KooW${digits.join('')}`
        const line = LINE.replace(ID, peerId)
        const read = ((): boolean => {
          try {
            return parsePeers(line).length === 1
          } catch {
            return false
          }
        })()
        expect(read).toBe(holdsOneKey(peerId))
      }),
    )
  })
})

/** Tells the same of a peer ID another way: by the bytes, one by one. */
function holdsOneKey(peerId: string): boolean {
  const bytes: number[] = []
  for (const digit of peerId) {
    let carry = base58.indexOf(digit)
    for (let index = 0; index < bytes.length || carry > 0; index += 1) {
      carry += (bytes[index] ?? 0) * 58
      bytes[index] = carry & 0xff
      carry >>= 8
    }
  }
  return Buffer.from(bytes.toReversed()).subarray(0, -32).toString('hex') === '2408011220'
}

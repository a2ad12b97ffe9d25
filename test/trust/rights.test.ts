import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Grant, Peer } from '../../src/trust/peers.ts'
import { rightsAt, rightsWithin, withdrawnRights, type Offer } from '../../src/trust/rights.ts'
import { parseRemotePath, ROOT, type RemotePath } from '../../src/wire/path.ts'
import { RIGHTS, type Right } from '../../src/wire/rights.ts'

const path = parseRemotePath

const offer: Offer = { root: '/srv/photos', ceiling: new Set(RIGHTS), standard: new Set(['list', 'get']) }

function peerWith(rights: readonly Right[] | null, ...grants: Grant[]): Peer {
  return {
    name: 'bob',
    peerId: '12D3KooWBmwkafWE2fqfzS96VoTZgpGp6aJsF4N3vCRcUaK5U6sU',
    rights: rights && new Set(rights),
    grants,
    secret: new Uint8Array(32),
    blocked: false,
    addresses: [],
    lastSeen: null,
  }
}

function grantOf(share: string | null, where: string, ...rights: Right[]): Grant {
  return { share, path: path(where), rights: new Set(rights) }
}

/** The rights of a peer at a path of the share, in order. */
function at(peer: Peer | null, where = '.', of: Offer = offer): Right[] {
  return [...rightsAt(peer, of, path(where))]
}

describe('A01: a peer has', () => {
  test('what the share gives everybody, unless it has rights of its own', () => {
    expect(at(null)).toEqual(['list', 'get'])
    expect(at(peerWith(null))).toEqual(['list', 'get'])
    expect(at(peerWith([]))).toEqual([])
    expect(at(peerWith(['put']))).toEqual(['put'])
  })

  test('never more than the share offers at most, by whatever it was granted', () => {
    const dropbox: Offer = { ...offer, ceiling: new Set(['put', 'mkdir']), standard: new Set(['put', 'mkdir', 'get']) }
    expect(at(null, '.', dropbox)).toEqual(['put', 'mkdir'])
    expect(at(peerWith([...RIGHTS]), '.', dropbox)).toEqual(['put', 'mkdir'])
    expect(at(peerWith([], grantOf(null, 'a', ...RIGHTS)), 'a', dropbox)).toEqual(['put', 'mkdir'])
    expect(at(peerWith(null, grantOf('/srv/photos', '.', ...RIGHTS)), '.', dropbox)).toEqual(['put', 'mkdir'])
  })

  test('nothing at all while it is blocked', () => {
    const blocked = { ...peerWith([...RIGHTS], grantOf(null, 'a', ...RIGHTS)), blocked: true }
    for (const where of ['.', 'a', 'a/b']) expect(at(blocked, where)).toEqual([])
    expect([...rightsWithin(blocked, offer, ROOT)]).toEqual([])
  })

  test('the rights for one share in place of those for every share, also where they are none', () => {
    const peer = peerWith(['delete'], grantOf('/srv/photos', '.', 'put'), grantOf(null, 'a', 'get'))
    expect(at(peer)).toEqual(['put'])
    expect(at(peer, 'a')).toEqual(['get', 'put'])
    expect(at(peer, '.', { ...offer, root: '/srv/music' })).toEqual(['delete'])
    expect(at(peerWith(['delete'], grantOf('/srv/photos', '.')), 'a')).toEqual([])
    expect(at(peerWith(null, grantOf('/srv/photos', '.')), 'a')).toEqual([])
  })

  test('what a grant for the root of every share adds, which no peers file holds', () => {
    expect(at(peerWith(['get'], grantOf(null, '.', 'put')))).toEqual(['get', 'put'])
    expect(at(peerWith(null, grantOf(null, '.', 'put')), 'a')).toEqual(['list', 'get', 'put'])
  })

  test.each(['/srv/photos2', '/srv/photo', '/srv/photos/inner', '/srv', '/SRV/photos', '/'])(
    'nothing of a grant in another share, %s',
    (root) => {
      const peer = peerWith([], grantOf('/srv/photos', 'a', 'put'), grantOf('/srv/photos', '.', 'get'))
      expect(at(peer, 'a', { ...offer, root })).toEqual([])
    },
  )

  test.each([
    ['inbox', ['put']],
    ['inbox/a', ['put']],
    ['inbox/a/b', ['put', 'mkdir']],
    ['inbox/a/b/c', ['put', 'mkdir']],
    ['.', []],
    ['inbox2', []],
    ['inbo', []],
    ['Inbox', []],
    ['inbox ', []],
    ['inbox.', []],
    ['a/inbox', []],
    ['inbox\u200B', []],
    ['i\u0307nbox', []],
  ] as const)('at %s: %j', (where, rights) => {
    const peer = peerWith([], grantOf(null, 'inbox', 'put'), grantOf('/srv/photos', 'inbox/a/b', 'mkdir'))
    expect(at(peer, where)).toEqual(rights)
  })

  test('a grant for one spelling of a name, and for no other', () => {
    for (const [granted, other] of [
      ['zoë', 'zoe\u0308'],
      ['ﬁ', 'fi'],
      ['K', '\u212A'],
      ['..a', 'a'],
    ] as const) {
      expect(at(peerWith([], grantOf(null, granted, 'put')), granted)).toEqual(['put'])
      expect(at(peerWith([], grantOf(null, granted, 'put')), other)).toEqual([])
      expect(at(peerWith([], grantOf(null, other, 'put')), granted)).toEqual([])
    }
  })
})

const name = fc.constantFrom('a', 'A', 'b', 'ab', 'é', 'e\u0301', '日')
const anyPath: fc.Arbitrary<RemotePath> = fc.oneof(
  fc.constant(ROOT),
  fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => path(names.join('/'))),
)
const anyRights = fc.subarray([...RIGHTS]).map((rights) => new Set(rights))
const anyGrant = fc.record({ share: fc.constantFrom(null, '/srv/photos', '/srv'), path: anyPath, rights: anyRights })
const anyOffer = fc.record({ root: fc.constant('/srv/photos'), ceiling: anyRights, standard: anyRights })
const anyPeer = fc.record({
  rights: fc.option(anyRights),
  grants: fc.array(anyGrant, { maxLength: 6 }).map((grants) => new Map(grants.map((g) => [`${g.share}:${g.path}`, g]))),
})
const anyCase = fc.tuple(anyPeer, anyOffer, anyPath, name).map(([{ rights, grants }, of, where, inner]) => ({
  peer: {
    ...peerWith([]),
    rights,
    grants: [...grants.values()].filter(({ share, path }) => share !== null || path !== ROOT),
  },
  of,
  where,
  below: path(where === ROOT ? inner : `${where}/${inner}`),
}))

describe('A01: whatever is granted, rights', () => {
  test('are those of the rule in the docs', () => {
    fc.assert(
      fc.property(anyCase, ({ peer, of, where }) => {
        const own = peer.grants.find(({ share, path }) => share === of.root && path === ROOT)
        const base = own?.rights ?? peer.rights ?? of.standard
        const expected = RIGHTS.filter((right) => {
          const above = peer.grants.filter(({ share, path, rights }) => {
            const prefix = path === ROOT ? [] : path.split('/')
            const names = where === ROOT ? [] : where.split('/')
            return (share === null || share === of.root) && prefix.every((n, i) => n === names[i]) && rights.has(right)
          })
          return of.ceiling.has(right) && (base.has(right) || above.length > 0)
        })
        expect([...rightsAt(peer, of, where)]).toEqual(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  test('only grow on the way down, and are at most what may be within', () => {
    fc.assert(
      fc.property(anyCase, ({ peer, of, where, below }) => {
        const inner = rightsAt(peer, of, below)
        for (const right of rightsAt(peer, of, where)) expect(inner.has(right)).toBe(true)
        for (const outer of [ROOT, where, below]) {
          const within = rightsWithin(peer, of, outer)
          for (const right of inner) expect(within.has(right)).toBe(true)
          for (const right of within) expect(of.ceiling.has(right)).toBe(true)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('of other grants of a peer are not lost by one more', () => {
    fc.assert(
      fc.property(anyCase, anyGrant, ({ peer, of, where }, grant) => {
        fc.pre(grant.path !== ROOT)
        const more = rightsAt({ ...peer, grants: [...peer.grants, grant] }, of, where)
        for (const right of rightsAt(peer, of, where)) expect(more.has(right)).toBe(true)
      }),
    )
  })
})

describe('A09: within a path there may be', () => {
  test.each([
    ['.', ['put']],
    ['a', ['put']],
    ['a/b', ['put']],
    ['a/b/c', ['put']],
    ['A/B', ['put']],
    ['A', ['put']],
    ['Ａ', ['put']],
    ['a/bc', []],
    ['b', []],
    ['a/b2', []],
  ] as const)('what a grant for a/b gives: %s %j', (where, rights) => {
    expect([...rightsWithin(peerWith([], grantOf(null, 'a/b', 'put')), offer, path(where))]).toEqual(rights)
  })

  test('no more than the share offers, and nothing of another share', () => {
    expect([...rightsWithin(peerWith([], grantOf('/srv', 'a', 'put')), offer, ROOT)]).toEqual([])
    const readOnly = { ...offer, ceiling: new Set<Right>(['get']) }
    expect([...rightsWithin(peerWith([], grantOf(null, 'a', 'put', 'get')), readOnly, ROOT)]).toEqual(['get'])
    expect([...rightsWithin(null, offer, path('a'))]).toEqual(['list', 'get'])
  })
})

describe('what a peer has lost is', () => {
  test('what it had at a place and has no more, wherever it came from', () => {
    const before = peerWith(['list', 'get', 'put'], grantOf(null, 'a', 'delete'), grantOf('/srv', 'b', 'mkdir'))
    expect(withdrawnRights(before, before, offer)).toEqual([])
    expect(withdrawnRights(before, peerWith(['get', 'rename']), offer)).toEqual([
      { path: '.', rights: ['list', 'put'] },
      { path: 'a', rights: ['list', 'put', 'delete'] },
    ])
    expect(withdrawnRights(before, null, offer)).toEqual([
      { path: '.', rights: ['put'] },
      { path: 'a', rights: ['put', 'delete'] },
    ])
  })

  test('nothing that the share did not offer, and nothing that is gained', () => {
    const readOnly = { ...offer, ceiling: new Set<Right>(['get']) }
    expect(withdrawnRights(peerWith(['get', 'put']), peerWith(['get']), readOnly)).toEqual([])
    expect(withdrawnRights(peerWith(['get']), peerWith(['get', 'put']), offer)).toEqual([])
    expect(withdrawnRights({ ...peerWith(['get']), blocked: true }, peerWith([]), offer)).toEqual([])
  })
})

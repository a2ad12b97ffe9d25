import {
  blockPeer,
  choosePeer,
  PeerStore,
  reachable,
  removePeer,
  renamePeer,
  shortId,
  RIGHTS,
  SftError,
  type Peer,
  type Right,
} from '../../index.ts'
import { escapeText } from '../escape.ts'
import { Output, type Manner } from '../output.ts'
import { fill, textWidth } from '../width.ts'

export interface PeersOptions extends Manner {
  readonly json?: boolean
}

export interface ListOptions extends PeersOptions {
  readonly discovery?: boolean
  readonly lanOnly?: boolean
}

/** Whether each peer answers, by peer ID; `null` or absent where that is not known. */
type Presence = ReadonlyMap<string, boolean | null>

/** `sft peers`: lists the machines this one has paired with, and which of them are there now. */
export async function peers(options: ListOptions): Promise<number> {
  return withStore(options, async (store, output) => {
    const known = (await store.read()).toSorted((a, b) => collator.compare(a.name, b.name))
    const { discovery = true, lanOnly = false } = options
    const presence = await findPresence(known, { discovery, lanOnly })
    for (const peer of known) {
      output.object('peer', { ...describe(peer), reachable: presence.get(peer.peerId) ?? null })
    }
    if (known.length === 0) output.talk('No peers yet. To get to know another machine, run on both: sft pair')
    else for (const line of tableLines(known, presence)) output.line(line)
  })
}

/** Finds out who is there. A key that is unfit keeps nobody from seeing the list, only from knocking. */
async function findPresence(known: readonly Peer[], how: { discovery: boolean; lanOnly: boolean }): Promise<Presence> {
  try {
    return await reachable(known, how)
  } catch (error) {
    if (error instanceof SftError) return new Map()
    throw error
  }
}

/** `sft peers rename OLD NEW`: calls a peer something else. */
export async function rename(old: string, name: string, options: PeersOptions): Promise<number> {
  return withStore(options, async (store, output) => {
    const peer = choosePeer(await store.read(), old)
    const renamed = choosePeer(await store.change((known) => renamePeer(known, peer.peerId, name)), peer.peerId)
    output.object('peerRenamed', { name: peer.name, to: renamed.name, peerId: peer.peerId })
    output.talk(`${escapeText(peer.name)} is now called ${escapeText(renamed.name)}`)
  })
}

/** `sft peers remove PEER...`: forgets peers, all of them or none. */
export async function remove(texts: readonly string[], options: PeersOptions): Promise<number> {
  return withStore(options, async (store, output) => {
    const known = await store.read()
    const removed = new Map(texts.map((text) => choosePeer(known, text)).map((peer) => [peer.peerId, peer.name]))
    await store.change((peers) =>
      [...removed.keys()].reduce<readonly Peer[]>((left, peerId) => removePeer(left, peerId), peers),
    )
    for (const [peerId, name] of removed) {
      output.object('removed', { name, peerId })
      output.talk(`removed ${escapeText(name)}: it has to pair again to connect`)
    }
  })
}

/** `sft peers block PEER`: keeps a peer out, whatever its rights. */
export async function block(text: string, options: PeersOptions): Promise<number> {
  return withStore(options, async (store, output) => {
    const { peerId, name, blocked } = choosePeer(await store.read(), text)
    await store.change((peers) => blockPeer(peers, peerId, true))
    output.object('blocked', { name, peerId })
    output.talk(`${escapeText(name)} ${blocked ? 'was blocked already' : 'is blocked'}: it cannot connect`)
  })
}

/** `sft peers unblock PEER`: lets a peer in again. */
export async function unblock(text: string, options: PeersOptions): Promise<number> {
  return withStore(options, async (store, output) => {
    const { peerId, name, blocked } = choosePeer(await store.read(), text)
    await store.change((peers) => blockPeer(peers, peerId, false))
    output.object('unblocked', { name, peerId })
    const fate = blocked ? 'is not blocked any more: it may connect, with the rights it had' : 'was not blocked'
    output.talk(`${escapeText(name)} ${fate}`)
  })
}

/** Runs `work` on the peers of this machine; returns the exit status. */
async function withStore(
  options: PeersOptions,
  work: (store: PeerStore, output: Output) => Promise<void>,
): Promise<number> {
  const output = new Output(options.json === true, options)
  try {
    await work(new PeerStore(), output)
    return 0
  } catch (error) {
    return output.failure(error)
  }
}

/** All that programs may know of a peer: never its secret. */
function describe({ name, peerId, rights, grants, blocked, lastSeen, addresses }: Peer): Record<string, unknown> {
  return {
    name,
    peerId,
    rights: rights && inOrder(rights),
    grants: grants.map((grant) => ({ share: grant.share, path: grant.path, rights: inOrder(grant.rights) })),
    blocked,
    lastSeen,
    addresses,
  }
}

const COLUMNS = ['NAME', 'ID', 'RIGHTS', 'SEEN', 'STATE'] as const

type Row = Record<(typeof COLUMNS)[number], string>

/** Returns the peers as lines: on a terminal below a header and cut to its width, elsewhere plain and whole. */
function tableLines(known: readonly Peer[], presence: Presence): string[] {
  const now = new Date()
  const rows = known.map((peer): Row => ({
    NAME: escapeText(peer.name),
    ID: shortId(peer.peerId),
    RIGHTS: escapeText(formatPeerRights(peer)),
    SEEN: formatSince(peer.lastSeen, now),
    STATE: stateOf(peer, presence),
  }))
  if (!process.stdout.isTTY) return tabulate(rows, Infinity)
  const header = Object.fromEntries(COLUMNS.map((column) => [column, column])) as Row
  return tabulate([header, ...rows], process.stdout.columns || 80)
}

/** What a peer is at the moment, in a word. */
function stateOf({ peerId, blocked }: Peer, presence: Presence): string {
  if (blocked) return 'blocked'
  const there = presence.get(peerId) ?? null
  return there === null ? '' : there ? 'here' : 'no answer'
}

/** Formats what a peer may do: `default`, `list,get`, `default +put@inbox`, `none +3 places`. */
export function formatPeerRights({ rights, grants }: Pick<Peer, 'rights' | 'grants'>): string {
  const whole = rights ? formatRights(rights) : 'default'
  const [grant, ...more] = grants
  if (!grant) return whole
  return more.length === 0
    ? `${whole} +${formatRights(grant.rights)}@${grant.path}`
    : `${whole} +${grants.length} places`
}

function formatRights(rights: ReadonlySet<Right>): string {
  if (rights.size === RIGHTS.length) return 'all'
  return rights.size === 0 ? 'none' : inOrder(rights).join(',')
}

function inOrder(rights: ReadonlySet<Right>): Right[] {
  return RIGHTS.filter((right) => rights.has(right))
}

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000]

/** Formats how long ago something was: `just now`, `5 min ago`, `3 days ago`, its date beyond a month, `never`. */
export function formatSince(time: Date | null, now: Date): string {
  if (time === null) return 'never'
  const age = now.getTime() - time.getTime()
  if (Math.abs(age) < MINUTE) return 'just now' // the clock may have been set back a little
  // A time to come is one of another clock; only its date says so.
  if (age < 0 || age >= 31 * DAY) return time.toISOString().slice(0, 10)
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`
  if (age < DAY) return `${Math.floor(age / HOUR)} h ago`
  return age < 2 * DAY ? '1 day ago' : `${Math.floor(age / DAY)} days ago`
}

/** Fewest characters that names and rights are cut to while everything else is shown too, and without the ID. */
const [ROOMY, TIGHT] = [12, 6]

/** Aligns rows in columns two spaces apart, no wider than `width` if cutting names and rights is enough for that. */
function tabulate(rows: readonly Row[], width: number): string[] {
  const natural = Object.fromEntries(
    COLUMNS.map((column) => [column, Math.max(...rows.map((row) => textWidth(row[column])))]),
  ) as Widths
  const stated = rows.some(({ STATE }) => STATE !== '' && STATE !== 'STATE')
  let columns = COLUMNS.filter((column) => column !== 'STATE' || stated)
  let widths = shrink(natural, columns, width, ROOMY)
  if (total(widths, columns) > width) {
    columns = columns.filter((column) => column !== 'ID')
    widths = shrink(natural, columns, width, TIGHT)
  }
  return rows.map((row) =>
    columns
      .map((column) => fill(row[column], widths[column]))
      .join('  ')
      .trimEnd(),
  )
}

type Widths = Record<keyof Row, number>

function shrink(natural: Widths, columns: readonly (keyof Row)[], width: number, least: number): Widths {
  const widths = { ...natural }
  while (total(widths, columns) > width) {
    const widest = widths.RIGHTS > widths.NAME ? 'RIGHTS' : 'NAME'
    if (widths[widest] <= least) break
    widths[widest] -= 1
  }
  return widths
}

function total(widths: Widths, columns: readonly (keyof Row)[]): number {
  return columns.reduce((sum, column) => sum + widths[column] + 2, -2)
}

// Always the same language, so that a script gets the same order on every machine.
const collator = new Intl.Collator('en', { numeric: true })

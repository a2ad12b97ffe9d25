import { PeerStore, reachable, SftError, shortId, type Peer } from '../../index.ts'
import { formatSince } from '../commands/peers.ts'
import { escapeText } from '../escape.ts'
import { choose } from './list.ts'
import type { Row } from './list-view.ts'
import { typeLine } from './text.ts'

/** A machine that a person chose, as commands take it. */
export interface Target {
  /** PEER: a name, a peer ID or a whole multiaddr. */
  readonly peer: string
  /** Where it is, if that was typed. */
  readonly address?: string
}

/** What a row stands for: a known machine, one to be typed, or none at all. */
type Choice = Peer | 'typed' | 'none'

/** How machines are offered. */
interface PeerQuestion {
  readonly title: string
  /** What the row is called that chooses no machine at all, if there is one. */
  readonly none?: string | undefined
  /** Whether machines are to be reached: others too, but none that is blocked. */
  readonly toReach: boolean
}

const NOBODY = 'no machine is known yet'

/** Longest name of a machine that is shown whole; what is longer is mostly a peer ID. */
const LONGEST_SHOWN = 40

/** The peer ID of the machine that was chosen last, to begin on. */
let last: string | undefined

/** Whether the local network may be used, as for every command. */
export function discoveryWanted(): boolean {
  return !('SFT_NO_DISCOVERY' in process.env)
}

/** Names a target for people, in a few letters. */
export function describeTarget({ peer }: Target): string {
  const id = peer.slice(peer.lastIndexOf('/') + 1)
  return peer.startsWith('/') || peer.length > LONGEST_SHOWN ? shortId(id) : escapeText(peer)
}

/** Returns the options of a command that reaches a target. */
export function targetOptions({ address }: Target): string[] {
  return address === undefined ? [] : ['--addr', address]
}

/**
 * Lets a person choose one of the machines this one knows, or type which one is meant.
 *
 * @param none - What the row is called that chooses no machine at all.
 * @returns `null` if the person went back; `none` for that row.
 */
export async function choosePeer(title: string, none?: string): Promise<Target | 'none' | null> {
  for (;;) {
    const chosen = await chooseRow({ title, none, toReach: true })
    if (chosen === null || chosen === 'none') return chosen
    if (chosen !== 'typed') return { peer: chosen.name }
    const typed = await typeTarget()
    if (typed) return typed
  }
}

/** Lets a person choose a machine that this one knows, to change what is known of it. As {@link choosePeer} otherwise. */
export async function chooseKnown(title: string, none: string): Promise<Peer | 'none' | null> {
  const chosen = await chooseRow({ title, none, toReach: false })
  return chosen === 'typed' ? null : chosen
}

/** Shows the machines; who of them answers shows as soon as that is known. Returns `null` if the person went back. */
async function chooseRow({ title, none, toReach }: PeerQuestion): Promise<Choice | null> {
  const known = (await new PeerStore().read()).toSorted((a, b) => collator.compare(a.name, b.name))
  const rows = (state: (peer: Peer) => string): Row<Choice>[] => [
    ...(none === undefined ? [] : [{ id: 'none', label: none, value: 'none' as const }]),
    ...known.map((peer) => ({ ...rowOf(peer, state(peer)), disabled: toReach && peer.blocked })),
    ...(toReach ? [{ id: 'typed', label: 'Another machine…', value: 'typed' as const }] : []),
  ]
  const answer = await choose<Choice>({
    title,
    rows: rows(({ blocked }) => (blocked ? 'blocked' : '')),
    status: known.length === 0 ? NOBODY : 'looking who is there',
    ...(last !== undefined && { at: last }),
    watch: (onChange) => {
      let watched = true
      void presence(known).then((there) => {
        const status = known.length === 0 ? NOBODY : ''
        if (watched) onChange({ rows: rows((peer) => stateOf(peer, there)), status })
      })
      return () => void (watched = false)
    },
  })
  if (!('chosen' in answer)) return null
  if (typeof answer.chosen === 'object') last = answer.chosen.peerId
  return answer.chosen
}

/** Asks which machine is meant, and where it is if that has to be known. */
async function typeTarget(): Promise<Target | null> {
  for (;;) {
    const title = 'Its name, or an address of it:'
    const hint = 'an address is as "sft share" prints it, or like 192.168.1.7'
    const answer = await typeLine({ title, hint })
    if (!('chosen' in answer)) return null
    const typed = answer.chosen.trim()
    if (typed === '') continue
    if (typed.startsWith('/') || !isHost(typed)) return { peer: typed }
    const name = await typeLine({ title: 'What to call it here:', hint: 'a name of your choice, such as laptop' })
    if ('chosen' in name && name.chosen.trim() !== '') return { peer: name.chosen.trim(), address: typed }
  }
}

/** Whether a text is an IP address or a host with a port, which says where a machine is and not who. */
function isHost(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?$|:/.test(text)
}

function rowOf(peer: Peer, state: string): Row<Choice> {
  const { name, peerId, lastSeen } = peer
  const seen = lastSeen === null ? 'never seen' : `seen ${formatSince(lastSeen, new Date())}`
  const notes = [state.padEnd('no answer'.length), seen, shortId(peerId)]
  return { id: peerId, label: escapeText(name), notes, value: peer }
}

function stateOf({ peerId, blocked }: Peer, there: ReadonlyMap<string, boolean | null>): string {
  if (blocked) return 'blocked'
  const answers = there.get(peerId) ?? null
  return answers === null ? '' : answers ? 'here' : 'no answer'
}

/** Finds out who answers; nothing is known of anybody where the own key is unfit, which the command then tells. */
async function presence(known: readonly Peer[]): Promise<ReadonlyMap<string, boolean | null>> {
  try {
    return await reachable(known, { discovery: discoveryWanted() })
  } catch (error) {
    if (error instanceof SftError) return new Map()
    throw error
  }
}

// Always the same language, so that the list is in the same order as that of "sft peers".
const collator = new Intl.Collator('en', { numeric: true })

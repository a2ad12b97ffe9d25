import { throwIfCancelled } from './cancel.ts'
import { didYouMean } from './closest.ts'
import { asSftError, SftError } from './errors.ts'
import { withFileLock } from './fs/file-lock.ts'
import {
  makePrivateFolder,
  readPrivateFile,
  replacePrivateFile,
  sweepParts,
  watchPrivateFile,
} from './fs/private-file.ts'
import { defaultHome } from './home.ts'
import { formatPeers, MAX_ADDRESSES, MAX_PEERS_BYTES, parsePeers } from './trust/peers-file.ts'
import { addPeer, findPeer, type Peer } from './trust/peers.ts'

/** What a pairing leads to. */
export interface Paired {
  readonly peerId: string
  /** What the other machine calls itself. */
  readonly name: string
  /** 32 bytes that only the two machines know. */
  readonly secret: Uint8Array
  /** Where it can be dialled, if that is known. */
  readonly address?: string
}

/** For how long a peer counts as seen just now, in milliseconds. */
const SEEN_MS = 60_000

/** Fewest characters of the end of a peer ID that stand for it. */
const MIN_ID_END = 6

const HEADER = `# The machines that this one has paired with, and what they may do here. Keep it to yourself: it holds secrets.
# "sft peers" lists and edits it. Running shares take up every change at once.
`

/** The peers this machine knows, in the file `peers` of its home, which people may edit too. */
export class PeerStore {
  readonly #home: string
  readonly #path: string

  constructor(home: string = defaultHome()) {
    this.#home = home
    this.#path = `${home}/peers`
  }

  /**
   * Reads all peers; none if there is no file.
   *
   * @throws {@link SftError} `ERR_IDENTITY` naming the file, and the line if one is malformed: then no peer is known, as
   * the line might be the one that keeps a peer out. The same if others can read the file.
   */
  async read(): Promise<Peer[]> {
    return this.#parse((await this.#load()) ?? '')
  }

  /**
   * Changes the peers, alone among all programs, and returns the new ones. Nothing is written if nothing changed, or if
   * `change` throws, which is passed on.
   *
   * @throws {@link SftError} as {@link PeerStore.read}, `ERR_BUSY` if others keep it locked, `ERR_ABORTED` if `signal` ends
   * the wait for them, or the code of a failed write.
   */
  async change(
    change: (peers: readonly Peer[]) => readonly Peer[],
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Peer[]> {
    throwIfCancelled(signal)
    const work = async (expectHeld: () => Promise<void>): Promise<Peer[]> => {
      const stored = await this.#load()
      const before = stored ?? HEADER
      const peers = this.#parse(before)
      const changed = change(peers)
      const text = this.#naming(() => formatPeers(changed, before))
      // Compared as it would be written: spaces that a person typed are no change.
      if (text !== this.#naming(() => formatPeers(peers, before))) {
        await expectHeld()
        await replacePrivateFile(this.#path, new TextEncoder().encode(text))
        await sweepParts(this.#home)
      }
      return this.#parse(text)
    }
    return withFileLock(`${this.#path}.lock`, work, signal)
  }

  /**
   * Calls `onChange` with the peers as they are, soon after this call, and again after every change until the returned
   * function is called: no change is missed, and the last call always has the last content. While the file cannot be
   * read it gets the reason instead. Makes the folder if it is missing, because that is what is watched; if the folder is
   * removed, or cannot be watched, that reason is the last call.
   *
   * Never throws. Does not keep the process alive.
   */
  watch(onChange: (peers: Peer[] | SftError) => void): () => void {
    const ending = new AbortController()
    const ended = (): boolean => ending.signal.aborted
    let unwatch = (): void => undefined
    let told: string | undefined
    let looks = makePrivateFolder(this.#home).catch(() => undefined) // the watch then says what is wrong with it
    const look = async (folderToo: boolean): Promise<void> => {
      if (ended()) return
      let [seen, telling]: [Peer[] | SftError, string] = [[], '']
      try {
        if (folderToo) {
          // The new watch first, so that no change falls between the two, and none between it and the first look.
          const before = unwatch
          unwatch = watchPrivateFile(this.#path, lookAgain)
          before()
        }
        telling = (await this.#load()) ?? ''
        seen = this.#parse(telling)
      } catch (error) {
        seen = asSftError(error, 'ERR_INTERNAL', `cannot read ${this.#path}`)
        telling = `error: ${seen.message}` // which no content of the file is: that line would be malformed
      }
      if (ended() || telling === told) return
      told = telling
      onChange(seen)
    }
    const lookAgain = (folderToo: boolean): void => {
      looks = looks.then(async () => look(folderToo))
    }
    lookAgain(true)
    return () => {
      ending.abort()
      unwatch()
    }
  }

  /**
   * Notes that a peer was reached now, and at `address` if that is given and may be dialled again. A write is saved if
   * both are known already and the last time is less than a minute ago. Does nothing for an unknown peer, or where the
   * file cannot be changed: seeing a peer is not worth failing a transfer.
   */
  async noteSeen(peerId: string, address?: string): Promise<void> {
    const now = new Date()
    const news = (peer: Peer): Partial<Peer> | null => {
      const addresses = withAddress(peer, address)
      const age = peer.lastSeen ? Math.abs(now.getTime() - peer.lastSeen.getTime()) : Infinity
      return age < SEEN_MS && addresses.join(' ') === peer.addresses.join(' ') ? null : { addresses, lastSeen: now }
    }
    try {
      const known = findPeer(await this.read(), peerId)
      if (known === null || news(known) === null) return
      await this.change((peers) => peers.map((peer) => (peer.peerId === peerId ? { ...peer, ...news(peer) } : peer)))
    } catch (error) {
      if (!(error instanceof SftError)) throw error
    }
  }

  /**
   * Keeps the result of a pairing. A new peer gets the name it calls itself, with a number if another one has that; one
   * that is known keeps its name, its rights and its grants, and gets the new secret.
   *
   * @returns The peer as it is stored.
   * @throws {@link SftError} `ERR_DENIED` if it is blocked, else as {@link PeerStore.change}.
   */
  async keepPaired({ peerId, name, secret, address }: Paired): Promise<Peer> {
    const lastSeen = new Date()
    const peers = await this.change((before) => {
      const known = findPeer(before, peerId)
      if (known?.blocked === true) {
        throw new SftError(
          'ERR_DENIED',
          `"${known.name}" is blocked here; to undo that: sft peers unblock ${known.name}`,
        )
      }
      if (known) {
        const changes = { secret, lastSeen, addresses: withAddress(known, address) }
        return before.map((peer) => (peer === known ? { ...peer, ...changes } : peer))
      }
      const added: Peer = { name, peerId, rights: null, grants: [], secret, blocked: false, addresses: [], lastSeen }
      return addPeer(before, { ...added, addresses: withAddress(added, address) })
    })
    return choosePeer(peers, peerId)
  }

  /** Returns the text of the file, or `null` if there is none. */
  async #load(): Promise<string | null> {
    const bytes = await readPrivateFile(this.#path, MAX_PEERS_BYTES)
    if (bytes === null) return null
    const text = decode(bytes)
    if (text !== null) return text
    let [line, start] = [1, 0]
    for (let end = bytes.indexOf(LINE_FEED); end >= 0 && decode(bytes.subarray(start, end)) !== null; line += 1) {
      start = end + 1
      end = bytes.indexOf(LINE_FEED, start)
    }
    throw new SftError(
      'ERR_IDENTITY',
      `${this.#path}: line ${line} of the peers file: it is not UTF-8; correct that line`,
    )
  }

  #parse(text: string): Peer[] {
    return this.#naming(() => parsePeers(text))
  }

  /** Does `work`, and names the file in what it throws. */
  #naming<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof SftError)) throw error
      throw new SftError(error.code, `${this.#path}: ${error.message}`, { cause: error })
    }
  }
}

/**
 * Returns the peer that a person means: by its name, its peer ID, or at least 6 characters of the end of that, as a
 * terminal shows it (`…abcdefgh`).
 *
 * @throws {@link SftError} `ERR_UNKNOWN_PEER` if there is none, `ERR_USAGE` if it can be more than one.
 */
export function choosePeer(peers: readonly Peer[], text: string): Peer {
  const peer = matchPeer(peers, text)
  if (peer !== null) return peer
  const known = peers.map(({ name }) => name)
  throw new SftError('ERR_UNKNOWN_PEER', `no peer is called "${text}"${didYouMean(text, known)}see: sft peers`)
}

/** As {@link choosePeer}, but returns `null` if there is none. */
export function matchPeer(peers: readonly Peer[], text: string): Peer | null {
  const named = findPeer(peers, text)
  if (named?.peerId === text) return named
  const end = text.replace(/^…/, '')
  // A peer chooses its first name itself: the end of another one's ID must not turn over to it.
  const meant = peers.filter((peer) => peer === named || (end.length >= MIN_ID_END && peer.peerId.endsWith(end)))
  if (meant.length <= 1) return meant[0] ?? null
  const names = meant.map(({ name, peerId }) => `"${name}" (${peerId})`).join(' and ')
  throw new SftError('ERR_USAGE', `"${text}" can be ${names}; write the whole peer ID`)
}

/**
 * Returns the addresses of a peer with this one first, without its peer ID at the end. One of this machine itself is kept
 * only while there is no other: it is no way to another machine but through a tunnel.
 */
function withAddress({ peerId, addresses }: Peer, address: string | undefined): readonly string[] {
  if (address === undefined) return addresses
  const added = address.endsWith(`/p2p/${peerId}`) ? address.slice(0, -`/p2p/${peerId}`.length) : address
  const all = [added, ...addresses.filter((known) => known !== added)]
  const better = all.filter((known) => !LOOPBACK.test(known))
  return (better.length > 0 ? better : all).slice(0, MAX_ADDRESSES)
}

const LOOPBACK =
  /^\/ip4\/127\.|^\/ip6\/(?:::1|0:0:0:0:0:0:0:1|::ffff:(?:127\.[\d.]+|7f[\da-f]{2}:[\da-f]{1,4}))\/|^\/dns[46]?\/localhost\//i

const LINE_FEED = 0x0a

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}

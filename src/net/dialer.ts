import type { Connection } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { SftError, type SftErrorCode } from '../errors.ts'
import { isPrivateAddress } from './address.ts'
import { dialFailure } from './dial-error.ts'
import { isPeerId } from './identity.ts'

/** What happens while a peer is dialled. */
export type DialEvent =
  | { readonly type: 'dialling'; readonly address: string }
  | { readonly type: 'dialFailed'; readonly address: string; readonly error: SftError }
  /** This address is the one; there is no way but the direct one. */
  | { readonly type: 'connected'; readonly address: string }

/** Addresses of one peer, each ending in its ID: all at hand, or found one by one until the signal says enough. */
export type Candidates = Iterable<string> | ((enough: AbortSignal) => AsyncIterable<string>)

/** How long one address may take, in milliseconds. */
const DIAL_TIMEOUT = 10_000

/** How often one address is tried while the other side closes at once. */
const DIAL_TRIES = 4

/**
 * Who turns us away does so at once. One who ends a new connection after this many milliseconds may only have found us too
 * slow, or have been too busy itself; so often it is tried then.
 */
const PROMPT = 1_500
const SLOW_TRIES = 3

/** Addresses tried at one time, and in all: adverts are hints, and nobody may make us dial without end. */
const AT_ONCE = 8
const MOST = 128

/** Of several failures the first of these is told: it says more about the peer than the rest. */
const TELLING: readonly SftErrorCode[] = ['ERR_REFUSED', 'ERR_IDENTITY', 'ERR_UNREACHABLE', 'ERR_USAGE']

/** Reaches a peer at any of its addresses. */
export class Dialer {
  readonly #ownPeerId: string
  readonly #dial: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  readonly #lanOnly: boolean
  readonly #onEvent: ((event: DialEvent) => void) | undefined

  /**
   * @param dial - Connects to one address and proves by Noise that the peer in it answers there.
   * @param lanOnly - Whether only addresses of private networks may be dialled.
   */
  constructor(
    ownPeerId: string,
    dial: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>,
    lanOnly: boolean,
    onEvent?: (event: DialEvent) => void,
  ) {
    this.#ownPeerId = ownPeerId
    this.#dial = dial
    this.#lanOnly = lanOnly
    this.#onEvent = onEvent
  }

  /**
   * Connects to every candidate at once and returns what `use` makes of the first connection it succeeds with; the others
   * are dropped.
   *
   * @throws {@link SftError} the most telling failure once there is no candidate left.
   */
  async race<T>(
    candidates: Candidates,
    use: (connection: Connection, patience: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const enough = new AbortController()
    const ending = signal ? AbortSignal.any([signal, enough.signal]) : enough.signal
    const won = Promise.withResolvers<T>()
    const failures: SftError[] = []
    const attempts = new Set<Promise<void>>()
    const attempt = async (address: string): Promise<void> => {
      try {
        const result = await this.#told(address, ending, async () =>
          this.#attempt(address, this.#allowed(parseAddress(address), address), use, ending),
        )
        won.resolve(result)
        enough.abort()
      } catch (error) {
        if (!ending.aborted) failures.push(error as SftError)
      }
    }
    const tried = new Set<string>()
    const trying = (async () => {
      for await (const address of typeof candidates === 'function' ? candidates(ending) : candidates) {
        if (ending.aborted || tried.size === MOST) break
        if (tried.has(address)) continue
        tried.add(address)
        const trial = attempt(address)
        attempts.add(trial)
        void trial.then(() => attempts.delete(trial))
        if (attempts.size === AT_ONCE) await Promise.race(attempts)
      }
      await Promise.all(attempts)
      signal?.throwIfAborted()
      throw mostTelling(failures)
    })()
    try {
      return await Promise.race([won.promise, trying])
    } finally {
      enough.abort()
      trying.catch(() => undefined)
    }
  }

  /** Connects to an address whoever answers there, and returns what `use` makes of it. @throws {@link SftError} */
  async reachAnyone<T>(
    address: string,
    use: (connection: Connection, patience: AbortSignal) => Promise<T>,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<T> {
    return this.#told(address, signal, async () =>
      this.#attempt(address, this.#allowed(parseMultiaddr(address), address), use, signal),
    )
  }

  /** Does `dial` and tells what happens. */
  async #told<T>(address: string, ending: AbortSignal, dial: () => Promise<T>): Promise<T> {
    this.#onEvent?.({ type: 'dialling', address })
    try {
      const result = await dial()
      this.#onEvent?.({ type: 'connected', address })
      return result
    } catch (error) {
      if (!ending.aborted && error instanceof SftError) this.#onEvent?.({ type: 'dialFailed', address, error })
      throw error
    }
  }

  async #attempt<T>(
    address: string,
    target: Multiaddr,
    use: (connection: Connection, patience: AbortSignal) => Promise<T>,
    ending: AbortSignal,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const started = performance.now()
      const connection = await this.#connect(target, address, ending)
      try {
        const result = await withPatience(ending, async (patience) => use(connection, patience))
        ending.throwIfAborted() // too late: another address was first
        return result
      } catch (error) {
        const silent = !ending.aborted && error instanceof DOMException && error.name === 'TimeoutError'
        // Others may be using one that stood before, unless nobody is there any more.
        if (silent || connection.streams.length === 0) abortConnection(connection, error as Error)
        if (silent) throw new SftError('ERR_UNREACHABLE', `${address} does not answer any more`, { cause: error })
        if (ending.aborted) throw error
        if (performance.now() - started < PROMPT || attempt === SLOW_TRIES) throw refused(this.#ownPeerId, error)
      }
    }
  }

  /** Connects, trying again when the other side closes at once: it may be admitting others at this moment. */
  async #connect(target: Multiaddr, address: string, ending: AbortSignal): Promise<Connection> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await withPatience(ending, async (patience) => this.#dial(target, patience))
      } catch (error) {
        ending.throwIfAborted()
        const { failure, transient } = dialFailure(error, address)
        if (!transient || attempt === DIAL_TRIES) throw failure
        await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt * (0.5 + Math.random())))
        ending.throwIfAborted()
      }
    }
  }

  #allowed(target: Multiaddr, address: string): Multiaddr {
    if (peerIdOf(target) === this.#ownPeerId) {
      throw new SftError('ERR_USAGE', `${address} is this machine's own identity; set SFT_HOME to use another`)
    }
    if (this.#lanOnly && !isPrivateAddress(address)) {
      throw new SftError('ERR_USAGE', `${address} is not on a private network, and --lan-only refuses all others`)
    }
    return target
  }
}

/**
 * Does `work` with a signal that aborts when `ending` does or after {@link DIAL_TIMEOUT}, and never once the work is done:
 * what was made under it lives on.
 */
async function withPatience<T>(ending: AbortSignal, work: (patience: AbortSignal) => Promise<T>): Promise<T> {
  const patience = new AbortController()
  const abort = (): void => patience.abort(ending.reason)
  if (ending.aborted) abort()
  ending.addEventListener('abort', abort)
  const timer = setTimeout(() => patience.abort(new DOMException('it took too long', 'TimeoutError')), DIAL_TIMEOUT)
  try {
    return await work(patience.signal)
  } finally {
    clearTimeout(timer)
    ending.removeEventListener('abort', abort)
  }
}

/** Drops a connection at once, whatever state it is in. */
export function abortConnection(connection: Connection, error: Error): void {
  try {
    connection.abort(error)
  } catch {
    // yamux says goodbye first, which throws on a connection that is closed already.
  }
}

/** The error for a peer that ends the connection as soon as it knows who is there. */
export function refused(ownPeerId: string, cause: unknown): SftError {
  const ways = `pair with it ("sft pair" there, "sft pair CODE" here), or share there with: --peer ${ownPeerId}`
  return new SftError('ERR_REFUSED', `the peer does not let this machine in; ${ways}`, { cause })
}

/**
 * Returns the peer ID an address ends in.
 *
 * @throws {@link SftError} `ERR_USAGE` if it is no multiaddr or does not end in `/p2p/` and a peer ID.
 */
export function peerIdOfAddress(address: string): string {
  return peerIdOf(parseAddress(address))
}

function parseAddress(address: string): Multiaddr {
  const target = parseMultiaddr(address)
  if (!isPeerId(peerIdOf(target))) {
    throw new SftError(
      'ERR_USAGE',
      `the address "${address}" must end in /p2p/ and the peer ID, so that no other machine can answer`,
    )
  }
  return target
}

function parseMultiaddr(address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch (error) {
    throw new SftError('ERR_USAGE', `"${address}" is not a multiaddr such as /ip4/192.168.1.7/tcp/7380/p2p/12D3Koo…`, {
      cause: error,
    })
  }
}

function peerIdOf(address: Multiaddr): string {
  const last = address.getComponents().at(-1)
  return last?.name === 'p2p' ? (last.value ?? '') : ''
}

function mostTelling(failures: readonly SftError[]): SftError {
  const sorted = failures.toSorted((a, b) => TELLING.indexOf(a.code) - TELLING.indexOf(b.code))
  return sorted[0] ?? new SftError('ERR_UNREACHABLE', 'no address of the peer is known')
}

import { SftError } from '../errors.ts'
import { AppendLog } from '../fs/append-log.ts'
import { realFolder, wouldContain } from '../fs/local-files.ts'
import { defaultHome, defaultLogFile } from '../home.ts'
import type { RecordedEvent } from '../share-event.ts'
import { formatLogLine, type LogLine } from './line.ts'
import { Allowance, DONE, OTHER, STRANGERS } from './quota.ts'

export interface ShareLogOptions {
  /** The file to add to; see {@link defaultLogFile}. */
  readonly file?: string
  /** Folder of this machine's state; see {@link defaultHome}. */
  readonly home?: string
  /** Called once if the log cannot be written: the share goes on, and so does the log as soon as it can. */
  readonly onFault?: (error: SftError) => void
}

/** What a line holds besides when and where. */
type Content = Omit<LogLine, 'time' | 'share'>

/** How often it is told how many lines were left out, in milliseconds. */
const SUMMARY_MS = 60_000

/** What takes up the log on somebody's behalf, and what had no room. */
interface Source {
  readonly who: Pick<LogLine, 'peerId' | 'name'>
  readonly done: Allowance
  readonly other: Allowance
  leftOut: { count: number; failed: number; bytes: number }
}

/**
 * The log of a share: a line for everything that happens on it, so that a person can see later who did what.
 *
 * No peer can fill the disk with it, nor push the lines of others out: each has a quota, and so have all together that
 * are not paired and all that are turned away. What goes beyond it is counted.
 */
export class ShareLog {
  readonly #root: string
  readonly #log: AppendLog
  readonly #sources = new Map<string, Source>()
  #summary: NodeJS.Timeout | undefined

  /**
   * Prepares the log of a share of `folder`; nothing is written before something happens.
   *
   * @throws {@link SftError} `ERR_USAGE` if the log would lie in the folder, where peers could read it.
   */
  static async open(folder: string, options: ShareLogOptions = {}): Promise<ShareLog> {
    const file = options.file ?? defaultLogFile(options.home)
    const root = await realFolder(folder)
    // Keys in the folder are worse, and the share says so itself.
    const homeInside = await wouldContain(root, options.home ?? defaultHome())
    if (!homeInside && (await wouldContain(root, file))) {
      throw new SftError('ERR_USAGE', `the log ${file} lies in the shared folder; name another file with --log`)
    }
    return new ShareLog(root, file, options)
  }

  private constructor(root: string, file: string, { onFault }: ShareLogOptions) {
    this.#root = root
    this.#log = new AppendLog(file, {
      lossLine: (count) => this.#format({ event: 'leftOut', count, why: 'disk' }),
      onFault,
    })
  }

  /** Keeps what happened, for `ShareOptions.onRecord`. Never waits and never throws. */
  readonly record = (event: RecordedEvent, name: string | null): void => {
    const content = contentOf(event)
    if (content === null) return
    const who = {
      ...('peerId' in event && event.peerId !== null && { peerId: event.peerId }),
      ...(name !== null && { name }),
    }
    const line = this.#format({ ...who, ...content })
    const source = this.#sourceOf(event, name)
    if (source === null || allowanceOf(source, content).take(line.length)) this.#log.append(line)
    else this.#leaveOut(source, content)
  }

  /** Writes what is left to be said and closes the file. */
  async close(): Promise<void> {
    clearTimeout(this.#summary)
    this.#summarize()
    await this.#log.close()
  }

  #format(content: Content): string {
    const { event, ...rest } = content
    return formatLogLine({ time: new Date().toISOString(), event, share: this.#root, ...rest })
  }

  /** Returns whose quota a line is charged to; `null` for what the person who shares did, or let happen. */
  #sourceOf(event: RecordedEvent, name: string | null): Source | null {
    switch (event.type) {
      case 'opened':
      case 'served':
      case 'closed':
        return name === null ? this.#source('unknown', {}) : this.#source(event.peerId, { peerId: event.peerId, name })
      case 'refused':
      case 'codeEnded':
      case 'pairingFailed':
        return this.#source(event.type, {})
      default:
        return null
    }
  }

  #source(key: string, who: Source['who']): Source {
    const known = this.#sources.get(key)
    if (known) return known
    const other = new Allowance(key === 'unknown' || who.name !== undefined ? OTHER : STRANGERS)
    const source = { who, done: new Allowance(DONE), other, leftOut: { count: 0, failed: 0, bytes: 0 } }
    this.#sources.set(key, source)
    return source
  }

  #leaveOut({ leftOut }: Source, { result, bytes = 0 }: Content): void {
    leftOut.count += 1
    leftOut.failed += Number(hasFailed(result))
    leftOut.bytes += bytes
    this.#summary ??= setTimeout(() => this.#summarize(), SUMMARY_MS).unref()
  }

  #summarize(): void {
    this.#summary = undefined
    for (const source of this.#sources.values()) {
      const { who, leftOut } = source
      if (leftOut.count === 0) continue
      source.leftOut = { count: 0, failed: 0, bytes: 0 }
      this.#log.append(this.#format({ event: 'leftOut', ...who, ...leftOut, why: 'limit' }))
    }
  }
}

function allowanceOf(source: Source, { event, result, action }: Content): Allowance {
  return event === 'served' && result === 'ok' && action !== 'list' ? source.done : source.other
}

function hasFailed(result: Content['result']): boolean {
  return result !== undefined && result !== 'ok'
}

/** Returns what a line says of an event; `null` for what is not kept, as looks that are a part of other requests. */
function contentOf(event: RecordedEvent): Content | null {
  switch (event.type) {
    case 'served':
      return contentOfServed(event)
    case 'started':
      return { event: 'started', rights: event.rights }
    case 'stopped':
    case 'opened':
      return { event: event.type }
    case 'closed':
    case 'peers':
      return { event: event.type, result: event.error?.code ?? 'ok' }
    case 'refused':
      return { event: 'refused', result: event.error?.code ?? 'ERR_REFUSED' }
    case 'paired':
      return { event: 'paired', name: event.name, result: 'ok' }
    case 'pairingFailed':
      return { event: 'pairingFailed', result: event.error.code }
    case 'codeEnded': // that nobody typed it is nothing
      return event.reason === 'wrong' ? { event: 'pairingFailed', result: 'ERR_DIGEST' } : null
    case 'withdrawn':
      return { event: 'withdrawn', ...(event.path !== undefined && { path: event.path, rights: event.rights ?? [] }) }
  }
}

function contentOfServed({
  action,
  transferred,
  error,
  milliseconds,
}: Extract<RecordedEvent, { type: 'served' }>): Content | null {
  const looks = action.type === 'stat' || (action.type === 'get' && action.length === 0)
  if (looks && (error === undefined || error.code === 'ERR_NOT_FOUND')) return null
  return {
    event: 'served',
    action: action.type,
    path: action.path,
    ...(action.type === 'rename' && { to: action.to }),
    ...(transferred && { bytes: transferred.size, md5: Buffer.from(transferred.md5).toString('hex') }),
    ms: Math.round(milliseconds),
    result: error?.code ?? 'ok',
  }
}

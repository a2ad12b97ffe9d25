import { resolve } from 'node:path'
import {
  choosePeer,
  grantRights,
  isLocalFolder,
  isRight,
  parseRemotePath,
  PeerStore,
  realFolder,
  RIGHTS,
  rightsAt,
  SftError,
  type Peer,
  type Place,
  type Right,
} from '../../index.ts'
import { remotePath } from '../context.ts'
import { escapeText } from '../escape.ts'
import { Output, type Manner } from '../output.ts'

export interface GrantOptions extends Manner {
  readonly share?: string
  readonly json?: boolean
}

/** What a person asks to be granted; `null` for rights takes the rule for the path away. */
interface Rule {
  readonly rights: ReadonlySet<Right> | null
  readonly path: Place['path']
}

const ROOT = parseRemotePath('.')

/** `sft grant PEER [RIGHTS[@PATH]]`: sets what a peer may do in every share or in one, or shows it. */
export async function grant(peerText: string, ruleText: string | undefined, options: GrantOptions): Promise<number> {
  const output = new Output(options.json === true, options)
  try {
    const rule = ruleText === undefined ? null : parseRule(ruleText)
    const store = new PeerStore()
    const before = choosePeer(await store.read(), peerText)
    const share = options.share === undefined ? null : await shareNamed(options.share, before)
    if (!rule) {
      print(output, before)
      for (const place of placesOf(before, share)) output.line(describe(before, place, 'may'))
    } else {
      const where = { share, path: rule.path }
      const peer = choosePeer(
        await store.change((peers) => grantRights(peers, before.peerId, rule.rights, where)),
        before.peerId,
      )
      print(output, peer)
      output.line(describe(peer, where, 'may now'))
      explain(output, peer, where, rule)
    }
    if (before.blocked) output.talk(`It is blocked and may do none of this until: sft peers unblock ${before.name}`)
    return 0
  } catch (error) {
    return output.failure(error)
  }
}

/**
 * Reads `RIGHTS` or `RIGHTS@PATH`.
 *
 * @throws {@link SftError} `ERR_USAGE` for what is no right, `ERR_PATH` for what is no path of a share.
 */
function parseRule(text: string): Rule {
  const at = text.indexOf('@')
  const path = at < 0 ? '.' : text.slice(at + 1)
  if (path === '') throw new SftError('ERR_USAGE', `there is no path behind the @; write for example: put@inbox`)
  return { rights: parseRights(at < 0 ? text : text.slice(0, at)), path: remotePath(path) }
}

function parseRights(text: string): ReadonlySet<Right> | null {
  if (text === 'default') return null
  if (text === 'all') return new Set(RIGHTS)
  if (text === 'none') return new Set()
  const names = text.split(',').map((name) => name.trim())
  const wrong = names.find((name) => !isRight(name))
  if (wrong === undefined) return new Set(names.filter(isRight))
  const known = `there are ${RIGHTS.join(', ')}, and by themselves all, none, default`
  throw new SftError('ERR_USAGE', `"${wrong}" is not a right; ${known}; a path goes behind them, as in put@inbox`)
}

/** Returns the folder that is meant by its real path. One that is gone can be named as the peer's rules name it. */
async function shareNamed(folder: string, peer: Peer): Promise<string> {
  if (await isLocalFolder(folder)) return realFolder(folder)
  const share = resolve(folder)
  if (peer.grants.some((held) => held.share === share)) return share
  throw new SftError('ERR_NOT_FOUND', `there is no folder "${folder}"; name the folder that is shared`)
}

/** Returns the places where a peer has rules, in every share or as they are good in one. */
function placesOf({ grants }: Peer, share: string | null): Place[] {
  if (share === null) return [{ share, path: ROOT }, ...grants]
  const paths = grants.filter((held) => held.share === null || held.share === share).map(({ path }) => path)
  return [...new Set([ROOT, ...paths])].map((path) => ({ share, path }))
}

function print(output: Output, { name, peerId, rights, grants }: Peer): void {
  output.object('grant', {
    name,
    peerId,
    rights: rights && inOrder(rights),
    grants: grants.map(({ share, path, rights }) => ({ share, path, rights: inOrder(rights) })),
  })
}

/** Says all that a peer may do at a place, wherever it has it from. */
function describe(peer: Peer, { share, path }: Place, verb: string): string {
  const offer = { root: share ?? '', ceiling: new Set(RIGHTS), standard: new Set<Right>() }
  const granted = inOrder(rightsAt({ ...peer, blocked: false }, offer, path))
  const names = granted.length === RIGHTS.length ? 'everything' : granted.join(', ')
  const standard = 'what the share gives everybody'
  const known = hasStandard(peer, share) ? [standard, names].filter(Boolean).join(', and ') : names || 'nothing'
  const place = path === ROOT ? '' : ` in ${escapeText(path)}/`
  return `${escapeText(peer.name)} ${verb}: ${known}${place} (${share === null ? 'every share' : escapeText(share)})`
}

/** Says what a person may not expect of a rule. */
function explain(output: Output, peer: Peer, { share, path }: Place, { rights }: Rule): void {
  if (path !== ROOT && rights?.size === 0) {
    output.talk('In a folder rights can only be added: what is left comes from above it.')
  }
  if (path !== ROOT || share !== null) return
  for (const held of peer.grants.filter((one) => one.path === ROOT)) {
    output.talk(`but ${describe(peer, held, 'may')}, by a rule of its own`)
  }
}

/** Tells whether a peer gets what a share gives everybody, as it has no rights of its own there. */
function hasStandard({ rights, grants }: Peer, share: string | null): boolean {
  return rights === null && !grants.some((held) => held.share !== null && held.share === share && held.path === ROOT)
}

function inOrder(rights: ReadonlySet<Right>): Right[] {
  return RIGHTS.filter((right) => rights.has(right))
}

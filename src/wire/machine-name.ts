/** Most characters of the name of a machine. */
export const MAX_MACHINE_NAME = 64

/**
 * Returns why a machine cannot have this name, or `null` if it can: 1 to 64 letters of any script, digits, `.`, `_` and `-`,
 * composed (NFC), not taken for an option or a peer ID.
 */
export function machineNameFault(name: string): string | null {
  if (!NAME.test(name)) return `the name is not 1 to ${MAX_MACHINE_NAME} letters, digits, ".", "_" and "-"`
  if (INVISIBLE.test(name)) return 'the name has a control or invisible character'
  if (name !== name.normalize('NFC')) return 'the name has accents that are not composed (NFC)'
  if (name.startsWith('-')) return 'the name starts with "-", like an option of a command'
  return LIKE_PEER_ID.test(name) ? 'the name looks like a peer ID' : null
}

/**
 * Makes the name of a machine from its host name: the part before the first dot, with `-` for what a name cannot have, cut
 * to what fits; `machine` where nothing is left.
 */
export function defaultMachineName(hostname: string): string {
  const [host = ''] = hostname.normalize('NFC').split('.')
  const fit = host.replace(INVISIBLE_ALL, '').replace(/[^\p{L}\p{Nd}_]+/gu, '-')
  const name = Array.from(fit)
    .slice(0, MAX_MACHINE_NAME)
    .join('')
    .replace(/^-+|-+$/g, '')
  return machineNameFault(name) === null ? name : 'machine'
}

const NAME = new RegExp(`^[\\p{L}\\p{Nd}._-]{1,${MAX_MACHINE_NAME}}$`, 'u')

// The beginnings of the peer IDs of Ed25519 and secp256k1 keys, and the whole of the other forms (of RSA keys, as CID).
const LIKE_PEER_ID = /^12D3KooW|^16Uiu2HA|^Qm[1-9a-z]{44}$|^(?:baf[yz]|k51|k2k)[a-z\d]{40,}$/i

// Some letters show nothing.
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u
const INVISIBLE_ALL = new RegExp(INVISIBLE, 'gu')

import { hostname } from 'node:os'
import envPaths from 'env-paths'
import { SftError } from './errors.ts'
import { createPrivateFile, readPrivateFile } from './fs/private-file.ts'
import { decodeIdentity, encodeIdentity, generateIdentity, type Identity } from './net/identity.ts'
import { defaultMachineName, machineNameFault } from './wire/machine-name.ts'

/** Returns the folder of this user's sft state: `$SFT_HOME`, else the platform's config folder. */
export function defaultHome(): string {
  const fromEnvironment = process.env['SFT_HOME']
  return fromEnvironment === undefined || fromEnvironment === ''
    ? envPaths('sft', { suffix: '' }).config
    : fromEnvironment
}

/** Returns the file that shares write their log to: in `home` if that is given or set, else in the platform's folder for logs. */
export function defaultLogFile(home?: string): string {
  const own = home ?? process.env['SFT_HOME'] ?? ''
  return own === '' ? `${envPaths('sft', { suffix: '' }).log}/share.jsonl` : `${own}/log/share.jsonl`
}

/**
 * Returns what this machine calls itself to those it pairs with: `$SFT_NAME`, else its host name without the domain.
 *
 * @throws {@link SftError} `ERR_USAGE` if `$SFT_NAME` is not fit for a name.
 */
export function machineName(): string {
  const name = process.env['SFT_NAME']
  if (name === undefined || name === '') return defaultMachineName(hostname())
  const fault = machineNameFault(name.normalize('NFC'))
  if (fault !== null) throw new SftError('ERR_USAGE', `${fault}; set SFT_NAME to another one, or to none`)
  return name.normalize('NFC')
}

/**
 * Loads the identity of this machine, making one the first time.
 *
 * @throws {@link SftError} `ERR_IDENTITY` if there is one that others could have read or that is damaged: it is never
 * replaced silently, because peers know this machine by it.
 */
export async function loadIdentity(home: string = defaultHome()): Promise<Identity> {
  const path = `${home}/identity.key`
  const stored = await readPrivateFile(path)
  if (stored !== null) return decodeStored(stored, path)
  const identity = await generateIdentity()
  if (await createPrivateFile(path, encodeIdentity(identity))) return identity
  // Another process was first; its identity is the one that counts.
  const winner = await readPrivateFile(path)
  if (winner === null) throw new SftError('ERR_IDENTITY', `${path} disappeared while it was read`)
  return decodeStored(winner, path)
}

/** Tells whether this machine has an identity yet, fit or not; without one it has never used sft. */
export async function hasIdentity(home: string = defaultHome()): Promise<boolean> {
  try {
    return (await readPrivateFile(`${home}/identity.key`)) !== null
  } catch (error) {
    if (error instanceof SftError) return true // something is there, and whoever needs it says what is wrong with it
    throw error
  }
}

async function decodeStored(stored: Uint8Array, path: string): Promise<Identity> {
  try {
    return await decodeIdentity(stored)
  } catch (error) {
    throw new SftError(
      'ERR_IDENTITY',
      `${path} is damaged; restore it from a backup, or remove it to become a new peer`,
      { cause: error },
    )
  }
}

/** The native build of libsodium, out of the executable. */
import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRawAsset } from 'node:sea'

const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/**
 * Loads the addon. The system takes code from files only, so it is written into one that is made for this, belongs to
 * this user alone, and has no name any more before its first byte is in it: nobody else can put other code there, nothing
 * is kept that could be changed until the next time, and nothing is left.
 *
 * @throws Error where no folder takes such a file, or code may not be loaded from it.
 */
export function loadAddon(): unknown {
  const bytes = new Uint8Array(getRawAsset('sodium-native.node'))
  const failures: unknown[] = []
  for (const folder of [tmpdir, () => process.env['XDG_RUNTIME_DIR'] ?? tmpdir(), homedir]) {
    try {
      return loadFrom(folder(), bytes)
    } catch (error) {
      failures.push(error) // not to be written, or mounted so that no code is run from it
    }
  }
  throw new AggregateError(failures, 'no folder takes the addon')
}

function loadFrom(folder: string, bytes: Uint8Array): unknown {
  const path = join(folder, `.sft-${crypto.randomUUID()}`)
  const file = openSync(path, CREATE, 0o600)
  try {
    unlinkSync(path)
    for (let at = 0; at < bytes.byteLength;) at += writeSync(file, bytes, at)
    const addon = { exports: {} }
    process.dlopen(addon, `/proc/self/fd/${file}`)
    return addon.exports
  } finally {
    closeSync(file)
  }
}

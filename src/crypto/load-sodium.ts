import { SftError } from '../errors.ts'
import { loadNative } from './sodium-native.ts'
import { loadWasm } from './sodium-wasm.ts'
import type { Sodium } from './sodium.ts'

let loaded: Promise<Sodium> | undefined

/**
 * Loads libsodium once: the native build where it is installed and runs, else WebAssembly.
 *
 * @param build - Which build to insist on. It is not remembered for later calls.
 * @throws {@link SftError} `ERR_INTERNAL` if the build asked for cannot be loaded.
 */
export async function loadSodium(build?: Sodium['name']): Promise<Sodium> {
  if (build === 'wasm') return loadWasm()
  if (build === 'native') {
    const native = await loadNative()
    if (native === null) throw new SftError('ERR_INTERNAL', 'sodium-native is not installed or does not run here')
    return native
  }
  loaded ??= loadNative().then((native) => native ?? loadWasm())
  return loaded
}

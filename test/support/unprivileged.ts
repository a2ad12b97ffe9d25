import { chmodSync } from 'node:fs'

/** Nobody's user ID. */
const NOBODY = 65_534

/**
 * Runs `work` as a user whom permissions bind, which they do not the superuser. `folders` can be entered by that user.
 */
export async function unprivileged<T>(folders: readonly string[], work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work()
  for (const folder of folders) chmodSync(folder, 0o755)
  process.seteuid?.(NOBODY)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
  }
}

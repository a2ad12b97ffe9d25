import { execFileSync } from 'node:child_process'

/** Builds the real command line once before all tests, if a source is newer. */
export default function buildOnce(): void {
  execFileSync(process.execPath, ['build.ts', '--if-stale'], { stdio: 'inherit' })
}

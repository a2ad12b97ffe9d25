/**
 * Kills the share or the client again and again while a large file and a tree go across, and looks what becomes of them:
 * `npm run kill`.
 *
 * `--kills NUMBER` (default 200), `--size BYTES` of the large file (default 2 GiB), `--files NUMBER` of the tree (default
 * 5,000), `--folder PATH` for the work (default: a temporary one). With the defaults it takes about half an hour.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killTransfer } from '../test/support/killing.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    size: { type: 'string', default: `${2 * 1024 ** 3}` },
    files: { type: 'string', default: '5000' },
    span: { type: 'string', default: '8000' },
    folder: { type: 'string', default: tmpdir() },
  },
})
const [most, size, files, span] = [values.kills, values.size, values.files, values.span].map(Number) as [
  number,
  number,
  number,
  number,
]

/** Kills in one transfer, so that many of them end. */
const KILLS_EACH = 5

const started = performance.now()
const total = { transfers: 0, kills: 0, wrong: 0, leftovers: 0, resent: 0 }
const base = mkdtempSync(join(values.folder, 'sft-kill-'))
console.log(
  `${most} kills, a file of ${size} bytes and ${files} small ones; about ${Math.ceil((most * (span / 2 + 3_500)) / 60_000)} minutes`,
)
try {
  while (total.kills < most) {
    const direction = total.transfers % 2 === 0 ? 'get' : 'put'
    const victim = total.transfers % 4 < 2 ? 'client' : 'share'
    const folder = join(base, `${total.transfers}`)
    mkdirSync(folder)
    const kills = Math.min(KILLS_EACH, most - total.kills)
    const report = await killTransfer({ folder, direction, victim, size, files, kills, span })
    rmSync(folder, { recursive: true })
    total.transfers += 1
    total.kills += report.kills
    total.wrong += report.wrong.length
    total.leftovers += report.leftovers.length
    total.resent = Math.max(total.resent, report.resent)
    console.log(
      `${direction} ${victim.padEnd(6)}  kills ${report.kills}  commands ${report.attempts}  wrong ${report.wrong.length}` +
        `  leftovers ${report.leftovers.length}  most re-sent ${(report.resent / 1024 ** 2).toFixed(1)} MiB`,
    )
    for (const line of [...report.wrong, ...report.leftovers]) console.log(`  ${line}`)
  }
} finally {
  rmSync(base, { recursive: true, force: true })
}
const minutes = ((performance.now() - started) / 60_000).toFixed(1)
console.log(
  `${total.kills} kills in ${total.transfers} transfers, ${minutes} minutes: ${total.wrong} wrong files, ${total.leftovers} leftovers,` +
    ` at most ${(total.resent / 1024 ** 2).toFixed(1)} MiB re-sent for one kill`,
)
process.exitCode = total.wrong + total.leftovers === 0 ? 0 : 1

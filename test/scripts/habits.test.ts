import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { BIN, finish, startShare, twoMachines } from '../support/cli.ts'
import { tempFolder } from '../support/tmp.ts'

/** The script, which says at its top what it needs. */
const SCRIPT = fileURLToPath(new URL('habits.sh', import.meta.url))

test(
  'a POSIX shell script finds the seven habits of a command that is fit for scripts',
  { timeout: 120_000 },
  async () => {
    const { sharer, client, root } = twoMachines()
    const closed = join(tempFolder(), 'closed')
    mkdirSync(closed)
    const [open, other] = await Promise.all([
      startShare(root, ['-w', '--open'], sharer),
      startShare(closed, ['--no-pairing'], sharer),
    ])
    const commands = tempFolder()
    writeFileSync(join(commands, 'sft'), '#!/bin/sh\nexec "$NODE" "$BIN" "$@"\n')
    chmodSync(join(commands, 'sft'), 0o755)
    const child = spawn('sh', [SCRIPT], {
      cwd: client.cwd,
      env: {
        ...process.env,
        SFT_HOME: client.home,
        SFT_NO_DISCOVERY: '1',
        A: open.address,
        B: other.address,
        NODE: process.execPath,
        BIN,
        PATH: `${commands}${delimiter}${process.env['PATH'] ?? ''}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const { exit, stdout, stderr } = await finish(child)
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(stdout.split('\n')).toEqual([
      'ok: it reads from a pipe',
      'ok: it writes into a pipe, and nothing else there',
      'ok: set -e can rely on it',
      'ok: without a terminal it asks nothing and does not wait',
      'ok: quiet is quiet, but for failures and data',
      'ok: --json is for programs',
      'ok: the exit status says what happened',
      '',
    ])
  },
)

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { newOwnerTag, ownerState, parseOwner, type Owner } from '../../src/fs/owner.ts'

const OWNER_MODULE = fileURLToPath(new URL('../../src/fs/owner.ts', import.meta.url))
const HERE = parse(newOwnerTag())

function parse(tag: string): Owner {
  const owner = parseOwner(tag)
  if (owner === null) throw new Error(`no owner: ${tag}`)
  return owner
}

/** The tag of a process of its own: a program that prints it and then waits for the end of its input. */
const PRINT_TAG = [
  '--input-type=module',
  '-e',
  `import { newOwnerTag } from ${JSON.stringify(OWNER_MODULE)}; console.log(newOwnerTag()); process.stdin.resume()`,
]

test('every tag is another one, and says which process it is', () => {
  const tags = Array.from({ length: 100 }, newOwnerTag)
  expect(new Set(tags).size).toBe(100)
  for (const tag of tags) expect(parse(tag)).toEqual(HERE)
  expect(HERE.pid).toBe(process.pid)
})

test.each(['', 'free', 'x', '1.2.3', `${newOwnerTag()}.1`, newOwnerTag().slice(1), newOwnerTag().toUpperCase() + 'X'])(
  'is not an owner: %s',
  (tag) => {
    expect(parseOwner(tag)).toBe(null)
  },
)

test.skipIf(process.platform !== 'linux')(
  'a killed process is dead, though its parent has not taken note',
  async () => {
    // `exec` makes the shell, which started the other one, a program that never asks after its children.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void parent.kill('SIGKILL'))
    const pid = Number(String((await once(parent.stdout, 'data'))[0]))
    const started = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21] ?? ''
    const owner = { ...HERE, pid, started }
    expect(ownerState(owner, Date.now())).toBe('alive')
    await expect.poll(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n')
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => ownerState(owner, Date.now())).toBe('dead')
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(' Z ')
  },
)

test('another process is alive until it ends', async () => {
  const child = spawn(process.execPath, PRINT_TAG, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const owner = parse(line.toString().trim())
  expect(owner).toEqual({ ...HERE, pid: child.pid, started: owner.started })
  expect(ownerState(owner, Date.now())).toBe('alive')
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  expect(ownerState(owner, Date.now())).toBe('dead')
})

describe('an owner', () => {
  test('that is this process is alive', () => {
    expect(ownerState(HERE, Date.now())).toBe('alive')
  })

  test.runIf(process.platform === 'linux')('that began at another time is dead, though its ID is in use again', () => {
    expect(HERE.started).not.toBe('')
    expect(ownerState({ ...HERE, started: '1' }, Date.now())).toBe('dead')
  })

  test('whose beginning is not known counts as alive while its ID is in use', () => {
    expect(ownerState({ ...HERE, started: '' }, Date.now())).toBe('alive')
  })

  test('on another machine is unknown, whatever its ID', () => {
    for (const pid of [HERE.pid, 4_000_000]) {
      expect(ownerState({ ...HERE, machine: '0'.repeat(16), pid }, 0)).toBe('unknown')
    }
  })

  test.runIf(process.platform === 'linux')(
    'of an earlier run of this machine is dead if it wrote nothing since',
    () => {
      const earlier = { ...HERE, boot: '0'.repeat(16) }
      expect(ownerState(earlier, Date.now() - 50 * 365 * 86_400_000)).toBe('dead')
      expect(ownerState(earlier, Date.now())).toBe('unknown') // a copy of this machine that runs beside it
    },
  )

  test('in another set of process IDs is unknown', () => {
    expect(ownerState({ ...HERE, namespace: '1', pid: 4_000_000 }, Date.now())).toBe('unknown')
  })

  test.runIf(process.geteuid?.() === 0)('in a container with process IDs of its own is unknown', () => {
    const inside = execFileSync('unshare', ['--pid', '--fork', '--mount-proc', process.execPath, ...PRINT_TAG], {
      input: '',
      encoding: 'utf8',
    })
    const owner = parse(inside.trim())
    expect(owner.machine).toBe(HERE.machine)
    expect(owner.namespace).not.toBe(HERE.namespace)
    expect(ownerState(owner, Date.now())).toBe('unknown')
  })
})

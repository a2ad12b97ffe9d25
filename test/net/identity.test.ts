import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ERRORS, loadIdentity, SftError } from '../../src/index.ts'
import { decodeIdentity, encodeIdentity, generateIdentity } from '../../src/net/identity.ts'
import { sft } from '../support/cli.ts'
import { names, snapshot } from '../support/snapshot.ts'
import { tempFolder } from '../support/tmp.ts'

/** A home with an identity in it. */
async function home(): Promise<{ home: string; file: string; peerId: string }> {
  const folder = join(tempFolder(), 'home')
  const { peerId } = await loadIdentity(folder)
  return { home: folder, file: join(folder, 'identity.key'), peerId }
}

/** Returns why the identity in a folder is refused. Asserts that the message names its file and that nothing changes. */
async function refusal(folder: string): Promise<string> {
  const before = snapshot(folder)
  const [outcome] = await Promise.allSettled([loadIdentity(folder)])
  const error: unknown = outcome.status === 'rejected' ? outcome.reason : null
  expect(error).toBeInstanceOf(SftError)
  expect(error).toMatchObject({
    code: 'ERR_IDENTITY',
    message: expect.stringContaining(join(folder, 'identity.key')),
  })
  expect(snapshot(folder)).toEqual(before)
  return String(error)
}

describe('the identity of a machine', () => {
  test('is made the first time, for its owner alone, and kept', async () => {
    const { home: folder, file, peerId } = await home()
    expect(peerId).toMatch(/^12D3Koo/)
    expect(statSync(file).mode & 0o7777).toBe(0o600)
    expect(statSync(folder).mode & 0o7777).toBe(0o700)
    expect(names(folder)).toEqual(['identity.key'])
    const { peerId: again } = await loadIdentity(folder)
    expect(again).toBe(peerId)
  })

  test('K09: is one, however many ask for it at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const folder = join(tempFolder(), 'home')
      const loaded = await Promise.all(Array.from({ length: 20 }, async () => loadIdentity(folder)))
      expect(new Set(loaded.map(({ peerId }) => peerId)).size).toBe(1)
      expect((await loadIdentity(folder)).peerId).toBe(loaded[0]?.peerId)
      expect(names(folder)).toEqual(['identity.key'])
    }
  })

  test('K09: is one, however many processes ask for it at once', async () => {
    const folder = join(tempFolder(), 'home')
    const ran = await Promise.all(Array.from({ length: 8 }, async () => sft(['id'], { home: folder })))
    expect(ran.map(({ exit, stderr }) => `${exit}${stderr}`)).toEqual(ran.map(() => '0'))
    const { peerId } = await loadIdentity(folder)
    for (const { stdout } of ran) expect(stdout).toContain(peerId)
    expect(names(folder)).toEqual(['identity.key'])
  })

  test('is made for everyone anew', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, async () => generateIdentity()))
    expect(new Set(made.map(({ peerId }) => peerId)).size).toBe(10)
  })
})

describe('C21: an identity file is refused and never replaced', () => {
  test.each(['640', '604', '644', '620', '666'])('if others may use it: mode %s', async (mode) => {
    const { home: folder, file } = await home()
    chmodSync(file, Number.parseInt(mode, 8))
    expect(await refusal(folder)).toMatch(/read by others.*chmod 600/)
  })

  test('if it is cut at any length, or empty', async () => {
    const { home: folder, file } = await home()
    const whole = readFileSync(file)
    for (let length = 0; length < whole.byteLength; length += 1) {
      writeFileSync(file, whole.subarray(0, length))
      expect(await refusal(folder)).toMatch(/damaged; restore it from a backup/)
    }
  })

  test('if any one bit of it is flipped', async () => {
    const { home: folder, file } = await home()
    const whole = readFileSync(file)
    for (let bit = 0; bit < whole.byteLength * 8; bit += 1) {
      const altered = Buffer.from(whole)
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      await expect(decodeIdentity(altered), `bit ${bit}`).rejects.toMatchObject({ code: 'ERR_IDENTITY' })
      if (bit % 16 === 0) {
        writeFileSync(file, altered)
        expect(await refusal(folder)).toMatch(/damaged; restore it from a backup/)
      }
    }
  })

  test('if anything follows it, or it is something else', async () => {
    const { home: folder, file } = await home()
    const whole = readFileSync(file)
    for (const content of [
      Buffer.concat([whole, Buffer.of(0)]),
      Buffer.concat([whole, whole]),
      Buffer.concat([whole, Buffer.from('\n')]),
      Buffer.alloc(68),
      Buffer.from('not a key\n'),
      whole.toString('hex'),
    ]) {
      writeFileSync(file, content)
      expect(await refusal(folder)).toMatch(/damaged; restore it from a backup/)
    }
    writeFileSync(file, Buffer.alloc(100_000))
    expect(await refusal(folder)).toMatch(/too large/)
  })

  test('if it is a link, even to a good one, or leads nowhere', async () => {
    const { file } = await home()
    for (const target of [file, 'nowhere']) {
      const folder = join(tempFolder(), 'home')
      mkdirSync(folder, { mode: 0o700 })
      symlinkSync(target, join(folder, 'identity.key'))
      expect(await refusal(folder)).toMatch(/symbolic link/)
    }
  })

  test('if it is a folder', async () => {
    const folder = tempFolder()
    mkdirSync(join(folder, 'identity.key'), { mode: 0o700 })
    expect(await refusal(folder)).toMatch(/not a file/)
  })

  test('if another user owns it', async () => {
    const { home: folder, file } = await home()
    vi.spyOn(process, 'getuid').mockReturnValue(statSync(file).uid + 1) // nobody but the superuser can give a file away
    onTestFinished(() => void vi.restoreAllMocks())
    expect(await refusal(folder)).toMatch(/another user/)
  })

  test('with an exit status of its own on the command line', async () => {
    const { home: folder, file } = await home()
    writeFileSync(file, '')
    const { exit, stdout, stderr } = await sft(['id'], { home: folder })
    expect(exit).toBe(ERRORS.ERR_IDENTITY.exit)
    expect(stdout).toBe('')
    expect(stderr).toContain(file)
    expect(stderr).toContain('damaged')
    expect(readFileSync(file)).toHaveLength(0)
  })
})

test('an identity survives being written and read', async () => {
  const identity = await generateIdentity()
  const decoded = await decodeIdentity(encodeIdentity(identity))
  expect(decoded.peerId).toBe(identity.peerId)
  expect(decoded.privateKey.equals(identity.privateKey)).toBe(true)
})

import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createSettingsFile, MAX_SETTINGS_BYTES, readSettingsFile } from '../../src/fs/settings-file.ts'
import { tempFolder } from '../support/tmp.ts'

/** Makes a file of settings that nobody objects to, and returns its path. */
function settingsFile(content: string | Uint8Array = 'lan-only = true\n'): string {
  const path = join(tempFolder(), 'config.toml')
  writeFileSync(path, content, { mode: 0o644 })
  chmodSync(path, 0o644)
  return path
}

test('a file that others may read is read, also through a link', async () => {
  const path = settingsFile('# ümläut\n')
  expect(await readSettingsFile(path)).toBe('# ümläut\n')
  symlinkSync(path, `${path}.link`)
  expect(await readSettingsFile(`${path}.link`)).toBe('# ümläut\n')
})

test('no file is null, and an empty one is empty', async () => {
  expect(await readSettingsFile(join(tempFolder(), 'none', 'config.toml'))).toBe(null)
  expect(await readSettingsFile(settingsFile(''))).toBe('')
})

test.each([0o664, 0o646, 0o622])('a file that others may change is refused (mode %o)', async (mode) => {
  const path = settingsFile()
  chmodSync(path, mode)
  await expect(readSettingsFile(path)).rejects.toMatchObject({
    code: 'ERR_USAGE',
    message: expect.stringContaining(`${path} can be changed by others; run: chmod go-w`) as string,
  })
})

test.runIf(process.geteuid?.() === 0)('a file of another user is refused', async () => {
  const path = settingsFile()
  chownSync(path, 65_534, 65_534)
  await expect(readSettingsFile(path)).rejects.toMatchObject({
    code: 'ERR_USAGE',
    message: expect.stringContaining('belongs to another user') as string,
  })
})

test('a file of the full size is read, and one byte more is refused', async () => {
  const full = '#'.repeat(MAX_SETTINGS_BYTES)
  expect(await readSettingsFile(settingsFile(full))).toBe(full)
  await expect(readSettingsFile(settingsFile(`${full}#`))).rejects.toMatchObject({
    code: 'ERR_USAGE',
    message: expect.stringContaining('larger than 64 KiB') as string,
  })
})

test('what is no file, or no text, is refused without waiting', async () => {
  const folder = tempFolder()
  mkdirSync(join(folder, 'folder'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  for (const name of ['folder', 'pipe']) {
    await expect(readSettingsFile(join(folder, name))).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringContaining('is not a file') as string,
    })
  }
  await expect(readSettingsFile('/dev/zero')).rejects.toMatchObject({ code: 'ERR_USAGE' })
  await expect(readSettingsFile(settingsFile(Buffer.from('a = "\xff"', 'latin1')))).rejects.toMatchObject({
    code: 'ERR_USAGE',
    message: expect.stringContaining('is not UTF-8') as string,
  })
})

test('a file is created for its owner, and nothing is ever overwritten', async () => {
  const folder = tempFolder()
  const path = join(folder, 'home/config.toml')
  expect(await createSettingsFile(path, '# one\n')).toBe(true)
  expect(statSync(path).mode & 0o7777).toBe(0o600)
  expect(await createSettingsFile(path, '# two\n')).toBe(false)
  expect(readFileSync(path, 'utf8')).toBe('# one\n')
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'))
  expect(await createSettingsFile(join(folder, 'link'), '# two\n')).toBe(false)
})

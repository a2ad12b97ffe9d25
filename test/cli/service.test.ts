import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BIN, objects, sft, type Finished } from '../support/cli.ts'
import { tempFolder } from '../support/tmp.ts'
import { installed, wordsOf } from '../support/unit.ts'

/** A user with a home, a config folder and no manager of services that could be reached. */
interface User {
  readonly home: string
  readonly folder: string
  readonly units: string
  readonly service: (args: readonly string[], env?: Record<string, string>) => Promise<Finished>
}

function user(): User {
  const base = tempFolder()
  const [home, folder, config] = [join(base, 'home'), join(base, 'files'), join(base, 'config')]
  for (const path of [folder, config]) mkdirSync(path)
  const own = { XDG_CONFIG_HOME: config, XDG_RUNTIME_DIR: join(base, 'runtime'), DBUS_SESSION_BUS_ADDRESS: '' }
  const service: User['service'] = async (args, env) =>
    sft(['service', ...args], { home, cwd: folder, env: { ...own, ...env } })
  return { home, folder, units: join(config, 'systemd', 'user'), service }
}

describe('the unit of a service', () => {
  test('starts this very sft for that folder, and is only printed', async () => {
    const { home, folder, units, service } = user()
    const shared = join(folder, '--drop %h $HOME')
    mkdirSync(shared)
    const { exit, stdout, stderr } = await service(['install', '--print', '--', '--drop %h $HOME'])
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(wordsOf(stdout, 'ExecStart')).toEqual([process.execPath, BIN, 'share', shared, '--no-discovery'])
    expect(wordsOf(stdout, 'ReadWritePaths')).toEqual([home, shared])
    expect(stdout).toContain(`\nEnvironment="SFT_HOME=${home}"\nEnvironment="XDG_CONFIG_HOME=`)
    expect([existsSync(home), existsSync(units)]).toEqual([false, false])
  })

  test('has the options of the share, and may write where the share may', async () => {
    const { home, folder, service } = user()
    const print = async (...flags: readonly string[]): Promise<string> => {
      const { stdout } = await service(['install', '.', '--print', ...flags], { SFT_NAME: 'box' })
      return stdout
    }
    const typed = ['--peer', 'ana', '--peer=bob 2', '--no-pairing', '--listen', '/ip4/127.0.0.1/tcp/0', '--lan-only']
    const unit = await print(...typed, '--allow', 'list,get')
    expect(wordsOf(unit, 'ExecStart').slice(4).toSorted()).toEqual([
      '--allow=list,get',
      '--lan-only',
      '--listen=/ip4/127.0.0.1/tcp/0',
      '--no-discovery', // by the environment
      '--no-pairing',
      '--peer=ana',
      '--peer=bob 2',
    ])
    expect(wordsOf(unit, 'ReadWritePaths')).toEqual([home])
    expect(unit).toContain('\nEnvironment="SFT_NAME=box"\n')
    for (const flags of [['-w'], ['--drop'], ['--allow', 'put']]) {
      expect(wordsOf(await print(...flags), 'ReadWritePaths')).toEqual([home, folder])
    }
    expect(await print('--no-sandbox')).not.toContain('ReadWritePaths')
  })

  test('reads the settings that were named when it was made, by a whole path', async () => {
    const { home, folder } = user()
    writeFileSync(join(folder, 'own.toml'), 'lan-only = true\n', { mode: 0o600 })
    for (const how of [
      { args: ['--config', 'own.toml'] },
      { args: ['--config=own.toml'], env: { SFT_CONFIG: 'other.toml' } },
      { args: [], env: { SFT_CONFIG: './own.toml' } },
    ]) {
      const args = [...how.args, 'service', 'install', '.', '--print']
      const { stdout } = await sft(args, { home, cwd: folder, ...(how.env && { env: how.env }) })
      expect(wordsOf(stdout, 'ExecStart').slice(2)).toEqual([
        'share',
        folder,
        '--no-discovery', // and nothing that the file says, which may change
        `--config=${join(folder, 'own.toml')}`,
      ])
    }
  })

  test('is not made for a folder that no unit can name, or options that no share takes', async () => {
    const { folder, service } = user()
    mkdirSync(join(folder, 'a\nExecStartPre=x'))
    for (const args of [
      ['a\nExecStartPre=x'],
      ['.', '--open', '--peer', 'ana'],
      ['.', '--allow', 'fly'],
      ['.', '--qr'],
    ]) {
      const { exit, stdout, stderr } = await service(['install', '--print', ...args])
      expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
      expect(stderr).toMatch(/^sft: [^\n]+\n$/)
    }
    expect(await service(['install', 'absent', '--print'])).toMatchObject({ exit: 4, stdout: '' })
  })
})

describe('a service', () => {
  test('is not installed where there is no systemd, and nothing is left', async () => {
    const { home, units, service } = user()
    const { exit, stderr } = await service(['install', '.'], { PATH: tempFolder() })
    expect({ exit, stderr }).toEqual({
      exit: 4,
      stderr:
        'sft: this system has no systemctl, so no systemd that could run a service; "sft service install DIR --print" shows the unit\n',
    })
    expect([existsSync(home), existsSync(units)]).toEqual([false, false])
  })

  test.skipIf(!installed('systemctl'))('says it when systemd does not answer, and can be taken back', async () => {
    const { home, units, service } = user()
    const { exit, stderr } = await service(['install', '.', '--peer', 'ana'])
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringMatching(/^sft: systemctl --user \S+: .*\n$/) })
    const [name = '', ...others] = readdirSync(units)
    expect(others).toEqual([])
    expect(wordsOf(readFileSync(join(units, name), 'utf8'), 'ExecStart')).toContain('--peer=ana')
    expect(existsSync(join(home, 'identity.key'))).toBe(true)

    expect(await service(['install', '.', '--open'])).toMatchObject({ exit: 1 })
    expect(wordsOf(readFileSync(join(units, name), 'utf8'), 'ExecStart')).toContain('--open')
    expect(await service(['status', '.'])).toMatchObject({ exit: 1, stdout: expect.stringContaining(name) })
    expect(await service(['uninstall', '.'])).toMatchObject({ exit: 1, stderr: expect.stringContaining('is removed') })
    expect(readdirSync(units)).toEqual([])
    for (const command of ['status', 'uninstall']) expect(await service([command, '.'])).toMatchObject({ exit: 4 })
  })

  test('of somebody else is left alone', async () => {
    const { units, service } = user()
    const [unit] = objects((await service(['install', '.', '--print', '--json'])).stdout)
    expect(unit).toMatchObject({ type: 'unit', text: expect.any(String), path: join(units, String(unit?.['name'])) })
    mkdirSync(units, { recursive: true })
    const path = join(units, String(unit?.['name']))
    writeFileSync(path, '[Service]\nExecStart=/bin/true\n')
    for (const command of ['install', 'uninstall', 'status']) {
      expect(await service([command, '.'])).toMatchObject({ exit: 8 })
    }
    expect(readFileSync(path, 'utf8')).toBe('[Service]\nExecStart=/bin/true\n')
  })
})

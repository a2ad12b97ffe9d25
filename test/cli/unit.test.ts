import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatUnit, MARK, unitName, type Service } from '../../src/cli/unit.ts'
import { installed, linesOf, wordsOf } from '../support/unit.ts'
import { tempFolder } from '../support/tmp.ts'

/** Names of folders that mean something to systemd, to a shell or to nobody. */
const HOSTILE = [
  'with space',
  '%h',
  '100%%',
  '"quoted" and more',
  'back\\slash',
  'at the end\\',
  '\\x20',
  '$HOME ${HOME} $$',
  ';',
  '--write',
  '#[Service]',
  "it's",
  'фото',
  '👨‍👩‍👧',
]

function service(folder: string, changes: Partial<Service> = {}): Service {
  const command = ['/usr/bin/node', '/opt/sft/bin/sft.js', 'share', folder]
  const environment = { SFT_HOME: `${folder}-home` }
  return { folder, command, environment, writable: [folder, `${folder}-home`], sandbox: true, ...changes }
}

describe('a unit', () => {
  test.each(HOSTILE)('has the folder %s as it is, whatever systemd makes of such characters', (name) => {
    const folder = `/srv/${name}`
    const text = formatUnit(service(folder))
    expect(wordsOf(text, 'ExecStart')).toEqual(service(folder).command)
    expect(wordsOf(text, 'ReadWritePaths')).toEqual([folder, `${folder}-home`])
    expect(wordsOf(text, 'Environment')).toEqual([`SFT_HOME=${folder}-home`])
    expect(linesOf(text).map(([setting]) => setting)).toEqual(
      linesOf(formatUnit(service('/srv/plain'))).map(([setting]) => setting),
    )
  })

  test.each([
    'a\nExecStartPre=x',
    'a\rb',
    'a\tb',
    'a\0b',
    'a\u001b[2Jb',
    'a\u202eb',
    'a\u2028b',
    'a\u0085b',
    'a\ud800',
  ])('is not made of %j, wherever it stands', (name) => {
    const fit = service('/srv/plain')
    for (const changes of [
      { folder: `/srv/${name}` },
      { command: [...fit.command, name] },
      { environment: { SFT_NAME: name } },
      { writable: [`/srv/${name}`] },
    ]) {
      expect(() => formatUnit({ ...fit, ...changes })).toThrow(/cannot be seen or ends a line/)
    }
  })

  test.each(["/opt/it's/sft", '/opt/"a"/sft', '/opt/a\\b/sft'])(
    'is not made for an sft at %s, which systemd starts nowhere',
    (at) => {
      expect(() => formatUnit(service('/srv/a', { command: [at, 'share', '/srv/a'] }))).toThrow(/install it elsewhere/)
    },
  )

  test('keeps the rest of the file system from the share, but not where there are no namespaces', () => {
    expect(formatUnit(service('/srv/a'))).toMatch(/^ProtectSystem=strict$/m)
    const open = formatUnit(service('/srv/a', { sandbox: false }))
    expect(open).not.toMatch(/^(?:ReadWritePaths|Protect|Private)/m)
    expect(open).toMatch(/^NoNewPrivileges=yes$/m)
  })

  test.each(['/tmp/a', '/var/tmp/a', '/tmp'])('leaves the folder for temporary files as it is to use %s', (folder) => {
    expect(formatUnit(service('/srv/a'))).toContain('\nPrivateTmp=yes\n')
    expect(formatUnit(service(folder))).not.toContain('PrivateTmp')
    expect(formatUnit(service('/srv/a', { writable: ['/srv/a', folder] }))).not.toContain('PrivateTmp')
    expect(formatUnit(service('/srv/a', { readable: [folder] }))).not.toContain('PrivateTmp')
  })

  test('says in its first line whose it is', () => {
    expect(formatUnit(service('/srv/a')).startsWith(`${MARK}\n`)).toBe(true)
  })

  test.skipIf(!installed('systemd-analyze'))('is one that systemd has nothing to say against', () => {
    const folder = tempFolder()
    const units = HOSTILE.flatMap((name, index) =>
      [true, false].map((sandbox) => {
        const shared = join(folder, name)
        mkdirSync(shared, { recursive: true })
        const path = join(folder, `sft-test-${index}-${String(sandbox)}.service`)
        // It looks for the program, and finds it only if it reads the path as it is meant.
        const program = /["'\\]/.test(name) ? process.execPath : join(shared, 'sft')
        if (program !== process.execPath) writeFileSync(program, '', { mode: 0o755 })
        const command = [program, 'share', shared]
        writeFileSync(path, formatUnit(service(shared, { command, writable: [shared], sandbox })))
        return path
      }),
    )
    const env = { ...process.env, XDG_RUNTIME_DIR: folder }
    const { stderr, status } = spawnSync('systemd-analyze', ['--user', 'verify', ...units], { encoding: 'utf8', env })
    expect({ faults: stderr.split('\n').filter((line) => line.includes('sft-test')), status }).toEqual({
      faults: [],
      status: 0,
    })
  })
})

describe('the name of a unit', () => {
  test('tells what it shares, and holds nothing that a file system or systemd takes for something else', async () => {
    expect(await unitName('/home/ana/photos')).toMatch(/^sft-photos-[0-9a-f]{8}\.service$/)
    expect(await unitName('/home/bob/photos')).not.toBe(await unitName('/home/ana/photos'))
    for (const name of [...HOSTILE, '', '..', '-', 'x'.repeat(255)]) {
      expect(await unitName(`/srv/${name}`)).toMatch(/^sft-\w[\w-]{0,50}\.service$/)
    }
  })
})

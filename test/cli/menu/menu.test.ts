import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { textWidth } from '../../../src/cli/width.ts'
import { PeerStore } from '../../../src/index.ts'
import { namesIn, PATIENTLY, sft, twoMachines } from '../../support/cli.ts'
import { menuScene, pick, pickMarked, pickPeer, TOP } from '../../support/menu.ts'
import { namespaces, namespacesUsable } from '../../support/namespaces.ts'
import { acquaint, lan } from '../../support/pairing.ts'
import { Terminal, terminalUsable } from '../../support/terminal.ts'
import { tempFolder } from '../../support/tmp.ts'

/** A share with a folder and some files. */
function fill(root: string): void {
  mkdirSync(join(root, 'holidays'))
  for (const name of ['a.txt', 'b.txt', 'c.txt']) writeFileSync(join(root, 'holidays', name), name)
  writeFileSync(join(root, 'beach.jpg'), new Uint8Array(3_410_000))
}

/** Gets a file whose name is taken, up to the question what becomes of it. */
async function getUpToTheQuestion(terminal: Terminal): Promise<void> {
  await pick(terminal, 'Get files')
  await pickPeer(terminal)
  await pick(terminal, 'a.txt')
  await terminal.waitForText(/^> here/m)
  await terminal.press('Enter')
  await terminal.waitForText(/\(a capital: for all\)\?$/)
}

test('where nobody looks, there is the help, and exit status 2', async () => {
  const { client } = twoMachines()
  const { exit, stdout, stderr } = await sft([], client)
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
  expect(stderr).toMatch(/^Usage: sft /)
  expect(existsSync(client.home)).toBe(false)
})

describe.skipIf(terminalUsable() !== null)('on a terminal', () => {
  test('it opens, Esc and Exit leave with 0 and Ctrl-C with 130, and nothing is left on the screen', async () => {
    const { client, open } = await menuScene()
    const terminal = await open()
    for (const [key, exit] of [
      ['Escape', 0],
      ['C-c', 130],
      ['C-d', 0],
    ] as const) {
      await terminal.clear()
      await terminal.type('sft')
      await terminal.waitForText(TOP)
      expect(await terminal.screen()).toMatch(/^> Share a folder/m)
      await terminal.press(key)
      expect(await terminal.exit()).toBe(exit)
      const ending = (await terminal.screen()).split('\n').slice(-2)
      expect(ending).toEqual([expect.stringMatching(/^\[\d+\] sft$/), `[${exit}]`])
    }
    await terminal.clear()
    await terminal.type('sft')
    await terminal.waitForText(TOP)
    await terminal.press('Up') // round to the last one
    await terminal.waitForText('> Exit')
    await terminal.press('Enter')
    expect(await terminal.exit()).toBe(0)
    expect(namesIn(client.cwd)).toEqual([])
  })

  test('who has no identity yet is told what sft does, once', async () => {
    const { client, open } = await menuScene()
    const terminal = await open({ env: { SFT_HOME: join(client.home, 'new') } })
    await terminal.type('clear; sft')
    await terminal.waitForText(TOP)
    expect(await terminal.screen()).toMatch(/^sft moves files straight between your machines, [^\n]*\.\n\S/m)
    await terminal.press('Escape')
    await terminal.exit()
    await terminal.run('sft id')
    await terminal.clear()
    await terminal.type('sft')
    await terminal.waitForText(TOP)
    expect(await terminal.screen()).not.toContain('sft moves files')
  })

  test.each([
    ['without a terminal for input', 'sft </dev/null'],
    ['without a terminal for output', 'sft | cat; (exit ${PIPESTATUS[0]})'],
    ['on a terminal that can do nothing', 'TERM=dumb sft'],
  ])('%s there is the help', async (_, line) => {
    const { open } = await menuScene()
    const { exit, screen } = await (await open()).run(line)
    expect(exit).toBe(2)
    expect(screen).toContain('Usage: sft')
    expect(screen).not.toContain(TOP)
  })

  test('files are fetched with the arrow keys, and the command for that is told once', async () => {
    const { root, local, openMenu } = await menuScene()
    fill(root)
    const terminal = await openMenu()
    await terminal.press('Down')
    await terminal.waitForText(/^> Get files/m)
    await terminal.press('Enter')
    await terminal.waitForText(/^> ana-laptop +here /m)
    await terminal.press('Enter')
    await terminal.waitForText(/^Get from ana-laptop:\/$/m)
    await terminal.waitForText(/^> \[ \] holidays\/ /m)
    expect(await terminal.screen()).toMatch(/^ {2}\[ \] beach\.jpg +3\.41 MB {2}\d{4}-/m)
    await terminal.press('Right')
    await terminal.waitForText(/^> \[ \] a\.txt/m)
    await terminal.press('Space')
    await terminal.waitForText(/^> \[x\] a\.txt/m)
    await terminal.press('Down')
    await terminal.press('Down')
    await terminal.press('Space')
    await terminal.waitForText(/^> \[x\] c\.txt/m)
    expect(await terminal.screen()).toMatch(/^ {6}Go on with the 2 marked$/m)
    await terminal.press('Enter')
    await terminal.waitForText(/^> here/m)
    await terminal.press('Enter')
    await terminal.waitForText('Next time: sft get ana-laptop holidays/a.txt holidays/c.txt -o .')
    await terminal.waitForText(`\n\n${TOP}`)
    expect(await terminal.screen()).toMatch(/^> Get files/m)
    expect(namesIn(local)).toEqual(['a.txt', 'c.txt'])
    await pick(terminal, 'Get files')
    await pickPeer(terminal)
    await pick(terminal, 'beach.jpg')
    await terminal.waitForText(/^> here/m)
    await terminal.press('Enter')
    await terminal.waitForText('Next time: sft get ana-laptop beach.jpg -o .')
    await terminal.waitForText(/^beach\.jpg: 3\.41 MB, verified$/m)
    await terminal.waitForText(TOP)
    await terminal.press('Escape')
    expect(await terminal.exit()).toBe(0)
    expect(readFileSync(join(local, 'beach.jpg'))).toHaveLength(3_410_000)
  })

  test('Esc and Ctrl-C go back one step at a time', async () => {
    const { root, openMenu } = await menuScene()
    fill(root)
    const terminal = await openMenu()
    await pick(terminal, 'Get files')
    await terminal.waitForText('Get files from')
    await terminal.press('Enter')
    await pick(terminal, 'holidays')
    await pick(terminal, 'b.txt')
    await terminal.waitForText('Put what arrives')
    for (const [key, wanted] of [
      ['C-c', 'Get from ana-laptop:/holidays'],
      ['Escape', /Get from ana-laptop:\/$/m],
      ['C-c', 'Get files from'],
      ['Escape', TOP],
    ] as const) {
      await terminal.press(key)
      await terminal.waitForText(wanted)
    }
    await terminal.press('Escape')
    expect(await terminal.exit()).toBe(0)
  })

  test('what is deleted is named and asked about first, and No is the answer unless it is Yes', async () => {
    const { root, openMenu } = await menuScene()
    fill(root)
    const terminal = await openMenu()
    await pick(terminal, 'Delete')
    await pickPeer(terminal)
    await pick(terminal, 'beach.jpg')
    await terminal.waitForText(/^ {2}beach\.jpg\nDelete for good\?$/m)
    expect(await terminal.screen()).toMatch(/^> No, keep it\n {2}Yes, delete it$/m)
    await terminal.press('Enter')
    await terminal.waitForText(/^Delete from ana-laptop:\/$/m)
    expect(existsSync(join(root, 'beach.jpg'))).toBe(true)
    await terminal.waitForText(/^> \[ \] beach\.jpg/m)
    await terminal.press('Enter')
    await pick(terminal, 'Yes, delete it')
    await terminal.waitForText(/^beach\.jpg: deleted\nNext time: sft rm ana-laptop beach\.jpg$/m)
    await terminal.waitForText(TOP)
    expect(existsSync(join(root, 'beach.jpg'))).toBe(false)
    // A folder that is not empty: the usual error, and the menu again.
    await terminal.press('Enter')
    await pickPeer(terminal)
    await terminal.waitForText(/^> \[ \] holidays/m)
    await terminal.press('Space')
    await pickMarked(terminal, 1)
    await pick(terminal, 'Yes, delete it')
    await terminal.waitForText(/^sft: holidays: the folder is not empty; delete what is in it first$/m)
    await terminal.waitForText(TOP)
    expect(existsSync(join(root, 'holidays'))).toBe(true)
  })

  test('a file is renamed; one that is there already is replaced only if that is wanted', async () => {
    const { root, openMenu } = await menuScene()
    fill(root)
    writeFileSync(join(root, 'draft.txt'), 'draft')
    writeFileSync(join(root, 'final.txt'), 'old')
    const terminal = await openMenu()
    for (const answer of ['No, keep both', 'Yes, replace it']) {
      await pick(terminal, 'Rename')
      await pickPeer(terminal)
      await pick(terminal, 'draft.txt')
      await terminal.waitForText(/^draft\.txt\nNew name: draft\.txt$/m)
      await terminal.press('C-u')
      await terminal.waitForText(/^New name:$/m)
      await terminal.type('final.txt')
      await terminal.waitForText(/^There is already:\n {2}final\.txt\n {2}3 B {2}/m)
      expect(await terminal.screen()).toMatch(/^> No, keep both$/m)
      await pick(terminal, answer)
      if (answer.startsWith('Yes')) break
      await terminal.waitForText('Rename in ana-laptop:/')
      expect(readFileSync(join(root, 'final.txt'), 'utf8')).toBe('old')
      await terminal.press('Escape')
      await terminal.waitForText('Rename in the share of')
      await terminal.press('Escape')
      await terminal.waitForText(TOP)
    }
    await terminal.waitForText('Next time: sft mv ana-laptop draft.txt final.txt --overwrite')
    expect(readFileSync(join(root, 'final.txt'), 'utf8')).toBe('draft')
    // A name that holds keys is not typed in for the person.
    writeFileSync(join(root, 'evil\nname\u0003'), 'evil')
    await pick(terminal, 'Rename')
    await pickPeer(terminal)
    await pick(terminal, 'evil')
    await terminal.waitForText(/^evil\\nname\\x03\nNew name:$/m)
    await terminal.type('harmless')
    await terminal.waitForText(`Next time: sft mv ana-laptop $'evil\\012name\\003' harmless`)
    expect(readFileSync(join(root, 'harmless'), 'utf8')).toBe('evil')
  })

  test('files of this machine are sent into a folder of the share', async () => {
    const { root, local, openMenu } = await menuScene()
    fill(root)
    for (const name of ['-', '-rf', 'report.pdf']) writeFileSync(join(local, name), name)
    const terminal = await openMenu()
    await pick(terminal, 'Send files')
    await pickPeer(terminal)
    await terminal.waitForText(/^> \[ \] -$/m)
    for (const name of ['-rf', 'report.pdf']) {
      await terminal.press('Space')
      await terminal.press('Down')
      await terminal.waitForText(new RegExp(`^> \\[ \\] ${name}$`, 'm'))
    }
    await terminal.press('Space')
    await terminal.press('Enter')
    await pick(terminal, 'holidays/')
    await terminal.waitForText(/^> Into this folder$/m)
    await terminal.press('Enter')
    await terminal.waitForText('Next time: sft put ana-laptop ./- ./-rf report.pdf -o holidays/')
    expect(namesIn(join(root, 'holidays'))).toEqual(['-', '-rf', 'a.txt', 'b.txt', 'c.txt', 'report.pdf'])
  })

  test('a share that lets nobody look takes files all the same', async () => {
    const { root, local, openMenu } = await menuScene(['--drop'])
    writeFileSync(join(local, 'report.pdf'), 'report')
    const terminal = await openMenu()
    await pick(terminal, 'Send files')
    await pickPeer(terminal)
    await pick(terminal, 'report.pdf')
    await terminal.waitForText('Next time: sft put ana-laptop report.pdf')
    expect(namesIn(root)).toEqual(['report.pdf'])
    await pick(terminal, 'Get files')
    await pickPeer(terminal)
    await terminal.waitForText(/^sft: the share does not allow it/m)
    await terminal.waitForText(TOP)
  })

  test('T01 and T02: hostile names are shown escaped, act on nothing, and are fetched as they are', async () => {
    const { root, local, openMenu } = await menuScene()
    const evil = 'x\u001b[2J\u001b[1;1H\rinnocent\nline\u202etxt'
    const names = [evil, '*', '-rf', "it's $(id).txt", '\u200b']
    for (const name of [...names, 'other']) writeFileSync(join(root, name), name)
    const terminal = await openMenu({ columns: 120 })
    await pick(terminal, 'Get files')
    await pickPeer(terminal)
    await terminal.waitForText('x\\x1b[2J\\x1b[1;1H\\rinnocent\\nline\\u{202e}txt')
    const screen = await terminal.screen()
    expect(screen).toMatch(/^[ -~\n…]*$/)
    expect(screen.match(/^..\[ \]/gm)).toHaveLength(6)
    for (const part of ['innocent', '*', '-rf', '$(id)', '200b']) {
      await terminal.type(part, { enter: false })
      await terminal.waitForText(/^> \[ \] /m)
      await terminal.waitForText(`ana-laptop:/ ${part}`)
      await terminal.press('Space')
      await terminal.waitForText(/^> \[x\] /m)
      await terminal.press('Escape')
      await terminal.waitForText(/ana-laptop:\/$/m)
    }
    await pickMarked(terminal, 5)
    await terminal.waitForText(/^> here/m)
    await terminal.press('Enter')
    await terminal.waitForText(/^Next time: sft get -o \. -- ana-laptop /m)
    expect(namesIn(local)).toEqual(names.toSorted())
    for (const name of names) expect(readFileSync(join(local, name), 'utf8')).toBe(name)
    expect(await terminal.screen()).toMatch(/^[ -~\n…]*$/)
  })

  test('forty columns are enough, and what is asked stays when the terminal is resized', async () => {
    const { root, open } = await menuScene()
    fill(root)
    writeFileSync(join(root, '日本語の長い名前'.repeat(5)), '')
    const terminal = await open({ columns: 40, rows: 30 })
    // At the bottom, as after some use: what is near the top of an empty screen, tmux moves out of reach when it wraps.
    await terminal.type('clear; seq 40; sft')
    const widest = async (): Promise<number> => Math.max(...(await terminal.screen()).split('\n').map(textWidth))
    await pick(terminal, 'Get files')
    await terminal.waitForText(/^> ana-laptop +here/m)
    expect(await widest()).toBeLessThan(40)
    await terminal.press('Enter')
    await terminal.waitForText(/beach\.jpg +3\.41 MB$/m)
    expect(await widest()).toBeLessThan(40)
    for (const columns of [30, 90, 40]) {
      await terminal.resize(columns, 30)
      await terminal.waitForText(columns === 90 ? /3\.41 MB {2}\d{4}/ : /3\.41 MB$/m)
      const screen = await terminal.screen()
      expect(screen.match(/beach\.jpg/g)).toHaveLength(1)
      expect(screen.match(/Get from/g)).toHaveLength(1)
    }
    await pick(terminal, 'beach.jpg')
    await terminal.waitForText(/^> here/m)
    expect(await widest()).toBeLessThan(40)
  })

  test('a machine that does not answer is told of in a line, and the menu is back', async () => {
    const { address, openMenu } = await menuScene()
    const terminal = await openMenu()
    await pick(terminal, 'List')
    await pick(terminal, 'Another machine')
    await terminal.waitForText(/^Its name, or an address of it:$/m)
    await terminal.type(address.replace(/\/tcp\/\d+/, '/tcp/1'))
    await terminal.waitForText(/^sft: /m)
    await terminal.waitForText(TOP)
    await pick(terminal, 'List')
    await pick(terminal, 'Another machine')
    await terminal.waitForText(/^Its name, or an address of it:$/m)
    await terminal.type(address)
    await terminal.waitForText('Look into …')
    await pick(terminal, 'Print what is here')
    await terminal.waitForText(`Next time: sft ls ${address}`)
  })

  test('a command asks as it always does, and its answer is not lost', async () => {
    const { root, local, openMenu } = await menuScene()
    for (const folder of [root, local]) writeFileSync(join(folder, 'a.txt'), folder)
    utimesSync(join(local, 'a.txt'), 1e9, 1e9)
    const terminal = await openMenu()
    for (const [typed, content] of [
      ['s', local],
      ['o', root],
    ] as const) {
      await getUpToTheQuestion(terminal)
      await terminal.type(typed)
      await terminal.waitForText(TOP)
      expect(readFileSync(join(local, 'a.txt'), 'utf8')).toBe(content)
    }
  })

  test('where nobody can type any more, it leaves', async () => {
    const { root, local, openMenu } = await menuScene()
    for (const folder of [root, local]) writeFileSync(join(folder, 'a.txt'), folder)
    utimesSync(join(local, 'a.txt'), 1e9, 1e9)
    const terminal = await openMenu()
    await getUpToTheQuestion(terminal)
    await terminal.press('C-d')
    expect(await terminal.exit()).toBe(0)
    expect(await terminal.screen()).toContain('No answer: it is left alone')
  })

  test('what arrives goes into a folder whose path is typed', async () => {
    const { root, local, openMenu } = await menuScene()
    fill(root)
    const terminal = await openMenu({ env: { HOME: local } })
    for (const [typed, told] of [
      ['new folder', "-o 'new folder'"],
      ['~/pictures', '-o pictures'],
    ] as const) {
      await pick(terminal, 'Get files')
      await pickPeer(terminal)
      await terminal.waitForText(/^> \[ \] holidays/m)
      await terminal.press('Space')
      await pickMarked(terminal, 1)
      await pick(terminal, 'into another folder')
      await pick(terminal, 'Type a path')
      await terminal.waitForText(/^Type a path:$/m)
      await terminal.type(typed)
      await terminal.waitForText(`Next time: sft get ana-laptop holidays ${told}`)
    }
    expect(namesIn(local).filter((name) => !name.includes('.txt'))).toEqual([
      'new folder',
      'new folder/holidays',
      'pictures',
      'pictures/holidays',
    ])
  })

  test('a machine that is not known is paired with by the code that it shows', async () => {
    const { sharer, root, client, events, address, openMenu } = await menuScene()
    fill(root)
    const terminal = await openMenu({ env: { SFT_HOME: join(client.home, 'new'), SFT_NAME: 'tablet' } })
    await pick(terminal, 'List')
    await terminal.waitForText('no machine is known yet')
    await pick(terminal, 'Another machine')
    await terminal.waitForText(/^Its name, or an address of it:$/m)
    await terminal.type(address)
    await terminal.waitForText(/^Code:$/m)
    const code = await vi.waitFor(() => {
      const shown = events.find(({ type }) => type === 'code')?.['code']
      if (typeof shown !== 'string') throw new Error('no code is shown')
      return shown
    }, PATIENTLY)
    await terminal.type(code)
    await pick(terminal, 'Print what is here')
    await terminal.waitForText(/ beach\.jpg\n(?:.*\n)*Next time: sft ls /)
    expect((await new PeerStore(sharer.home).read()).map(({ name }) => name)).toEqual(['desktop', 'tablet'])
    await pick(terminal, 'Get files')
    await terminal.waitForText(/^> \S+ +here +seen just now/m)
  })

  test('a machine that is known is renamed, blocked, let in again and removed, which is asked about', async () => {
    const { client, openMenu } = await menuScene()
    const terminal = await openMenu()
    const manage = async (name: string, what: string): Promise<void> => {
      await pick(terminal, 'Machines I know')
      await pick(terminal, name)
      await pick(terminal, what)
    }
    await manage('ana-laptop', 'Rename')
    await terminal.waitForText(/^New name: ana-laptop$/m)
    await terminal.press('C-u')
    await terminal.type('bob')
    await terminal.waitForText(/^ana-laptop is now called bob\nNext time: sft peers rename ana-laptop bob$/m)
    const known = async () => (await new PeerStore(client.home).read()).map(({ name, blocked }) => ({ name, blocked }))
    expect(await known()).toEqual([{ name: 'bob', blocked: false }])
    await manage('bob', 'Block')
    await terminal.waitForText('Next time: sft peers block bob')
    expect(await known()).toEqual([{ name: 'bob', blocked: true }])
    await manage('bob', 'Unblock')
    await terminal.waitForText('Next time: sft peers unblock bob')
    expect(await known()).toEqual([{ name: 'bob', blocked: false }])
    await manage('bob', 'Remove')
    await terminal.waitForText(/^> No, keep it$/m)
    await terminal.press('Enter')
    await terminal.waitForText(/^Machines I know$/m) // back in the list
    await pick(terminal, 'bob')
    await pick(terminal, 'Remove')
    await pick(terminal, 'Yes, remove it')
    await terminal.waitForText('Next time: sft peers remove bob')
    expect(await known()).toEqual([])
  })

  test('what is typed a moment after Esc is not taken for one key with it', async () => {
    const { openMenu } = await menuScene()
    const terminal = await openMenu()
    const attempt = async (): Promise<void> => {
      await terminal.type('zzz', { enter: false })
      await terminal.waitForText(/do\? zzz$/m)
      await terminal.press('Escape')
      await setTimeout(250) // a busy machine may take them for one all the same, so that it is tried again
      await terminal.type('doc', { enter: false })
      try {
        await terminal.waitForText(/^> Doctor/m, 1_000)
      } catch (error) {
        await terminal.press('Escape')
        await terminal.waitForText(/do\?$/m)
        throw error
      }
    }
    await vi.waitFor(attempt, PATIENTLY)
  })

  test('on a small screen there is still room for why something failed', async () => {
    const { openMenu } = await menuScene()
    const terminal = await openMenu({ columns: 60, rows: 12 })
    await terminal.type('know', { enter: false })
    await terminal.waitForText(/^> Machines I know/m)
    await terminal.press('Enter')
    await pick(terminal, 'ana-laptop')
    await pick(terminal, 'Rename')
    await terminal.waitForText(/^New name: ana-laptop$/m)
    await terminal.type(' and a space')
    await terminal.waitForText(TOP)
    const seen = (await terminal.screen()).split('\n').slice(-12).join('\n')
    expect(seen).toMatch(/^sft: the name is not 1 to 64 letters[^]*^> Machines I know/m)
  })

  test('a shell is opened, and the menu is back when it ends; the history is printed', async () => {
    const { root, openMenu } = await menuScene()
    fill(root)
    const terminal = await openMenu()
    for (const end of ['exit', 'C-d']) {
      await pick(terminal, 'Shell')
      await pickPeer(terminal)
      await terminal.waitForText(/^ana-laptop:\/>$/m)
      await terminal.type('cd holidays')
      await terminal.waitForText(/^ana-laptop:\/holidays>$/m)
      await (end === 'exit' ? terminal.type(end) : terminal.press(end))
      await terminal.waitForText(TOP)
    }
    expect(await terminal.screen()).toContain('Next time: sft shell ana-laptop')
    await pick(terminal, 'History')
    await terminal.waitForText(/^Nothing in the log\.\nNext time: sft history -n 30$/m)
    await terminal.waitForText(TOP)
    await terminal.press('Escape')
    expect(await terminal.exit()).toBe(0)
  })

  test('Ctrl-Z takes it off the screen and leads back to the system, and fg to where it was', async () => {
    const { local, openMenu } = await menuScene()
    writeFileSync(join(local, 'report.pdf'), '')
    const terminal = await openMenu()
    const suspend = async (): Promise<void> => {
      await terminal.press('C-z')
      await terminal.waitForText(/Stopped .*\n\[\d+\]$/)
      expect(await terminal.screen()).not.toMatch(/ (?:goes back|leaves)\b/)
      await terminal.type('fg')
    }
    await terminal.press('Down')
    await suspend()
    await terminal.waitForText(/^What would you like to do\?\n.*\n> Get files/m)
    await pick(terminal, 'Rename')
    await pickPeer(terminal)
    await pick(terminal, 'Type a path')
    await terminal.waitForText(/^Type a path:$/m)
    await terminal.type('nope', { enter: false })
    await suspend()
    await terminal.waitForText(/fg\nsft\nType a path: nope\nEnter goes on, Esc goes back$/)
    await terminal.press('Enter')
    await terminal.waitForText(/^nope\nNew name: nope$/m)
    await suspend()
    await terminal.waitForText(/fg\nsft\nnope\nNew name: nope\n/)
    await terminal.press('Escape')
    await terminal.waitForText('Rename in ana-laptop')
  })

  test('what is typed while a command runs answers no question', async () => {
    const { client, openMenu } = await menuScene()
    const silent = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const [one, bob] = [
      { home: client.home, name: 'desktop' },
      { home: join(tempFolder(), 'home'), name: 'bob' },
    ]
    await acquaint(one, bob, { other: `/ip4/127.0.0.1/tcp/${port}` })
    const terminal = await openMenu()
    await pick(terminal, 'Machines I know')
    await pick(terminal, 'Print this list')
    await expect.poll(async () => terminal.screen(), PATIENTLY).not.toContain(TOP)
    await terminal.type('Exit')
    await terminal.type('Exit', { enter: false }) // without the end of a line, which the system keeps back
    await terminal.waitForText(/^bob .* no answer$/m)
    await terminal.waitForText(/^What would you like to do\?$/m) // and nothing is searched for
    await terminal.press('Up')
    await terminal.waitForText(/^> Pair with a machine/m)
  })

  test('Ctrl-C ends a transfer and not the menu, and says how to go on', async () => {
    const { root, openMenu } = await menuScene()
    writeFileSync(join(root, 'big.bin'), '')
    truncateSync(join(root, 'big.bin'), 8_000_000_000)
    const terminal = await openMenu()
    for (let time = 0; time < 2; time += 1) {
      await pick(terminal, 'Get files')
      await pickPeer(terminal)
      await pick(terminal, 'big.bin')
      await terminal.waitForText(/^> here/m)
      await terminal.press('Enter')
      await terminal.waitForText(/^\d+% {2}.*\/s/m)
      await terminal.press('C-c')
      await terminal.waitForText('to continue: sft get ana-laptop big.bin -o .')
      await terminal.waitForText(TOP)
    }
    await terminal.press('C-c')
    expect(await terminal.exit()).toBe(130)
  })

  test.each([
    ['SIGTERM', 143, false],
    ['SIGHUP', 129, false],
    ['SIGTERM', 143, true],
  ] as const)(
    '%s ends it with %i and leaves the terminal as it was (in a share: %s)',
    async (signal, status, inShare) => {
      const { client, open } = await menuScene()
      const terminal = await open()
      await terminal.type(`clear; sh -c 'echo $$ >pid; exec sft'`)
      await terminal.waitForText(TOP)
      if (inShare) {
        await pick(terminal, 'Get files')
        await pickPeer(terminal)
        await terminal.waitForText('nothing in it')
      }
      process.kill(Number(readFileSync(join(client.cwd, 'pid'), 'utf8')), signal)
      expect(await terminal.exit()).toBe(status)
      expect(await terminal.screen()).not.toMatch(/What would|Get from/)
      const { exit, screen } = await terminal.run('stty -a | grep -o " icanon\\| echo "')
      expect({ exit, screen }).toMatchObject({ exit: 0, screen: expect.stringMatching(/icanon[^]*echo/) })
    },
  )

  describe.skipIf(namespacesUsable() !== null)('on a network of its own', () => {
    test('a folder is shared until Ctrl-C, which leads back to the menu', async () => {
      const { client, local, root } = await menuScene()
      const [machine] = namespaces(1)
      if (!machine) throw new Error('there is no namespace')
      mkdirSync(join(local, 'photos'))
      writeFileSync(join(local, 'photos', 'a.txt'), 'a')
      const terminal = await Terminal.open({
        cwd: local,
        exec: (args) => machine.exec(args),
        env: { SFT_HOME: client.home, SFT_NO_DISCOVERY: '1', ROOT: root },
      })
      await terminal.type('clear; sft')
      await terminal.waitForText(TOP)
      await terminal.press('Enter')
      await terminal.waitForText(/^> Share this folder/m)
      await pick(terminal, 'photos')
      await terminal.waitForText(/^> Share this folder/m)
      await terminal.press('Enter')
      await terminal.waitForText(/^> look and fetch, nothing else/m)
      await terminal.press('Down')
      await terminal.press('Enter')
      await terminal.waitForText(/^Sharing photos: list, get, put, mkdir, for /m)
      await terminal.waitForText('Ctrl-C ends it.')
      await terminal.press('C-d') // which nothing reads
      await terminal.press('C-c')
      await terminal.waitForText(/^No longer shared\.\nNext time: sft share photos --allow list,get,put,mkdir$/m)
      await terminal.waitForText(TOP)
      expect(await terminal.screen()).toMatch(/^> Share a folder/m)
      await terminal.press('Escape')
      expect(await terminal.exit()).toBe(0)
    })

    test('a machine whose address is not known is found on the network, and may be chosen before it is', async () => {
      const [ana, bob] = lan('ana', 'bob')
      await acquaint(ana, bob)
      writeFileSync(join(ana.photos, 'a.txt'), 'a')
      await ana.share()
      const terminal = await bob.terminal()
      await terminal.type('clear; sft')
      await terminal.waitForText(TOP)
      await pick(terminal, 'List')
      await pickPeer(terminal, 'ana') // at once
      await terminal.waitForText(/^ {2}a\.txt +1 B/m)
      await pick(terminal, 'Print what is here')
      await terminal.waitForText('Next time: sft ls ana')
      await pick(terminal, 'Get files')
      await terminal.waitForText(/^> ana +here /m)
    })
  })
})

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BIN, finish } from '../support/cli.ts'
import { hostileTexts } from '../support/hostile-texts.ts'
import { beMachine, printedBy, printings, rawIn } from '../support/printing.ts'
import { tempFolder } from '../support/tmp.ts'

test('T01, T02, T03 and T04: nothing that prints lets a hostile text through raw', async () => {
  const folder = tempFolder()
  beMachine(folder)
  const texts = hostileTexts(40).filter((_text, index) => index % 5 === 0)
  for (const { what, print } of printings(folder)) {
    for (const [index, text] of texts.entries()) {
      const printed = await printedBy(async () => print(text, index % 2 === 1))
      expect([what, rawIn(printed)]).toEqual([what, null])
    }
  }
})

test('a text that gets through is noticed', () => {
  for (const text of hostileTexts(30)) expect([text, rawIn(`${text}\n`) !== null]).toEqual([text, true])
})

test.for(['', 'no-code\n', 'ocean canyon \u001b[31mred\n', 'ocean canyon \u001b[31mred', 'a\nb\nc\n'])(
  'T03: a code that is asked for ends with an answer when stdin holds %j and ends',
  async (typed) => {
    const env = { ...process.env, SFT_HOME: join(tempFolder(), 'home'), SFT_NO_DISCOVERY: '1' }
    const child = spawn(process.execPath, [BIN, 'pair', '-', '--addr', '127.0.0.1:1'], { env })
    child.stdin.end(typed)
    const { exit, stdout, stderr } = await finish(child)
    expect({ exit, stdout, raw: rawIn(stderr) }).toEqual({ exit: 2, stdout: '', raw: null })
    expect(stderr).toMatch(
      /\nsft: no code was typed; it can also be in SFT_CODE\n$|^sft: no code was typed; it can also be in SFT_CODE\n$/,
    )
  },
)

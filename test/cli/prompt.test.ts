import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { ask } from '../../src/cli/prompt.ts'
import { SftError } from '../../src/index.ts'

test('every question to a stdin that has ended is told that nobody answers', { timeout: 5_000 }, async () => {
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')
  onTestFinished(() => void (stdin && Object.defineProperty(process, 'stdin', stdin)))
  Object.defineProperty(process, 'stdin', { configurable: true, value: Readable.from(['yes\n']) })
  const { signal } = new AbortController()
  expect(await ask('Really? ', signal)).toBe('yes')
  for (const question of ['Really? ', 'And now? ']) {
    await expect(ask(question, signal)).rejects.toThrow(new SftError('ERR_USAGE', 'no answer was typed'))
  }
})

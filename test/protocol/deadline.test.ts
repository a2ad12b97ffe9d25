import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { withDeadline } from '../../src/protocol/deadline.ts'

test('what does not come in time is an error', async () => {
  await expect(withDeadline(new Promise(() => undefined), 50, 'answer')).rejects.toMatchObject({
    code: 'ERR_TIMEOUT',
    message: 'the peer did not answer within 0.05 s',
  })
})

test('what came while this process stood still is read before it is missed', async () => {
  const arriving = readFile(import.meta.filename)
  const read = withDeadline(arriving, 100, 'answer')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
  await expect(read).resolves.toBeInstanceOf(Uint8Array)
})

test('what does not come is an error also where this process stood still', async () => {
  const read = withDeadline(new Promise(() => undefined), 100, 'answer')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
  await expect(read).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
})

import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const HEAP = new URL('../../src/cli/heap.ts', import.meta.url).href

test('the young generation stays small until many small files went across, and grows to a few megabytes then', () => {
  const script = `
    import v8 from 'node:v8'
    import { noteFile } from ${JSON.stringify(HEAP)}
    v8.setFlagsFromString('--semi-space-growth-factor=1')
    const note = (size, count) => { for (let file = 0; file < count; file += 1) noteFile(size) }
    const sizeAfterWork = async (rounds = 2_000) => {
      const [kept, sizes] = [[], []]
      for (let round = 0; round < rounds; round += 1) {
        kept.push(Array.from({ length: 1_000 }, (_, made) => ({ made })))
        if (kept.length > 500) kept.shift()
        await new Promise(setImmediate)
        sizes.push(v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size)
      }
      return sizes.sort((a, b) => a - b)[rounds / 2] // it is larger for moments
    }
    const sizes = [await sizeAfterWork()]
    note(65_536, 1_000)
    note(1, 127)
    sizes.push(await sizeAfterWork())
    note(1, 1) // and no file after it, as where large ones follow
    sizes.push(await sizeAfterWork())
    for (let round = 0; round < 20; round += 1) {
      note(1, 128)
      await sizeAfterWork(100)
    }
    sizes.push(await sizeAfterWork())
    console.log(JSON.stringify(sizes))`
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  const [first = 0, second = 0, third = 0, fourth = 0] = JSON.parse(output) as number[]
  expect(second).toBe(first)
  expect(third).toBeLessThanOrEqual(2 * first)
  expect(fourth).toBeGreaterThanOrEqual(2 * first)
  expect(fourth).toBeLessThanOrEqual(8 * 1024 * 1024) // V8 itself would go to 32 and more
})

import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const HEAP = new URL('../../src/cli/heap.ts', import.meta.url).href

test('the young generation stays small until many small files went across, and grows to a few megabytes then', () => {
  const script = `
    import v8 from 'node:v8'
    import { noteFile } from ${JSON.stringify(HEAP)}
    v8.setFlagsFromString('--semi-space-growth-factor=1')
    const note = (size, count) => { for (let file = 0; file < count; file += 1) noteFile(size) }
    const sizeAfterWork = (objects = 3e6) => {
      let kept = []
      for (let made = 0; made < objects; made += 1) {
        kept.push({ made })
        if (kept.length > 5e4) kept = []
      }
      return v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size
    }
    sizeAfterWork()
    const sizes = [sizeAfterWork()]
    note(65_536, 1_000)
    note(1, 127)
    sizes.push(sizeAfterWork())
    note(1, 1)
    for (let round = 0; round < 200; round += 1) {
      note(1, 16)
      sizeAfterWork(5e4)
    }
    sizes.push(sizeAfterWork())
    console.log(JSON.stringify(sizes))`
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  const [first = 0, second = 0, third = 0] = JSON.parse(output) as number[]
  expect(second).toBe(first)
  expect(third).toBeGreaterThanOrEqual(2 * first)
  expect(third).toBeLessThanOrEqual(16 * 1024 * 1024) // V8 itself would go to 32
})

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/long/*.long.ts'],
    fileParallelism: false,
    globalSetup: 'test/support/build.ts',
    testTimeout: 3_600_000,
    hookTimeout: 60_000,
  },
})

import { onTestFinished } from 'vitest'
import { startFlipping, type Flipping } from './flipping.ts'

/** As {@link startFlipping}, until the test ends. */
export async function flip(place: string, target: string): Promise<Flipping> {
  const flipping = await startFlipping(place, target)
  onTestFinished(flipping.stop)
  return flipping
}

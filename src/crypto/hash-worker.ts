import { parentPort } from 'node:worker_threads'
import type { FromHashWorker, ToHashWorker } from './block-hasher.ts'
import { createHasher, type Hasher } from './digest.ts'

/** The thread of {@link createBlockHasher}: answers each block it was given when it has read it, in order. */
const hashers = new Map<number, Hasher>()

parentPort?.on('message', (message: ToHashWorker) => {
  switch (message.type) {
    case 'begin':
      hashers.set(message.id, createHasher(message.algorithm))
      return
    case 'update':
      hashers.get(message.id)?.update(message.block)
      answer({})
      return
    case 'digest':
      answer({ digest: hashers.get(message.id)?.digest() })
      hashers.delete(message.id)
      return
    case 'drop':
      hashers.delete(message.id)
  }
})

function answer(result: FromHashWorker): void {
  parentPort?.postMessage(result, [])
}

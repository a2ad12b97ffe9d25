import { parentPort } from 'node:worker_threads'
import type { FromHashWorker, ToHashWorker } from './hash-thread.ts'
import { createHasher, type Hasher } from './digest.ts'

/** The thread of {@link HashThread}: answers each piece it was given when it has read it, in order. */
const hashers = new Map<number, Hasher>()

parentPort?.on('message', (message: ToHashWorker) => {
  switch (message.type) {
    case 'begin':
      hashers.set(message.id, createHasher(message.algorithm))
      return
    case 'update':
      hashers.get(message.id)?.update(message.bytes)
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

import { workerData } from 'node:worker_threads'
import { watchThread } from './fs-calls.ts'

// Runs another thread's program with its calls to the file system watched.
const { url, numbers } = workerData as { url: string; numbers: Int32Array }
watchThread(numbers)
await import(url)

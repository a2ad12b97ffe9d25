/** The part of `node:worker_threads` that sft uses, for an executable that has no files beside it. */
import { basename } from 'node:path'
import { getAsset } from 'node:sea'
import { Worker as Thread, type WorkerOptions } from 'node:worker_threads'

export { parentPort } from 'node:worker_threads'

/** A thread that runs a source out of the executable, told by the name of the file that would be beside the code. */
export class Worker extends Thread {
  constructor(file: URL, options?: WorkerOptions) {
    super(getAsset(basename(file.pathname), 'utf8'), { ...options, eval: true })
  }
}

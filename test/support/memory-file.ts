import type { FileSink, FileSource } from '../../src/protocol/types.ts'

/** A file in memory that is stored on a share. */
export function memorySource(text: string, executable = false): FileSource {
  const bytes = Buffer.from(text)
  return {
    file: { size: bytes.byteLength, mtime: 1_700_000_000_000_000_000n, executable },
    read: (buffer, offset) => Promise.resolve(bytes.copy(buffer, 0, offset)),
    verify: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

/** A file in memory that is fetched from a share. */
export class MemorySink implements FileSink {
  readonly kept = 0
  text = ''

  readKept(): Promise<number> {
    return Promise.resolve(0)
  }

  write(bytes: Uint8Array): Promise<void> {
    this.text += Buffer.from(bytes).toString()
    return Promise.resolve()
  }

  commit(): Promise<void> {
    return Promise.resolve()
  }

  setAside(): Promise<void> {
    return Promise.resolve()
  }

  discard(): Promise<void> {
    return Promise.resolve()
  }
}

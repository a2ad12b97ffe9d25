/** Items handed from one producer to many workers, so many at a time that none runs dry and memory stays small. */
export class Queue<T> {
  readonly #capacity: number
  readonly #items: T[] = []
  #closed = false
  readonly #taken: (() => void)[] = []
  readonly #added: (() => void)[] = []

  /** @param capacity - Most items that wait. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Adds an item once there is room; after {@link close} it is dropped. */
  async push(item: T): Promise<void> {
    while (this.#items.length >= this.#capacity && !this.#closed) {
      await new Promise<void>((resolve) => this.#taken.push(resolve))
    }
    if (this.#closed) return
    this.#items.push(item)
    this.#added.shift()?.()
  }

  /** Ends the queue: what is in it is still handed out. */
  close(): void {
    this.#closed = true
    for (const wake of [...this.#added.splice(0), ...this.#taken.splice(0)]) wake()
  }

  /** Throws away what waits, and ends the queue. */
  clear(): void {
    this.#items.length = 0
    this.close()
  }

  /** Yields items, each to one of those that iterate. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#items.shift()
      if (item !== undefined) {
        this.#taken.shift()?.()
        yield item
      } else if (this.#closed) {
        return
      } else {
        await new Promise<void>((resolve) => this.#added.push(resolve))
      }
    }
  }
}

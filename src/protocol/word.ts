/**
 * Something the peer says once, if it ever does: a promise that is only made when somebody waits, because most are not
 * waited for and thousands of them are made.
 */
export class Word<T> {
  #said: { readonly value: T } | { readonly error: Error } | undefined
  #waiting: PromiseWithResolvers<T> | undefined

  /** It, once it is said. */
  get promise(): Promise<T> {
    if (this.#said) return 'error' in this.#said ? Promise.reject(this.#said.error) : Promise.resolve(this.#said.value)
    this.#waiting ??= Promise.withResolvers<T>()
    return this.#waiting.promise
  }

  /** Only the first call of this or {@link reject} counts. */
  resolve(value: T): void {
    if (this.#said) return
    this.#said = { value }
    this.#waiting?.resolve(value)
  }

  /** It will not be said, for that reason. */
  reject(error: Error): void {
    if (this.#said) return
    this.#said = { error }
    this.#waiting?.reject(error)
  }
}

declare module 'postject' {
  /** Puts data into an executable, under a name that it finds it by. */
  export function inject(
    path: string,
    name: string,
    data: Uint8Array,
    options?: { readonly sentinelFuse?: string },
  ): Promise<void>
}

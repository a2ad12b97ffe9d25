/** Where the values of options may come from besides the command line, as marks on their definitions. */

/** What a setting looks like in a configuration file, which is also what type it has there. */
export type Example = boolean | number | string | readonly string[]

/** An option that may be set in a configuration file. */
export interface Setting {
  readonly example: Example
  /** The other option that stands above it if that is typed, by its name in code. */
  readonly yieldsTo?: string
}

const settings = new WeakMap<object, Setting>()
const typedOnly = new WeakSet<object>()

/**
 * Marks an option that may be set in a configuration file and in the environment. An option without a mark has a variable
 * only.
 *
 * @param example - A value that makes sense, for the file with everything in comments.
 */
export function setting<O extends object>(option: O, example: Example, how: Omit<Setting, 'example'> = {}): O {
  settings.set(option, { example, ...how })
  return option
}

/** Marks an option that has to be typed: whoever runs the command should see that it does this. */
export function onlyTyped<O extends object>(option: O): O {
  typedOnly.add(option)
  return option
}

/** Returns how an option may be set in a configuration file, or `null` if it may not. */
export function settingOf(option: object): Setting | null {
  return settings.get(option) ?? null
}

/** Tells whether an option has to be typed. */
export function isOnlyTyped(option: object): boolean {
  return typedOnly.has(option)
}

/** Something that knows where the values of its options come from. */
export interface Sources {
  getOptionValueSource(name: string): string | undefined
}

/**
 * Returns options without those of these names that were not typed: settings for every day, which nobody means where they
 * make no sense.
 */
export function withoutSettings<O extends object>(command: Sources, options: O, ...names: (keyof O & string)[]): O {
  const dropped = new Set<string>(names.filter((name) => command.getOptionValueSource(name) !== 'cli'))
  return Object.fromEntries(Object.entries(options).filter(([name]) => !dropped.has(name))) as O
}
